# Sourced by the scripts' tests: a folder of the test's own that goes at the end, with what was started in it.

set -euo pipefail
# shellcheck disable=SC2034 # the tests use it
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
started=()

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    exit 1
}

step() {
    printf -- '- %s\n' "$1"
}

# expect "what should be" COMMAND…
expect() {
    local what=$1
    shift
    "$@" || fail "$what ($*)"
}

# eventually SECONDS COMMAND…
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

listens() {
    timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}

# Below the range from which the kernel takes ports for connections.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); listens "$port"; do :; done
    printf '%s' "$port"
}

clean_up() {
    local status=$? pid
    for pid in "${started[@]}"; do kill -s KILL "$pid" 2>/dev/null || true; done
    if ((status != 0)); then
        find "$work" -name '*.log' -size -64k -exec tail -n 20 -v {} + >&2 || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
