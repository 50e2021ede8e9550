"""The fake Google Cloud is honest: Google's own command line and Python library, which know nothing of it, list, make
and end machines there and read its errors."""

import os
import re
import subprocess
import sys

import pytest

from gcp_cloud import PROJECT, Gcloud, Library, codes, names
from musterd import ROOT

from gcp import FakeGCP
from gcp.facts import FACTS

DOCUMENTS = os.path.join(os.environ.get("MUSTER_DATA", os.path.join(ROOT, "..", "shared", "data")),
                         "api", "gcp_discovery")


@pytest.fixture
def cloud():
    fake = FakeGCP().start()
    fake.template("worker")
    yield fake
    fake.stop()
    assert not fake.invalid, "Google's own clients say nothing that Google would not take"


def test_facts_are_those_of_the_documents():
    if not os.path.isdir(DOCUMENTS):
        pytest.skip(f"Google's discovery documents are not in {DOCUMENTS}")
    script = os.path.join(ROOT, "tests", "fakes", "gcp", "facts.py")
    written = subprocess.run([sys.executable, script, DOCUMENTS], check=True, capture_output=True, text=True).stdout
    with open(FACTS, encoding="utf-8") as file:
        assert written == file.read(), f"run {script} {DOCUMENTS} --write"


def test_the_facts_typed_in_are_those_of_the_library():
    """For what the documents at hand do not have; and for much of what they have."""
    from google.cloud import compute_v1

    from gcp.schema import KNOWN
    missing = {}
    for schema in ("Subnetwork", "Instance", "Scheduling", "Operation", "BulkInsertInstanceResource", "LocationPolicy",
                   "InstanceGroupManager", "ManagedInstance", "MachineType", "Region", "Quota"):
        fields = {re.sub(r"_+$", "", name) for name in getattr(compute_v1, schema).meta.fields}
        ours = {re.sub(r"([A-Z])", r"_\1", name).lower() for name in KNOWN["schemas"]["compute"][schema]}
        missing[schema] = {name for name in ours if name.replace("_i_p", "_ip") not in fields}
    assert not {schema: left for schema, left in missing.items() if left}


@pytest.mark.skipif(os.environ.get("MUSTER_FAULTS") != "all", reason="tried with MUSTER_FAULTS=all")
def test_gcloud_reads_the_errors(cloud, tmp_path):
    gcloud = Gcloud(tmp_path, cloud)
    cloud.capacity["*", "us-east1-b", "*"] = 0
    refused = gcloud.run("instances", "create", "g-3", "--zone=us-east1-b", "--source-instance-template=worker")
    assert refused.returncode != 0 and "ZONE_RESOURCE_POOL_EXHAUSTED" in refused.stderr
    cloud.populate(10)
    cloud.unreachable.add("us-central1-f")
    partial = gcloud.run("instances", "list", "--format=value(name)")
    assert "us-central1-f' is currently unreachable" in partial.stderr
    assert set(partial.stdout.split()) == {m.name for m in cloud.machines.values() if m.zone != "us-central1-f"}


def test_the_library_makes_and_ends_machines(cloud, tmp_path):
    library, zone = Library(tmp_path, cloud), "europe-west1-b"
    types = library.types
    request = types.InsertInstanceRequest(
        project=PROJECT, zone=zone, source_instance_template="global/instanceTemplates/worker",
        request_id="6f1f6f0e-93b5-4b7c-8d64-0d1d2b3c4d5e",
        instance_resource=types.Instance(
            name="py-1", labels={"pool": "render"}, machine_type=f"zones/{zone}/machineTypes/n2-standard-4",
            scheduling=types.Scheduling(provisioning_model="SPOT", instance_termination_action="DELETE")))
    first = library.instances.insert_unary(request)
    again = library.instances.insert_unary(request)
    assert again.name == first.name, "the same request is the same operation"
    assert not codes(library.wait(first))
    found = library.instances.get(project=PROJECT, zone=zone, instance="py-1")
    assert found.status == "RUNNING" and found.scheduling.provisioning_model == "SPOT"
    assert found.disks[0].auto_delete and found.machine_type.endswith("/n2-standard-4")
    bulk = library.regional.bulk_insert_unary(
        project=PROJECT, region="us-east1", bulk_insert_instance_resource_resource=types.BulkInsertInstanceResource(
            count=5, min_count=2, name_pattern="many-#", source_instance_template="global/instanceTemplates/worker",
            location_policy=types.LocationPolicy(target_shape="BALANCED"),
            instance_properties=types.InstanceProperties(labels={"pool": "render"})))
    assert not codes(library.wait(bulk))
    assert names(library.list("labels.pool=render")) == ["many-1", "many-2", "many-3", "many-4", "many-5", "py-1"]
    assert len({m.zone for m in library.list("labels.pool=render AND name != py-1")}) == 3
    cloud.page = 2
    assert names(library.list()) == names(cloud.machines.values()), "over all pages"
    for machine in library.list():
        assert not codes(library.wait(library.instances.delete_unary(
            project=PROJECT, zone=machine.zone.rsplit("/", 1)[1], instance=machine.name)))
    assert library.list() == [] and not cloud.machines and not cloud.disks


def test_the_library_reads_the_errors(cloud, tmp_path):
    import google.api_core.exceptions as refusals
    library, zone = Library(tmp_path, cloud), "us-central1-a"
    types = library.types

    def insert(name, **more):
        return library.instances.insert_unary(types.InsertInstanceRequest(
            project=PROJECT, zone=zone, source_instance_template="global/instanceTemplates/worker",
            instance_resource=types.Instance(name=name, **more)))

    cloud.capacity["*", zone, "*"] = 1
    cloud.errors["*", zone, "*"] = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    assert not codes(library.wait(insert("a")))
    assert codes(library.wait(insert("b"))) == ["ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"]
    cloud.capacity.clear()
    cloud.quotas["us-central1"]["CPUS"] = 2
    assert codes(library.wait(insert("c"))) == ["QUOTA_EXCEEDED"]
    cloud.quotas["us-central1"]["CPUS"] = 1000
    cloud.capacity["*", zone, "*"] = 2
    bulk = library.wait(library.instances.bulk_insert_unary(
        project=PROJECT, zone=zone, bulk_insert_instance_resource_resource=types.BulkInsertInstanceResource(
            count=3, name_pattern="x-#", source_instance_template="global/instanceTemplates/worker")))
    assert codes(bulk) == ["VM_MIN_COUNT_NOT_REACHED", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"]
    with pytest.raises(refusals.Conflict, match="already exists"):
        insert("a")
    with pytest.raises(refusals.BadRequest, match="Must be a match of regex"):
        insert("No Name")
    with pytest.raises(refusals.NotFound, match="us-central1-a/instances/none"):
        library.instances.get(project=PROJECT, zone=zone, instance="none")
    cloud.fault("instances.insert", ("error", "rateLimitExceeded", 403))
    with pytest.raises(refusals.Forbidden, match="Quota exceeded for quota metric"):
        insert("d")
    tokens = len(cloud.tokens.asked)
    cloud.fault("instances.get", "expire")
    cloud.fault("instances.get", ("error", "backendError", 503))
    assert library.instances.get(project=PROJECT, zone=zone, instance="a").name == "a", "the library tries again"
    assert len(cloud.tokens.asked) == tokens + 1, "with a new token"


def test_the_library_works_on_groups(cloud, tmp_path):
    library, zone = Library(tmp_path, cloud), "us-east1-c"
    types = library.types
    group = {"project": PROJECT, "zone": zone, "instance_group_manager": "workers"}
    library.groups.insert_unary(project=PROJECT, zone=zone, instance_group_manager_resource=types.InstanceGroupManager(
        name="workers", base_instance_name="w", target_size=1, instance_template="global/instanceTemplates/worker"))
    library.groups.create_instances_unary(
        **group, instance_group_managers_create_instances_request_resource={"instances": [{"name": "w-mine"}]})
    assert library.groups.get(**group).target_size == 2
    managed = list(library.groups.list_managed_instances(**group))
    assert "w-mine" in {m.instance.rsplit("/", 1)[1] for m in managed}
    library.groups.delete_instances_unary(
        **group, instance_group_managers_delete_instances_request_resource={
            "instances": [m.instance for m in managed], "skip_instances_on_validation_error": True})
    assert library.groups.get(**group).target_size == 0
    library.groups.resize_unary(**group, size=3)
    assert library.groups.get(**group).current_actions.creating == 3
