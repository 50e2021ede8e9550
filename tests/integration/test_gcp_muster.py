"""What Google's own clients see of what musterd made on the fake Google Cloud; and failures of every kind at every call:
a few of them each time, all with MUSTER_FAULTS=all, which takes minutes. (test_gcp_provider.py has one of each kind.)
"""

import os

import pytest

from gcp_cloud import Gcloud, Library, names
from test_gcp_provider import back_to_zero, cloud, depth, ready, write  # noqa: F401  (cloud is a fixture)
from musterd import wait_for

ALL = os.environ.get("MUSTER_FAULTS") == "all"
LONG = pytest.mark.skipif(not ALL, reason="tried with MUSTER_FAULTS=all")
TWO = "us-central1-a, us-central1-b"


def some(ways, few):
    """All ways, or the few of them that are tried every time."""
    return ways if ALL else [way for way in ways if way in few]


# ---- Google's own clients --------------------------------------------------------------------------------------------


def test_googles_library_sees_what_muster_made(cloud, musterd, tmp_path):
    write(musterd, jobs=6, market="[spot, on-demand]", buy="on_demand: { base: 2 slots }")
    musterd.start()
    ready(musterd, 6)
    library = Library(tmp_path, cloud)
    found = library.list("labels.muster-pool=render AND labels.muster-controller=test")
    assert names(found) == names(cloud.alive()) and names(library.list()) == names(found)
    assert sorted(m.scheduling.provisioning_model for m in found) == ["SPOT"] * 4 + ["STANDARD"] * 2
    assert {m.scheduling.instance_termination_action for m in found} == {"", "DELETE"}
    back_to_zero(cloud, musterd)
    assert library.list() == []


def test_gcloud_sees_what_muster_made(cloud, musterd, tmp_path):
    """And makes and ends machines beside it, which are no business of musterd's."""
    gcloud = Gcloud(tmp_path, cloud)
    write(musterd, jobs=4)
    musterd.start()
    ready(musterd, 4)
    listed = gcloud("instances", "list")
    assert names(listed) == names(cloud.alive())
    assert {m["scheduling"]["provisioningModel"] for m in listed} == {"SPOT"}
    assert {m["labels"]["muster-pool"] for m in listed} == {"render"}
    made = gcloud("instances", "create", "g-1", "g-2", "--zone=us-central1-a", "--source-instance-template=worker",
                  "--machine-type=e2-standard-4", "--provisioning-model=SPOT", "--instance-termination-action=DELETE")
    assert names(made) == ["g-1", "g-2"] and {m["status"] for m in made} == {"RUNNING"}
    bulk = gcloud.run("instances", "bulk", "create", "--name-pattern=b-##", "--count=3", "--region=us-central1",
                      "--source-instance-template=worker", "--target-distribution-shape=balanced")
    assert "VM instances created: 3, failed: 0." in bulk.stderr
    depth(musterd, 0)
    wait_for("muster's are gone", 60, lambda: len(cloud.alive()) == 5)
    ended = gcloud.run("instances", "delete", "g-1", "g-2", "--zone=us-central1-a", "--quiet")
    assert ended.returncode == 0, ended.stderr
    assert names(cloud.machines.values()) == ["b-01", "b-02", "b-03"]


# ---- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blind", some([True, False], [True]))
def test_a_zone_that_is_sold_out_is_left_for_others(cloud, musterd, blind):
    """Whether Google sees it coming, or tries in vain."""
    cloud.bulk_blind = blind
    cloud.capacity["*", "us-central1-a", "*"] = 0
    cloud.errors["*", "us-central1-a", "*"] = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    write(musterd, jobs=6, zones=TWO)
    musterd.start()
    ready(musterd, 6)
    assert {m.zone for m in cloud.alive()} == {"us-central1-b"}
    back_to_zero(cloud, musterd)
    assert cloud.most_alive <= 6 + 3 and len([m for m in cloud.ended if m.zone == "us-central1-b"]) == 6


@LONG
@pytest.mark.parametrize("jobs", [1, 6])
def test_a_market_that_is_sold_out_or_at_its_quota_is_left_for_the_other(cloud, musterd, jobs):
    cloud.capacity["*", "us-central1-a", "SPOT"] = 0
    cloud.capacity["*", "us-central1-b", "SPOT"] = 0
    write(musterd, jobs=jobs, zones=TWO, market="[spot, on-demand]")
    musterd.start()
    ready(musterd, jobs)
    assert not any(m.spot for m in cloud.alive())
    back_to_zero(cloud, musterd)


@LONG
@pytest.mark.parametrize("jobs", [1, 6])
def test_quota(cloud, musterd, jobs):
    cloud.quotas["us-central1"]["PREEMPTIBLE_CPUS"] = 1
    write(musterd, jobs=jobs, zones=TWO, market="[spot, on-demand]")
    musterd.start()
    ready(musterd, jobs)
    assert not any(m.spot for m in cloud.alive())
    assert "(quota)" in musterd.log() and "PREEMPTIBLE_CPUS" in musterd.log()
    back_to_zero(cloud, musterd)


PASSING = [("error", "rateLimitExceeded", 403), ("error", "rateLimitExceeded", 429),
           ("error", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", 403), ("error", "backendError", 503),
           ("error", "resourceNotReady", 400), "html", "refuse", "lose", "cut", ("after", 503), ("slow", 2)]


@pytest.mark.parametrize("kind, jobs", some(
    [(kind, jobs) for kind in PASSING for jobs in (1, 5)],
    [("html", 5)]), ids=str)
def test_what_passes_is_tried_again(cloud, musterd, kind, jobs):
    """Nothing is bought twice, and nothing is lost, whichever call it hits."""
    for method in ("instances.insert", "regionInstances.bulkInsert", "instances.aggregatedList", "instances.delete",
                   "zoneOperations.wait", "regionOperations.wait", "oauth"):
        cloud.fault(method, kind)
    write(musterd, jobs=jobs, zones=TWO)
    musterd.start()
    ready(musterd, jobs)
    assert len(cloud.machines) + len(cloud.ended) == jobs == cloud.most_alive
    depth(musterd, 0)
    wait_for("nothing is left", 90, lambda: not cloud.machines and not cloud.disks)
    assert len(cloud.ended) == jobs == cloud.most_alive


FAILING = {"ZONE_RESOURCE_POOL_EXHAUSTED": "(capacity)", "QUOTA_EXCEEDED": "(quota)", "IP_SPACE_EXHAUSTED": "(capacity)",
           "PERMISSIONS_ERROR": "(auth)", "INVALID_FIELD_VALUE": "(config)"}


@pytest.mark.parametrize("code, jobs", some(
    [(code, jobs) for code in FAILING for jobs in (1, 4)],
    [("ZONE_RESOURCE_POOL_EXHAUSTED", 1), ("QUOTA_EXCEEDED", 4), ("IP_SPACE_EXHAUSTED", 4), ("PERMISSIONS_ERROR", 1)]))
def test_an_operation_that_fails_later(cloud, musterd, code, jobs):
    for method in ("instances.insert", "regionInstances.bulkInsert"):
        cloud.fault(method, ("op", code), times=99)
    write(musterd, jobs=jobs, zones=TWO)
    musterd.start()
    wait_for("it is told", 60, lambda: code in musterd.log() and FAILING[code] in musterd.log())
    wait_for("nothing came of it", 60, lambda: not cloud.machines and musterd.machines("render") == 0)


@LONG
def test_a_listing_that_lags_is_no_reason_to_buy(cloud, musterd):
    cloud.lag_s = 3
    write(musterd, jobs=5)
    musterd.start()
    ready(musterd, 5)
    assert cloud.most_alive == 5
    back_to_zero(cloud, musterd)
    assert len(cloud.ended) == 5


@LONG
def test_an_allowance_that_is_used_up(cloud, musterd):
    """With so few requests a minute everything takes longer, and nothing is lost."""
    cloud.rates.sizes |= {"default": 8, "heavy_weight_read_requests": 10, "operation_read_requests": 10}
    write(musterd, max=12, jobs=12)
    musterd.start()
    wait_for("12 are there", 300, lambda: len(cloud.alive()) == 12)
    wait_for("the allowance was used up", 300, lambda: cloud.rates.refused > 2)
    depth(musterd, 0)
    wait_for("nothing is left", 300, lambda: not cloud.machines)
    assert cloud.most_alive == 12 == len(cloud.ended)
