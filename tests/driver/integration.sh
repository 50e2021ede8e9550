#!/bin/bash
# usage: integration.sh BUILD [PYTEST ARGUMENT...]
# Runs the integration tests with the Python of $VENV; results as in unit.sh. Packages of Node that
# a test asks for (tests/integration/node/package.json) are installed first, where npm exists.
set -u
build=$1
shift
results=${RESULTS:-$build/results}
report=$build/logs/integration.xml
mkdir -p "$results" "${report%/*}"
tests=tests/integration

if ! compgen -G "$tests/test_*.py" >/dev/null; then
    echo "integration: there are no tests in $tests"
    echo "integration 0 0 0" >"$results/integration"
    exit 0
fi

node=$tests/node
if [ -e $node/package.json ]; then
    if ! command -v npm >/dev/null; then
        echo "skipped: the tests with Node workers: there is no npm on this machine"
    elif [ ! $node/node_modules -nt $node/package.json ]; then
        (cd $node && npm install --silent --no-audit --no-fund && touch node_modules) ||
            echo "skipped: the tests with Node workers: npm install failed"
    fi
fi

# Side by side: most of them wait most of the time. (-n 0 among the arguments: one after the other.)
rm -f "$report"
"$VENV/bin/python" -m pytest -q -rs -n 3 --junitxml="$report" -o junit_family=xunit2 "$tests" "$@"
status=$?

if [ -e "$report" ]; then
    "$VENV/bin/python" - "$report" >"$results/integration" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot().iter("testsuite")
total = failed = skipped = 0
for suite in suites:
    total += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print("integration", total - failed - skipped, failed, skipped)
PYTHON
else
    echo "integration 0 1 0" >"$results/integration"
fi
exit $status
