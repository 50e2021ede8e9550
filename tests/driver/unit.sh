#!/bin/bash
# usage: unit.sh BUILD SUITE PROGRAM...
# Runs cmocka programs side by side, counts their tests, shows the output of those that failed, and
# leaves "SUITE passed failed skipped" in BUILD/results/SUITE. Exit 1 when a test failed.
#
# WRAPPER="valgrind ..." runs each program under that command; TEST_TIMEOUT=seconds bounds each.
set -u
build=$1 suite=$2
shift 2
logs=$build/logs/$suite
results=${RESULTS:-$build/results}
rm -rf "$logs" "$results/$suite"
mkdir -p "$logs" "$results"

run_one() {
    local log=$LOGS/${1##*/}.log
    local start=$EPOCHREALTIME
    CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${TEST_TIMEOUT:-120}" $WRAPPER "$1" >"$log" 2>&1 </dev/null
    echo "exit $?" >>"$log"
    awk -v from="$start" -v to="$EPOCHREALTIME" -v name="${1##*/}" \
        'BEGIN { printf "%.1f s %s\n", to - from, name }' >>"$LOGS/times"
}
export -f run_one
export LOGS=$logs WRAPPER=${WRAPPER:-}

[ $# -eq 0 ] || printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -I{} bash -c 'run_one {}'

# A program says 1..N first; a test it never came to (a crash, a time-out) counts as failed.
passed=0 failed=0 skipped=0
for program in "$@"; do
    log=$logs/${program##*/}.log
    read -r p f s < <(awk '
        /^1\.\.[0-9]+/ { sub(/^1\.\./, ""); plan += $1 }
        /^ok [0-9]+.*# SKIP/ { skip++; next }
        /^not ok [0-9]+.*# SKIP/ { skip++; next }
        /^ok [0-9]+/ { pass++ }
        /^not ok [0-9]+/ { fail++ }
        /^exit [0-9]+$/ { status = $2 }
        END {
            if (plan > pass + fail + skip) fail += plan - pass - fail - skip
            if (fail == 0 && (status != 0 || pass + skip == 0)) fail = 1
            print pass + 0, fail + 0, skip + 0
        }' "$log")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" -gt 0 ]; then
        echo "--- $program: $f failed ($log)"
        grep -v '^ok ' "$log" | tail -n 60
    fi
    # What a test printed last before it was skipped is its reason.
    awk -v program="${program##*/}" '
        /^(not )?ok [0-9]+.*# SKIP/ { sub(/.*# SKIP */, ""); print "skipped: " program " " $0 ": " (why ? why : "no reason given") }
        { why = /^(not ok|ok|1\.\.)/ ? "" : $0 }' "$log"
done
[ -e "$logs/times" ] && sort -rn -o "$logs/times" "$logs/times" # the slowest first, for who wonders
echo "$suite $passed $failed $skipped" >"$results/$suite"
echo "$suite: $passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped") ($# programs)"
[ "$failed" -eq 0 ]
