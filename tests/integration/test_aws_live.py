"""muster check --live on moto, with signatures and permissions enforced; prices from a price list of our own that
is held against botocore."""

import json
import os
import pathlib
import subprocess
import urllib.request

import pytest

from conftest import free_port
from musterd import BUILD, ROOT, wait_for

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server")

from aws_cloud import KEYS, REGION, Moto, client, environment, instances, tags  # noqa: E402
from price_list import PriceList, product  # noqa: E402

POLICY = """
pool: render
queue: {{ sqs: "{queue}", every: 1s }}
slots: {{ min: 0, max: 40 }}
scale:
  - backlog: {{ per_slot: 1 }}
buy:
  offers:
    - aws: {{ region: eu-central-1, {where}, {what}, types: {types} }}
"""
PART = "buy.offers, entry 1: aws"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}


def least():
    """deploy/aws/policy.json; moto knows actions, no resources."""
    policy = json.loads((pathlib.Path(ROOT) / "deploy" / "aws" / "policy.json").read_text())
    return policy | {"Statement": [s | {"Resource": "*"} for s in policy["Statement"]]}


class Account:
    def __init__(self, moto):
        self.url = moto.url
        self.ec2 = client(moto.url)
        self.sqs = client(moto.url, "sqs")
        self.queue = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]
        images = self.ec2.describe_images(Owners=["amazon"])["Images"]
        self.image = next(i["ImageId"] for i in images if i["Architecture"] == "x86_64")
        made = self.ec2.create_launch_template(LaunchTemplateName="render",
                                               LaunchTemplateData={"ImageId": self.image, "UserData": "IyEvYmluL3NoCg=="})
        self.template = made["LaunchTemplate"]["LaunchTemplateId"]
        found = self.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        self.subnets = sorted((s["AvailabilityZone"], s["SubnetId"]) for s in found)[:3]

    def enforce(self, monkeypatch, document):
        """From now on everyone is checked; muster is a user with these rights, and self.ec2 one with all."""
        iam = client(self.url, "iam")
        keys = {}
        for name, rights in (("muster", document), ("looker", EVERYTHING)):
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(rights))
            keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
        urllib.request.urlopen(urllib.request.Request(
            self.url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "application/octet-stream"})).close()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["muster"]["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["muster"]["SecretAccessKey"])
        self.ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=self.url,
                                aws_access_key_id=keys["looker"]["AccessKeyId"],
                                aws_secret_access_key=keys["looker"]["SecretAccessKey"])


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), free_port())
    yield server
    server.stop()


@pytest.fixture
def prices():
    fake = PriceList({(REGION, "c5.large"): "0.0970000000", (REGION, "m5.large"): "0.1150000000"}).start()
    yield fake
    fake.stop()


@pytest.fixture
def account(moto, prices, monkeypatch):
    environment(monkeypatch, moto.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", prices.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", prices.url)
    for path, body in (("/moto-api/reset", b""), ("/moto-api/reset-auth", b"inf")):
        urllib.request.urlopen(urllib.request.Request(moto.url + path, data=body, method="POST", headers={
            "Content-Type": "application/octet-stream"})).close()
    return Account(moto)


@pytest.fixture
def live(account, tmp_path):
    (tmp_path / "muster.yaml").write_text("state: state\ncontroller: test\n")

    def run(*arguments, every=False, **values):
        text = dict(queue=account.queue, where="subnets: [" + ", ".join(s for _, s in account.subnets) + "]",
                    what=f"launch_template: {account.template}", types="{ c5.large: 2, m5.large: 2 }") | values
        (tmp_path / "render.yaml").write_text(POLICY.format(**text))
        done = subprocess.run([os.path.join(BUILD, "muster"), "check", "--live", "--json", "--config",
                               str(tmp_path / "muster.yaml"), *arguments, str(tmp_path / "render.yaml")],
                              capture_output=True, text=True, timeout=240)
        answer = json.loads(done.stdout)
        assert not answer["problems"]
        found = answer["findings"]
        return done.returncode, found if every else {f["what"]: f for f in found}

    return run


def answers(found, *names):
    return {name: found[name]["answer"] for name in names}


def test_all_is_well_with_no_more_rights_than_the_policy_gives(account, live, monkeypatch):
    account.sqs.send_message(QueueUrl=account.queue, MessageBody="work")
    account.enforce(monkeypatch, least())
    status, found = live()
    wrong = {what: f for what, f in found.items() if f["answer"] != "ok"}
    assert not wrong and status == 0, wrong
    assert found["reading"]["text"] == "1 waiting, 0 running"
    assert found["who am I"]["text"].endswith(":user/muster")
    assert account.template in found["launch template"]["text"]
    assert account.image in found["image"]["text"]
    assert found["type c5.large"]["text"] == ("2 vCPU, 4096 MiB, x86_64; sold in "
                                              + ", ".join(zone for zone, _ in account.subnets))
    for zone, subnet in account.subnets:
        assert zone in found[subnet]["text"]
    for what in ("may launch, spot", "may launch, on-demand", "may launch a fleet, spot", "may list", "may terminate"):
        assert what in found
    assert found["quota standard, on-demand"]["text"] == (
        "64 vCPU, so at most 32 of c5.large at once (slots.max is 20 of them)")
    assert found["price c5.large"]["text"].startswith("on demand 0.097 USD/h (AWS's price list); spot ")
    assert not instances(account.ec2), "a trial must not buy"
    assert len(account.ec2.describe_launch_templates()["LaunchTemplates"]) == 1


def test_every_right_that_is_missing_is_named(account, live, monkeypatch):
    account.enforce(monkeypatch, NOTHING)
    status, found = live()
    assert status == 1
    assert found["reading"]["answer"] == "no"
    for what, action in (("may launch, spot", "ec2:RunInstances"), ("may launch a fleet, on-demand", "ec2:CreateFleet"),
                         ("may list", "ec2:DescribeInstances")):
        assert found[what]["answer"] == "no", found[what]
        assert "deploy/aws/policy.json" in found[what]["remedy"] and action in found[what]["remedy"]
    for what in ("launch template", "subnets", "types in zones", "types", "spot prices", "may terminate"):
        assert found[what]["answer"] == "unknown", found[what]


def test_queues_of_notices_are_looked_at(account, live, tmp_path):
    url = account.sqs.create_queue(QueueName="muster-notices")["QueueUrl"]
    account.sqs.send_message(QueueUrl=url, MessageBody="{}")
    (tmp_path / "muster.yaml").write_text(f"state: state\ncontroller: test\naws: {{ notices: ['{url}', '{url}-not'] }}\n")
    status, found = live(every=True)
    notices = [f for f in found if f["part"].startswith("aws.notices: muster-notices")]
    assert status == 1
    assert [f["answer"] for f in notices] == ["ok", "no"]
    assert notices[0]["text"] == "1 waiting, 0 running"
    assert account.sqs.receive_message(QueueUrl=url)["Messages"], "nothing was taken out"


def test_with_an_image(account, live):
    status, found = live(what=f'image: {account.image}, command: worker, controller: "https://muster.example:8420"',
                         where="zones: [a, b]")
    assert status == 0, found
    assert answers(found, "image", "nodes report to", "zone eu-central-1a", "may make a template",
                   "may launch a fleet, spot") == dict.fromkeys(
        ("image", "nodes report to", "zone eu-central-1a", "may make a template", "may launch a fleet, spot"), "ok")
    assert not account.ec2.describe_launch_templates(
        Filters=[{"Name": "launch-template-name", "Values": ["muster-*"]}])["LaunchTemplates"]


WRONG = [
    ({"what": "launch_template: lt-0123456789abcdef0"}, "launch template", "does not exist"),
    ({"what": "launch_template: nobody-made-it"}, "launch template", "does not exist"),
    ({"what": "image: ami-00000000, command: worker"}, "image", "does not exist"),
    ({"what": "image: ami-00000000, command: worker"}, "nodes report to", "127.0.0.1"),
    ({"what": "image: ami-00000000, command: worker, user_data: /no/such/file"}, "first-boot script", "/no/such/file"),
    ({"where": "subnets: [subnet-0123456789abcdef0]"}, "subnet-0123456789abcdef0", "no such subnet"),
    ({"where": "zones: [z]"}, "zone eu-central-1z", "no default subnet"),
    ({"types": "{ c5.large: 1, x9.nope: 1 }"}, "type x9.nope", "no such machine type"),
    ({"types": "{ t4g.large: 1 }"}, "type t4g.large", "arm64"),
]


def test_what_is_not_there(live):
    for values, what, text in WRONG:
        status, found = live(**values)
        assert status == 1, values
        assert found[what]["answer"] == "no", (values, found[what])
        assert text in found[what]["text"], (values, found[what])
        assert found[what]["remedy"], values


def test_a_machine_of_ours_is_tried_and_lives_on(account, live):
    made = account.ec2.run_instances(ImageId=account.image, MinCount=1, MaxCount=1, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "muster:controller", "Value": "test"}]}])["Instances"][0]
    status, found = live()
    assert found["may list"]["text"] == "1 machine of controller 'test' in eu-central-1"
    assert found["may terminate"]["answer"] == "ok"
    left = instances(account.ec2, "pending", "running")
    assert [i["InstanceId"] for i in left] == [made["InstanceId"]]
    assert tags(left[0]) == {"muster:controller": "test"}


def test_credentials_that_are_refused_say_so_once(account, live, monkeypatch):
    account.enforce(monkeypatch, least())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    status, found = live()
    assert status == 1
    assert found["who am I"]["answer"] == "no"
    assert "SignatureDoesNotMatch" in found["who am I"]["text"]
    assert "credentials" in found["who am I"]["remedy"]
    assert set(found) == {"reading", "who am I"}
    assert "not-the-secret" not in json.dumps(found)


def test_a_refusal_is_read_from_headers_and_named_with_its_request(account, prices, live):
    prices.refusal = "AccessDeniedException"
    status, found = live()
    assert status == 0
    for what, right in (("on-demand prices", "pricing:GetProducts"),
                        ("quota standard, spot", "servicequotas:GetServiceQuota")):
        assert found[what]["answer"] == "unknown"
        assert "AccessDeniedException: not you (HTTP 400, request 3f1f7f2c-" in found[what]["text"]
        assert right in found[what]["remedy"]


def test_endpoints_of_a_profile(account, live, monkeypatch, tmp_path):
    """As the SDKs have them: endpoint_url of the profile, and of its services section for single services."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text(f"""[profile muster]
aws_access_key_id = {KEYS['AWS_ACCESS_KEY_ID']}
aws_secret_access_key = secret
region = eu-central-1
endpoint_url = http://127.0.0.1:{free_port()}
services = moto

[services moto]
ec2 =
  endpoint_url = {account.url}
sts =
  endpoint_url = {account.url}
sqs =
  endpoint_url = {account.url}
""")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "muster")
    status, found = live()
    assert status == 0, found
    assert answers(found, "reading", "who am I", "may list", "on-demand prices") == {
        "reading": "ok", "who am I": "ok", "may list": "ok", "on-demand prices": "unknown"}


def test_no_credentials_at_all(live, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    status, found = live()
    assert status == 1
    assert found["who am I"]["answer"] == "no"


# ---- the price list ----

def test_the_fake_price_list_is_what_botocore_reads(prices):
    pricing = boto3.client("pricing", region_name=REGION, endpoint_url=prices.url,
                           aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key="secret")
    found = pricing.get_products(ServiceCode="AmazonEC2", Filters=[
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in (("regionCode", REGION), ("instanceType", "c5.large"))])["PriceList"]
    assert len(found) == 1
    assert json.loads(found[0])["product"]["attributes"]["instanceType"] == "c5.large"


def spot_or_not(musterd, market):
    offers = musterd.get("/status/render")["settings"]["offers"]
    return next(o["price_usd_per_hour"] for o in offers if f"/{market}/" in o["name"])


def test_prices_of_the_list_are_used_kept_and_not_asked_again(account, prices, musterd):
    musterd.settings = "list_every: 500ms\n"
    prices.prices[REGION, "c5.large"] = [product(REGION, "c5.large", "0.0970000000"),
                                         product(REGION, "c5.large", "5.0000000000", marketoption="CapacityBlock"),
                                         "not a document", product(REGION, "c5.large", "0.0000000000")]
    musterd.policy("render", POLICY.format(queue=account.queue, where="zones: [a]", types="{ c5.large: 1 }",
                                           what=f"launch_template: {account.template}, market: on-demand"))
    musterd.start()
    wait_for("the price is known", 60, lambda: spot_or_not(musterd, "on-demand") == 0.097)
    kept = pathlib.Path(musterd.folder) / "state" / "aws-prices.json"
    wait_for("it is kept", 60, kept.exists)
    file = json.loads(kept.read_text())["on_demand_prices"]
    assert [(p["region"], p["type"], p["usd_per_hour"]) for p in file] == [(REGION, "c5.large", "0.097000")]
    assert musterd.stop() == 0
    asked = len(prices.asked)
    assert asked == 1
    prices.prices.clear()
    musterd.start()
    wait_for("the price is known from the file", 60, lambda: spot_or_not(musterd, "on-demand") == 0.097)
    assert len(prices.asked) == asked, "what was read today is not asked for again"


def test_a_price_list_that_is_down_is_told_once_and_nothing_else_changes(account, prices, musterd, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", f"http://127.0.0.1:{free_port()}")
    musterd.settings = "list_every: 500ms\n"
    (pathlib.Path(musterd.folder) / "state" / "aws-prices.json").write_text("{ broken")
    musterd.policy("render", POLICY.format(queue=account.queue, where="zones: [a]",
                                           types="{ c5.large: 1, m5.large: 1 }",
                                           what=f"launch_template: {account.template}, market: on-demand"))
    account.sqs.send_message(QueueUrl=account.queue, MessageBody="work")
    musterd.start()
    wait_for("it is told", 60, lambda: "on-demand prices cannot be looked up" in musterd.log())
    wait_for("a machine is bought all the same", 60, lambda: len(instances(account.ec2, "pending", "running")) == 1)
    assert musterd.log().count("on-demand prices cannot be looked up") == 1
    assert musterd.log().count("cannot be read") == 1
