#!/bin/bash
# usage: hardening.sh PROGRAM...
# What the compiler and linker flags promise, read back from the programs themselves.
set -u
failed=0
bad() {
    echo "$1: $2"
    failed=1
}
for program in "$@"; do
    header=$(readelf -hW "$program") || exit 1
    dynamic=$(readelf -dW "$program")
    segments=$(readelf -lW "$program")
    grep -q 'Type: *DYN' <<<"$header" || bad "$program" "not position independent (PIE)"
    grep -Eq '\(FLAGS(_1)?\).*NOW' <<<"$dynamic" || bad "$program" "symbols are bound late (no BIND_NOW)"
    grep -q GNU_RELRO <<<"$segments" || bad "$program" "no read-only relocations (RELRO)"
    grep -Eq 'GNU_STACK .* RW +0x' <<<"$segments" || bad "$program" "the stack may be executed"
    grep -Eq '(LOAD|GNU_STACK) .* RWE' <<<"$segments" && bad "$program" "a segment is both writable and executable"
    grep -Eq '\((RPATH|RUNPATH)\)' <<<"$dynamic" && bad "$program" "carries a library path"
    grep -q '__stack_chk_fail' <<<"$(readelf -sW --dyn-syms "$program")" || bad "$program" "no stack protector"
done
exit $failed
