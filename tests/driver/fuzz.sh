#!/bin/bash
# usage: fuzz.sh BUILD SUITE SECONDS PROGRAM...
# SECONDS > 0: lets each fuzz target (built with clang's fuzzer) search that long, starting from
# tests/fuzz/corpus/TARGET; what it finds new goes to BUILD/corpus, a crash to BUILD/crash-*.
# SECONDS = 0: gives each target every file of its corpus once. Results as in unit.sh.
set -u
build=$1 suite=$2 seconds=$3
shift 3
results=${RESULTS:-$build/results}
mkdir -p "$results" "$build/logs"
passed=0 failed=0
for program in "$@"; do
    name=${program##*/}
    seeds=tests/fuzz/corpus/${name#fuzz_}
    log=$build/logs/$suite-$name.log
    if [ "$seconds" -gt 0 ]; then
        mkdir -p "$build/corpus/$name"
        [ -d "$seeds" ] || seeds=
        "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -artifact_prefix="$build/crash-$name-" \
            -print_final_stats=1 "$build/corpus/$name" $seeds >"$log" 2>&1 </dev/null
    else
        find "$seeds" -type f -print0 2>/dev/null | sort -z | xargs -0 "$program" >"$log" 2>&1
    fi
    if [ $? -eq 0 ]; then
        passed=$((passed + 1))
        echo "$name: $(grep -E 'stat::number_of_executed_units|replayed' "$log" | sed 's/.*units: *//' | tail -1) inputs"
    else
        failed=$((failed + 1))
        echo "--- $name failed ($log)"
        tail -n 40 "$log"
    fi
done
echo "$suite $passed $failed 0" >"$results/$suite"
echo "$suite: $passed targets passed, $failed failed"
[ "$failed" -eq 0 ]
