#!/bin/bash
# verify.sh DIR COUNT: every input was compressed exactly once, and says the same when unpacked.
set -u
dir=$1 count=$2
bad=0
say() { echo "verify: $*" >&2; bad=1; }
left=$(find "$dir/spool/waiting" "$dir/spool/running" -type f | wc -l)
[ "$left" -eq 0 ] || say "$left files are still in the spool"
lines=$(wc -l < "$dir/results/.ledger")
names=$(cut -d' ' -f1 "$dir/results/.ledger" | sort -u | wc -l)
[ "$lines" -eq "$count" ] || say "$lines jobs were done for $count files"
[ "$names" -eq "$count" ] || say "$names different files were done, of $count"
check() {
    for file in "$@"; do
        name=${file##*/}
        if ! xz -dc -- "$dir/results/$name.xz" 2>/dev/null | cmp -s - "$file"; then
            echo "verify: $name is missing or unpacks to something else" >&2
            return 1
        fi
    done
}
check "$dir"/input/* || bad=1
exit "$bad"
