"""A thousand real Celery tasks on a real redis: nodes come, every task is done once, nodes go."""

import collections
import os
import subprocess
import sys
import time

from musterd import wait_for

TASKS = 1000
HERE = os.path.dirname(os.path.abspath(__file__))


def policy(redis, folder, nodes):
    return f"""
pool: celery
queue:
  celery: {{ url: "{redis.url}", queue: celery }}
  every: 500ms
  stale_after: 5s
slots: {{ min: 0, max: {nodes} }}
scale:
  - backlog: {{ per_slot: 10 }}
pace:
  in: {{ after: 2s, at_most: 4 slots / 1s }}
buy:
  offers:
    - local:
        command: ["{sys.executable}", "-m", "celery", "-A", "celery_tasks", "worker", "-c", "1",
                  "--without-gossip", "--without-mingle", "-l", "warning"]
        directory: "{HERE}"
        environment: ["TASKS_REDIS={redis.url}", "TASKS_LEDGER={folder}/done.log"]
health: {{ heartbeat: 500ms, ready_within: 60s, boot: 3s }}
"""


def push(redis, folder, count, start=0):
    env = dict(os.environ, TASKS_REDIS=redis.url, TASKS_LEDGER=f"{folder}/done.log")
    code = ("import celery_tasks\n"
            f"for i in range({start}, {start + count}): celery_tasks.work.delay(i)\n")
    subprocess.run([sys.executable, "-c", code], cwd=HERE, env=env, check=True, timeout=120)


def ledger(folder):
    path = os.path.join(folder, "done.log")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.split() for line in file]


def ended(folder):
    return [words[1] for words in ledger(folder) if words[0] == "end"]


def test_a_thousand_tasks(musterd, redis):
    musterd.policy("celery", policy(redis, musterd.folder, 3))
    musterd.start()
    wait_for("the pool is there", 5, lambda: musterd.pool("celery"))
    assert musterd.machines("celery") == 0
    push(redis, musterd.folder, TASKS)
    wait_for("all nodes are ready", 60, lambda: musterd.pool("celery")["nodes"]["ready"] == 3)
    wait_for("all tasks done", 180, lambda: len(ended(musterd.folder)) >= TASKS, every=0.5)
    wait_for("no node is left", 60,
             lambda: musterd.machines("celery") == 0 and not musterd.agents(), every=0.2)
    words = ledger(musterd.folder)
    begun = collections.Counter(w[1] for w in words if w[0] == "begin")
    done = collections.Counter(w[1] for w in words if w[0] == "end")
    assert done == {str(i): 1 for i in range(TASKS)}, "every task done exactly once"
    assert begun == done, "no worker was killed while it was busy"


def test_redis_stops_and_comes_back(musterd, redis):
    """Pull the plug: capacity holds and /status says why; with redis back it goes on."""
    musterd.policy("celery", policy(redis, musterd.folder, 2))
    musterd.start()
    push(redis, musterd.folder, 300)
    wait_for("nodes are ready", 60, lambda: musterd.pool("celery")["nodes"]["ready"] == 2)
    redis.stop()
    pool = wait_for("the outage is seen", 15, lambda: (
        lambda p: p if p["signal"]["state"] == "failed" else None)(musterd.pool("celery")))
    assert "redis" in pool["problem"] and pool["desired"] == 2
    time.sleep(5)  # longer than the scale-in window: a zero would have cost the nodes by now
    pool = musterd.pool("celery")
    assert pool["desired"] == 2 and pool["signal"]["state"] == "failed"
    assert "unknown" in musterd.text("/explain/celery?format=text")
    redis.start()
    wait_for("the queue is known again", 20,
             lambda: musterd.pool("celery")["signal"]["state"] == "fresh")
    wait_for("all tasks done", 120, lambda: len(set(ended(musterd.folder))) >= 300, every=0.5)
    wait_for("no node is left", 60,
             lambda: musterd.machines("celery") == 0 and not musterd.agents(), every=0.2)


def test_rq_workers(musterd, redis):
    rq = os.path.join(os.path.dirname(sys.executable), "rq")
    musterd.policy("rq", f"""
pool: rq
queue:
  rq: {{ url: "{redis.url}", queue: work }}
  every: 500ms
  stale_after: 5s
slots: {{ min: 0, max: 2 }}
scale:
  - backlog: {{ per_slot: 5 }}
pace:
  in: {{ after: 2s, at_most: 4 slots / 1s }}
buy:
  offers:
    - local:
        command: ["{rq}", "worker", "--url", "{redis.url}", "work"]
        directory: "{HERE}"
        environment: ["TASKS_LEDGER={musterd.folder}/done.log", "PYTHONPATH={HERE}"]
health: {{ heartbeat: 500ms, ready_within: 60s, boot: 3s }}
""")
    musterd.start()
    env = dict(os.environ, PYTHONPATH=HERE)
    code = ("import redis, rq, rq_tasks\n"
            f"q = rq.Queue('work', connection=redis.Redis.from_url('{redis.url}'))\n"
            "for i in range(40): q.enqueue(rq_tasks.work, i)\n")
    subprocess.run([sys.executable, "-c", code], cwd=HERE, env=env, check=True, timeout=60)
    wait_for("all jobs done", 120, lambda: len(ended(musterd.folder)) >= 40, every=0.5)
    wait_for("no node is left", 60,
             lambda: musterd.machines("rq") == 0 and not musterd.agents(), every=0.2)
    done = collections.Counter(ended(musterd.folder))
    assert done == {str(i): 1 for i in range(40)}
