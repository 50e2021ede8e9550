"""The pubsub and gcp-monitoring sources: against the fake of Cloud Monitoring, and, where the Cloud SDK's Pub/Sub emulator
is installed, against that."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from conftest import free_port
from musterd import BUILD, ROOT, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))
from gcp import FakeGCP, metrics  # noqa: E402

PROBE = Path(os.environ.get("BUILD", "build")).resolve() / "probes" / "queue_probe"
JOBS = 'metric.type="custom.googleapis.com/jobs"'


@pytest.fixture
def cloud():
    c = FakeGCP().start()
    yield c
    assert not c.invalid and not c.mismatched
    c.stop()


@pytest.fixture
def probe(cloud, tmp_path):
    key = cloud.tokens.key_file(tmp_path, cloud.url + "/token")

    def run(source, **settings):
        done = subprocess.run([PROBE, source] + [f"{k}={v}" for k, v in settings.items()], capture_output=True,
                              text=True, timeout=100, env={
                                  "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROBE_ENDPOINT": "*=" + cloud.url,
                                  "GOOGLE_APPLICATION_CREDENTIALS": key, "GCE_METADATA_HOST": "127.0.0.1:1"})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_newest_point_counts_and_its_age_is_told(cloud, probe):
    metrics.backlog(cloud, "jobs", 40, 90, ago_s=230)
    metrics.backlog(cloud, "jobs", 42, 120, ago_s=150)
    metrics.backlog(cloud, "others", 7, 5, ago_s=60)
    said = probe("pubsub", subscription="jobs")
    assert (said["waiting"], said["running"], said["oldest"]) == (42, None, 120)
    assert 149 < said["lag"] < 250
    said = probe("pubsub", subscription="projects/muster-test/subscriptions/jobs", oldest="no")
    assert (said["waiting"], said["oldest"]) == (42, None)


def test_no_series_is_unknown_and_never_zero(cloud, probe):
    said = probe("pubsub", subscription="jobs")
    assert said["kind"] == "not-found" and "not zero" in said["error"]
    metrics.backlog(cloud, "jobs", 42, ago_s=400)  # older than the window
    assert probe("pubsub", subscription="jobs")["kind"] == "not-found"
    assert probe("pubsub", subscription="jobs", look_back="10m")["waiting"] == 42  # and without an age


def test_zero_is_zero(cloud, probe):
    metrics.backlog(cloud, "jobs", 0, 0, ago_s=100)
    assert probe("pubsub", subscription="jobs")["waiting"] == 0


def test_any_metric(cloud, probe):
    for queue, waiting in (("a", 3.5), ("b", 4)):
        metrics.put(cloud, "custom.googleapis.com/jobs", waiting, labels={"queue": queue}, ago_s=70)
    metrics.put(cloud, "custom.googleapis.com/busy", 2, ago_s=130)
    assert probe("gcp-monitoring", filter=JOBS + ' AND metric.labels.queue="b"')["waiting"] == 4
    said = probe("gcp-monitoring", filter=JOBS)
    assert said["kind"] == "config" and "2 time series" in said["error"]
    assert probe("gcp-monitoring", filter=JOBS, series="max")["waiting"] == 4
    said = probe("gcp-monitoring", filter=JOBS, series="sum",
                 running='metric.type="custom.googleapis.com/busy"')
    assert (said["waiting"], said["running"]) == (7.5, 2) and said["lag"] > 129
    said = probe("gcp-monitoring", filter=JOBS, series="sum", oldest='metric.type="custom.googleapis.com/none"')
    assert said["kind"] == "not-found" and said["error"].startswith("oldest")


@pytest.mark.parametrize("fault,kind", [
    (("error", "forbidden", 403), "auth"), (("error", "rateLimitExceeded", 429), "throttled"), (("after", 503), "unknown"),
])
def test_what_goes_wrong_is_classed(cloud, probe, fault, kind):
    metrics.backlog(cloud, "jobs", 1, ago_s=60)
    for _ in range(3):
        cloud.fault("monitoring.projects.timeSeries.list", fault)
    assert probe("pubsub", subscription="jobs", oldest="no")["kind"] == kind


def test_a_token_that_expires_meanwhile_is_renewed(cloud, probe):
    metrics.backlog(cloud, "jobs", 5, ago_s=60)
    cloud.fault("monitoring.projects.timeSeries.list", "expire")
    assert probe("pubsub", subscription="jobs")["waiting"] == 5
    assert cloud.tokens.asked.count("jwt") == 2


# ---- the emulator of the Cloud SDK -----------------------------------------------------------------------------------


def emulator_program():
    gcloud = shutil.which("gcloud")
    if not gcloud or not shutil.which("java"):
        return None
    program = Path(gcloud).resolve().parents[1] / "platform" / "pubsub-emulator" / "bin" / "cloud-pubsub-emulator"
    return program if program.exists() else None


@pytest.fixture
def emulator():
    if emulator_program() is None:
        pytest.skip("the Cloud SDK's Pub/Sub emulator (gcloud components install pubsub-emulator, java) is not here")
    port = free_port()
    server = subprocess.Popen([emulator_program(), "--host=127.0.0.1", f"--port={port}"], start_new_session=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        assert server.poll() is None, "the emulator ended"
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).status == 200
        except OSError:
            return False

    try:
        wait_for("the emulator answers", 100, answers)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def ask(host, method, path, document):
    request = urllib.request.Request(f"http://{host}/v1/projects/acme/{path}", method=method,
                                     data=json.dumps(document).encode(), headers={"Content-Type": "application/json"})
    return json.loads(urllib.request.urlopen(request, timeout=60).read())


def test_an_emulator_is_counted_without_credentials(emulator, tmp_path):
    def count():
        done = subprocess.run([PROBE, "pubsub", "subscription=jobs"], capture_output=True, text=True, timeout=100,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PUBSUB_EMULATOR_HOST": emulator,
                                   "GOOGLE_CLOUD_PROJECT": "acme", "GCE_METADATA_HOST": "127.0.0.1:1"})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert count()["kind"] == "not-found"
    ask(emulator, "PUT", "topics/work", {})
    ask(emulator, "PUT", "subscriptions/jobs", {"topic": "projects/acme/topics/work", "ackDeadlineSeconds": 600})
    assert count()["waiting"] == 0
    ask(emulator, "POST", "topics/work:publish", {"messages": [{"data": "eA=="} for _ in range(37)]})
    wait_for("all are there", 60, lambda: count()["waiting"] == 37)
    said = count()  # what is counted is given back: the next look sees it again
    assert said["waiting"] == 37 and said["oldest"] is not None
    pulled = []

    def pull():
        got = ask(emulator, "POST", "subscriptions/jobs:pull", {"maxMessages": 30 - len(pulled)})
        pulled.extend(m["ackId"] for m in got.get("receivedMessages", []))
        return len(pulled) == 30

    wait_for("a worker gets thirty", 60, pull)
    ask(emulator, "POST", "subscriptions/jobs:acknowledge", {"ackIds": pulled})
    wait_for("seven are left", 60, lambda: count()["waiting"] == 7)


# ---- the whole of it -------------------------------------------------------------------------------------------------


POLICY = """
pool: jobs
queue: {{ pubsub: {{ subscription: jobs, ask_every: 1s }}, every: 500ms }}
slots: {{ min: 1, max: 3 }}
scale:
  - backlog: {{ per_slot: 100 }}
buy:
  offers:
    - local: {{ command: "sleep 1000", directory: {folder} }}
"""


@pytest.fixture
def settings(cloud, tmp_path):
    key = cloud.tokens.key_file(tmp_path, cloud.url + "/token")
    return f'gcp: {{ credentials: {key}, project: muster-test, endpoints: ["*={cloud.url}"] }}\n'


def test_nodes_bring_a_late_count_up_to_date(cloud, musterd, settings, tmp_path):
    metrics.backlog(cloud, "jobs", 42, 100, ago_s=120)
    musterd.settings = settings
    musterd.policy("jobs", POLICY.format(folder=tmp_path))
    musterd.start()
    pool = lambda: musterd.pool("jobs") or {"signal": {"waiting": None}}
    said = wait_for("a sample", 60, lambda: pool()["signal"]["waiting"] is not None and pool()["signal"])
    assert (said["waiting"], said["basis"]) == (42, "queue") and said["lag_s"] > 119
    node = wait_for("a node is ready", 60, lambda: [n for n in musterd.get("/nodes")["nodes"] if n["state"] == "ready"])
    token = (tmp_path / "state" / "agent.token").read_text().strip()

    def finish(jobs):
        # A machine says how much it finished; its agent goes on reporting beside it.
        beat = {"pool": "jobs", "state": "ready", "seq": int(time.time() * 1000) + 1,
                "served": jobs, "served_mean_s": 1}
        request = urllib.request.Request(f"{musterd.url}/v1/nodes/{node[0]['id']}/heartbeat", method="POST",
                                         data=json.dumps(beat).encode(),
                                         headers={"Authorization": "Bearer " + token,
                                                  "Content-Type": "application/json"})
        assert json.loads(urllib.request.urlopen(request, timeout=60).read())["known"]
        return pool()["signal"]["basis"] == "heartbeats"

    wait_for("the signal says so", 60, lambda: finish(5), every=1)
    cloud.series.clear()  # no point any more: unknown, and nothing is given back
    wait_for("it is unknown", 60, lambda: pool()["signal"]["state"] == "failed")
    assert "not zero" in pool()["signal"]["problem"] and pool()["nodes"]["total"] == 1


def test_check_live_reads_the_subscription(cloud, settings, tmp_path):
    (tmp_path / "muster.yaml").write_text("state: state\n" + settings)
    (tmp_path / "jobs.yaml").write_text(POLICY.format(folder=tmp_path))

    def check():
        done = subprocess.run([os.path.join(BUILD, "muster"), "check", "--live", "--json", "--config",
                               str(tmp_path / "muster.yaml"), str(tmp_path / "jobs.yaml")], capture_output=True,
                              text=True, timeout=200)
        return next(f for f in json.loads(done.stdout)["findings"] if f["part"] == "queue pubsub")

    found = check()
    assert found["answer"] == "no" and "unknown, not zero" in found["text"] and "name of the queue" in found["remedy"]
    metrics.backlog(cloud, "jobs", 42, 100, ago_s=120)
    found = check()
    assert found["answer"] == "ok" and found["text"].startswith("42 waiting, the oldest waits for 1m40s; as of 2m")
