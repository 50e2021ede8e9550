"""An Auto Scaling group that was there before muster: grown and shrunk by it, on moto and on a fake that loses answers."""

import pathlib

import pytest

from conftest import free_port
from musterd import wait_for

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server")

from aws_cloud import REGION, Agents, Moto, client, environment, instances  # noqa: E402 (makes tests/fakes known)
import aws_forms  # noqa: E402
from asg import FakeGroup  # noqa: E402

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
    - asg: {{ region: eu-central-1, group: workers, price: 0.1 USD/h }}
health: {{ heartbeat: 1s, ready_within: 60s, boot: 2s }}
release: {{ prefer: [idle] }}
"""


def depth(musterd, jobs):
    (pathlib.Path(musterd.folder) / "depth").write_text(f"{jobs}\n")


def write(musterd, most=20):
    depth(musterd, 0)
    musterd.policy("render", POLICY.format(folder=musterd.folder, max=most))


class Group:
    """The group `workers` as its owner sees it."""

    def __init__(self, url, least=0, most=10, desired=0):
        self.url = url
        self.client = client(url, "autoscaling")
        self.ec2 = client(url)
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        self.ec2.create_launch_template(LaunchTemplateName="workers",
                                        LaunchTemplateData={"ImageId": image, "InstanceType": "c5.large"})
        self.client.create_auto_scaling_group(
            AutoScalingGroupName="workers", MinSize=least, MaxSize=most, DesiredCapacity=desired,
            AvailabilityZones=[REGION + "a"], NewInstancesProtectedFromScaleIn=True,
            LaunchTemplate={"LaunchTemplateName": "workers", "Version": "$Latest"})
        self.tag("muster:controller", "test")
        self.tag("muster:pool", "render")

    def tag(self, key, value):
        self.client.create_or_update_tags(Tags=[{
            "ResourceId": "workers", "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
            "PropagateAtLaunch": False}])

    def look(self):
        return self.client.describe_auto_scaling_groups(AutoScalingGroupNames=["workers"])["AutoScalingGroups"][0]

    def members(self):
        return [i["InstanceId"] for i in self.look()["Instances"]]

    def desired(self):
        return self.look()["DesiredCapacity"]


@pytest.fixture
def moto(tmp_path, musterd, monkeypatch):
    server = Moto(tmp_path, free_port())
    environment(monkeypatch, server.url)
    musterd.settings = "list_every: 1s\n"
    yield server
    server.stop()


@pytest.fixture
def agents(musterd):
    beating = Agents(musterd, lambda: [n["id"] for n in musterd.get("/nodes")["nodes"] if n["id"]])
    beating.start()
    yield beating
    beating.stop()


def ready(musterd):
    pool = musterd.pool("render")
    return pool["nodes"]["ready"] if pool else 0


def test_grown_and_shrunk(moto, musterd, agents):
    group = Group(moto.url, most=6, desired=2)
    old = group.members()
    write(musterd)
    musterd.start()
    wait_for("what was there is known", 60, lambda: musterd.machines("render") == 2)
    depth(musterd, 5)
    wait_for("5 machines", 60, lambda: ready(musterd) == 5)
    assert set(old) < set(group.members()) and group.desired() == 5
    # The pool's limit is beyond the group's.
    depth(musterd, 9)
    wait_for("as many as the group may have", 60, lambda: ready(musterd) == 6)
    wait_for("it says why", 60, lambda: "MaxSize 6" in musterd.text("/status/render"))
    assert group.desired() == 6
    # One that the group loses and replaces by itself is one of ours, too.
    lost = group.members()[0]
    group.ec2.terminate_instances(InstanceIds=[lost])
    wait_for("replaced", 60, lambda: lost not in group.members() and ready(musterd) == 6)
    depth(musterd, 0)
    wait_for("none is left", 90, lambda: group.desired() == 0 and not group.members())
    assert not instances(group.ec2, "pending", "running")


# ---- on the fake ------------------------------------------------------------------------------------------------


@pytest.fixture
def group(musterd, monkeypatch):
    fake = FakeGroup("workers", least=1, most=8, desired=1,
                     tags={"muster:controller": "test", "muster:pool": "render"}).start()
    environment(monkeypatch, fake.url)
    musterd.settings = "list_every: 1s\n"
    agents = Agents(musterd, fake.living)
    agents.start()
    yield fake
    agents.stop()
    fake.stop()
    for action, form in {a: f for a, f in fake.calls}.items():
        aws_forms.check("ec2" if action == "DescribeInstances" else "autoscaling", action, form)


def test_the_fake_is_what_boto3_expects(group):
    asg = client(group.url, "autoscaling", attempts=1)
    found = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["workers"])["AutoScalingGroups"][0]
    assert found["DesiredCapacity"] == 1 and {t["Key"] for t in found["Tags"]} == {"muster:controller", "muster:pool"}
    asg.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=2, HonorCooldown=False)
    wait_for("two members", 30, lambda: len(group.living()) == 2)
    ended = asg.terminate_instance_in_auto_scaling_group(InstanceId=group.living()[0],
                                                         ShouldDecrementDesiredCapacity=True)
    assert ended["Activity"]["StatusCode"] == "InProgress"
    for refused in (lambda: asg.set_desired_capacity(AutoScalingGroupName="workers", DesiredCapacity=99),
                    lambda: asg.terminate_instance_in_auto_scaling_group(InstanceId=group.living()[0],
                                                                         ShouldDecrementDesiredCapacity=True)):
        with pytest.raises(asg.exceptions.ClientError, match="ValidationError"):
            refused()


def test_lost_answers_and_bounds(group, musterd):
    """Lost answers raise nothing twice; the group's MinSize stays."""
    group.fault("SetDesiredCapacity", "lose", times=4)
    group.fault("CreateOrUpdateTags", "lose")
    group.fault("TerminateInstanceInAutoScalingGroup", "lose")
    write(musterd)
    musterd.start()
    depth(musterd, 5)
    wait_for("5 are ready", 60, lambda: ready(musterd) == 5 and musterd.machines("render") == 5)
    assert group.made == 5 and group.desired == 5
    depth(musterd, 0)
    wait_for("as few as the group may have", 60, lambda: len(group.living()) == 1)
    wait_for("it says why", 60, lambda: "MinSize" in musterd.log())
    assert group.desired == 1 and group.made == 5, "none was replaced, none was bought twice"


def test_killed_when_the_capacity_was_set(group, musterd):
    """kill -9 after the capacity was raised and before it was heard: the next life finds the token on the group."""
    def on_call(action, when):
        if action == "SetDesiredCapacity" and when == "done":
            group.on_call = None
            musterd.process.kill()

    group.on_call = on_call
    write(musterd, most=4)
    depth(musterd, 4)
    musterd.start()
    wait_for("killed", 60, lambda: musterd.process.poll() is not None)
    musterd.start()
    wait_for("all are ready", 60, lambda: ready(musterd) == 4)
    assert group.labels["muster:intent"]
    assert len(group.living()) == 4 and group.made == 4 and group.most_alive == 4


def test_suspended(group, musterd):
    group.suspended = ["Launch", "AZRebalance"]
    write(musterd)
    musterd.start()
    depth(musterd, 3)
    wait_for("it is told", 60, lambda: "process Launch is suspended" in musterd.log() and
             "has its process Launch suspended" in musterd.log())
    assert group.desired == 1


@pytest.mark.parametrize("tags, word", [
    ({}, "needs the tags muster:controller=test and muster:pool=POOL"),
    ({"muster:controller": "another", "muster:pool": "render"}, "needs the tags"),
    ({"muster:controller": "test", "muster:pool": "another"}, "is of the pool another"),
])
def test_a_group_that_is_not_ours_is_left_alone(group, musterd, tags, word):
    group.labels = tags
    write(musterd)
    musterd.start()
    depth(musterd, 5)
    wait_for("it says why", 60, lambda: word in musterd.log())
    assert group.desired == 1 and group.made <= 1 and not group.count("SetDesiredCapacity")
