"""What deploy/aws gives out: rights that are enough and no more, a rule that passes what muster reads, and a Terraform
module, as far as Terraform can be run without its provider for AWS."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import free_port
from musterd import ROOT, wait_for

pytest.importorskip("boto3")
pytest.importorskip("moto.server")

from aws_cloud import Moto, client  # noqa: E402

DEPLOY = pathlib.Path(ROOT) / "deploy" / "aws"
# Needs no right, or goes by another one's name.
OTHERWISE = {"GetCallerIdentity": None, "DeleteMessageBatch": "DeleteMessage", "AssumeRole": None,
             "AssumeRoleWithWebIdentity": None}


def document(name):
    return json.loads((DEPLOY / name).read_text())


def actions(policy):
    found = set()
    for statement in policy["Statement"]:
        one = statement["Action"]
        found.update(one if isinstance(one, list) else [one])
    return found


def called():
    """The names of all calls to AWS that the sources make."""
    found = {"RunInstances", "CreateFleet"}
    for folder in ("lib/auth", "lib/queue", "lib/runtime", "providers/aws", "providers/asg"):
        for file in (pathlib.Path(ROOT) / folder).glob("*.c"):
            text = file.read_text()
            if "aws" in text:
                found.update(re.findall(r'action = "([A-Z]\w+)"', text))
                found.update(re.findall(r'(?:aws_form_begin|asg_op_call)\([^;"]*"([A-Z][a-z]+[A-Z]\w+)"', text))
    return found


def test_every_call_is_allowed_and_nothing_is_allowed_that_is_not_called():
    allowed = {action.split(":")[1] for action in actions(document("policy.json"))}
    names = {OTHERWISE.get(name, name) for name in called()} - {None}
    assert names - allowed == set(), "calls without a right"
    beside = {"CreateTags", "PassRole", "CreateServiceLinkedRole"}  # what launches need beside themselves
    groups = {a for a in allowed if "AutoScaling" in a or a in ("SetDesiredCapacity", "CreateOrUpdateTags")}
    notices = {"ReceiveMessage", "DeleteMessage"}
    assert allowed - names - beside - groups - notices == set(), "rights that nothing needs"


def test_what_changes_something_is_bound_to_our_own():
    for statement in document("policy.json")["Statement"]:
        changing = [a for a in actions({"Statement": [statement]})
                    if not re.match(r"\w+:(Describe|Get|Receive)", a)]
        if changing and statement["Sid"] not in ("LaunchFromThese", "TakeNotices"):
            assert statement["Condition"]["StringEquals"], statement["Sid"]
        if changing:
            assert statement["Resource"] != "*", statement["Sid"]


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), free_port())
    yield server
    server.stop()


def test_iam_takes_the_documents(moto):
    iam = client(moto.url, "iam")
    for name in ("policy.json", "node-policy.json"):
        made = iam.create_policy(PolicyName=name, PolicyDocument=(DEPLOY / name).read_text())["Policy"]
        assert len((DEPLOY / name).read_text().replace(" ", "").replace("\n", "")) < 6144, "a managed policy holds so much"
        assert made["Arn"]


def test_the_rule_passes_what_muster_reads_and_no_more(moto):
    events, sqs = client(moto.url, "events"), client(moto.url, "sqs")
    url = sqs.create_queue(QueueName="muster-notices")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name="muster-notices", EventPattern=(DEPLOY / "notices-pattern.json").read_text())["RuleArn"]
    _, _, _, region, account, _ = arn.split(":")
    policy = (DEPLOY / "notices-queue-policy.json").read_text().replace("REGION", region).replace("ACCOUNT", account)
    assert arn in policy and rule in policy
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="muster-notices", Targets=[{"Id": "muster", "Arn": arn}])
    kinds = [("EC2 Spot Instance Interruption Warning", {"instance-action": "terminate"}, True),
             ("EC2 Instance Rebalance Recommendation", {}, True),
             ("EC2 Interruptible Capacity Reservation Instance Interruption Warning", {}, True),
             ("EC2 Spot Instance Request Fulfillment", {}, False)]
    kinds += [("EC2 Instance State-change Notification", {"state": state}, state not in ("pending", "running"))
              for state in ("pending", "running", "shutting-down", "terminated", "stopping", "stopped")]
    for i, (kind, detail, _) in enumerate(kinds):
        events.put_events(Entries=[{"Source": "aws.ec2", "DetailType": kind,
                                    "Detail": json.dumps({"instance-id": f"i-{i:x}"} | detail)}])
    events.put_events(Entries=[{"Source": "my.own", "DetailType": kinds[0][0], "Detail": '{"instance-id": "i-ff"}'}])
    got = set()

    def all_there():
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            got.add(json.loads(message["Body"])["detail"]["instance-id"])
        return got >= {f"i-{i:x}" for i, kind in enumerate(kinds) if kind[2]}

    wait_for("what is to pass has passed", 60, all_there)
    assert got == {f"i-{i:x}" for i, kind in enumerate(kinds) if kind[2]}


# ---- Terraform ----

@pytest.fixture
def terraform(tmp_path):
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")

    def run(*arguments):
        return subprocess.run(["terraform", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300)

    return run


def test_the_module_is_written_as_terraform_writes_it(terraform):
    done = terraform("fmt", "-check", "-diff", "-no-color", str(DEPLOY))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rights_under_another_name_and_partition(terraform, tmp_path):
    """The module's own expression, evaluated by Terraform."""
    text = (DEPLOY / "main.tf").read_text()
    block = re.search(r"^locals \{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL).group(0)
    assert "data.aws_partition.here.partition" in block
    block = block.replace("data.aws_partition.here.partition", "var.partition").replace("${path.module}", str(DEPLOY))
    (tmp_path / "main.tf").write_text(
        'variable "controller" {}\nvariable "partition" {}\n' + block +
        'output "documents" { value = { for name, text in local.documents : name => jsondecode(text) } }\n')
    for words in (("init", "-no-color", "-input=false"),
                  ("apply", "-no-color", "-auto-approve", "-input=false", "-var", "controller=night-1",
                   "-var", "partition=aws-cn")):
        done = terraform(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads(terraform("output", "-json", "documents").stdout)
    for name in ("policy", "node-policy"):
        ours = (DEPLOY / f"{name}.json").read_text().replace('"muster"', '"night-1"').replace("arn:aws:", "arn:aws-cn:")
        for thing in ("node", "work", "notices"):
            ours = ours.replace(f"muster-{thing}\"", f"night-1-{thing}\"")
        assert made[name] == json.loads(ours)
