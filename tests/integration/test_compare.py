"""muster compare and muster tune: the table, the mark, the promise, and how they say what is wrong."""

import json
import os
import pathlib
import subprocess

import pytest

MUSTER = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "muster"

POLICY = """
queue:
  redis: {{ list: jobs, running: "jobs:running", completed: "jobs:done" }}
slots: {{ max: 40 }}
scale: [ {scale} ]
buy:
  offers:
    - local: {{ command: worker, slots: 2, max: 20, price: 0.1 USD/h }}
"""

WORK = ["--work", "poisson 0.1/s, for 4h, service exponential 30s", "--boot", "aws"]


@pytest.fixture
def muster(tmp_path):
    for name, scale in [("drain", "drain: 10m"), ("eager", "backlog: 1"), ("tiny", "fixed: 1")]:
        (tmp_path / f"{name}.yaml").write_text(POLICY.format(scale=scale))

    def run(*arguments):
        return subprocess.run([MUSTER, *arguments], cwd=tmp_path, text=True, capture_output=True,
                              timeout=300)

    run.dir = tmp_path
    return run


def test_compare(muster):
    done = muster("compare", "drain.yaml", "eager.yaml", "tiny.yaml", *WORK, "--promise",
                  "p95 wait < 10m", "--baselines", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = {row["name"]: row for row in report["rows"]}
    assert report["promise"] == "p95 wait < 10m"
    assert [row["kind"] for row in report["rows"]][:4] == ["file", "file", "file", "peak"]
    assert {name.split()[0] for name in rows} >= {"asg-backlog", "hpa", "keda", "mig"}
    # One slot cannot do the work of three.
    assert not rows["tiny.yaml"]["keeps_promise"] and rows["tiny.yaml"]["late"] > 0.5
    best = [row for row in report["rows"] if row["best"]]
    assert len(best) == 1 and best[0]["keeps_promise"]
    kept = [row["usd"] for row in report["rows"] if row["keeps_promise"]]
    assert best[0]["usd"] == min(kept)
    # Nobody beats the cheapest possible.
    assert all(row["ratio"] >= 1 for row in report["rows"])
    assert rows["fixed fleet at peak"]["wait_max_s"] < 600


def test_for_people(muster):
    done = muster("compare", "drain.yaml", "eager.yaml", *WORK)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["policy", "cost", "a"]
    assert sum(line.startswith("* ") for line in lines) == 1
    assert "promise: p95 done < 10m." in done.stdout and "cheapest possible" in done.stdout


def test_tune(muster):
    arguments = ["tune", "drain.yaml", *WORK, "--promise", "p95 wait < 10m", "--json"]
    done = muster(*arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["best"]["keeps_promise"] and report["runs"] > 10
    assert report["best"]["usd"] <= report["now"]["usd"]
    assert all(change["from"] != change["to"] for change in report["changes"])
    assert json.loads(muster(*arguments).stdout) == report  # same seed, same answer


def test_tune_finds_none(muster):
    done = muster("tune", "tiny.yaml", *WORK, "--promise", "max wait < 1s")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the promise is broken" in done.stdout


def test_what_is_wrong(muster):
    done = muster("compare", "drain.yaml", *WORK, "--promise", "soon")
    assert done.returncode == 2 and "'p95 wait < 10m'" in done.stderr
    done = muster("compare", "none.yaml", *WORK)
    assert done.returncode == 2 and "none.yaml" in done.stderr
    done = muster("compare", "drain.yaml")
    assert done.returncode == 2 and "--work" in done.stderr
