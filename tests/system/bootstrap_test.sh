#!/usr/bin/env bash
# script/bootstrap with everything installed, and on machines (played by stand-ins for apt-get and dpkg-query) where
# something is missing.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/script_test.bash"

bootstrap() {
    "$root/script/bootstrap" "$@" >"$work/out" 2>&1
}

# stand_in NAME: a command of that name, found before the real one, whose body is standard input.
stand_in() {
    mkdir -p "$work/bin"
    { printf '#!/usr/bin/env bash\n' && cat; } >"$work/bin/$1"
    chmod 755 "$work/bin/$1"
}

says() {
    grep -qF -- "$1" "$work/out"
}

step 'with nothing missing it says nothing, at once'
bootstrap --test || fail 'the packages of the tests are not all installed'
best=0
for _ in 1 2 3; do
    before=${EPOCHREALTIME/./}
    expect "it succeeds" bootstrap
    took=$(((${EPOCHREALTIME/./} - before) / 1000))
    best=$((best == 0 || took < best ? took : best))
done
expect 'it says nothing' test ! -s "$work/out"
expect "it takes less than 300 ms, not $best" test "$best" -lt 300

step 'an option that it does not have is refused by name'
! bootstrap --frobnicate || fail 'it succeeded'
expect 'it names the option' says '--frobnicate'

step 'lists that cannot be read are one clear line, and nothing is left'
stand_in dpkg-query </dev/null
stand_in apt-get <<<'echo "E: could not resolve"; exit 100'
stand_in sudo <<<'"$@"'
export PATH=$work/bin:$PATH
policy_before=$(stat -c %Y /usr/sbin/policy-rc.d 2>/dev/null || true)
! bootstrap || fail 'it succeeded'
expect 'it shows what apt said' says 'could not resolve'
expect 'it says what failed' says 'script/bootstrap: apt-get update failed'

step 'a failed installation is one clear line, and no policy file is left'
stand_in apt-get <<END
[[ \$1 == update ]] || { echo "E: no space left" >&2; exit 100; }
END
stand_in systemctl </dev/null
if ((EUID == 0)); then
    ! bootstrap || fail 'it succeeded'
    expect 'it shows what apt said' says 'no space left'
    expect 'it says what failed' says 'script/bootstrap: apt-get install failed'
    policy_after=$(stat -c %Y /usr/sbin/policy-rc.d 2>/dev/null || true)
    expect 'the policy is as it was' test "$policy_before" == "$policy_after"
fi

step 'what is missing is installed by name, without recommendations, and no service is started'
stand_in apt-get <<END
[[ \$1 == update ]] && exit
printf '%s\n' "\$*" >"$work/installed"
/usr/sbin/policy-rc.d nginx start
printf '%s\n' \$? >"$work/policy"
END
if ((EUID == 0)); then
    expect 'it succeeds' bootstrap
    expect 'it says what it installs' says 'installing g++ cmake'
    expect 'no recommendations' grep -qF -- '--no-install-recommends' "$work/installed"
    expect 'nginx is among them' grep -qw nginx "$work/installed"
    expect 'a service may not start (101)' grep -qx 101 "$work/policy"
fi

step 'a user who is not root, on a machine without sudo, is told what to do'
rm "$work/bin/sudo"
if ((EUID == 0)) && ! command -v sudo >/dev/null; then
    chmod 755 "$work" "$work/bin"
    nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    ! "${nobody[@]}" "$root/script/bootstrap" >"$work/out" 2>&1 || fail "it succeeded"
    expect 'it says what is missing and what to do' says 'needs root to install g++ cmake'
fi
