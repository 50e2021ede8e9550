"""Requests signed by us and by botocore are the same, 1,000 of them at random."""

import datetime
import json
import os
import random
import string
import subprocess
from pathlib import Path
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PROBE = Path(os.environ.get("BUILD", "build")) / "probes" / "aws_probe"
ROUNDS = 1000


def text(rng, alphabet, most, least=0):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(least, most)))


def random_request(rng):
    """As they are sent: a path and query that are URLs, header values with blanks in odd places."""
    path = "/" + text(rng, string.ascii_letters + string.digits + "/.-_~ $&@=é", 24)
    names = [quote(text(rng, string.ascii_letters + "-._~ /ü", 8, 1), safe="-._~") for _ in range(rng.randint(0, 6))]
    query = "&".join(f"{n}={quote(text(rng, string.printable[:95], 8), safe='-._~')}" for n in names)
    headers = {"Host": f"{text(rng, string.ascii_lowercase, 9, 1)}.example.com{rng.choice(['', ':8443'])}"}
    for _ in range(rng.randint(0, 5)):
        name = "X-" + text(rng, string.ascii_letters + "-", 10, 1)
        if name.lower() not in (h.lower() for h in headers):
            headers[name] = text(rng, string.ascii_letters + "  \t,;=\"'é", 30)
    return {
        "method": rng.choice(["GET", "POST", "PUT", "DELETE"]),
        "path": path, "query": query, "headers": headers,
        "body": text(rng, string.printable[:95] + "äöü€", 200),
        "access_key": "AKIA" + text(rng, string.ascii_uppercase, 16, 16),
        "secret_key": text(rng, string.ascii_letters + "+/", 40, 40),
        "token": rng.choice(["", text(rng, string.ascii_letters + "+/=", 300, 20)]),
        "region": rng.choice(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"]),
        "service": rng.choice(["ec2", "sqs", "monitoring", "sts", "autoscaling"]),
        "when": datetime.datetime(2015, 1, 1) + datetime.timedelta(seconds=rng.randrange(10**9)),
    }


def by_botocore(r):
    """Its Authorization header, and the headers that it signed."""
    url = f"https://{r['headers']['Host']}{r['path']}" + (f"?{r['query']}" if r["query"] else "")
    request = AWSRequest(method=r["method"], url=url, data=r["body"].encode(), headers=dict(r["headers"]))
    keys = Credentials(r["access_key"], r["secret_key"], r["token"] or None)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=r["when"]):
        botocore.auth.SigV4Auth(keys, r["service"], r["region"]).add_auth(request)
    return request.headers["Authorization"]


def line_for_us(r):
    time = r["when"].strftime("%Y%m%dT%H%M%SZ")
    headers = dict(r["headers"], **{"X-Amz-Date": time})
    if r["token"]:
        headers["X-Amz-Security-Token"] = r["token"]
    # What is on the wire is what urlsplit leaves of the URL, for botocore as for us.
    url = urlsplit(f"https://h{r['path']}?{r['query']}")
    return json.dumps({"method": r["method"], "path": url.path, "query": url.query, "headers": headers,
                       "body": r["body"], "access_key": r["access_key"], "secret_key": r["secret_key"],
                       "region": r["region"], "service": r["service"], "time": time})


def by_us(requests):
    out = subprocess.run([PROBE, "sign"], input="".join(line_for_us(r) + "\n" for r in requests),
                         capture_output=True, text=True, check=True, timeout=60)
    return out.stdout.splitlines()


@pytest.mark.skipif(not hasattr(botocore.auth, "get_current_datetime"), reason="another botocore")
def test_a_thousand_requests():
    seed = int(os.environ.get("MUSTER_SEED", "1"))
    rng = random.Random(seed)
    requests = [random_request(rng) for _ in range(ROUNDS)]
    ours = by_us(requests)
    assert len(ours) == ROUNDS
    for request, mine in zip(requests, ours):
        assert mine == by_botocore(request), f"seed {seed}: {request}"


def test_one_changed_header_shows():
    """So that the test above could fail: every header is changed once, and each changes the signature."""
    rng = random.Random(7)
    for _ in range(20):
        request = random_request(rng)
        signed = by_botocore(request)
        for name in request["headers"]:
            changed = dict(request, headers=dict(request["headers"], **{name: request["headers"][name] + "x"}))
            assert by_us([changed])[0] != signed
