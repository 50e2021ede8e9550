#!/bin/bash
# A driver that miscounts hides failures: runs unit.sh, scenarios.sh and all.sh on made-up programs
# that pass, fail, skip, crash and hang, and compares the sums.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export RESULTS=$work/results
wrong=0

program() { # NAME TEXT: a program that runs TEXT
    printf '#!/bin/bash\n%s\n' "$2" >"$1"
    chmod +x "$1"
}
expect() { # WHAT WANTED GOT
    [ "$2" = "$3" ] && return
    echo "$1: wanted '$2', got '$3'"
    wrong=$((wrong + 1))
}
unit() { # WANTED STATUS PROGRAM...: passed failed skipped, and the exit status
    local wanted=$1 status=$2
    shift 2
    TEST_TIMEOUT=1 "$here/unit.sh" "$work" unit "$@" >out 2>&1
    expect "status of unit.sh $*" "$status" $?
    expect "unit.sh $*" "unit $wanted" "$(cat results/unit)"
}

program good 'printf "1..2\nok 1 - a\nok 2 - b\n"'
program bad 'printf "1..2\nok 1 - a\nnot ok 2 - b\n"; exit 1'
program skipping 'printf "1..2\nok 1 - a\nno data\nnot ok 2 # SKIP b\n"'
program crashing 'printf "1..3\nok 1 - a\n"; kill -SEGV $$'
program hanging 'printf "1..1\n"; exec sleep 60'
program liar 'printf "1..1\nok 1 - a\n"; exit 3'
program silent 'exit 0'
unit "2 0 0" 0 ./good
unit "1 1 0" 1 ./bad
unit "1 0 1" 0 ./skipping
expect "the reason of a skip" "skipped: skipping b: no data" "$(grep skipped: out)"
unit "1 2 0" 1 ./crashing
unit "0 1 0" 1 ./hanging
unit "1 1 0" 1 ./liar
unit "0 1 0" 1 ./silent
unit "4 1 1" 1 ./good ./bad ./skipping
unit "0 1 0" 1 ./not-there

program runner '[ "$1" != b.scenario ]'
"$here/scenarios.sh" "$work" scenarios ./runner a.scenario b.scenario >out 2>&1
expect "status of scenarios.sh" 1 $?
expect "scenarios.sh" "scenarios 1 1 0" "$(cat results/scenarios)"

sum() { # WANTED STATUS TARGET...: the last line of all.sh, and its exit status
    local wanted=$1 status=$2
    shift 2
    "$here/all.sh" ./fake-make "$@" >out 2>&1
    expect "status of all.sh $*" "$status" $?
    expect "all.sh $*" "$wanted" "$(tail -n 1 out)"
}
program fake-make 'case $1 in
build) ;;
broken) exit 2 ;;
*) n=${1%%:*} f=${1##*:}; echo "$n 3 $f 1" >"$RESULTS/$n"; [ "$f" = 0 ] ;;
esac'
sum "3 passed, 0 failed, 1 skipped" 0 build unit:0
sum "3 passed, 0 failed, 1 skipped" 0 build unit:0 unit-asan:0
sum "3 passed, 2 failed, 1 skipped" 1 build unit:0 unit-asan:2
sum "3 passed, 1 failed, 1 skipped" 1 build unit:0 broken
sum "3 passed, 3 failed, 1 skipped" 1 build broken unit:2
sum "3 passed, 3 failed, 1 skipped" 1 build unit:2 broken
sum "0 passed, 1 failed" 1 broken unit:0
sum "0 passed, 0 failed" 1 build

[ $wrong -eq 0 ]
