#!/bin/bash
# usage: warnings.sh [TREE [BUILD]]
# Compiles everything with every warning an error, and with gcc -fanalyzer, in a build of its own.
cd "${1:-.}" || exit 2
"${MAKE:-make}" --no-print-directory -s -k BUILD="${2:-build}/analyze" VARIANT=analyze WERROR=1 CC=gcc objects || exit 1
