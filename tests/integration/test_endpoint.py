"""The endpoint of a real musterd: promtool, the command line, and what a hostile neighbour may send."""

import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

from musterd import BUILD, wait_for

POLICY = """
pool: {name}
queue: {{ exec: "echo {waiting}", every: 200ms }}
slots: {{ max: 4 }}
scale:
  - backlog: 1
pace: {{ in: {{ after: 1s, at_most: unlimited }} }}
buy:
  offers:
    - local: {{ command: "sleep 1000", slots: 2, price: 0.10 USD/h }}
health: {{ heartbeat: 300ms, boot: 1s }}
"""


@pytest.fixture
def busy(musterd):
    """A musterd with one pool of two nodes that are up."""
    musterd.policy("busy", POLICY.format(name="busy", waiting=4))
    musterd.start()
    wait_for("two nodes are ready", 20,
             lambda: (musterd.pool("busy") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 2)
    return musterd


def muster(daemon, *arguments):
    return subprocess.run(
        [os.path.join(BUILD, "muster"), *arguments, "--url", daemon.url, "--token-file",
         os.path.join(daemon.folder, "state", "admin.token")],
        capture_output=True, text=True, timeout=30)


def test_metrics_please_promtool(busy):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    text = busy.text("/metrics")
    assert 'muster_pool_nodes{pool="busy",state="ready"} 2\n' in text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_command_line(busy):
    assert muster(busy, "status").stdout.splitlines()[3].split()[:4] == ["busy", "ok", "4", "-"]
    nodes = json.loads(muster(busy, "nodes", "busy", "--json").stdout)["nodes"]
    assert len(nodes) == 2
    assert "backlog" in muster(busy, "explain", "busy").stdout
    wait_for("history tells the decision", 10,
             lambda: "decision in force" in muster(busy, "explain", "busy", "--at", "0s").stdout)
    # Before there was anything to decide.
    assert muster(busy, "explain", "busy", "--at", "1h").returncode == 1

    assert muster(busy, "pause", "busy").returncode == 0
    assert busy.pool("busy")["paused"] is True
    assert muster(busy, "resume", "--all").returncode == 0
    assert busy.pool("busy")["paused"] is True, "a pool that was paused by name is resumed by name"
    assert muster(busy, "resume", "busy").returncode == 0
    assert busy.pool("busy")["paused"] is False

    assert muster(busy, "drain", nodes[0]["id"]).stdout == nodes[0]["id"] + ": draining\n"
    wait_for("the drained node is gone", 20, lambda: nodes[0]["id"] not in busy.text("/nodes"))
    assert muster(busy, "drain", nodes[0]["id"]).returncode == 1


def test_top_follows_the_work_to_its_end(busy):
    top = subprocess.Popen([os.path.join(BUILD, "muster"), "top", "--until-idle", "--url", busy.url],
                           stdout=subprocess.PIPE, text=True)
    time.sleep(1.5)
    busy.policy("busy", POLICY.format(name="busy", waiting=0))
    out, _ = top.communicate(timeout=40)
    assert top.returncode == 0
    assert "2 ready" in out.splitlines()[0]
    assert out.splitlines()[-1].startswith("idle after ")


BEATS = [
    b"", b"{", b"[]", b"null", b"0", b'"x"', b"{}", b'{"state":"ready"}', b"{" * 5000, b"[" * 5000,
    b'{"state":"ready","seq":1e999}', b'{"state":"ready","seq":-1}', b'{"seq":1,"state":"\\ud800"}',
    b'{"state":"ready","seq":1,"busy":99999999999999999999}', b"\xff\xfe\x00", b'{"state":"ready","seq":1}x',
    b'{"state":"drained","seq":"1"}', b'{"state":"ready","seq":1,"version":"' + b"a" * 60000 + b'"}',
]


def test_no_bad_heartbeat_is_taken(busy):
    node = busy.get("/nodes")["nodes"][0]["id"]
    with open(os.path.join(busy.folder, "state", "agent.token"), encoding="utf-8") as file:
        token = file.read().strip()
    for body in BEATS:
        request = urllib.request.Request(
            f"{busy.url}/v1/nodes/{node}/heartbeat", method="POST", data=body,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 400, body[:60]
        assert json.load(refused.value)["error"]
    assert busy.pool("busy")["nodes"]["ready"] == 2


def throw(port, data):
    """Sends it, says no more, and takes what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass  # thrown out: as it should be


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def test_rubbish_changes_nothing(busy):
    chance = random.Random(7)
    words = [b"GET ", b"POST ", b"/status", b"/v1/nodes/x/heartbeat", b" HTTP/1.1\r\n", b" HTTP/9.9\r\n",
             b"Host: 127.0.0.1\r\n", b"Content-Length: 5\r\n", b"Content-Length: -5\r\n",
             b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n", b"\r\n", b"\r\n\r\n", b"%00", b"\0", b"\xff" * 50,
             b"Authorization: Bearer x\r\n", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n",
             b"A" * 3000, b"../../etc/passwd", b"?" + b"a=b&" * 100]
    before = busy.get("/status")["tick"]["count"]
    for _ in range(400):
        throw(busy.port, b"".join(chance.choices(words, k=chance.randint(1, 12))))
    held = [socket.create_connection(("127.0.0.1", busy.port)) for _ in range(200)]
    for sock in held:
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    wait_for("ticks go on", 10, lambda: busy.get("/status")["tick"]["count"] > before + 2)
    for sock in held:
        sock.close()
    assert busy.status_code("/readyz") == 200
    assert busy.pool("busy")["nodes"]["ready"] == 2
    assert busy.process.poll() is None
    if "asan" not in BUILD:
        assert resident_kib(busy.process.pid) < 64 * 1024
    assert "etc/passwd" not in busy.log(), "what strangers send is not logged"
