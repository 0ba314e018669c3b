#!/usr/bin/env bash
# The benchmark of the edge is complete, says what is wrong, and leaves nothing behind; never how fast anything is.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/script_test.bash"

bench=$root/build/bin/bench_edge
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

left_behind() {
    find "$TMPDIR" -mindepth 1 | grep -q .
}

step 'its script builds it, and --help names every case'
"$root/bench/edge" --help >"$work/help" || fail 'it did not run'
for case in hit-12k hit-12k-tls hit-12k-http2 hit-40k hit-40k-tls system-calls cold-burst limit-keys hit-ratio; do
    expect "--help names $case" grep -q "^  $case: " "$work/help"
done

step 'what measures conversions is built by its script, with its peers'
"$root/bench/convert" --help >"$work/help" || fail 'it did not run'
expect '--help names --json' grep -q -- '--json FILE' "$work/help"

step 'what the sandbox costs is measured whole'
"$root/build/bin/bench_converter" --quick --json "$work/sandbox.json" >"$work/table" 2>"$work/log" ||
    fail "it failed: $(<"$work/log")"
expect 'every figure is there' jq -e 'length == 3 and all(.[]; .ours > 0)' "$work/sandbox.json"

step 'a case that does not exist is refused by name'
! "$bench" --case frobnicate >"$work/out" 2>&1 || fail 'it succeeded'
expect 'it names the case' grep -q 'frobnicate' "$work/out"

step 'the JSON is a list of what the table shows'
"$bench" --quick --case limit-keys --case hit-ratio --json "$work/result.json" >"$work/table" 2>"$work/log" ||
    fail "it failed: $(<"$work/log")"
expect 'every row has its five members' jq -e '
    length == 4 and all(.[]; (keys == ["case", "ours", "peer", "ratio", "unit"]) and (.case | type == "string") and
        (.ours | type == "number") and (.unit | type == "string") and ((.peer == null) == (.ratio == null)))
    ' "$work/result.json"
expect 'the table has as many rows' test "$(wc -l <"$work/table")" == 5

step 'interrupted, it stops what it started and removes what it wrote'
"$bench" --case hit-12k >"$work/out" 2>&1 &
pid=$!
started+=("$pid")
eventually 30 pgrep -P "$pid" -x wrk >/dev/null || fail "it puts no load on anything: $(<"$work/out")"
kill -s INT "$pid"
status=0
wait "$pid" || status=$?
expect 'its exit status says so' test "$status" == 130
expect 'no process of it is left' test -z "$(pgrep -P "$pid")"
! left_behind || fail "it left $(ls "$TMPDIR")"
