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
             prices: [n2-standard-2=0.097, n2-standard-4=0.194], spot_prices: [n2-standard-2=0.02] }}
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
                types="{ n2-standard-2: 1 }", buy="prefer: price", project=PROJECT) | values
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
