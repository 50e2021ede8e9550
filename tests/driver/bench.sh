#!/bin/bash
# usage: bench.sh BUILD PROGRAM...
# Runs the benchmark programs and then the scripts tests/bench/*.sh and *.py (BUILD is in their
# environment). Figures mean something only with the machine and the commit, so these come first.
set -u
build=$1
shift
failed=0
echo "machine: $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores," \
    "$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo), Linux $(uname -r)"
echo "commit:  $(git describe --always --dirty 2>/dev/null || echo unknown), $(date -u +%Y-%m-%d)"
export BUILD=$build VENV=${VENV:-.venv}
for bench in "$@" tests/bench/*.sh tests/bench/*.py; do
    [ -x "$bench" ] || continue
    echo
    echo "--- $(basename "$bench")"
    "$bench" || { echo "$bench: failed"; failed=1; }
done
exit $failed
