#!/usr/bin/env bash
# nginx -t on each nginx configuration in conf/, in a data directory as script/server makes it, with a certificate where
# one is asked for. A folder with a space in its name, since people have those.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/script_test.bash"

data="$work/data directory"
umask 077
mkdir -p "$data"/{run,log,cache,tmp,conf/tls}
cp "$root"/conf/*.conf "$data/conf/"
ln -s "$root/build/bin" "$data/modules"
ln -s "$root/web" "$data/web"
ln -s "$root/build/apidocs/served" "$data/apidocs"
for keys in keys acme-keys globex-keys; do "$root/build/bin/thumbgate" key new "$data/$keys" >/dev/null; done
od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$data/secret"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=img.example.com \
    -keyout "$data/conf/tls/key.pem" -out "$data/conf/tls/certificate.pem" 2>/dev/null
# nginx -t binds; only root may have 443.
((EUID == 0)) || sed -i "s/:443 ssl/:$(free_port) ssl/; s/listen 443/listen 127.0.0.1:$(free_port)/" "$data"/conf/*.conf

cd "$data"
mapfile -t confs < <(grep -l "^load_module" conf/*.conf)
for conf in "${confs[@]}"; do
    step "nginx -t accepts $conf"
    nginx -p "$data/" -c "$conf" -e log/error.log -t >"$work/nginx.log" 2>&1 || fail "nginx refuses $conf"
    ! grep -E '\[(emerg|alert|crit|error)\]' "$work/nginx.log" || fail "nginx has an objection to $conf"
done
expect 'nginx.conf, edge-tls.conf and behind-cdn.conf at least were tested' test ${#confs[@]} -ge 3

step 'no configuration holds a secret, or an alternative in a comment'
! grep -nE '\b[0-9a-f]{32,}\b' "$root"/conf/*.conf "$root"/conf/*.toml || fail 'a generated secret is in conf'
! grep -nE '^ *#[^#]*;$' "$root"/conf/*.conf || fail 'a directive is commented out'
