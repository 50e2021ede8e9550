"""musterd buys machines of Compute Engine: from an empty queue to a full fleet and back, and what Google does to its
customers meanwhile. The cloud is a fake that refuses whatever Google's discovery documents do not allow."""

import pathlib
import time

import pytest

from aws_cloud import Agents
from gcp_cloud import PROJECT
from gcp import FakeGCP  # noqa: E402  (gcp_cloud has set the path)
from musterd import wait_for

POLICY = """
pool: render
queue: {{ exec: {{ command: "cat {folder}/depth" }}, every: 500ms }}
slots: {{ min: 0, max: {max} }}
scale:
  - backlog: {{ per_slot: 1 }}
pace:
  in: {{ after: 1s, at_most: 200 slots / 1s }}
buy:
  {buy}
  offers:
    - gcp: {{ project: {project}, zones: [{zones}], {what}, market: {market}, types: {types},
             prices: [{prices}] }}
health: {{ heartbeat: 1s, ready_within: 60s, boot: 2s }}
release: {{ prefer: [idle] }}
"""

ZONES = "us-central1-a, us-central1-b, us-central1-c"


def node_of(machine):
    return f"{machine.name}.{machine.zone}"


def settings(cloud, folder):
    """musterd's, for the fake."""
    key = cloud.tokens.key_file(folder, cloud.url + "/token")
    return f'list_every: 1s\ngcp: {{ credentials: "{key}", endpoints: ["*={cloud.url}"] }}\n'


@pytest.fixture
def cloud(musterd):
    fake = FakeGCP().start()
    fake.template("worker")
    musterd.settings = settings(fake, musterd.folder)
    agents = Agents(musterd, lambda: [node_of(m) for m in fake.alive() if m.status == "RUNNING"])
    agents.start()
    fake.agents = agents
    yield fake
    agents.stop()
    fake.stop()
    assert not fake.invalid, "every request is one that Google would take"
    assert not fake.mismatched, "a requestId stands for one request"


def depth(musterd, jobs):
    (pathlib.Path(musterd.folder) / "depth").write_text(f"{jobs}\n")


def write(musterd, **values):
    text = dict(folder=musterd.folder, max=10, zones=ZONES, market="[spot]", what="template: worker",
                types="{ n2-standard-2: 1 }", prices="n2-standard-2=0.097", buy="prefer: price", project=PROJECT) | values
    depth(musterd, values.get("jobs", 0))
    musterd.policy("render", POLICY.format(**text))


def ready(musterd, slots):
    wait_for(f"{slots} slots are ready", 90,
             lambda: musterd.get("/status/render")["slots"]["ready"] == slots)


def back_to_zero(cloud, musterd):
    depth(musterd, 0)
    wait_for("nothing is left", 90, lambda: not cloud.alive())
    wait_for("and musterd knows", 60, lambda: musterd.machines("render") == 0)


def test_the_full_loop(cloud, musterd):
    """0 -> 40 on Spot with an on-demand base, over three zones -> 0."""
    write(musterd, max=40, market="[spot, on-demand]", buy="on_demand: { base: 4 slots }")
    musterd.start()
    wait_for("the first listing", 60, lambda: musterd.machines("render") == 0)
    depth(musterd, 60)
    ready(musterd, 40)
    alive = cloud.alive()
    assert len(alive) == 40
    assert sum(not m.spot for m in alive) == 4
    assert {m.zone for m in alive} == {"us-central1-a", "us-central1-b", "us-central1-c"}
    for machine in alive:
        labels = machine.doc["labels"]
        assert labels["muster-controller"] == "test" and labels["muster-pool"] == "render"
        assert labels["muster-slots"] == "1" and machine.name.startswith("muster-" + labels["muster-intent"])
        market = "spot" if machine.spot else "on-demand"
        assert labels["muster-offer"] == f"us-central1_n2-standard-2_{market}"
        if machine.spot:
            assert machine.doc["scheduling"]["instanceTerminationAction"] == "DELETE"
    assert {n["id"] for n in musterd.get("/nodes")["nodes"]} == {node_of(m) for m in alive}
    back_to_zero(cloud, musterd)
    assert not cloud.disks
    assert cloud.most_alive == 40


# ---- what goes wrong ---------------------------------------------------------------------------------------------


def begin(cloud, musterd, jobs, **values):
    write(musterd, **values)
    musterd.start()
    wait_for("the first listing", 60, lambda: musterd.machines("render") == 0)
    depth(musterd, jobs)


def once_each(cloud, machines):
    """So many machines were ever there, and none is there twice."""
    tokens = [m.name for m in cloud.machines.values()]
    assert len(set(tokens)) == len(tokens)
    assert cloud.most_alive == machines


@pytest.mark.parametrize("jobs, fault", [
    (1, "lose"), (5, "lose"), (5, ("after", 503)), (1, ("error", "rateLimitExceeded", 403)), (5, "refuse")])
def test_nothing_is_bought_twice(cloud, musterd, jobs, fault):
    """One answer to a launch that is none: the machines come all the same, and only once."""
    cloud.fault("instances.insert" if jobs == 1 else "regionInstances.bulkInsert", fault)
    begin(cloud, musterd, jobs)
    ready(musterd, jobs)
    once_each(cloud, jobs)
    back_to_zero(cloud, musterd)


def test_a_zone_without_room(cloud, musterd):
    """Single machines go on to the next zone; the full one is left alone meanwhile."""
    cloud.capacity["n2-standard-2", "us-central1-a", "SPOT"] = 0
    cloud.capacity["n2-standard-2", "us-central1-b", "SPOT"] = 0
    begin(cloud, musterd, 1)
    for jobs in (1, 2, 3, 4):
        depth(musterd, jobs)
        ready(musterd, jobs)
    assert {m.zone for m in cloud.alive()} == {"us-central1-c"}
    full = [c for c in cloud.calls if c.method.name == "compute.instances.insert" and c.scope != "zones/us-central1-c"]
    assert len(full) <= 2, "each full zone is tried once"
    back_to_zero(cloud, musterd)


def test_half_of_many(cloud, musterd):
    """Of ten machines six come: they are kept, and the rest is bought on the other market."""
    for zone in "abc":
        cloud.capacity["n2-standard-2", "us-central1-" + zone, "SPOT"] = 2
    begin(cloud, musterd, 10, market="[spot, on-demand]")
    ready(musterd, 10)
    alive = cloud.alive()
    assert sum(m.spot for m in alive) == 6 and len(alive) == 10
    back_to_zero(cloud, musterd)


def test_a_quota(cloud, musterd):
    """The offer that the quota is about is left alone and named; nothing else suffers."""
    cloud.quotas["us-central1"]["N2_CPUS"] = 4
    cloud.quotas["us-central1"]["PREEMPTIBLE_CPUS"] = 0
    begin(cloud, musterd, 5, market="[on-demand]")
    wait_for("it is told", 60, lambda: "QUOTA" in musterd.get("/status/render")["problem"].upper())
    assert len(cloud.alive()) <= 2
    back_to_zero(cloud, musterd)


def test_a_name_that_is_taken(cloud, musterd):
    """Its own machine, whose first answer was lost: adopted by its labels. (The requestId is kept from helping.)"""
    cloud.fault("instances.insert", "lose")
    forget = lambda name, when: cloud.requests.clear() if when == "heard" else None  # noqa: E731
    cloud.on_call = forget
    begin(cloud, musterd, 1)
    ready(musterd, 1)
    once_each(cloud, 1)
    assert any(c.method.name == "compute.instances.get" for c in cloud.calls)
    back_to_zero(cloud, musterd)


def test_an_operation_that_fails_later(cloud, musterd):
    cloud.fault("instances.insert", ("op", "INTERNAL_ERROR"))
    begin(cloud, musterd, 1)
    ready(musterd, 1)
    once_each(cloud, 1)
    back_to_zero(cloud, musterd)


def test_a_zone_out_of_reach(cloud, musterd):
    """Its machines are unknown, not gone: none is replaced, none is given back, and others are bought elsewhere."""
    begin(cloud, musterd, 6)
    ready(musterd, 6)
    cloud.unreachable.add("us-central1-b")
    wait_for("it is told", 60, lambda: "us-central1-b" in musterd.log())
    time.sleep(3)
    assert musterd.get("/status/render")["nodes"]["total"] == 6
    depth(musterd, 7)
    ready(musterd, 7)
    assert len(cloud.alive()) == 7
    cloud.unreachable.clear()
    back_to_zero(cloud, musterd)


def test_a_token_that_expires_between_pages(cloud, musterd):
    begin(cloud, musterd, 7)
    ready(musterd, 7)
    cloud.page = 2
    for _ in range(3):
        cloud.fault("instances.aggregatedList", "expire")
    wait_for("the faults are used up", 60, lambda: not cloud.faults)
    assert musterd.get("/status/render")["nodes"]["total"] == 7
    back_to_zero(cloud, musterd)


def test_preempted(cloud, musterd):
    """Taken back by Compute Engine: replaced; one that was only stopped is deleted, with its disk."""
    begin(cloud, musterd, 4)
    ready(musterd, 4)
    one, other = cloud.alive()[:2]
    other.doc["scheduling"]["instanceTerminationAction"] = "STOP"
    cloud.preempt(one)
    cloud.preempt(other)
    wait_for("both are replaced", 90, lambda: sum(m.status == "RUNNING" for m in cloud.alive()) == 4)
    wait_for("the remains are deleted", 90, lambda: other.key not in cloud.machines)
    ready(musterd, 4)
    back_to_zero(cloud, musterd)


def test_what_is_not_ours_is_left_alone(cloud, musterd):
    """Somebody takes the label off: the machine is not deleted any more."""
    begin(cloud, musterd, 2)
    ready(musterd, 2)
    machine = cloud.alive()[0]
    known = node_of(machine)
    machine.doc["labels"]["muster-controller"] = "another"
    depth(musterd, 0)
    wait_for("ours is gone", 60, lambda: len(cloud.alive()) == 1)
    wait_for("the other is forgotten or told", 60,
             lambda: known in musterd.log() and [m.name for m in cloud.alive()] == [machine.name])
    machine.doc["labels"]["muster-controller"] = "test"
    back_to_zero(cloud, musterd)


def test_killed_in_the_middle(cloud, musterd):
    """musterd dies while its launch is at work: the next life finds the machines, and buys none beside them."""
    cloud.fault("regionInstances.bulkInsert", ("slow", 2))
    begin(cloud, musterd, 5)
    wait_for("it is asked for", 60, lambda: any("bulkInsert" in c.method.name for c in cloud.calls))
    musterd.kill()
    musterd.start()
    ready(musterd, 5)
    once_each(cloud, 5)
    back_to_zero(cloud, musterd)


def test_what_it_costs(cloud, musterd):
    """Two cores and 8 GiB as the catalogue has them, for a price that the policy file does not give."""
    begin(cloud, musterd, 1, prices="")
    ready(musterd, 1)
    spot = 2 * 0.01499 + 8 * 0.00201
    wait_for("it is known", 60,
             lambda: abs(musterd.get("/status/render")["price_usd_per_hour"] - spot) < 0.0001)
    assert (pathlib.Path(musterd.folder) / "state" / "gcp-prices.txt").exists()
    back_to_zero(cloud, musterd)


def test_a_managed_instance_group(cloud, musterd, scope="regions/us-central1"):
    """The group makes the machines, with our labels on them, and is made smaller by those that are given back."""
    from gcp.groups import Group
    template = f"projects/{PROJECT}/global/instanceTemplates/spot"
    cloud.template("spot", machineType="n2-standard-2",
                   scheduling={"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"})
    group = Group(cloud, scope, "workers", {"name": "workers", "instanceTemplate": template})
    begin(cloud, musterd, 3, what="mig: workers",
          zones="us-central1-a, us-central1-b")
    ready(musterd, 3)
    alive = cloud.alive()
    assert len(alive) == 3 and len(group.members) == 3
    assert {m.doc["labels"]["muster-pool"] for m in alive} == {"render"}
    depth(musterd, 0)
    wait_for("the group is empty", 90, lambda: not cloud.alive() and not group.members)
    wait_for("and musterd knows", 90, lambda: musterd.machines("render") == 0)


# ---- two clouds --------------------------------------------------------------------------------------------------


TWO = """
pool: render
queue: {{ exec: {{ command: "cat {folder}/depth" }}, every: 500ms }}
slots: {{ min: 0, max: 8 }}
scale:
  - backlog: {{ per_slot: 1 }}
pace:
  in: {{ after: 1s, at_most: 200 slots / 1s }}
buy:
  offers:
    - aws: {{ region: eu-central-1, zones: [a, b], image: ami-0fake, command: "true", market: [on-demand],
             types: {{ c5.large: 1 }}, prices: [c5.large=0.05] }}
    - gcp: {{ project: {project}, zones: [us-central1-a, us-central1-b], template: worker, market: [on-demand],
             types: {{ n2-standard-2: 1 }}, prices: [n2-standard-2=0.09] }}
health: {{ heartbeat: 1s, ready_within: 60s, boot: 2s }}
release: {{ prefer: [dearest, idle] }}
"""


def test_one_cloud_goes_dark(cloud, musterd, monkeypatch):
    """The cheaper cloud stops answering: what is missing comes from the other, and goes back there when it answers."""
    pytest.importorskip("boto3")
    from aws_cloud import environment
    from ec2 import FakeEC2
    aws = FakeEC2().start()
    works = aws.handle

    def dark(request, _):
        request.close_connection = True  # without a word

    environment(monkeypatch, aws.url)
    agents = Agents(musterd, lambda: [i.id for i in aws.alive()])
    agents.start()
    try:
        depth(musterd, 0)
        musterd.policy("render", TWO.format(folder=musterd.folder, project=PROJECT))
        musterd.start()
        wait_for("both are listed", 60, lambda: all(
            i["listed_age_s"] is not None for i in musterd.get("/status")["inventories"]))
        depth(musterd, 3)
        ready(musterd, 3)
        assert len(aws.alive()) == 3 and not cloud.alive()
        aws.handle = dark
        wait_for("it is told", 60, lambda: "listing aws:eu-central-1 failed" in musterd.log())
        depth(musterd, 20)
        ready(musterd, 8)
        assert len(aws.alive()) == 3 and len(cloud.alive()) == 5, "never above slots.max in sum"
        aws.handle = works
        wait_for("it answers again", 60, lambda: all(
            i["failing_s"] is None for i in musterd.get("/status")["inventories"]))
        depth(musterd, 3)
        wait_for("the dearer ones are given back", 90, lambda: not cloud.alive())
        depth(musterd, 5)
        ready(musterd, 5)
        assert len(aws.alive()) == 5 and cloud.most_alive == 5
        depth(musterd, 0)
        wait_for("nothing is left", 90, lambda: not aws.alive() and not cloud.alive())
    finally:
        agents.stop()
        aws.stop()
