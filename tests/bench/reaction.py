#!/usr/bin/env python3
"""Reaction: from a push to redis to the worker process being started, over many pushes.

The bound to compare with is the poll interval + 50 ms: a push waits for the next poll, and all that
follows (decision, journal, start of the agent, its first heartbeat, start of the worker) is muster's.
Needs redis-server; nothing of Python but its library. Prints milliseconds.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from musterd import Musterd, wait_for  # noqa: E402  (found by the line above)

PUSHES = int(os.environ.get("REACTION_PUSHES", "200"))
POLL_MS = 100


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def command(port, *words):
    """One redis command; the answer's first line."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        parts = [f"*{len(words)}\r\n"] + [f"${len(w)}\r\n{w}\r\n" for w in words]
        s.sendall("".join(parts).encode())
        return s.recv(4096).decode()


# Notes the moment it was started (boot clock, hundredths of a second) without starting anything
# itself, and ends when it is told to. The benchmark takes the job out of the queue.
WORKER = """#!/bin/sh
read -r up rest < /proc/uptime
echo "$up" >> "$1"
trap 'exit 0' TERM
while :; do sleep 1 & wait $!; done
"""


def main():
    if not shutil.which("redis-server"):
        print("skipped: reaction: redis-server is not installed")
        return 0
    folder = tempfile.mkdtemp(prefix="muster-reaction.")
    port = free_port()
    redis = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
         "--appendonly", "no"], stdout=subprocess.DEVNULL)
    daemon = Musterd(folder)
    stamps = os.path.join(folder, "stamps")
    worker = os.path.join(folder, "worker.sh")
    with open(worker, "w", encoding="utf-8") as file:
        file.write(WORKER)
    os.chmod(worker, 0o700)
    daemon.policy("reaction", f"""
pool: reaction
queue:
  redis: {{ url: "redis://127.0.0.1:{port}/0", list: jobs }}
  every: {POLL_MS}ms
  stale_after: 5s
slots: {{ min: 0, max: 1 }}
scale:
  - backlog: {{ per_slot: 1 }}
pace:
  in: {{ after: 0s, at_most: unlimited }}
buy:
  offers:
    - local: {{ command: ["{worker}", "{stamps}"] }}
health: {{ heartbeat: 100ms, ready_within: 30s, boot: 1s }}
""")
    try:
        daemon.start()
        wait_for("the pool is there", 10, lambda: daemon.pool("reaction"))
        waits = []
        for i in range(PUSHES):
            wait_for("no node is left", 30, lambda: daemon.machines("reaction") == 0, every=0.02)
            time.sleep((i % 10) * POLL_MS / 10000)  # every phase of the poll interval
            pushed = time.clock_gettime(time.CLOCK_BOOTTIME)
            command(port, "RPUSH", "jobs", "job")

            def stamped(i=i):
                if not os.path.exists(stamps):
                    return None
                with open(stamps, encoding="utf-8") as file:
                    lines = file.read().splitlines()
                return lines[i] if len(lines) > i else None

            line = wait_for("the worker started", 30, stamped, every=0.01)
            command(port, "LPOP", "jobs")
            time.sleep(0.2)  # /status may be a tenth of a second old
            # The clock it read counts whole hundredths: it may have been that much later.
            waits.append((float(line) + 0.01 - pushed) * 1000)
        waits.sort()

        def at(q):
            return waits[min(len(waits) - 1, int(q * len(waits)))]

        print(f"reaction: {len(waits)} pushes, poll every {POLL_MS} ms: push to start of the worker "
              f"p50 {at(.5):.0f} ms, p90 {at(.9):.0f} ms, p99 {at(.99):.0f} ms, max {waits[-1]:.0f} ms "
              f"(bound: {POLL_MS + 50} ms at p99)")
    finally:
        daemon.stop()
        redis.terminate()
        redis.wait()
        for pid in daemon.agents():
            os.kill(pid, 9)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
