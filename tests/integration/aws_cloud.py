"""EC2 as the AWS tests need it: moto, what boto3 sees there, and nodes that report as agents would."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import boto3
import botocore.config

from musterd import ROOT, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}


def client(url, service="ec2", attempts=5):
    return boto3.client(service, region_name=REGION, endpoint_url=url,
                        config=botocore.config.Config(retries={"total_max_attempts": attempts}),
                        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])


def environment(monkeypatch, url):
    """What musterd is started with."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)


class Moto:
    def __init__(self, folder, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        with open(os.path.join(str(folder), "moto.log"), "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def answers():
            try:
                urllib.request.urlopen(self.url + "/moto-api/data.json", timeout=2).close()
                return True
            except OSError:
                return False

        wait_for("moto answers", 60, answers)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def instances(ec2, *states):
    """All instances in these states (any, if none is named), as boto3 reads them."""
    found = []
    for page in ec2.get_paginator("describe_instances").paginate():
        for reservation in page["Reservations"]:
            found += reservation["Instances"]
    return [i for i in found if not states or i["State"]["Name"] in states]


def tags(instance):
    return {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}


class Agents(threading.Thread):
    """Reports for every living machine, as muster-agent on it would: idle, and drained when told to."""

    def __init__(self, musterd, machines, every=0.3):
        super().__init__(daemon=True)
        self.musterd = musterd
        self.machines = machines  # a function: ids of the living machines
        self.every = every
        self.stopped = threading.Event()
        self.draining = set()
        self.interrupted = set()

    def beat(self, node):
        state = "drained" if node in self.draining else "ready"
        body = {"state": state, "seq": time.time_ns() // 1000, "busy": 0}
        if node in self.interrupted:
            body["interrupted"] = True
        answer = self.musterd.post(f"/v1/nodes/{node}/heartbeat", body, token="agent")
        if answer["drain"]:
            self.draining.add(node)

    def run(self):
        while not self.stopped.wait(self.every):
            if not self.musterd.url:
                continue  # not started yet
            try:
                for node in list(self.machines()):
                    try:
                        self.beat(node)
                    except urllib.error.HTTPError:
                        pass  # not known yet
            except (OSError, json.JSONDecodeError):
                pass  # musterd is down for a moment

    def stop(self):
        self.stopped.set()
        self.join(timeout=20)
