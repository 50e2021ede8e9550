"""Notices of EC2's: from EventBridge through SQS (moto has both), from the metadata services of the machines, and
what follows: the interruption drill, with real agents and real jobs."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from conftest import free_port
from musterd import BUILD, ROOT, wait_for

pytest.importorskip("boto3")

from aws_cloud import Agents, Moto, client, environment  # noqa: E402
from ec2 import FakeEC2  # noqa: E402
from metadata import Metadata  # noqa: E402

LONG = 60
POLICY = """
pool: render
queue: {{ spool: {folder}/spool, every: 500ms }}
slots: {{ max: {max} }}
scale: [ fixed: {fixed} ]
pace: {{ in: {{ after: 0s, at_most: unlimited }} }}
buy:
  offers:
    - aws: {{ region: eu-central-1, zones: [a], {what}, market: [spot], types: {{ c5.large: 1 }},
             prices: [c5.large=0.05] }}
    - aws: {{ region: eu-central-1, zones: [b], {what}, market: [spot], types: {{ m5.large: 1 }},
             prices: [m5.large=0.06], max: 3 }}
    - aws: {{ region: eu-central-1, zones: [c], {what}, market: [on-demand], types: {{ m5.large: 1 }},
             prices: [m5.large=0.20] }}
health: {{ heartbeat: 1s, lost_after: 60, ready_within: 60s, boot: 2s }}
"""
INLINE = 'image: ami-0fake, command: "true", controller: "http://10.0.0.1:8420"'


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), free_port())
    yield server
    server.stop()


class Notices:
    """A rule that puts EC2's events into a queue, as deploy/aws makes it; in moto."""

    def __init__(self, moto, name):
        self.sqs, self.events = client(moto.url, "sqs"), client(moto.url, "events")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.rule = name
        self.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.ec2"]}))
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def end(self):
        self.events.remove_targets(Rule=self.rule, Ids=["queue"])
        self.events.delete_rule(Name=self.rule)

    def event(self, kind, node, **detail):
        self.events.put_events(Entries=[{"Source": "aws.ec2", "DetailType": kind,
                                         "Detail": json.dumps({"instance-id": node} | detail)}])

    def warn(self, node):
        self.event("EC2 Spot Instance Interruption Warning", node, **{"instance-action": "terminate"})

    def text(self, body):
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self):
        """Messages in it: (to be had, held back)."""
        a = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(a["ApproximateNumberOfMessages"]), int(a["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture
def cloud(musterd, moto, monkeypatch, request):
    fake = FakeEC2().start()
    environment(monkeypatch, fake.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", moto.url)
    fake.notices = Notices(moto, "notices-" + "".join(c for c in request.node.name if c.isalnum())[:40])
    musterd.settings = f"list_every: 1s\naws: {{ region: eu-central-1, "
    musterd.settings += f"notices: [\"{fake.notices.url}\", \"{moto.url}/123456789012/nowhere\"] }}\n"
    for name in ("waiting", "running", "done"):
        os.makedirs(os.path.join(musterd.folder, "spool", name))
    yield fake
    fake.notices.end()
    fake.stop()


def write(musterd, fixed, most):
    musterd.policy("render", POLICY.format(folder=musterd.folder, fixed=fixed, max=most, what=INLINE))


def queue(musterd):
    return musterd.get("/status")["notices"][0]


def states(musterd):
    return {n["id"]: n["state"] for n in musterd.get("/nodes")["nodes"]}


def ready(musterd, count):
    pool = musterd.pool("render")
    return pool is not None and pool["nodes"]["ready"] == count


def test_a_queue_of_notices(cloud, musterd):
    agents = Agents(musterd, lambda: [i.id for i in cloud.alive()])
    agents.start()
    try:
        write(musterd, fixed=3, most=8)
        musterd.start()
        wait_for("3 are ready", LONG, lambda: ready(musterd, 3))
        first, second, third = sorted(states(musterd))
        notices = cloud.notices
        notices.text("no event at all\nlevel=error forged=yes")
        notices.event("EC2 Instance State-change Notification", "i-0123456789abcdef0", state="running")
        notices.event("EC2 Instance State-change Notification", "i-0123456789abcdef0", state="terminated")
        notices.event("EC2 Instance Rebalance Recommendation", second)
        notices.warn(first)
        notices.warn(first)  # at least once, EventBridge says
        wait_for("the first one leaves", LONG, lambda: cloud.instances[first].state not in ("pending", "running"))
        wait_for("the second is replaced, then leaves", LONG,
                 lambda: cloud.instances[second].state not in ("pending", "running"))
        wait_for("3 are ready again", LONG, lambda: ready(musterd, 3))
        assert len(cloud.instances) == 5 and cloud.instances[third].state == "running"
        # The second warning may come when its machine is long gone: it is foreign then.
        wait_for("all is counted", LONG, lambda: queue(musterd)["taken"] + queue(musterd)["foreign"] == 5)
        assert queue(musterd)["taken"] in (2, 3) and queue(musterd)["malformed"] == 1
        wait_for("what was taken in is deleted, what is no event is not", LONG,
                 lambda: sum(cloud.notices.left()) == 1)
        log = musterd.log()
        assert "is no event" in log and "no event at all.level=error" in log, "and told, in one line"
        assert queue(musterd)["problem"] == "" and queue(musterd)["failing_s"] is None
        # The other queue does not exist: that is told, and nothing else suffers.
        other = musterd.get("/status")["notices"][1]
        assert "QueueDoesNotExist" in other["problem"] and other["failing_s"] > 0
        assert musterd.log().count("the queue of notices cannot be read") == 1
        assert f'muster_notices_total{{queue="{notices.url}",result="malformed"}} 1' in musterd.text("/metrics")
    finally:
        agents.stop()


def test_a_dry_run_takes_nothing_out(cloud, musterd):
    write(musterd, fixed=1, most=2)
    cloud.notices.warn("i-0123456789abcdef0")
    musterd.start("--dry-run")
    wait_for("it decides", LONG, lambda: musterd.pool("render") and musterd.pool("render")["desired"] == 1)
    time.sleep(1.5)
    assert cloud.notices.left() == (1, 0) and musterd.get("/status")["notices"] == []


# ---- the drill --------------------------------------------------------------------------------------------------


class Machines(threading.Thread):
    """Each machine of the fake runs a real muster-agent with a real worker, and has a metadata service of its own.
    One that is terminated is switched off, with whatever it does."""

    def __init__(self, cloud, musterd):
        super().__init__(daemon=True)
        self.cloud, self.musterd = cloud, musterd
        self.folder = pathlib.Path(musterd.folder)
        self.services, self.processes = {}, {}
        self.stopped = threading.Event()

    def switch_on(self, node):
        service = Metadata("aws").start()
        spool = self.folder / "spool"
        environment_ = os.environ | service.environment
        environment_.pop("AWS_EC2_METADATA_DISABLED", None)
        with open(self.folder / f"{node}.log", "wb") as log:
            self.processes[node] = subprocess.Popen(
                [os.path.join(BUILD, "muster-agent"), "--controller", self.musterd.url, "--node", node,
                 "--pool", "render", "--token-file", self.folder / "state" / "agent.token", "--watch", "aws",
                 "--", os.path.join(ROOT, "deploy", "demo", "worker.sh"), spool,
                 os.path.join(ROOT, "tests", "integration", "job.sh"), self.folder / "ledger"],
                env=environment_, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.services[node] = service

    def switch_off(self, node):
        process = self.processes.pop(node)
        # The worker leads a group of its own, in the agent's session.
        for pid in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int((pid / "stat").read_text().rsplit(")", 1)[1].split()[3]) == process.pid:
                    os.kill(int(pid.name), signal.SIGKILL)
            except (OSError, IndexError, ValueError):
                pass  # it ended meanwhile
        process.wait()
        self.services[node].stop()

    def run(self):
        while not self.stopped.wait(0.05):
            alive = {i.id for i in self.cloud.alive()}
            for node in alive - set(self.services):
                self.switch_on(node)
            for node in set(self.processes) - alive:
                self.switch_off(node)

    def stop(self):
        self.stopped.set()
        self.join()
        for node in list(self.processes):
            self.switch_off(node)


def finished(musterd):
    path = pathlib.Path(musterd.folder) / "ledger"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_interruption_drill(cloud, musterd, capsys):
    """Half of a spot pool is noticed at once, some machines by their metadata service, some by EventBridge: they drain
    at once, are replaced from other offers within max, and every job is done once."""
    waiting = pathlib.Path(musterd.folder) / "spool" / "waiting"
    machines = Machines(cloud, musterd)
    write(musterd, fixed=10, most=13)
    musterd.start()
    machines.start()
    try:
        wait_for("10 are ready", LONG, lambda: ready(musterd, 10))
        victims = sorted(states(musterd))[:5]
        assert {i.type for i in cloud.alive()} == {"c5.large"}
        for number in range(200):
            (waiting / f"job-{number:03}").write_text("0.4\n")
        wait_for("work is under way", LONG, lambda: len(finished(musterd)) >= 20)
        began = time.monotonic()
        for node in victims[:3]:
            machines.services[node].set("spot/instance-action",
                                        '{"action": "terminate", "time": "2026-11-22T08:22:00Z"}')
        for node in victims[3:]:
            cloud.notices.warn(node)
        wait_for("all five drain", LONG, lambda: all(states(musterd).get(v, "gone") not in ("ready", "booting")
                                                     for v in victims))
        drained = time.monotonic()
        wait_for("all five are replaced", LONG, lambda: ready(musterd, 10))
        replaced = time.monotonic()
        wait_for("all jobs are done", LONG, lambda: len(finished(musterd)) >= 200)
        time.sleep(0.5)
        done = finished(musterd)
        assert sorted(job for job, _ in done) == [f"job-{n:03}" for n in range(200)], "each job once"
        assert not any(waiting.iterdir())
        elsewhere = [i for i in cloud.alive() if i.id not in machines.services or i.type != "c5.large"]
        assert len(cloud.instances) == 15 and cloud.most_alive <= 13, "five were bought, never above max"
        assert sorted((i.type, i.market) for i in elsewhere) == \
            [("m5.large", "on-demand")] * 2 + [("m5.large", "spot")] * 3, "from other offers"
        assert {node for _, node in done} >= {i.id for i in elsewhere}, "which finished the work"
        assert all(cloud.instances[v].state in ("shutting-down", "terminated") for v in victims)
        assert musterd.machines("render") == 10 == len(cloud.alive())
        with capsys.disabled():
            print(f"\n  drill: 5 of 10 noticed: all draining after {drained - began:.1f} s, replaced after "
                  f"{replaced - began:.1f} s; 200 jobs done once")
        write(musterd, fixed=0, most=13)
        wait_for("back to zero", LONG, lambda: not cloud.alive())
    finally:
        machines.stop()
