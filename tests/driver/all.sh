#!/bin/bash
# usage: all.sh "MAKE COMMAND" TARGET...
# Runs the targets one after the other, goes on after a failure (but not after a failed build, the
# first target), and ends with the sum of all results on a line of its own:
#   N passed, N failed[, N skipped]
# Exit 1 if anything failed.
set -u
make=$1
shift
results=$RESULTS
rm -rf "$results"
mkdir -p "$results"

failures() {
    cat "$results"/* 2>/dev/null | awk '{ n += $3 } END { print n + 0 }'
}

run_target() {
    local target=$1 start=$SECONDS before status
    before=$(failures)
    echo "=== $target"
    $make "$target" </dev/null
    status=$?
    echo "=== $target: $([ $status -eq 0 ] && echo ok || echo FAILED) after $((SECONDS - start)) s"
    # A target that failed without a failed test to show for it is a failure of its own.
    if [ $status -ne 0 ] && [ "$(failures)" -eq "$before" ]; then
        echo "$target 0 1 0" >"$results/$target-stopped"
    fi
    return $status
}

first=$1
for target in "$@"; do
    run_target "$target" || [ "$target" != "$first" ] || break
done

# Runs of the same tests under another tool (-asan, -valgrind, ...) count again only when they fail.
echo
cat "$results"/* 2>/dev/null | awk '
    { again = $1 ~ /-(asan|tsan|valgrind|cover)$/
      printf "  %-20s %5d passed %5d failed %5d skipped%s\n", $1, $2, $3, $4, again ? "  (same tests again)" : "" }
    { failed += $3 }
    !again { passed += $2; skipped += $4 }
    END {
        printf "%d passed, %d failed", passed, failed
        if (skipped) printf ", %d skipped", skipped
        printf "\n"
        exit failed > 0 || passed == 0
    }'
