"""The sqs and cloudwatch sources against moto, which nobody here wrote, filled and read by boto3."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from conftest import free_port
from musterd import wait_for

PROBE = Path(os.environ.get("BUILD", "build")).resolve() / "probes" / "queue_probe"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def moto():
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def answers():
        assert server.poll() is None, "moto_server ended"
        try:
            client(url, "sqs").list_queues()
            return True
        except Exception:  # not listening yet
            return False

    wait_for("moto answers", 30, answers)
    yield url
    server.terminate()
    server.wait(timeout=10)


def client(url, service, **keys):
    keys = keys or {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"],
                    "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    return boto3.client(service, region_name="eu-central-1", endpoint_url=url, **keys)


def probe(moto_url, source, environment=KEYS, **settings):
    arguments = [PROBE, source] + [f"{key}={value}" for key, value in settings.items()]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30,
                          env={**clean, **environment, "AWS_ENDPOINT_URL": moto_url})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_counts_are_what_boto3_put_there(moto):
    sqs = client(moto, "sqs")
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert probe(moto, "sqs", url=queue) == {"waiting": 0, "running": 0, "oldest": None, "completed": None}
    for i in range(7):
        sqs.send_message(QueueUrl=queue, MessageBody=str(i))
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=600)
    taken = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=3)["Messages"]
    answer = probe(moto, "sqs", url=queue)
    assert (answer["waiting"], answer["running"]) == (8 - len(taken), len(taken))
    answer = probe(moto, "sqs", url=queue, delayed="no")
    assert answer["waiting"] == 7 - len(taken)
    for message in taken:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert probe(moto, "sqs", url=queue)["running"] == 0


def test_a_queue_that_is_not_there_is_an_error(moto):
    answer = probe(moto, "sqs", url=f"{moto}/123456789012/nowhere")
    assert answer["kind"] == "config" and "QueueDoesNotExist" in answer["error"]


def test_cloudwatch_missing_is_not_zero(moto):
    cloudwatch = client(moto, "cloudwatch")
    answer = probe(moto, "cloudwatch", namespace="Render", metric="Waiting", dimensions="Queue=q")
    assert "not taken for zero" in answer["error"]
    cloudwatch.put_metric_data(Namespace="Render", MetricData=[
        {"MetricName": "Waiting", "Dimensions": [{"Name": "Queue", "Value": "q"}], "Value": 41}])
    answer = probe(moto, "cloudwatch", namespace="Render", metric="Waiting", dimensions="Queue=q")
    assert answer["waiting"] == 41


def test_signatures_and_permissions_enforced(moto):
    """moto checks our signature with botocore, and what the user may do."""
    iam = client(moto, "iam")
    queue = client(moto, "sqs").create_queue(QueueName="guarded")["QueueUrl"]
    iam.create_user(UserName="muster")
    iam.put_user_policy(UserName="muster", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "sqs:GetQueueAttributes", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="muster")["AccessKey"]
    good = {**KEYS, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def enforce(after):
        subprocess.run(["curl", "-sf", "-X", "POST", f"{moto}/moto-api/reset-auth", "-H",
                        "Content-Type: application/octet-stream", "-d", after], check=True, capture_output=True)

    enforce("0")
    try:
        assert probe(moto, "sqs", environment=good, url=queue)["waiting"] == 0
        wrong = probe(moto, "sqs", environment={**good, "AWS_SECRET_ACCESS_KEY": "wrong"}, url=queue)
        assert wrong["kind"] == "auth" and "SignatureDoesNotMatch" in wrong["error"]
        assert "wrong" not in wrong["error"]
        denied = probe(moto, "cloudwatch", environment=good, namespace="N", metric="M")
        assert denied["kind"] == "auth" and "AccessDenied" in denied["error"]
    finally:
        enforce("Infinity")
