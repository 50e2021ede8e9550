"""The command line against an endpoint of a few lines: what it asks, what it prints, how it exits."""

import http.server
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
MUSTER = BUILD / "muster"
ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = "secret-token-0123456789"


def pool(name="render", **changes):
    base = {
        "name": name, "problem": "", "paused": False, "retiring": False, "panic": False, "desired": 8,
        "signal": {"state": "fresh", "waiting": 20, "running": 4, "oldest_s": None, "age_s": 1.2,
                   "failing_s": None, "problem": ""},
        "slots": {"min": 0, "max": 16, "ready": 4, "booting": 4, "draining": 0, "busy": 4,
                  "busy_unknown": 0},
        "nodes": {"requested": 0, "booting": 2, "ready": 2, "draining": 0, "terminating": 0, "lost": 0,
                  "total": 4},
        "intents_open": 0, "price_usd_per_hour": 0.136, "cost_usd": 0.0123,
        "boot": {"p90_s": 3, "measured": 2},
        "last": {"number": 9, "at": "2026-11-22T09:40:14Z", "age_s": 0.4, "before": 8, "desired": 8,
                 "held": False, "summary": "backlog: (20 waiting + 4 running) / 3 per slot"},
        "changed": {"number": 7, "at": "2026-11-22T09:40:12Z", "age_s": 2.4, "before": 4, "desired": 8,
                    "held": False, "summary": "backlog: (20 waiting + 4 running) / 3 per slot"},
    }
    return {**base, **changes}


def status(*pools, **changes):
    nodes = {}
    for p in pools:
        for state, count in p["nodes"].items():
            nodes[state] = nodes.get(state, 0) + count
    base = {
        "version": "9.9.9", "controller": "muster", "mode": "live", "at": "2026-11-22T09:40:14Z",
        "started": "2026-11-22T09:00:00Z", "uptime_s": 2414, "ready": True, "problem": "",
        "tick": {}, "store": {"problem": ""}, "policy_errors": [], "inventories": [],
        "pools": list(pools),
        "totals": {"pools": len(pools), "nodes": nodes, "price_usd_per_hour": 0.136, "cost_usd": 0.0123},
    }
    return {**base, **changes}


IDLE = pool(desired=0, nodes={"ready": 0, "total": 0},
            signal={"state": "fresh", "waiting": 0, "running": 0})


class Endpoint:
    """Answers each path with what it was given: (status, body), or a list of them, one after another."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, method):
                if method == "POST":
                    self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append((method, self.path, self.headers.get("Authorization")))
                page = outer.pages.get(self.path, (404, {"error": "no such path"}))
                if isinstance(page, list):
                    page = page.pop(0) if len(page) > 1 else page[0]
                if callable(page):
                    page = page(self)
                code, body = page
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.answer("GET")

            def do_POST(self):
                self.answer("POST")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()


@pytest.fixture
def endpoint():
    e = Endpoint()
    e.pages["/status"] = (200, status(pool()))
    yield e
    e.server.shutdown()
    e.server.server_close()


@pytest.fixture
def muster(endpoint, tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")

    def run(*arguments, **environment):
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8",
               "MUSTER_URL": endpoint.url, "MUSTER_TOKEN_FILE": str(token), **environment}
        for name in ("ASAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                env[name] = os.environ[name]
        return subprocess.run([MUSTER, *arguments], env=env, capture_output=True, text=True, timeout=30)

    return run


def test_status(endpoint, muster):
    endpoint.pages["/status"] = (200, status(pool(), pool("mail", paused=True, problem="paused: nothing"),
                                             policy_errors=[{"file": "x.yaml", "error": "x.yaml:1:1: bad"}]))
    done = muster("status")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "musterd 9.9.9  live  up 40m14s  2 pools  8 nodes  $0.14/h  $0.01 so far"
    assert re.match(r"POOL +STATE +WAITING +RUNNING +WANTED +READY +BUSY +BOOTING +NODES +COST/H +WHY", lines[2])
    assert re.match(r"render +ok +20 +4 +8 +4 +4 +4 +4 +\$0.14 +backlog: \(20 waiting", lines[3])
    assert re.match(r"mail +paused ", lines[4])
    assert "policy: x.yaml:1:1: bad" in lines
    assert "mail: paused: nothing" in lines
    assert "\033" not in done.stdout


def test_unknown_is_a_dash(endpoint, muster):
    endpoint.pages["/status"] = (200, status(pool(signal={"state": "none", "waiting": None, "running": None})))
    assert re.search(r"\nrender +new +- +- ", muster("status").stdout)


def test_one_pool(endpoint, muster):
    endpoint.pages["/status/render"] = (200, {
        **pool(), "rates": {"arrival_per_s": 1.5, "service_s": 12}, "settings": {"file": "render.yaml"},
        "intents": [{"number": 4, "kind": "launch", "state": "sent", "about": "local/small", "count": 2,
                     "age_s": 1}]})
    out = muster("status", "render").stdout
    assert "pool      render  ok  render.yaml\n" in out
    assert "work      waiting 20, running 4, arrivals 1.5/s, each takes 12s, seen 1s ago\n" in out
    assert "changed   4 -> 8 slots, 2s ago: backlog:" in out
    assert "intent    4: launch local/small x2, sent, 1s old\n" in out


def test_nodes_of_all_pages(endpoint, muster):
    def node(i):
        return {"id": f"n{i}", "pool": "render", "state": "ready", "state_s": 5, "slots": 2, "busy": None,
                "heard_s": 1, "age_s": 90, "version": "1.0", "offer": "local/small"}
    endpoint.pages["/nodes?limit=1000&offset=0"] = (200, {"nodes": [node(i) for i in range(1000)], "total": 1001})
    endpoint.pages["/nodes?limit=1000&offset=1000"] = (200, {"nodes": [node(1000)], "total": 1001})
    lines = muster("nodes").stdout.splitlines()
    assert len(lines) == 1002
    assert re.match(r"n1000 +render +ready +5s +\?/2 +1s +1m30s +1.0 +local/small", lines[-1])

    endpoint.pages["/nodes?limit=1000&offset=0&pool=render"] = (200, {"nodes": [], "total": 0})
    assert muster("nodes", "render").stdout == "no nodes\n"


def test_explain(endpoint, muster):
    trail = [{"stage": "decide", "who": "backlog", "before": 4, "after": 8, "why": "(20 + 4) / 3 per slot"},
             {"stage": "place", "who": "buy", "subject": "local/small", "before": 0, "after": 0, "why": "2 nodes"}]
    decision = {**pool()["last"], "trail": trail}
    endpoint.pages["/explain/render"] = (200, {"pool": "render", "problem": "", "last": decision, "changed": decision})
    out = muster("explain", "render").stdout
    assert out.splitlines() == [
        "pool render",
        "last decision: 8 -> 8 slots, 400ms ago (2026-11-22T09:40:14Z, decision 9)",
        "  decide   backlog        4 -> 8  (20 + 4) / 3 per slot",
        "  place    buy            local/small: 2 nodes",
    ]
    at = "/explain/render?at=2026-11-22T09:40:00Z"
    endpoint.pages[at] = (200, {"pool": "render", "decision": {**decision, "number": 3}})
    assert "decision 3)" in muster("explain", "render", "--at", "2026-11-22T09:40:00Z").stdout
    muster("explain", "render", "--at", "10m")
    assert re.fullmatch(r"/explain/render\?at=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", endpoint.asked[-1][1])


@pytest.mark.parametrize("arguments, path, said", [
    (["pause", "render"], "/v1/pools/render/pause", "render: paused\n"),
    (["resume", "render"], "/v1/pools/render/resume", "render: resumed\n"),
    (["pause", "--all"], "/v1/pause", "all pools: paused\n"),
    (["drain", "i-0abc"], "/v1/nodes/i-0abc/drain", "i-0abc: draining\n"),
])
def test_commands_carry_the_token(endpoint, muster, arguments, path, said):
    endpoint.pages[path] = (200, {"paused": True})
    done = muster(*arguments)
    assert (done.returncode, done.stdout) == (0, said)
    assert endpoint.asked == [("POST", path, f"Bearer {TOKEN}")]


def test_json_is_passed_on(endpoint, muster):
    assert json.loads(muster("status", "--json").stdout)["version"] == "9.9.9"
    endpoint.pages["/v1/pause"] = (200, {"pool": "*", "paused": True})
    assert json.loads(muster("pause", "--all", "--json").stdout) == {"pool": "*", "paused": True}


def test_reading_sends_no_token_unless_it_must(endpoint, muster):
    muster("status")
    assert endpoint.asked[-1][2] is None
    endpoint.pages["/status"] = lambda request: (
        (200, status(pool())) if request.headers.get("Authorization") else (401, {"error": "token"}))
    assert muster("status").returncode == 0


@pytest.mark.parametrize("arguments, code, text", [
    ([], 2, "usage: muster"),
    (["stauts"], 2, "did you mean 'status'?"),
    (["frobnicate"], 2, "there is no command"),
    (["status", "--frobnicate"], 2, "--frobnicate: unknown option"),
    (["status", "a", "b"], 2, "too many arguments"),
    (["status", "--url"], 2, "--url: needs a value"),
    (["status", "--all"], 2, "--all: unknown option"),
    (["pause"], 2, "an argument is missing"),
    (["pause", "a", "--all"], 2, "either a pool or --all"),
    (["status", "nobody"], 1, "no such path"),
    (["status", "--url", "http://127.0.0.1:1"], 2, "cannot ask musterd at http://127.0.0.1:1"),
    (["status", "--url", "file:///etc/passwd"], 2, "cannot ask musterd"),
    (["pause", "x", "--token-file", "/nonexistent"], 2, "token file /nonexistent: No such file"),
    (["pause", "x", "--url", "http://muster.example:8420"], 2, "in the clear"),
    (["check", "/nonexistent.yaml"], 2, "does not exist"),
])
def test_refusals(endpoint, muster, arguments, code, text):
    done = muster(*arguments)
    assert done.returncode == code
    assert text in done.stderr
    assert done.stdout == ""
    assert TOKEN not in done.stderr


def test_who_answers_is_not_trusted(endpoint, muster):
    endpoint.pages["/status"] = (200, b"<html>")
    done = muster("status")
    assert (done.returncode, "is not musterd" in done.stderr) == (2, True)
    endpoint.pages["/status"] = (200, status(pool("ren\033[2Jd\u009ber", problem="a\nb\033]0;x\007")))
    done = muster("status")
    assert done.returncode == 0
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", done.stdout)
    endpoint.pages["/status"] = (200, {"pools": [{"nodes": [3], "signal": []}, 7, None], "totals": 1})
    assert muster("status").returncode == 0
    endpoint.pages["/status"] = (500, {"error": "sorry\033[0m"})
    done = muster("status")
    assert (done.returncode, done.stderr) == (2, "muster: sorry?[0m\n")


def test_top_survives_nonsense(endpoint, muster):
    nonsense = {"pools": [{"nodes": [3], "signal": []}, {"name": 5}, 7, None]}
    endpoint.pages["/status"] = [(200, nonsense), (200, status(pool())), (200, status(IDLE))]
    assert muster("top", "--until-idle").returncode == 0


def test_top_in_a_pipe_ends_when_idle(endpoint, muster):
    endpoint.pages["/status"] = [(200, status(pool())), (200, status(pool())), (200, status(IDLE))]
    done = muster("top", "--until-idle")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert re.match(r"\d\d:\d\d:\d\d render: waiting 20, running 4, wanted 8 slots, nodes 2 booting \+ 2 ready, "
                    r"\$0.01 so far; backlog: ", lines[0])
    assert "nodes none" in lines[1]
    assert re.fullmatch(r"idle after [\d.]+s: at most 4 nodes at once, \$0.01 as if the nodes had been bought", lines[2])


def on_terminal(endpoint, arguments, keys=b"", seconds=10, **environment):
    """Runs it on a terminal of its own; what it wrote and its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", "MUSTER_URL": endpoint.url, **environment})
        os.execv(MUSTER, [str(MUSTER), *arguments])
    written, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                written += os.read(fd, 65536)
            except OSError:
                break
        if keys and b"why" in written:
            os.write(fd, keys)
            keys = b""
    os.close(fd)
    return written.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_top_on_a_terminal(endpoint):
    written, code = on_terminal(endpoint, ["top"], keys=b"q")
    assert code == 0
    assert written.startswith("\033[?1049h")
    assert written.rstrip().endswith("\033[?1049l") or "\033[?1049l" in written
    assert "render" in written and "wanted 8" in written


def test_colours_only_where_they_are_wanted(endpoint):
    assert "\033[32m" in on_terminal(endpoint, ["status"])[0]
    assert "\033" not in on_terminal(endpoint, ["status", "--no-color"])[0]
    assert "\033" not in on_terminal(endpoint, ["status"], NO_COLOR="1")[0]


# ---- check ----

GOOD = """
pool: {name}
queue: {{ spool: /tmp/spool }}
slots: {{ max: 8 }}
scale:
  - backlog: 5
buy:
  offers:
    - local: {{ command: "sleep 1", slots: 2 }}
"""


def test_check(muster, tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(GOOD.format(name="good"))
    done = muster("check", str(good))
    assert done.returncode == 0
    assert f"{good}: ok: pool good, queue spool, 0 to 8 slots, backlog, 1 offer\n" in done.stdout

    bad = tmp_path / "bad.yaml"
    bad.write_text(GOOD.format(name="bad").replace("max: 8", "max: lots").replace("queue:", "queu:"))
    done = muster("check", str(bad))
    assert done.returncode == 1
    assert f"{bad}:4:15: error: slots.max: 'lots' is not a whole number\n" in done.stdout
    assert "did you mean 'queue'?" in done.stdout
    assert re.search(r"\n +4 \| slots: \{ max: lots \}\n +\| +\^~~~\n", done.stdout)

    problems = json.loads(muster("check", "--json", str(tmp_path)).stdout)
    assert {(p["line"], p["severity"]) for p in problems} >= {(4, "error")}
    assert {p["file"] for p in problems if p["severity"] == "error"} == {str(bad)}


def test_check_of_a_directory(muster, tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD.format(name="same"))
    (tmp_path / "b.yml").write_text(GOOD.format(name="same"))
    (tmp_path / ".hidden.yaml").write_text("nonsense")
    (tmp_path / "notes.txt").write_text("nonsense")
    done = muster("check", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}/b.yml: error: pool: 'same' is described by {tmp_path}/a.yaml already" in done.stdout
    assert "2 files, 1 error" in done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert muster("check", str(empty)).returncode == 2


def test_the_effective_file_is_a_policy_file(muster, tmp_path):
    good, effective = tmp_path / "good.yaml", tmp_path / "effective.yaml"
    good.write_text(GOOD.format(name="good"))
    first = muster("check", "--print-effective", str(good))
    assert first.returncode == 0
    effective.write_text(first.stdout)
    assert muster("check", "--print-effective", str(effective)).stdout == first.stdout


def test_schema_and_reference(muster):
    assert json.loads(muster("check", "--schema").stdout)["type"] == "object"
    assert "## `queue`" in muster("check", "--reference").stdout


# ---- what else tells of the options ----

def test_help_man_page_and_completions_agree(muster):
    commands = re.findall(r"^  (\w+) ", muster("--help").stdout, re.MULTILINE)
    assert "status" in commands and "check" in commands
    man = (ROOT / "docs/man/muster.1").read_text().replace("\\-", "-")
    bash = (ROOT / "deploy/completions/bash/muster").read_text()
    zsh = (ROOT / "deploy/completions/zsh/_muster").read_text()
    for command in commands:
        done = muster(command, "--help")
        assert done.returncode == 0
        assert muster("help", command).stdout == done.stdout
        assert re.search(rf"\b{command}\b", bash) and re.search(rf"\b{command}\b", zsh)
        assert f".B muster {command}" in man
        for option in re.findall(r"^  (--[a-z-]+)", done.stdout, re.MULTILINE):
            assert option in man, option
            assert option in bash, option
            assert option in zsh, option
