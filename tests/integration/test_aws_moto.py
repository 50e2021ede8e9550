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


def least_rights(moto):
    """Two IAM users of moto, which from now on checks signatures and actions: musterd has deploy/aws/policy.json and
    nothing else, the looker may do all. (moto knows actions, no resources.)"""
    policy = json.loads((pathlib.Path(ROOT) / "deploy" / "aws" / "policy.json").read_text())
    policy |= {"Statement": [s | {"Resource": "*"} for s in policy["Statement"]]}
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = client(moto.url, "iam")
    keys = {}
    for name, document in (("musterd", policy), ("looker", everything)):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
        keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
    urllib.request.urlopen(urllib.request.Request(
        moto.url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "application/octet-stream"})).close()
    return keys


def test_forty_and_back_with_least_rights(moto, musterd, monkeypatch):
    """0 -> 40 -> 0 over two types and three zones, 30 % on demand; signatures and rights are checked all the while."""
    root = client(moto.url)
    made = root.create_launch_template(LaunchTemplateName="render", LaunchTemplateData={"ImageId": image(root)})
    write(musterd, what=f"launch_template: {made['LaunchTemplate']['LaunchTemplateId']}",
          where=f"subnets: [{', '.join(subnets(root))}]", buy="on_demand: { base: 0 slots, share: 30% }")
    keys = least_rights(moto)
    environment(monkeypatch, moto.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["musterd"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["musterd"]["SecretAccessKey"])
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=moto.url,
                       aws_access_key_id=keys["looker"]["AccessKeyId"],
                       aws_secret_access_key=keys["looker"]["SecretAccessKey"])
    with pytest.raises(root.exceptions.ClientError, match="AuthFailure"):
        root.describe_instances()  # the checks are on
    musterd.settings = "list_every: 2s\n"
    agents = Agents(musterd, lambda: [n["id"] for n in musterd.get("/nodes")["nodes"] if n["id"]])
    agents.start()
    try:
        musterd.start()
        depth(musterd, 40)
        wait_for("40 are ready", 120, lambda: musterd.pool("render")["nodes"]["ready"] == 40, every=0.5)
        alive = living(ec2)
        lifecycles = collections.Counter(i.get("InstanceLifecycle", "on-demand") for i in alive)
        assert lifecycles == {"spot": 28, "on-demand": 12}
        spread = collections.Counter((i["InstanceType"], i["SubnetId"]) for i in alive
                                     if i.get("InstanceLifecycle") == "spot")
        assert len(spread) == 6, spread
        check_tags(ec2)
        depth(musterd, 0)
        wait_for("nothing is left", 120, lambda: musterd.machines("render") == 0, every=0.5)
        assert not living(ec2), "and boto3 sees it, too"
        assert len(instances(ec2)) == 40, "never more than were needed"
        check_tags(ec2)
        # (The filter of spot requests is none that moto knows.)
        for word in ("spot prices cannot", "UnauthorizedOperation", "AccessDenied", "AuthFailure"):
            assert word not in musterd.log(), musterd.log()
    finally:
        agents.stop()
