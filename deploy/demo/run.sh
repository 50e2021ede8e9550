#!/bin/bash
# The main job on real work: a spool fills with files, workers appear, each file is compressed exactly
# once, the workers go.
#
#   deploy/demo/run.sh          about a minute; ends by itself, with a summary
#   deploy/demo/run.sh --stay   the same set-up, fed again and again, until Ctrl-C
#
# BUILD=dir         where the programs are (default: build)
# DEMO_DIR=dir      where to work (default: a fresh folder under $TMPDIR, removed at the end)
# DEMO_FILES=n      how many files (default: 300)
# DEMO_NODES=n      how many nodes at most (default: 6)
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${BUILD:-build}" && pwd) || exit 2
here=$PWD/deploy/demo
stay=no
[ "${1:-}" = --stay ] && stay=yes
files=${DEMO_FILES:-300}
nodes=${DEMO_NODES:-6}
dir=${DEMO_DIR:-}
keep=yes
if [ -z "$dir" ]; then
    dir=$(mktemp -d "${TMPDIR:-/tmp}/muster-demo.XXXXXX") || exit 2
    keep=no
fi
musterd_pid=
feeder_pid=

# musterd leaves nodes running when it stops, so they are drained first, the way a person would:
# the policy file goes, the pool retires.
retire() {
    [ -n "$(muster nodes 2>/dev/null | grep '^local-')" ] || return 0
    echo "draining the nodes ..."
    rm -f "$dir"/policies/*.yaml
    for _ in $(seq 150); do
        muster nodes 2>/dev/null | grep -q '^local-' || return 0
        sleep 0.2
    done
    echo "some nodes are still there: muster-agent processes of $dir" >&2
}

finish() {
    trap - EXIT
    trap '' INT TERM
    [ -n "$feeder_pid" ] && kill "$feeder_pid" 2>/dev/null
    if [ -n "$musterd_pid" ] && kill -0 "$musterd_pid" 2>/dev/null; then
        retire
        kill -TERM "$musterd_pid" 2>/dev/null
        wait "$musterd_pid"
    fi
    if [ "$keep" = no ] && { [ "$1" -eq 0 ] || [ "$1" -eq 130 ]; }; then
        rm -rf "$dir"
    elif [ "$1" -ne 0 ]; then
        echo "left as it is, for a look: $dir (musterd.log, state/, spool/)" >&2
    fi
    exit "$1"
}
trap 'finish $?' EXIT
trap 'echo; finish 130' INT TERM

fail() {
    echo "demo: $*" >&2
    [ -s "$dir/musterd.log" ] && { echo "musterd's last words:" >&2; tail -n 15 "$dir/musterd.log" >&2; }
    finish 1
}

muster() {
    "$build/muster" "$@"
}

# ---- real files ---------------------------------------------------------------------------------

mkdir -p "$dir"/{input,policies,state} "$dir"/spool/{waiting,running,done} "$dir"/results || exit 2
chmod 700 "$dir/state"
# Files that every Debian machine has, large enough that compressing one takes a moment. Sorted, so
# that two runs on one machine do the same.
find /usr/lib /usr/share /usr/bin -xdev -type f -readable -size +150k -size -900k 2>/dev/null |
    LC_ALL=C sort | head -n "$files" > "$dir/list"
count=$(wc -l < "$dir/list")
[ "$count" -gt 0 ] || fail "no files found to work on"
n=0
while IFS= read -r file; do
    n=$((n + 1))
    cp -- "$file" "$(printf '%s/input/%04d-%s' "$dir" "$n" "$(basename -- "$file" | tr -c 'A-Za-z0-9._\n-' _)")"
done < "$dir/list"
bytes=$(du -sb "$dir/input" | cut -f1)

# A file is moved into the spool when it is whole: rename is the hand-over.
feed() {
    for file in "$@"; do
        cp -- "$file" "$dir/spool/waiting/.new" &&
            mv -- "$dir/spool/waiting/.new" "$dir/spool/waiting/$(basename -- "$file")" || return 1
    done
}

# ---- the set-up, as a person would write it ------------------------------------------------------

cat > "$dir/muster.yaml" <<END
listen: "127.0.0.1:0"
controller: demo
policies: policies
state: state
END
cat > "$dir/policies/demo.yaml" <<END
pool: demo
queue:
  spool: { dir: "$dir/spool" }
  every: 1s
  stale_after: 10s
slots: { min: 0, max: $nodes }
scale:
  - backlog: { per_slot: 20 }
pace:
  out: { at_most: 2 slots / 3s }
  in: { after: 4s, at_most: 2 slots / 2s }
buy:
  offers:
    - local:
        command: ["$here/worker.sh", "$dir/spool", "$here/compress.sh", "$dir/results"]
        boot_delay: 2s
        as: c6i.large
        price: 0.085 USD/h
health: { heartbeat: 1s, ready_within: 30s, boot: 3s }
END
muster check "$dir/policies/demo.yaml" || fail "the demo's policy file is not right"

# In a session of its own: Ctrl-C is for this script, which takes the nodes down before musterd.
setsid "$build/musterd" --allow-root --config "$dir/muster.yaml" 2> "$dir/musterd.log" &
musterd_pid=$!
for _ in $(seq 100); do
    MUSTER_URL=$(sed -n 's/.*listen=\(http[^ ]*\).*/\1/p' "$dir/musterd.log" | head -n 1)
    [ -n "$MUSTER_URL" ] && break
    kill -0 "$musterd_pid" 2>/dev/null || fail "musterd did not start"
    sleep 0.1
done
[ -n "$MUSTER_URL" ] || fail "musterd did not start"
export MUSTER_URL MUSTER_TOKEN_FILE="$dir/state/admin.token"

echo "muster demo: $count real files ($((bytes / 1000000)) MB) to compress, at most $nodes nodes on this machine"
echo "             its endpoint is $MUSTER_URL (try /status, /explain/demo, /metrics)"
echo
started=$(date +%s)
mapfile -t inputs < <(printf '%s\n' "$dir"/input/*)
half=$((count / 2))
feed "${inputs[@]:0:half}" || fail "the spool cannot be written"

# The second half comes in while the first is being worked on.
(
    sleep 6
    feed "${inputs[@]:half}"
    while [ "$stay" = yes ]; do
        sleep 30
        rm -rf "$dir"/results/* "$dir"/spool/done/*
        feed "${inputs[@]:0:$((RANDOM % count))}"
    done
) &
feeder_pid=$!

if [ "$stay" = yes ]; then
    echo "running until Ctrl-C"
    muster top
    finish 130
fi

timeout --foreground 150 "$build/muster" top --until-idle || fail "the work was not done in time"
wait "$feeder_pid"
feeder_pid=
elapsed=$(($(date +%s) - started))

# ---- what came of it, checked file by file -------------------------------------------------------

"$here/verify.sh" "$dir" "$count" || fail "the results are not what they should be"
launched=$(grep -c ' launch .*offer=local' "$dir/musterd.log")
cost=$(muster status --json | sed -n 's/.*"cost_usd":\([0-9.e-]*\).*/\1/p' | head -n 1)
left=$(muster nodes | grep -c '^local-' || :)
[ "$left" -eq 0 ] || fail "$left nodes are still there"
size=$(cat "$dir"/results/*.xz | wc -c)
echo
echo "done: $count files, each compressed exactly once, in ${elapsed}s; $((bytes / 1000000)) MB became $((size / 1000000)) MB"
echo "      $launched nodes were started, all are gone; as c6i.large machines they would have cost \$${cost:-?}"
finish 0
