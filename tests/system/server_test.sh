#!/usr/bin/env bash
# script/server as a person uses it: started, tried out with the commands that it prints, stopped; and what goes wrong.
# Everything happens in folders with spaces in their names.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/script_test.bash"

[[ -f $root/build/build.ninja ]] || fail 'the release tree has not been built; script/test does it'

data="$work/data directory"
port=$(free_port)
server=

# start_server OUTPUT [argument…]: in the background, its process id in $server.
start_server() {
    local output=$1
    shift
    "$root/script/server" "$@" >"$output" 2>&1 </dev/null &
    server=$!
    started+=("$server")
}

is_ready() { grep -q '^ready: ' "$1"; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# wait_until_ready OUTPUT
wait_until_ready() {
    is_ready_or_ended() { is_ready "$1" || ended "$server"; }
    eventually 60 is_ready_or_ended "$1" || true
    is_ready "$1" || { cat "$1" >&2 && fail 'script/server is not ready after 60 s'; }
}

# ends_with STATUS SECONDS: script/server ends by itself, in time.
ends_with() {
    local status=0
    eventually "$2" ended "$server" || fail "script/server still runs after $2 s"
    wait "$server" || status=$?
    expect "its exit status is $1" test "$status" == "$1"
}

# What script/server starts works in the data directory: the process ids of all that does.
processes_of() {
    local directory
    for directory in /proc/[0-9]*/cwd; do
        if [[ $(readlink "$directory" 2>/dev/null) == "$1" ]]; then printf '%s\n' "${directory//[^0-9]/}"; fi
    done
}

nothing_runs() { [[ -z $(processes_of "${1-$data}") ]]; }

# fails_with TEXT ARGUMENT…: one line on standard error, exit status 1.
fails_with() {
    local text=$1 status=0
    shift
    "$root/script/server" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    expect 'its exit status is 1' test "$status" == 1
    expect 'it says one line' test "$(wc -l <"$work/err")" == 1
    expect "it says: $text" grep -qF -- "$text" "$work/err"
}

# The N-th command that script/server printed, run as a person would.
run_command() {
    bash -c "$(grep -oE 'curl .*' "$work/out1" | sed -n "$1p")"
}

step 'wrong arguments are named'
fails_with 'unknown argument --prot' --prot 8080
fails_with '--port 99999 is not a port' --port 99999
fails_with '--port needs a value' --port
fails_with 'cannot make the data directory' --data /proc/nothing --port "$port"

step 'it starts, and says where it is ready'
start_server "$work/out1" --data "$data" --port "$port"
wait_until_ready "$work/out1"
expect 'the ready line' grep -qx "ready: http://127.0.0.1:$port" "$work/out1"
expect 'the edge is healthy' curl -qsf -o /dev/null --noproxy '*' "http://127.0.0.1:$port/healthz"
expect 'the whole chain is ready' curl -qsf -o /dev/null --noproxy '*' "http://127.0.0.1:$port/readyz"

step 'keys and secret are this user'\''s alone'
for file in keys secret; do
    expect "$file has mode 0600" test "$(stat -c %a "$data/$file")" == 600
done
for folder in run log photos cache; do
    expect "there is $folder/" test -d "$data/$folder"
done

step 'nginx has the only TCP port'
pids=$(processes_of "$data" | tr '\n' '|')
listening=$(ss -Hltnp | grep -E "pid=(${pids%|})," || true)
expect "one port listens: $listening" test "$(wc -l <<<"$listening")" == 1
expect 'it is the one asked for' grep -qE "127\.0\.0\.1:$port .*\"nginx\"" <<<"$listening"

step 'the page is there, and allows nothing from anywhere else'
head=$(curl -qsf -D - -o "$work/page.html" --noproxy '*' "http://127.0.0.1:$port/")
expect 'it is HTML' grep -qi '^content-type: text/html' <<<"$head"
expect 'its policy begins with nothing' grep -qi "^content-security-policy: default-src 'none';" <<<"$head"
mapfile -t files < <(grep -oE '(href|src)="[a-z_]+\.(css|js|svg)"' "$work/page.html" | cut -d'"' -f2 | sort -u)
expect 'it has scripts, style sheets and pictures' test "${#files[@]}" -ge 6
for file in "${files[@]}"; do
    expect "$file is there" curl -qsf -o /dev/null --noproxy '*' "http://127.0.0.1:$port/$file"
done

step 'the three commands that it prints work'
cd "$work"
expect 'it prints three' test "$(grep -cE 'curl .*' "$work/out1")" == 3
run_command 1 >upload.json 2>/dev/null || fail 'the upload failed'
expect 'the upload has an id and thumbnails' jq -e '.id and .thumbnails["1280"]' upload.json >/dev/null
id=$(jq -r .id upload.json)
expect 'the listing has the photo' test "$(run_command 2 2>/dev/null | jq -r '.photos[0].id')" == "$id"
expect 'the thumbnail is a miss first' grep -qi '^x-cache: miss' <<<"$(run_command 3 2>/dev/null)"
# nginx stores it after its response has left.
for _ in {1..100}; do
    answer=$(run_command 3 2>/dev/null)
    ! grep -qiE '^x-cache: (hit|hot)' <<<"$answer" || break
    sleep 0.1
done
expect 'then it is a hit' grep -qiE '^x-cache: (hit|hot)' <<<"$answer"
expect 'it is a WebP' test "$(head -c 12 thumbnail.webp | tail -c 4)" == WEBP

step 'the logs are JSON, with no signature'
signature=$(jq -r '.thumbnails["160"]' upload.json | cut -d/ -f5)
expect 'access.log is JSON' jq -e .request_id "$data/log/access.log" >/dev/null
expect 'thumbgated.log is JSON' jq -e .time "$data/log/thumbgated.log" >/dev/null
! grep -rqF -- "$signature" "$data/log" || fail 'a log holds a signature'

step 'a taken port, and a data directory in use, are one clear line'
fails_with "port $port is taken" --data "$work/other" --port "$port"
expect 'nothing was made' test ! -e "$work/other"
fails_with "another script/server is running on $data" --data "$data" --port "$(free_port)"
expect 'the first one is unharmed' curl -qsf -o /dev/null --noproxy '*' "http://127.0.0.1:$port/readyz"

step 'SIGTERM stops everything'
kill -s TERM "$server"
ends_with 0 10
expect 'no process is left' nothing_runs
expect 'no socket is left' test -z "$(find "$data/run" -type s)"
! listens "$port" || fail 'the port is still taken'

step 'a second start takes less than 3 s, and finds what was there'
# The best of three, since a machine may be busy with something else.
best=0
for _ in 1 2 3; do
    before=${EPOCHREALTIME/./}
    start_server "$work/out2" --data "$data" --port "$port"
    wait_until_ready "$work/out2"
    took=$(((${EPOCHREALTIME/./} - before) / 1000))
    best=$((best == 0 || took < best ? took : best))
    ((best >= 3000)) || break
    kill -s TERM "$server"
    ends_with 0 15
done
expect "it took $best ms" test "$best" -lt 3000
expect 'the session and its photo are there' test "$(run_command 2 2>/dev/null | jq '.photos | length')" == 1

step 'when one of the three dies, it says which, and stops the others'
kill -s KILL "$(pgrep -f -P "$server" redis-server)"
ends_with 1 15
expect 'it says which' grep -qF 'redis-server ended with status 137' "$work/out2"
expect 'no process is left' nothing_runs

step 'what it started does not outlive it, even if it is killed'
start_server "$work/out3" --data "$data" --port "$port"
wait_until_ready "$work/out3"
kill -s KILL "$server"
expect 'no process is left' eventually 10 nothing_runs

step 'a signal in the middle of the start leaves nothing either'
start_server "$work/out4" --data "$data" --port "$port"
expect 'it begins' eventually 20 grep -q starting "$work/out4"
kill -s TERM "$server"
ends_with 0 15
expect 'no process is left' nothing_runs

step 'a data directory may be deeper than a socket'\''s path may be long'
deep="$work/$(printf 'a/%.0s' {1..80})deep"
start_server "$work/out5" --data "$deep" --port "$port"
wait_until_ready "$work/out5"
kill -s TERM "$server"
ends_with 0 10
expect 'no process is left' nothing_runs "$deep"
