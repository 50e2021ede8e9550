#!/bin/bash
# usage: BUILD=build tests/bench/endpoint.sh [SECONDS]
# /status of 100 pools and 10,000 nodes at 1,000 requests a second over 64 connections (wrk), first by
# itself, then beside 500 slow clients. Prints waiting times and how late the loop's other work came.
set -eu
seconds=${1:-10}
here=${0%/*}
port=${PORT:-18420}
program=${BUILD:-build}/bench/bench_endpoint
command -v wrk >/dev/null || { echo "skipped: there is no wrk on this machine (apt-get install wrk)"; exit 0; }
ulimit -n 4096 2>/dev/null || true

tmp=$(mktemp -d)
server= slow=
trap 'kill $server $slow 2>/dev/null || true; rm -rf "$tmp"' EXIT

# wrk has no rate of its own: each of the 64 connections waits 64 ms, on average, before it asks again.
cat >"$tmp/rate.lua" <<'LUA'
function init() math.randomseed(os.time()) end
function delay() return math.random(44, 80) end
LUA

measure() {
    "$program" --serve "$port" >"$tmp/server" 2>&1 &
    server=$!
    for _ in $(seq 100); do grep -q ^serving "$tmp/server" && break; sleep 0.1; done
    if [ "$1" -gt 0 ]; then
        python3 "$here/slow_clients.py" "$port" "$1" >"$tmp/slow" &
        slow=$!
        sleep 2
    fi
    wrk -t2 -c64 -d"${seconds}s" -T5s --latency -s "$tmp/rate.lua" "http://127.0.0.1:$port/status" >"$tmp/wrk"
    kill $slow 2>/dev/null || true
    kill -TERM $server
    wait $server || true
    server= slow=
    awk -v slow="$1" '
        / 50%/ { p50 = $2 } / 99%/ { p99 = $2 } / 75%/ { p75 = $2 }
        /Requests\/sec/ { rate = $2 } /Socket errors|Non-2xx/ { trouble = trouble " " $0 }
        /Latency/ && !max { max = $4 }
        END { printf "/status, %d slow clients: %.0f requests/s, p50 %s, p75 %s, p99 %s, max %s%s\n",
                     slow, rate, p50, p75, p99, max, trouble }' "$tmp/wrk"
    sed -n 's/^loop/  loop/p' "$tmp/server"
}

measure 0
measure 500
