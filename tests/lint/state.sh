#!/bin/bash
# usage: state.sh LIBRARY.a
# The library keeps no mutable state of its own: everything lives in objects that somebody owns.
# Looks for data in writable sections (.data, .bss, thread-local); tables of constants with
# addresses in them are in .data.rel.ro, which the loader makes read-only.
set -u
library=$1

# object:symbol that may stay, each with its reason
allowed=""

found=$(objdump -t "$library" | awk '
    /^[^ ].*: +file format/ { object = $1; sub(/:$/, "", object); next }
    # value flags(7 columns) section size name; a flag column holds O for an object
    { section = ""; for (i = 2; i <= NF; i++) if ($i ~ /^(\.t?data|\.t?bss|\*COM\*)/) { section = $i; break } }
    section == "" || section ~ /^\.data\.rel\.ro/ { next }
    $NF ~ /^\./ || $(NF - 1) ~ /^0+$/ { next }
    { print object ":" $NF " (" section ")" }')
for name in $allowed; do
    found=$(grep -v "^$name " <<<"$found")
done
[ -z "$found" ] && exit 0
sed 's/^/mutable state in the library: /' <<<"$found"
exit 1
