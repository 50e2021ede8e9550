"""What musterd recorded is exported while it runs, and simulated with another policy file."""

import csv
import io
import json
import os
import subprocess

import pytest

from musterd import BUILD, wait_for
from test_musterd import Spool, spool_policy


def muster(*arguments):
    return subprocess.run([os.path.join(BUILD, "muster"), *arguments], capture_output=True,
                          text=True, timeout=120)


@pytest.fixture
def lived(musterd, tmp_path):
    """A musterd that has done some work, and still runs."""
    spool = Spool(tmp_path)
    musterd.policy("spool", spool_policy(tmp_path))
    musterd.start()
    spool.feed(30, seconds=0.2)
    wait_for("all is done", 60, lambda: len(spool.done()) >= 30 and musterd.machines("spool") == 0)
    return musterd


def test_export_and_simulate(lived, tmp_path):
    state = str(tmp_path / "state" / "muster.db")

    def recorded():  # history is written a moment after it happened
        out = muster("history", "export", "--config", lived.config)
        assert out.returncode == 0, out.stderr
        rows = list(csv.DictReader(io.StringIO(out.stdout)))
        return rows if rows and float(rows[-1]["waiting"]) + float(rows[-1]["running"]) == 0 else None

    rows = wait_for("the end is recorded", 60, recorded)
    assert max(float(row["waiting"]) for row in rows) >= 10
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)

    decisions = muster("history", "export", "--decisions", state)
    lines = [json.loads(line) for line in decisions.stdout.splitlines()]
    assert decisions.returncode == 0 and lines[-1]["desired"] == 0
    assert any(line["desired"] > line["before"] and line["trail"] for line in lines)

    # Another policy over the same work, from the state file and from the export.
    other = tmp_path / "other.yaml"
    other.write_text(spool_policy(tmp_path, slots=1), encoding="utf-8")
    exported = tmp_path / "exported.csv"
    exported.write_text(muster("history", "export", state).stdout, encoding="utf-8")
    results = []
    for history in (state, str(exported)):
        out = muster("simulate", str(other), "--history", history, "--service", "200ms", "--json")
        assert out.returncode == 0, out.stderr
        results.append(json.loads(out.stdout))
    assert results[0]["jobs"] == results[1]["jobs"]


def test_what_is_not_there_is_told(lived, tmp_path):
    state = str(tmp_path / "state" / "muster.db")
    assert muster("history", "export", "/nowhere/at-all").returncode == 1
    out = muster("history", "export", "--pool", "other", state)
    assert out.returncode == 1 and "there is something of spool" in out.stderr
    assert muster("history", "import", state).returncode == 2
    assert muster("history", "export", "--since", "soon", state).returncode == 2
