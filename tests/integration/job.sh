#!/bin/sh
# One job for the tests: job.sh FILE LEDGER. The file says how many seconds it takes.
set -eu
sleep "$(cat -- "$1")"
echo "$(basename -- "$1") ${MUSTER_NODE:-?}" >> "$2"
