"""A dry run beside a live one: the same decisions under the same inputs, and not one request that changes anything."""

import http.server
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import free_port
from musterd import wait_for

pytest.importorskip("moto.server")
import test_aws_moto  # noqa: E402
import test_gcp_provider  # noqa: E402
from aws_cloud import Agents, Moto, client, environment, instances  # noqa: E402
from test_gcp_provider import cloud  # noqa: E402,F401  (a fixture)


class Gate:
    """Passes what it is sent on to moto, and writes down what is asked for."""

    def __init__(self, to):
        gate = self
        self.actions = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = urllib.parse.parse_qs(body.decode()).get("Action")
                gate.actions += asked or [self.headers.get("X-Amz-Target", self.path)]
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
                request = urllib.request.Request(to + self.path, data=body, headers=headers)
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        status, text = answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    status, text = error.code, error.read()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def mutations(self):
        return [a for a in self.actions if not re.match(r"Describe|Get|List", a.rsplit(".", 1)[-1])]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def moves(recording):
    """How desired moved, by the recording."""
    found = []
    with open(recording, encoding="utf-8") as file:
        for line in file:
            for text in json.loads(line).get("decisions", []):
                before, after = re.search(r": (\d+) -> (\d+)$", text).groups()
                if before != after:
                    found.append((int(before), int(after)))
    return found


def life(musterd, depth, recording, *arguments):
    """The queue goes 0, 6, 2, 0, each until the fleet has followed."""
    depth(musterd, 0)
    musterd.start("--record", recording, *arguments)
    for jobs in (6, 2, 0):
        depth(musterd, jobs)
        wait_for(f"{jobs} nodes", 120, lambda n=jobs: (
            lambda pool: pool and pool["desired"] == n and pool["nodes"]["ready"] == n
            and pool["nodes"]["total"] == n)(musterd.pool("render")), every=0.2)
    assert musterd.stop() == 0
    return moves(recording)


def test_on_moto(musterd, tmp_path, monkeypatch):
    moto = Moto(tmp_path, free_port())
    gate = Gate(moto.url)
    agents = Agents(musterd, lambda: [n["id"] for n in musterd.get("/nodes")["nodes"] if n["id"]])
    try:
        ec2 = client(moto.url)
        environment(monkeypatch, gate.url)
        musterd.settings = "list_every: 1s\n"
        template = ec2.create_launch_template(LaunchTemplateName="render", LaunchTemplateData={
            "ImageId": test_aws_moto.image(ec2)})["LaunchTemplate"]["LaunchTemplateId"]
        test_aws_moto.write(musterd, what=f"launch_template: {template}",
                            where=f"subnets: [{', '.join(test_aws_moto.subnets(ec2))}]",
                            market="[on-demand]")  # several places: a fleet, of which moto gives all
        dry = life(musterd, test_aws_moto.depth, str(tmp_path / "dry"), "--dry-run")
        assert gate.mutations() == [] and "DescribeInstances" in gate.actions
        assert instances(ec2) == []
        agents.start()
        live = life(musterd, test_aws_moto.depth, str(tmp_path / "live"))
        assert gate.mutations(), "a live run changes things, and they would have been seen"
        assert dry == live == [(0, 6), (6, 2), (2, 0)]
    finally:
        if agents.is_alive():
            agents.stop()
        gate.stop()
        moto.stop()


def test_on_google_cloud(cloud, musterd, tmp_path):  # noqa: F811
    test_gcp_provider.write(musterd, jobs=0)
    dry = life(musterd, test_gcp_provider.depth, str(tmp_path / "dry"), "--dry-run")
    assert cloud.mutations() == 0 and not cloud.alive()
    live = life(musterd, test_gcp_provider.depth, str(tmp_path / "live"))
    assert cloud.mutations() > 0
    assert dry == live == [(0, 6), (6, 2), (2, 0)]
