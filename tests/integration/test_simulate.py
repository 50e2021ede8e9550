"""muster simulate: what it prints, what it writes, and how it says what is wrong."""

import csv
import json
import os
import pathlib
import subprocess

import pytest

MUSTER = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "muster"

POLICY = """
queue:
  redis: { list: jobs, running: "jobs:running", completed: "jobs:done" }
slots: { max: 40 }
scale: [ drain: 10m ]
buy:
  offers:
    - local: { command: worker, slots: 2, max: 20, price: 0.1 USD/h }
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "pool.yaml").write_text(POLICY)

    def simulate(*arguments):
        return subprocess.run([MUSTER, "simulate", "pool.yaml", *arguments], cwd=tmp_path, text=True,
                              capture_output=True, timeout=300)

    simulate.dir = tmp_path
    return simulate


def test_a_run(run):
    work = ["--work", "poisson 0.2/s, for 6h, service exponential 20s", "--boot", "aws"]
    done = run(*work, "--json", "--csv", "series.csv", "--every", "10m")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["jobs"]["done"] == result["jobs"]["arrived"] > 4000
    assert result["promise"] == {**result["promise"], "of": "done", "within_s": 600}
    assert 0 < result["cost"]["usd"] < 12
    assert result["wait"]["p50_s"] <= result["wait"]["p95_s"] <= result["wait"]["max_s"]
    rows = list(csv.DictReader((run.dir / "series.csv").open()))
    assert len(rows) in (36, 37)
    assert sum(int(row["arrived"]) for row in rows) == result["jobs"]["arrived"]
    assert abs(float(rows[-1]["cost_usd"]) - result["cost"]["usd"]) < 1e-6
    assert json.loads(run(*work, "--json").stdout)["trace_hash"] == result["trace_hash"]
    other = json.loads(run(*work, "--json", "--seed", "2").stdout)
    assert other["trace_hash"] != result["trace_hash"]
    for_people = run(*work, "--promise", "wait < 1m")
    assert "were not begun within 1m" in for_people.stdout and "USD/h" in for_people.stdout


def test_a_market(run):
    (run.dir / "jobs.csv").write_text("t_s,service_s,slots\n0,3600,8\n")
    (run.dir / "market.csv").write_text(
        "t_s,offer,capacity,price_usd_h\n0,local/*,10,0.5\n1800,local/*,1,1\n2400,local/*,10,1\n")
    done = run("--work", "jobs.csv", "--market", "market.csv", "--json")
    result = json.loads(done.stdout)
    assert result["nodes"]["interruptions"] == 3
    assert result["jobs"] == {**result["jobs"], "done": 8, "redone": 6}


@pytest.mark.parametrize("arguments, said", [
    ([], "--work: is needed"),
    (["--work", "jobs.csv"], "jobs.csv:3: time goes back by 2 s: expected rows sorted"),
    (["--work", "nowhere.csv"], "nowhere.csv: No such file"),
    (["--work", "poisson 1/s", "--boot", "moon"], "--boot: 'moon' is no boot setting: expected"),
    (["--work", "poisson 1/s", "--promise", "soon"], "--promise: 'soon' is no promise: expected something like"),
    (["--work", "poisson 1/s", "--for", "0s"], "--for: expected more than 0s"),
    (["--work", "poisson 1/s", "--market", "jobs.csv"], "jobs.csv:1: there is no column 'offer'"),
    (["--work", "poisson x/s"], "was not understood: expected 'poisson RATE'"),
])
def test_what_is_wrong(run, arguments, said):
    (run.dir / "jobs.csv").write_text("t_s,service_s\n5,1\n3,1\n")
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr and done.stdout == ""


def test_a_wrong_policy_file(run):
    (run.dir / "pool.yaml").write_text(POLICY + "slost: 3\n")
    done = run("--work", "poisson 1/s")
    assert done.returncode == 1
    assert "pool.yaml:" in done.stderr and "slost" in done.stderr
