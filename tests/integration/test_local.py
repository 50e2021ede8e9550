"""Local nodes under a real musterd: what they are given, what becomes of them, what a dry run leaves alone."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from musterd import BUILD, ROOT, wait_for

# A worker that writes down its environment, then does "jobs": one for each file go-N.
WORKER = r"""
env > env.$MUSTER_NODE.$MUSTER_COPY
: > "$MUSTER_BUSY_DIR/.used"
stop=; trap 'stop=1' TERM
while [ -z "$stop" ]; do
    for job in go-*; do
        [ -e "$job" ] && mv "$job" "run-${job#go-}" 2>/dev/null || continue
        job=run-${job#go-}
        echo $$ > "$MUSTER_BUSY_DIR/$job"
        while [ -e hold ]; do sleep 0.05; done
        mv "$job" "end-${job#run-}"
        rm "$MUSTER_BUSY_DIR/$job"
    done
    sleep 0.05
done
"""


def policy(folder, *, slots=2, local="", scale="fixed: { slots: 2 }", extra=""):
    (pathlib.Path(folder) / "worker").write_text(WORKER)
    return f"""
pool: p
queue: {{ exec: {{ command: "echo 0" }}, every: 500ms }}
slots: {{ min: 0, max: {slots} }}
scale:
  - {scale}
pace:
  in: {{ after: 1s, at_most: 4 slots / 1s }}
buy:
  offers:
    - local: {{ command: "sh ./worker", directory: "{folder}", {local} }}
health: {{ heartbeat: 300ms, ready_within: 20s, boot: 1s }}
{extra}
"""


def nodes(musterd, state=None):
    listed = musterd.get("/nodes")["nodes"]
    return [n for n in listed if state is None or n["state"] == state]


def ready(musterd, count, seconds=20):
    wait_for(f"{count} nodes are ready", seconds, lambda: len(nodes(musterd, "ready")) == count)
    return sorted(n["id"] for n in nodes(musterd, "ready"))


def retire(musterd):
    musterd.remove_policy("p")
    wait_for("all nodes are gone", 30, lambda: not musterd.agents())


def processes_of(folder):
    """Processes of local nodes below this folder, by what their environment says."""
    found = []
    mark = f"MUSTER_BUSY_DIR={folder}".encode()
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def workers(musterd):
    """The main processes of the workers: the agents' children."""
    return sorted(int(pid) for agent in musterd.agents()
                  for pid in pathlib.Path(f"/proc/{agent}/task/{agent}/children").read_text().split())


@pytest.fixture(autouse=True)
def nothing_is_left(musterd):
    yield
    musterd.stop()
    for pid in processes_of(musterd.folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_what_a_worker_is_given(musterd, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("WANTED", "yes")
    musterd.policy("p", policy(musterd.folder, slots=4, scale="fixed: { slots: 4 }", local=(
        'slots: 2, copies: per-slot, version: v7, environment: ["COLOUR=blue sky", WANTED], as: c6i.large')))
    musterd.start()
    names = ready(musterd, 2)
    assert {n["version"] for n in nodes(musterd)} == {"v7"}
    assert {n["offer"] for n in nodes(musterd)} == {"local/c6i.large"}
    # A copy's file is there before it is filled.
    wait_for("all copies run", 10, lambda: sum(
        "WANTED=yes" in file.read_text() and "MUSTER_SLOTS=" in file.read_text() and
        "COLOUR=" in file.read_text() and "MUSTER_NODE=" in file.read_text()
        for file in pathlib.Path(musterd.folder).glob("env.*")) == 4)
    for name in names:
        for copy in "01":
            text = (pathlib.Path(musterd.folder) / f"env.{name}.{copy}").read_text()
            for line in (f"MUSTER_NODE={name}", "MUSTER_POOL=p", "MUSTER_SLOTS=1", "COLOUR=blue sky", "WANTED=yes"):
                assert line in text.split("\n")
            assert "hush" not in text and "token" not in text.lower()
    meta = json.loads((pathlib.Path(musterd.folder) / "state/local" / names[0] / "meta.json").read_text())
    assert meta["pool"] == "p" and meta["controller"] == "test" and meta["slots"] == 2
    retire(musterd)


def test_busy_and_idle_are_seen(musterd):
    folder = pathlib.Path(musterd.folder)
    musterd.policy("p", policy(folder))
    musterd.start()
    ready(musterd, 2)
    wait_for("both say that they are idle", 10, lambda: [n["busy"] for n in nodes(musterd)] == [0, 0])
    (folder / "hold").touch()
    (folder / "go-1").touch()
    wait_for("one is busy", 10, lambda: sorted(n["busy"] for n in nodes(musterd)) == [0, 1])
    (folder / "hold").unlink()
    wait_for("the job is done", 10, (folder / "end-1").exists)
    retire(musterd)


def test_agent_killed_in_the_middle_of_a_job(musterd):
    """Its worker finishes the job; the node is there until then, and is replaced."""
    folder = pathlib.Path(musterd.folder)
    musterd.policy("p", policy(folder, slots=1, scale="fixed: { slots: 1 }"))
    musterd.start()
    first = ready(musterd, 1)[0]
    (folder / "hold").touch()
    (folder / "go-1").touch()
    wait_for("the job runs", 10, (folder / "run-1").exists)
    os.kill(musterd.agents()[0], signal.SIGKILL)
    time.sleep(1)
    assert processes_of(folder), "the worker is at work"
    assert first in [n["id"] for n in nodes(musterd)], "and the node is known"
    (folder / "hold").unlink()
    wait_for("the job is done", 10, (folder / "end-1").exists)
    wait_for("another node takes its place", 60, lambda: [n for n in nodes(musterd, "ready") if n["id"] != first])
    assert first not in [n["id"] for n in nodes(musterd)]
    retire(musterd)
    assert not processes_of(folder)


def test_a_drain_ends_while_musterd_is_away(musterd):
    """The worker finishes and ends without musterd, which hears of it when it is back."""
    folder = pathlib.Path(musterd.folder)
    musterd.policy("p", policy(folder, slots=1, scale="fixed: { slots: 1 }"))
    musterd.start()
    name = ready(musterd, 1)[0]
    (folder / "hold").touch()
    (folder / "go-1").touch()
    wait_for("the job runs", 10, (folder / "run-1").exists)
    musterd.post(f"/v1/nodes/{name}/drain")
    log = folder / "state/local" / name / "log"
    wait_for("it is told", 10, lambda: "draining" in log.read_text())
    musterd.kill()
    (folder / "hold").unlink()
    wait_for("the job is done", 10, (folder / "end-1").exists)
    wait_for("its worker is gone", 10, lambda: "drained" in log.read_text())
    agent = musterd.agents()
    assert len(agent) == 1, "the agent waits to tell it"
    musterd.start()
    wait_for("the node is gone", 30, lambda: agent[0] not in musterd.agents())
    assert log.exists(), "the log stays for a while"
    retire(musterd)
    assert not processes_of(folder)


def test_worker_that_cannot_start_is_not_tried_in_a_loop(musterd):
    musterd.policy("p", policy(musterd.folder).replace("sh ./worker", "./no-such-worker"))
    musterd.start()
    wait_for("the failure is known", 20,
             lambda: list(pathlib.Path(musterd.folder).glob("state/local/*/log")))
    time.sleep(5)
    started = list(pathlib.Path(musterd.folder).glob("state/local/*"))
    assert len(started) <= 4, f"{len(started)} nodes were started for nothing"
    log = next(iter(pathlib.Path(musterd.folder).glob("state/local/*/log"))).read_text()
    assert "cannot start ./no-such-worker: No such file or directory" in log


def test_a_dry_run_beside_real_nodes_leaves_them_alone(musterd):
    """Real nodes are listed, and drained and stopped in play: they never hear of it."""
    folder = pathlib.Path(musterd.folder)
    musterd.policy("p", policy(folder, local="price: 36 USD/h"))
    musterd.start()
    names = ready(musterd, 2)
    before = workers(musterd)
    assert len(before) == 2
    musterd.stop()
    musterd.policy("p", policy(folder, scale="fixed: { slots: 0 }", local="price: 36 USD/h"))
    musterd.start("--dry-run")
    wait_for("it sees them", 10, lambda: musterd.pool("p") is not None)
    wait_for("in its view they are gone", 40, lambda: not nodes(musterd))
    assert workers(musterd) == before, "in truth they are not"
    books = musterd.pool("p")["dry_run"]
    assert books["real"]["nodes"] == 2 and books["real"]["price_usd_per_hour"] > 0
    grown = wait_for("what really runs costs on", 30, lambda: (
        lambda now: now if now["real"]["cost_usd"] > books["real"]["cost_usd"] else None)(
            musterd.pool("p")["dry_run"]))
    assert grown["cost_usd"] == books["cost_usd"], "and the fleet it would have costs nothing"
    told = subprocess.run([os.path.join(BUILD, "muster"), "status", "--url", musterd.url],
                          capture_output=True, text=True, check=True).stdout
    assert "the 2 nodes that really run cost" in told
    musterd.stop()
    musterd.policy("p", policy(folder, local="price: 36 USD/h"))
    musterd.start()
    assert ready(musterd, 2) == names
    retire(musterd)


def test_only_the_live_executor_can_reach_what_changes_things():
    """A dry run makes no mutating call by construction, not by care."""
    users = []
    for top in ("lib", "cmd", "policies"):
        for path in pathlib.Path(ROOT, top).rglob("*.[ch]"):
            text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
            if re.search(r"\bmutations\b", text):
                users.append(str(path.relative_to(ROOT)))
    assert users == ["lib/runtime/executor_live.c"]
    symbols = subprocess.run(["nm", os.path.join(BUILD, "obj/lib/runtime/executor_dry.o")],
                             capture_output=True, text=True, check=True).stdout
    wanted = [line.split()[-1] for line in symbols.splitlines() if " U " in line]
    assert not [name for name in wanted if re.match(r"provider(s|_find|_local|_reader_open)", name)]
