#!/bin/bash
# usage: scenarios.sh BUILD SUITE RUNNER SCENARIO...
# Runs RUNNER once for each scenario file; exit status 0 is a pass. Results as in unit.sh.
set -u
build=$1 suite=$2 runner=$3
shift 3
logs=$build/logs/$suite
results=${RESULTS:-$build/results}
rm -rf "$logs" "$results/$suite"
mkdir -p "$logs" "$results"

passed=0 failed=0
for scenario in "$@"; do
    log=$logs/$(basename "$scenario").log
    if timeout -k 5 "${TEST_TIMEOUT:-120}" "$runner" "$scenario" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "--- $scenario failed ($log)"
        tail -n 60 "$log"
    fi
done
echo "$suite $passed $failed 0" >"$results/$suite"
echo "$suite: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
