"""What EC2 does to its customers, on a fake that does it on purpose: lost answers, kills in the middle of a launch,
sold-out zones, lagging listings, interruptions. The fake itself is held against boto3."""

import os
import pathlib
import random
import threading
import time

import pytest

from musterd import Musterd, wait_for

boto3 = pytest.importorskip("boto3")

from aws_cloud import Agents, client, environment, tags  # noqa: E402 (makes tests/fakes known)
import aws_forms  # noqa: E402
from ec2 import FakeEC2  # noqa: E402

POLICY = """
pool: render
queue: {{ exec: {{ command: "cat {folder}/depth" }}, every: 500ms }}
slots: {{ min: 0, max: {max} }}
scale:
  - backlog: {{ per_slot: 1 }}
pace:
  in: {{ after: 1s, at_most: 200 slots / 1s }}
buy:
  offers:
    - aws: {{ region: eu-central-1, zones: [{zones}], {what}, market: {market},
             types: {types}, prices: [c5.large=0.097, m5.large=0.115] }}
health: {{ heartbeat: 1s, ready_within: 60s, boot: 2s }}
release: {{ prefer: [idle] }}
"""

INLINE = 'image: ami-0fake, command: "true", controller: "http://10.0.0.1:8420"'


@pytest.fixture
def cloud(musterd, monkeypatch):
    fake = FakeEC2().start()
    environment(monkeypatch, fake.url)
    musterd.settings = "list_every: 1s\n"
    agents = Agents(musterd, lambda: [i.id for i in fake.alive()])
    agents.start()
    fake.agents = agents
    yield fake
    agents.stop()
    fake.stop()
    # What was sent is, call by call, what AWS's own client would have sent.
    heard = {action: form for action, form in fake.calls}
    for action, form in heard.items():
        aws_forms.check("ec2", action, form)


def depth(musterd, jobs):
    (pathlib.Path(musterd.folder) / "depth").write_text(f"{jobs}\n")


def write(musterd, **values):
    text = dict(folder=musterd.folder, max=10, zones="a, b", market="[spot]", what=INLINE,
                types="{ c5.large: 1, m5.large: 1 }") | values
    depth(musterd, values.get("jobs", 0))
    musterd.policy("render", POLICY.format(**text))


def back_to_zero(cloud, musterd):
    depth(musterd, 0)
    wait_for("nothing is left", 60, lambda: not cloud.alive())
    wait_for("and musterd knows", 30, lambda: musterd.machines("render") == 0)


def known(musterd):
    return {n["id"] for n in musterd.get("/nodes")["nodes"] if n["id"]}


# ---- the fake itself, by AWS's own client -----------------------------------------------------------------------


def test_the_fake_is_what_boto3_expects():
    fake = FakeEC2().start()
    try:
        ec2 = client(fake.url, attempts=1)
        ec2.create_launch_template(LaunchTemplateName="fleet", LaunchTemplateData={"ImageId": "ami-1"})
        fake.capacity["c5.large", "eu-central-1a", "*"] = 2
        fake.capacity["m5.large", "eu-central-1a", "*"] = 0
        order = dict(
            Type="instant", ClientToken="one",
            LaunchTemplateConfigs=[{
                "LaunchTemplateSpecification": {"LaunchTemplateName": "fleet", "Version": "$Latest"},
                "Overrides": [{"InstanceType": t, "AvailabilityZone": "eu-central-1a"}
                              for t in ("c5.large", "m5.large")]}],
            TargetCapacitySpecification={"TotalTargetCapacity": 3, "DefaultTargetCapacityType": "spot"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "k<", "Value": "v&"}]}])
        fleet = ec2.create_fleet(**order)
        assert [len(i["InstanceIds"]) for i in fleet["Instances"]] == [2]
        assert {e["ErrorCode"] for e in fleet["Errors"]} == {"InsufficientInstanceCapacity"}
        assert fleet["Errors"][0]["LaunchTemplateAndOverrides"]["Overrides"]["InstanceType"] == "c5.large"
        again = ec2.create_fleet(**order)
        assert again["Instances"] == fleet["Instances"], "the token is idempotent"
        assert len(fake.instances) == 2
        order["TargetCapacitySpecification"]["TotalTargetCapacity"] = 4
        with pytest.raises(ec2.exceptions.ClientError, match="IdempotentParameterMismatch"):
            ec2.create_fleet(**order)
        run = ec2.run_instances(ImageId="ami-1", InstanceType="t3.small", MinCount=1, MaxCount=3, ClientToken="x")
        assert len(run["Instances"]) == 3
        fake.page = 2
        pages = list(ec2.get_paginator("describe_instances").paginate())
        assert len(pages) == 3
        seen = [i for p in pages for r in p["Reservations"] for i in r["Instances"]]
        assert len(seen) == 5 and tags(seen[0]) == {"k<": "v&"} and seen[0]["InstanceLifecycle"] == "spot"
        with pytest.raises(ec2.exceptions.ClientError, match="i-404"):
            ec2.terminate_instances(InstanceIds=[seen[0]["InstanceId"], "i-404"])
        ended = ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in seen])
        assert {i["CurrentState"]["Name"] for i in ended["TerminatingInstances"]} == {"shutting-down"}
        with pytest.raises(ec2.exceptions.ClientError, match="IdempotentInstanceTerminated"):
            ec2.run_instances(ImageId="ami-1", InstanceType="t3.small", MinCount=1, MaxCount=3, ClientToken="x")
        fake.fault("DescribeInstances", ("error", "RequestLimitExceeded", 503), times=9)
        with pytest.raises(ec2.exceptions.ClientError, match="RequestLimitExceeded"):
            ec2.describe_instances()
    finally:
        fake.stop()


@pytest.mark.parametrize("form, wrong", [
    ({"InstanceIds.1": "i-1"}, "knows no InstanceIds"),
    ({"InstanceId.2": "i-1"}, "numbered"),
    ({}, "Missing required"),
    ({"InstanceId.1": "i-1", "DryRun": "yes"}, "DryRun"),
])
def test_a_wrong_form_is_seen(form, wrong):
    aws_forms.check("ec2", "TerminateInstances", {"InstanceId.1": "i-1", "Version": "2016-11-15"})
    with pytest.raises(Exception, match=wrong):
        aws_forms.check("ec2", "TerminateInstances", form | {"Version": "2016-11-15"})


# ---- musterd on it ----------------------------------------------------------------------------------------------


def test_one_type_in_one_zone_and_back(cloud, musterd):
    write(musterd, zones="a", types="{ c5.large: 1 }", jobs=5)
    musterd.start()
    wait_for("5 machines", 30, lambda: len(cloud.alive()) == 5)
    assert cloud.count("RunInstances") >= 1 and cloud.count("CreateFleet") == 0
    form = next(f for a, f in cloud.calls if a == "RunInstances")
    assert form["Placement.AvailabilityZone"] == "eu-central-1a" and form["ClientToken"].endswith("-eu-central-1a")
    wait_for("ready", 30, lambda: musterd.pool("render")["nodes"]["ready"] == 5)
    back_to_zero(cloud, musterd)
    assert len(cloud.instances) == 5


def test_the_image_becomes_a_launch_template(cloud, musterd):
    write(musterd, jobs=4)
    musterd.start()
    wait_for("4 machines", 30, lambda: len(cloud.alive()) == 4)
    wait_for("ready", 30, lambda: musterd.pool("render")["nodes"]["ready"] == 4)
    assert len(cloud.templates) == 1
    data = next(iter(cloud.templates.values()))["data"]
    assert data["ImageId"] == "ami-0fake" and data["MetadataOptions"]["HttpTokens"] == "required"
    back_to_zero(cloud, musterd)
    assert len(cloud.instances) == 4


def test_an_answer_that_is_lost_buys_nothing_twice(cloud, musterd):
    cloud.fault("CreateFleet", "lose", times=2)
    cloud.fault("CreateFleet", "cut")
    write(musterd, jobs=6)
    musterd.start()
    wait_for("ready", 60, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 6)
    assert len(cloud.instances) == 6 and cloud.count("CreateFleet") >= 2
    back_to_zero(cloud, musterd)
    assert len(cloud.instances) == 6


def test_sold_out_places_are_left_out(cloud, musterd):
    cloud.capacity["c5.large", "*", "*"] = 0
    cloud.capacity["m5.large", "eu-central-1a", "*"] = 3
    cloud.capacity["m5.large", "eu-central-1b", "*"] = 0
    write(musterd, jobs=6, market="[spot, on-demand]")
    musterd.start()
    wait_for("what there is", 30, lambda: len(cloud.alive()) == 3)
    wait_for("it says why", 30, lambda: "InsufficientInstanceCapacity" in musterd.text("/status/render") or
             "InsufficientInstanceCapacity" in musterd.log())
    asked = cloud.count("CreateFleet")
    time.sleep(4)
    assert cloud.count("CreateFleet") <= asked + 2, "not asked again and again"
    back_to_zero(cloud, musterd)


def test_a_bad_id_does_not_spoil_the_others(cloud, musterd):
    write(musterd, jobs=6)
    musterd.start()
    wait_for("ready", 30, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 6)
    # One vanishes without a trace, as machines do an hour after their end.
    with cloud.lock:
        del cloud.instances[sorted(cloud.instances)[2]]
    depth(musterd, 0)
    wait_for("the others are gone", 60, lambda: not cloud.alive())


def test_a_spot_notice_drains_at_once_and_is_replaced(cloud, musterd):
    write(musterd, jobs=4)
    musterd.start()
    wait_for("ready", 30, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 4)
    victims = cloud.alive()[:2]
    for victim in victims:
        cloud.interrupt(victim)
    wait_for("the noticed are gone", 30, lambda: all(v.state not in ("pending", "running") for v in victims))
    wait_for("replaced", 30, lambda: musterd.pool("render")["nodes"]["ready"] == 4 and len(cloud.alive()) == 4)
    assert "the cloud takes it back" in musterd.log()
    back_to_zero(cloud, musterd)


def test_a_listing_that_lags_is_no_reason_to_buy(cloud, musterd):
    cloud.lag_s = 5
    write(musterd, jobs=5)
    musterd.start()
    wait_for("ready", 30, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 5)
    time.sleep(6)
    assert len(cloud.instances) == 5
    back_to_zero(cloud, musterd)
    assert len(cloud.instances) == 5


# Each is a life of its own, so that the second one may buy at once what the first had journalled.
@pytest.mark.parametrize("seed", range(int(os.environ.get("MUSTER_KILLS", "20"))))
def test_killed_between_sending_and_hearing(tmp_path, monkeypatch, seed):
    """kill -9 at a random moment of a launch: whatever was heard of it, there is one fleet in the end, and no orphan."""
    dice = random.Random(seed)
    moment, wait = dice.choice(["heard", "done"]), dice.choice([0, 0, dice.uniform(0, 0.05)])
    fake = FakeEC2().start()
    environment(monkeypatch, fake.url)
    musterd = Musterd(tmp_path, "list_every: 1s\n")
    killed = threading.Event()

    def on_call(action, when):
        if action == "CreateFleet" and when == moment and not killed.is_set():
            time.sleep(wait)
            musterd.process.kill()
            killed.set()

    try:
        fake.on_call = on_call
        if dice.random() < 0.3:
            fake.capacity["c5.large", "*", "*"] = 0
            fake.capacity["m5.large", "*", "*"] = 2
        write(musterd, max=3, jobs=3)
        try:
            musterd.start()
        except AssertionError:
            assert killed.is_set()  # before it was seen to listen
        assert killed.wait(30)
        musterd.process.wait()
        musterd.start()
        # What a fleet did not give counts as a machine until listings can be believed (minutes later).
        wait_for("all machines are known", 30, lambda: fake.alive() and known(musterd) == set(fake.instances))
        time.sleep(1.5)
        assert known(musterd) == set(fake.instances), "no orphan"
        assert musterd.machines("render") <= 3
        tokens = {form["ClientToken"] for action, form in fake.calls if action == "CreateFleet"}
        assert {i.token for i in fake.instances.values()} == tokens and len(tokens) == 1, "one fleet"
        assert len(fake.instances) == (2 if fake.capacity else 3), "and never above max"
    finally:
        musterd.stop()
        fake.stop()


def test_a_machine_costs_what_its_zone_costs(cloud, musterd):
    cloud.prices = {("c5.large", "eu-central-1a"): "0.0312", ("c5.large", "eu-central-1b"): "0.029"}
    write(musterd, types="{ c5.large: 1 }", max=4)
    musterd.start()
    wait_for("prices were asked for", 20, lambda: cloud.count("DescribeSpotPriceHistory"))
    depth(musterd, 4)
    want = {"eu-central-1a": 0.0312, "eu-central-1b": 0.029}
    wait_for("4 machines", 30, lambda: len(cloud.alive()) == 4)

    def priced():
        nodes = {n["id"]: n["price_usd_per_hour"] for n in musterd.get("/nodes")["nodes"]}
        return len(nodes) == 4 and all(nodes.get(i.id) == want[i.place] for i in cloud.alive())

    wait_for("each has its zone's price", 30, priced)
    back_to_zero(cloud, musterd)


# ---- refusals, as musterd itself meets them; the whole table is tests/unit/test_aws_remedies.c ----------------------


@pytest.mark.parametrize("code, status, word", [
    ("InsufficientInstanceCapacity", 500, "(capacity)"),
    ("VcpuLimitExceeded", 400, "(quota)"),
])
def test_a_refusal_lets_the_offer_rest(cloud, musterd, code, status, word):
    cloud.fault("CreateFleet", ("error", code, status), times=99)
    write(musterd, jobs=3)
    musterd.start()
    wait_for("it is told", 20, lambda: code in musterd.log() and word in musterd.log())
    asked = cloud.count("CreateFleet")
    time.sleep(3)
    assert cloud.count("CreateFleet") == asked <= 3, "left alone for minutes"
    assert not cloud.instances and musterd.machines("render") == 0


@pytest.mark.parametrize("kind", [("error", "RequestLimitExceeded", 503), ("error", "InternalError", 500),
                                  "html", "refuse"])
def test_what_passes_is_tried_again(cloud, musterd, kind):
    cloud.fault("CreateFleet", kind)
    cloud.fault("DescribeInstances", kind)
    cloud.fault("TerminateInstances", kind)
    write(musterd, jobs=3)
    musterd.start()
    wait_for("ready", 60, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 3)
    back_to_zero(cloud, musterd)
    assert len(cloud.instances) == 3


def test_quota_errors_inside_a_fleets_answer(cloud, musterd):
    cloud.capacity["*", "*", "spot"] = 0
    cloud.errors["*", "*", "spot"] = "MaxSpotInstanceCountExceeded"
    write(musterd, jobs=3, market="[spot, on-demand]")
    musterd.start()
    wait_for("on demand in its place", 30, lambda: len(cloud.alive()) == 3)
    assert "(quota)" in musterd.log()
    assert {i.market for i in cloud.alive()} == {"on-demand"}


def test_a_listing_without_its_last_page_is_void(cloud, musterd):
    cloud.page = 2
    write(musterd, jobs=5)
    musterd.start()
    wait_for("ready", 30, lambda: (musterd.pool("render") or {"nodes": {"ready": 0}})["nodes"]["ready"] == 5)
    cloud.fault("DescribeInstances", "cut", times=2)
    wait_for("it is told", 20, lambda: "its answer is broken" in musterd.log())
    assert musterd.machines("render") == 5
    wait_for("listed again", 30, lambda: not musterd.get("/status")["inventories"][0]["failing_s"])
    assert musterd.machines("render") == 5 and len(cloud.instances) == 5


def test_a_token_used_with_other_parameters_is_looked_up(cloud, musterd):
    """Answers are lost, musterd is started again with another policy: the tag tells what the token bought."""
    cloud.fault("CreateFleet", "lose", times=1)
    cloud.fault("CreateFleet", ("error", "IdempotentParameterMismatch", 400), times=9)
    write(musterd, jobs=3)
    musterd.start()
    wait_for("all are known", 30, lambda: len(cloud.alive()) == 3 and known(musterd) == set(cloud.instances))
    wait_for("ready", 30, lambda: musterd.pool("render")["nodes"]["ready"] == 3)
    assert len(cloud.instances) == 3
    with cloud.lock:
        cloud.faults.clear()
    back_to_zero(cloud, musterd)
