"""The whole loop on moto, an EC2 that nobody here wrote: from nothing to many machines and back, seen by boto3."""

import collections
import json
import pathlib
import urllib.request

import pytest

from conftest import free_port
from musterd import ROOT, wait_for

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server")

from aws_cloud import REGION, Agents, Moto, client, environment, instances, tags  # noqa: E402

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
    - aws: {{ region: eu-central-1, {where}, {what}, market: {market},
             types: {types}, allocation: diversified,
             prices: [c5.large=0.097, m5.large=0.115] }}
health: {{ heartbeat: 1s, ready_within: 60s, boot: 2s }}
"""


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path, free_port())
    yield server
    server.stop()


@pytest.fixture
def cloud(moto, musterd, monkeypatch):
    environment(monkeypatch, moto.url)
    musterd.settings = "list_every: 1s\n"
    ec2 = client(moto.url)
    agents = Agents(musterd, lambda: [i["InstanceId"] for i in instances(ec2, "pending", "running")])
    agents.start()
    yield ec2
    agents.stop()


def depth(musterd, jobs):
    (pathlib.Path(musterd.folder) / "depth").write_text(f"{jobs}\n")


def subnets(ec2):
    found = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return sorted(s["SubnetId"] for s in found)[:3]


def image(ec2):
    return ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]


def write(musterd, **values):
    text = dict(folder=musterd.folder, max=40, buy="prefer: price", market="[spot, on-demand]",
                types="{ c5.large: 1, m5.large: 1 }") | values
    depth(musterd, 0)
    musterd.policy("render", POLICY.format(**text))


def living(ec2):
    return instances(ec2, "pending", "running")


def check_tags(ec2):
    for instance in instances(ec2):
        have = tags(instance)
        assert have["muster:controller"] == "test"
        assert have["muster:pool"] == "render"
        assert have["muster:slots"] == "1"
        assert len(have["muster:intent"]) == 32
        assert have["muster:offer"].startswith(f"aws/{REGION}/")


def test_a_fleet_and_back(cloud, musterd):
    ec2 = cloud
    made = ec2.create_launch_template(LaunchTemplateName="render",
                                      LaunchTemplateData={"ImageId": image(ec2)})
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    write(musterd, what=f"launch_template: {template}", where=f"subnets: [{', '.join(subnets(ec2))}]",
          buy="on_demand: { base: 0 slots, share: 30% }")
    musterd.start()
    depth(musterd, 40)
    wait_for("40 machines", 60, lambda: len(living(ec2)) >= 40)
    wait_for("they are ready", 60, lambda: musterd.pool("render")["nodes"]["ready"] == 40)
    lifecycles = collections.Counter(i.get("InstanceLifecycle", "on-demand") for i in living(ec2))
    assert lifecycles == {"spot": 28, "on-demand": 12}
    spread = collections.Counter((i["InstanceType"], i["SubnetId"]) for i in living(ec2)
                                 if i.get("InstanceLifecycle") == "spot")
    assert len(spread) == 6, spread
    check_tags(ec2)
    depth(musterd, 0)
    wait_for("nothing is left", 90, lambda: not living(ec2))
    wait_for("and musterd knows", 30, lambda: musterd.machines("render") == 0)
    assert len(instances(ec2)) == 40, "never more than were needed"
    check_tags(ec2)


def test_with_no_more_rights_than_the_policy_gives(moto, musterd, monkeypatch):
    """moto checks signatures and IAM actions; musterd is a user who has deploy/aws/policy.json and nothing else."""
    iam = client(moto.url, "iam")
    keys = {}
    everything = json.dumps({"Version": "2012-10-17",
                             "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    # moto knows actions, no resources.
    policy = json.loads((pathlib.Path(ROOT) / "deploy" / "aws" / "policy.json").read_text())
    policy = json.dumps(policy | {"Statement": [s | {"Resource": "*"} for s in policy["Statement"]]})
    for name, document in (("musterd", policy), ("looker", everything)):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
    root = client(moto.url)
    template = root.create_launch_template(LaunchTemplateName="render", LaunchTemplateData={"ImageId": image(root)})
    write(musterd, what=f"launch_template: {template['LaunchTemplate']['LaunchTemplateId']}", max=6,
          where=f"subnets: [{', '.join(subnets(root))}]")
    urllib.request.urlopen(urllib.request.Request(
        moto.url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "application/octet-stream"})).close()
    environment(monkeypatch, moto.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["musterd"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["musterd"]["SecretAccessKey"])
    looker = boto3.client("ec2", region_name=REGION, endpoint_url=moto.url,
                          aws_access_key_id=keys["looker"]["AccessKeyId"],
                          aws_secret_access_key=keys["looker"]["SecretAccessKey"])
    musterd.settings = "list_every: 1s\n"
    agents = Agents(musterd, lambda: [i["InstanceId"] for i in instances(looker, "pending", "running")])
    agents.start()
    try:
        musterd.start()
        depth(musterd, 6)
        wait_for("6 machines", 60, lambda: len(living(looker)) == 6)
        depth(musterd, 0)
        wait_for("nothing is left", 60, lambda: not living(looker))
        # (The filter of spot requests is none that moto knows.)
        for word in ("spot prices cannot", "UnauthorizedOperation", "AccessDenied", "AuthFailure"):
            assert word not in musterd.log(), musterd.log()
    finally:
        agents.stop()
