#!/bin/bash
# usage: cppcheck.sh [TREE [CACHE]]
# What cppcheck calls an error, a warning, a performance or a portability problem. CACHE is a folder
# that keeps what it learnt about unchanged files.
cache=$(realpath "${2:-$(mktemp -d)}")
cd "${1:-.}" || exit 2
folders=()
for folder in lib providers policies cmd; do
    [ ! -d $folder ] || folders+=("$folder")
done
exec cppcheck --quiet --error-exitcode=1 --std=c11 -j "$(nproc)" --enable=warning,performance,portability \
    --inline-suppr --suppress=missingIncludeSystem --cppcheck-build-dir="$cache" \
    -I. -Ilib -D_GNU_SOURCE= -DMUSTER_VERSION='""' "${folders[@]}"
