#!/bin/bash
# usage: cover.sh BUILD
# Prints the share of lines that the tests reached, by folder and for the least covered files, from
# the .gcno and .gcda files of a VARIANT=cover build.
set -u
build=$1
work=$build/gcov
rm -rf "$work"
mkdir -p "$work"
find "$build/obj" -name '*.gcno' -not -path '*/tests/*' -print0 |
    xargs -0 -r gcov -r -n 2>/dev/null >"$work/summary"
awk '
    /^File / { file = $2; gsub(/\047/, "", file); next }
    /^Lines executed:/ && file ~ /^(lib|providers|policies|cmd)\// {
        split($0, part, /[:% ]+/)
        share = part[3]; lines = $NF
        folder = file; sub(/\/[^\/]*$/, "", folder)
        hit[folder] += share * lines / 100; all[folder] += lines
        total_hit += share * lines / 100; total += lines
        printf "%6.1f %%  %5d  %s\n", share, lines, file > "'"$work"'/files"
        file = ""
    }
    END {
        for (folder in all) printf "%6.1f %%  %5d lines  %s\n", 100 * hit[folder] / all[folder], all[folder], folder | "sort -k4"
        close("sort -k4")
        if (total) printf "%6.1f %%  %5d lines  all\n", 100 * total_hit / total, total
    }' "$work/summary"
if [ -e "$work/files" ]; then
    echo
    echo "least covered files:"
    sort -n "$work/files" | head -n 15
fi
