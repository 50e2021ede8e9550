#!/bin/bash
# usage: run.sh BUILD PROGRAM...
# Runs every check and reports each as one test; results as in tests/driver/unit.sh.
# The checks themselves are checked first (selftest.py): each must be able to fail.
set -u
build=$1
shift
here=$(dirname "$0")
results=${RESULTS:-$build/results}
mkdir -p "$results"
passed=0 failed=0

check() {
    local name=$1 what=$2 output
    shift 2
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "--- lint: $name failed: $what"
        printf '%s\n' "$output" | tail -n 60
    fi
}

export PYTHONDONTWRITEBYTECODE=1
python=${PYTHON:-python3}
check selftest "every check can fail" "$python" "$here/selftest.py"
check drivers "the test drivers count right" "$here/../driver/selftest.sh"
check floors "includes go down, the core is pure" "$python" "$here/floors.py"
check banned "calls that are not made here" "$python" "$here/banned.py"
check words "words out of place" "$python" "$here/words.py"
check headers "every header says what it is for" "$python" "$here/headers.py"
check links "links between pages" "$python" "$here/links.py"
check format "clang-format (make format mends it)" "$here/format.sh"
check state "no mutable state in the library" "$here/state.sh" "$build/libmuster.a"
[ $# -eq 0 ] || check hardening "hardening of the programs" "$here/hardening.sh" "$@"
mkdir -p "$build/cppcheck"
check cppcheck "cppcheck" "$here/cppcheck.sh" . "$build/cppcheck"
check warnings "no warning, and nothing found by gcc -fanalyzer" "$here/warnings.sh" . "$build"

echo "lint $passed $failed 0" >"$results/lint"
echo "lint: $passed checks passed, $failed failed"
[ "$failed" -eq 0 ]
