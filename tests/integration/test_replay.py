"""A real life of musterd is recorded, killed in the middle, and decided again: identical."""

import json
import os
import subprocess

from musterd import BUILD, wait_for
from test_musterd import Spool, spool_policy


def replay(path, *arguments):
    return subprocess.run([os.path.join(BUILD, "muster"), "replay", *arguments, path],
                          capture_output=True, text=True, timeout=120)


def test_a_recorded_life_is_decided_the_same_again(musterd, tmp_path):
    spool = Spool(tmp_path)
    recording = str(tmp_path / "recording")
    musterd.policy("spool", spool_policy(tmp_path))
    musterd.start("--record", recording)
    spool.feed(20)
    wait_for("all jobs are done", 60, lambda: len(spool.done()) >= 20)
    musterd.policy("spool", spool_policy(tmp_path, slots=2))
    musterd.post("/v1/pools/spool/pause")
    musterd.kill()  # as a crash would: what it took last is in the file
    musterd.start("--record", recording)
    musterd.post("/v1/pools/spool/resume")
    spool.feed(6, start=20)
    wait_for("no node is left", 60, lambda: len(spool.done()) >= 26 and musterd.machines("spool") == 0)
    assert musterd.stop() == 0

    again = replay(recording, "--json")
    assert again.returncode == 0, again.stdout + again.stderr
    report = json.loads(again.stdout)
    assert report["identical"] and report["lives"] == 2 and report["decisions"] > 5

    with open(recording, encoding="utf-8") as file:
        lines = file.readlines()
    # One sample is changed: at the step it decides something else, replay says so and where.
    changed = next(i for i, line in enumerate(lines) if '"event":"sample"' in line
                   and '"waiting":0' not in line and "decisions\":[\"" in lines[i + 1])
    event = json.loads(lines[changed])
    event["waiting"] = 1000
    lines[changed] = json.dumps(event) + "\n"
    other = tmp_path / "other"
    other.write_text("".join(lines), encoding="utf-8")
    again = replay(str(other))
    assert again.returncode == 1, again.stdout + again.stderr
    assert "DIFFERENT" in again.stdout and f"{other}:{changed + 2}:" in again.stdout


def test_what_is_no_recording_is_told(tmp_path):
    path = tmp_path / "file"
    path.write_text('{"event":"tick"}\n', encoding="utf-8")
    again = replay(str(path))
    assert again.returncode == 2 and f"{path}:1: " in again.stderr
    assert replay("/nowhere/at-all").returncode == 2
