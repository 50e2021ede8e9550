"""muster check --live on this machine's own kinds: each line it prints is checked against what is there."""

import json
import os
import subprocess

import pytest

from musterd import BUILD

POLICY = """
pool: demo
queue: { exec: { command: "%(queue)s" }, every: 1s }
slots: { min: 0, max: 5 }
scale:
  - backlog: { per_slot: 3 }
buy:
  offers:
    - local: { command: "%(command)s", directory: %(directory)s, price: 0.5 USD/h }
"""


@pytest.fixture
def live(tmp_path):
    settings = tmp_path / "muster.yaml"
    settings.write_text("state: state\n")

    def run(*arguments, **values):
        path = tmp_path / "demo.yaml"
        path.write_text(POLICY % ({"queue": "echo 12", "command": "sleep 5", "directory": tmp_path} | values))
        return subprocess.run([os.path.join(BUILD, "muster"), "check", "--live", "--config", str(settings),
                               *arguments, str(path)], capture_output=True, text=True, timeout=200)

    return run


def findings(done):
    return {(f["part"], f["what"]): f for f in json.loads(done.stdout)["findings"]}


QUEUE = ("queue exec", "reading")
LOCAL = "buy.offers, entry 1: local"


def test_what_is_well(live, tmp_path):
    done = live("--json")
    found = findings(done)
    assert done.returncode == 0, done.stdout
    assert {f["answer"] for f in found.values()} == {"ok"}
    assert found[QUEUE]["text"] == "12 waiting"
    assert found[LOCAL, "agent"]["text"] == os.path.join(BUILD, "muster-agent")
    assert found[LOCAL, "command"]["text"].endswith("/sleep")
    assert found[LOCAL, "directory"]["text"] == str(tmp_path)
    assert found[LOCAL, "price"]["text"] == "0.50 USD/h a node"


@pytest.mark.parametrize("values, where, text", [
    ({"queue": "false"}, QUEUE, "exit"),
    ({"queue": "echo -3"}, QUEUE, "negative"),
    ({"queue": "/no/such/program"}, QUEUE, "/no/such/program"),
    ({"command": "no-such-worker --fast"}, (LOCAL, "command"), "no program no-such-worker"),
    ({"command": "./no-such-worker"}, (LOCAL, "command"), "no-such-worker"),
    ({"directory": "/no/such/folder"}, (LOCAL, "directory"), "/no/such/folder"),
])
def test_what_is_not(live, values, where, text):
    done = live("--json", **values)
    found = findings(done)[where]
    assert done.returncode == 1
    assert found["answer"] == "no"
    assert text in found["text"], found
    assert found["remedy"]


def test_for_people(live):
    done = live(queue="false")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].endswith("demo.yaml: ok: pool demo, queue exec, 0 to 5 slots, backlog, 1 offer")
    assert lines[1] == "  queue exec"
    assert lines[2].startswith("    no       reading")
    assert "    ok       agent" in done.stdout
    assert done.stderr.endswith("; 4 ok, 1 no, 0 unknown\n")


def test_a_bad_file_is_not_tried(live, tmp_path):
    done = live("--json", command="'")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert answer["problems"] and not answer["findings"]


def test_a_bad_settings_file(live, tmp_path):
    (tmp_path / "muster.yaml").write_text("statr: x\n")
    done = live()
    assert done.returncode == 2
    assert "did you mean 'state'" in done.stderr
