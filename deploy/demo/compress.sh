#!/bin/sh
# One job: compress.sh FILE RESULTS. Called by the worker with a file it has claimed.
set -eu
file=$1 results=$2
name=$(basename -- "$file")
xz -9e -c -- "$file" > "$results/.$name.$$"
mv -- "$results/.$name.$$" "$results/$name.xz"
# One short line in append mode is written whole: the ledger shows how often each file was done.
echo "$name ${MUSTER_NODE:-?}" >> "$results/.ledger"
