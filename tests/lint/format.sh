#!/bin/bash
# usage: format.sh [TREE]
# Fails where the C text is not as clang-format would write it; `make format` mends it.
cd "${1:-.}" || exit 2
find lib providers policies cmd tests -name '*.[ch]' -print0 2>/dev/null |
    xargs -0 -r clang-format --dry-run --Werror 2>&1 | grep -E '^[^ ]+:[0-9]+' | sort -u -t: -k1,1
[ "${PIPESTATUS[1]}" -eq 0 ]
