"""The whole daemon, with real nodes on this machine: fill, drain, restart, reload, pause, dry run."""

import contextlib
import os
import signal
import sqlite3
import time

import pytest

from musterd import ROOT, wait_for

WORKER = os.path.join(ROOT, "deploy", "demo", "worker.sh")
JOB = os.path.join(ROOT, "tests", "integration", "job.sh")


def spool_policy(folder, *, slots=4, extra="", pace="in: { after: 1s, at_most: 4 slots / 1s }",
                 per_slot=2, local=""):
    return f"""
pool: spool
queue:
  spool: {{ dir: "{folder}/spool" }}
  every: 200ms
  stale_after: 5s
slots: {{ min: 0, max: {slots} }}
scale:
  - backlog: {{ per_slot: {per_slot} }}
pace:
  {pace}
buy:
  offers:
    - local:
        command: ["{WORKER}", "{folder}/spool", "{JOB}", "{folder}/done.log"]
        price: 0.10 USD/h
        {local}
health: {{ heartbeat: 300ms, ready_within: 20s, boot: 1s }}
{extra}
"""


class Spool:
    def __init__(self, folder):
        self.root = os.path.join(str(folder), "spool")
        self.ledger = os.path.join(str(folder), "done.log")
        for name in ("waiting", "running", "done"):
            os.makedirs(os.path.join(self.root, name), exist_ok=True)

    def feed(self, count, seconds=0.05, start=0):
        for i in range(start, start + count):
            # Under a name with a dot until it is whole, or a worker would take half of it.
            folder, name = os.path.join(self.root, "waiting"), f"job-{i:05d}"
            with open(os.path.join(folder, "." + name), "w", encoding="utf-8") as file:
                file.write(str(seconds))
            os.rename(os.path.join(folder, "." + name), os.path.join(folder, name))

    def done(self):
        """The names of the jobs that ended, one entry for each time they were done."""
        if not os.path.exists(self.ledger):
            return []
        with open(self.ledger, encoding="utf-8") as file:
            return [line.split()[0] for line in file]

    def left(self):
        return sum(len(files) for name in ("waiting", "running")
                   for _, _, files in os.walk(os.path.join(self.root, name)))


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path)


def all_done(musterd, spool, count):
    wait_for(f"{count} jobs done", 60, lambda: len(spool.done()) >= count)
    wait_for("no node is left", 60, lambda: musterd.machines("spool") == 0 and not musterd.agents())
    assert sorted(spool.done()) == [f"job-{i:05d}" for i in range(count)], "each job exactly once"
    assert spool.left() == 0


def test_from_zero_to_max_and_back(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    musterd.start()
    wait_for("the pool is there", 5, lambda: musterd.pool("spool"))
    assert musterd.machines("spool") == 0
    spool.feed(60)
    wait_for("four nodes are ready", 20, lambda: musterd.pool("spool")["nodes"]["ready"] == 4)
    all_done(musterd, spool, 60)
    assert musterd.stop() == 0


def test_sigterm_leaves_nodes_and_a_restart_finds_them(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    spool.feed(40, seconds=0.3)
    musterd.start()
    wait_for("four nodes are ready", 20, lambda: musterd.pool("spool")["nodes"]["ready"] == 4)
    before = sorted(musterd.agents())
    assert musterd.stop() == 0
    assert sorted(musterd.agents()) == before, "SIGTERM leaves nodes running"
    musterd.start()
    wait_for("the nodes are found again", 10,
             lambda: musterd.pool("spool") and musterd.machines("spool") == 4)
    assert sorted(musterd.agents()) == before, "found, not bought again"
    all_done(musterd, spool, 40)


def test_a_bad_file_keeps_the_last_good_policy(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    spool.feed(30, seconds=0.4)
    musterd.start()
    wait_for("nodes work", 20, lambda: musterd.pool("spool")["nodes"]["ready"] == 4)
    musterd.policy("spool", spool_policy(musterd.folder).replace("max: 4", "max: lots"))
    wait_for("the mistake is told", 10,
             lambda: any("lots" in p["error"] for p in musterd.get("/status")["policy_errors"]))
    assert musterd.machines("spool") == 4
    musterd.policy("spool", spool_policy(musterd.folder, slots=3))
    wait_for("the mended file is in force", 10,
             lambda: not musterd.get("/status")["policy_errors"])
    all_done(musterd, spool, 30)


def test_a_removed_file_retires_its_pool_by_draining(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    spool.feed(12, seconds=1)
    musterd.start()
    wait_for("jobs run", 20, lambda: musterd.pool("spool")["nodes"]["ready"] == 4)
    wait_for("jobs are taken", 20, lambda: os.listdir(os.path.join(spool.root, "running")))
    musterd.remove_policy("spool")
    wait_for("the pool is gone", 30, lambda: musterd.pool("spool") is None)
    assert not musterd.agents()
    running = [f for _, _, files in os.walk(os.path.join(spool.root, "running")) for f in files]
    assert running == [], "no job was cut off"
    done = spool.done()
    assert len(done) == len(set(done)), "no job was done twice"


def paused(musterd):
    """By the state file."""
    with contextlib.closing(sqlite3.connect(f"file:{musterd.folder}/state/muster.db?mode=ro", uri=True)) as db:
        return [pool for pool, in db.execute("SELECT pool FROM paused")]


def test_a_pause_survives_a_restart(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    musterd.start()
    wait_for("the pool is there", 5, lambda: musterd.pool("spool"))
    musterd.post("/v1/pools/spool/pause")
    wait_for("it is on disk, a moment after the answer", 60, lambda: paused(musterd) == ["spool"])
    musterd.kill()
    musterd.start()
    wait_for("the pool is there", 5, lambda: musterd.pool("spool"))
    assert musterd.pool("spool")["paused"]
    spool.feed(10)
    time.sleep(2)
    assert musterd.machines("spool") == 0 and not musterd.agents()
    musterd.post("/v1/pools/spool/resume")
    all_done(musterd, spool, 10)


def test_a_dry_run_starts_nothing(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    spool.feed(20)
    musterd.start("--dry-run")
    pool = wait_for("it decides", 10,
                    lambda: (musterd.pool("spool") or {}).get("desired") and musterd.pool("spool"))
    assert pool["desired"] == 4
    assert musterd.get("/status")["mode"] == "dry-run"
    wait_for("the virtual fleet is ready", 10,
             lambda: musterd.pool("spool")["nodes"]["ready"] == 4)
    assert not musterd.agents()
    assert spool.left() == 20
    assert not os.listdir(os.path.join(musterd.folder, "state", "local")) \
        if os.path.isdir(os.path.join(musterd.folder, "state", "local")) else True


def test_a_second_musterd_on_the_same_state_is_refused(musterd, spool, tmp_path):
    import subprocess

    from musterd import BUILD
    musterd.policy("spool", spool_policy(musterd.folder))
    musterd.start()
    second = subprocess.run(
        [os.path.join(BUILD, "musterd"), "--allow-root", "--config", musterd.config],
        capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 2
    assert str(musterd.process.pid) in second.stderr


def test_sighup_reads_the_policies_again(musterd, spool):
    musterd.policy("spool", spool_policy(musterd.folder))
    musterd.start()
    wait_for("the pool is there", 5, lambda: musterd.pool("spool"))
    musterd.signal(signal.SIGHUP)
    time.sleep(0.5)
    assert musterd.process.poll() is None
    assert musterd.pool("spool")


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments(musterd, spool, seed):
    """SIGKILL again and again while files are worked on: every node is found, no job is lost."""
    import random
    chance = random.Random(seed)
    count = 60
    musterd.policy("spool", spool_policy(musterd.folder, slots=4))
    spool.feed(count, seconds=0.2)
    musterd.start()
    for _ in range(8):
        time.sleep(chance.uniform(0.05, 1.2))
        musterd.kill()
        alive = set(musterd.agents())
        assert len(alive) <= 4, "never above max"
        musterd.start()
        # A node that ends meanwhile ends because it was drained: it need not be found.
        wait_for("every node is found again", 15,
                 lambda alive=alive: musterd.pool("spool") and musterd.machines("spool") >=
                 len(alive & set(musterd.agents())))
        assert len(musterd.agents()) <= 4, "never above max"
    all_done(musterd, spool, count)
