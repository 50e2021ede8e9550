#!/bin/bash
# usage: cppcheck.sh [TREE [CACHE]]
# What cppcheck calls an error, a warning, a performance or a portability problem. CACHE is a folder
# that keeps what it learnt about unchanged files.
cache=$(realpath "${2:-$(mktemp -d)}")
cd "${1:-.}" || exit 2
# Suppressed: memleak (it takes a pointer that another function stores for lost; sanitizers look for
# leaks) and uninitvar (it takes an array that another function fills for empty; gcc and valgrind look).
folders=()
for folder in lib providers policies cmd; do
    [ ! -d $folder ] || folders+=("$folder")
done
# cppcheck 2.10 does not know __VA_OPT__: it reads headers that use it from copies without.
plain=$cache/plain
rm -rf "$plain"
grep -rl --include='*.h' '__VA_OPT__' lib 2>/dev/null | while read -r header; do
    mkdir -p "$plain/$(dirname "${header#lib/}")"
    sed 's/__VA_ARGS__ __VA_OPT__(, *)//' "$header" >"$plain/${header#lib/}"
done
# Nor does it read the system's headers; the one macro of theirs that it cannot do without:
mkdir -p "$plain/cjson"
echo '#define cJSON_ArrayForEach(e, a) for (e = (a)->child; e; e = e->next)' >"$plain/cjson/cJSON.h"
exec cppcheck --quiet --error-exitcode=1 --std=c11 -j "$(nproc)" --enable=warning,performance,portability \
    --inline-suppr --suppress=missingIncludeSystem --suppress=memleak --suppress=uninitvar --cppcheck-build-dir="$cache" \
    -I"$plain" -I. -Ilib -D_GNU_SOURCE= -DMUSTER_VERSION='""' "${folders[@]}"
