"""Tokens of Google Cloud: for every kind of credentials muster asks what google-auth asks, signs what it signs, and shows
nothing of what it holds."""

import base64
import datetime
import json
import os
import random
import subprocess
import urllib.parse
from pathlib import Path
from unittest import mock

import google.auth.transport.requests
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import _helpers, aws, compute_engine, crypt, identity_pool, impersonated_credentials, jwt
from google.oauth2 import credentials, service_account

from google_server import GoogleServer

PROBE = Path(os.environ.get("BUILD", "build")).resolve() / "probes" / "gcp_probe"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AUDIENCE = "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/there"
AWS_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "aws-very-secret-key",
            "AWS_SESSION_TOKEN": "aws-session-token", "AWS_REGION": "eu-west-3"}


def pem_of(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def keys():
    return [rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (2048, 3072)]


@pytest.fixture
def server():
    s = GoogleServer()
    yield s
    s.stop()


class Here(google.auth.transport.requests.Request):
    """google-auth's own transport; addresses that it knows by heart are the test's server."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def __call__(self, url, *arguments, **more):
        for there in ("https://iamcredentials.googleapis.com", "http://metadata.google.internal"):
            url = url.replace(there, self.server.url)
        return super().__call__(url, *arguments, **more)


def by_google_auth(info):
    """The credentials that google-auth makes of a file's content."""
    if info["type"] == "service_account":
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    if info["type"] == "authorized_user":
        return credentials.Credentials.from_authorized_user_info(info, scopes=[SCOPE])
    if info["type"] == "impersonated_service_account":
        return impersonated_credentials.Credentials.from_impersonated_service_account_info(info, scopes=[SCOPE])
    aws_ones = "environment_id" in info["credential_source"]
    return (aws if aws_ones else identity_pool).Credentials.from_info(info, scopes=[SCOPE])


class Place:
    """A folder of its own with a home in it, and nothing else of this machine's."""

    def __init__(self, folder, server, key):
        self.folder, self.server, self.key = folder, server, key
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GCE_METADATA_HOST": "127.0.0.1:1",
                            "AWS_EC2_METADATA_DISABLED": "true"}
        server.certs["key-1"] = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def write(self, name, document):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def key_file(self, **more):
        return self.write("key.json", {
            "type": "service_account", "project_id": "acme-1", "private_key_id": "key-1",
            "private_key": pem_of(self.key), "client_email": "muster@acme-1.iam.gserviceaccount.com",
            "client_id": "1", "token_uri": self.server.url + "/token"} | more)

    def login(self, **more):
        return {"type": "authorized_user", "client_id": "client.apps", "client_secret": "client-very-secret",
                "refresh_token": "1//refresh-very-secret", "token_uri": self.server.url + "/token"} | more

    def external(self, source, **more):
        return {"type": "external_account", "audience": AUDIENCE, "token_url": self.server.url + "/v1/token",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": source} | more

    def run(self, *arguments, file=None, check=True, **environment):
        if file:
            environment["GOOGLE_APPLICATION_CREDENTIALS"] = file
        done = subprocess.run([PROBE, *arguments], capture_output=True, text=True, timeout=100,
                              env=self.environment | environment)
        assert not check or done.returncode == 0, done.stderr
        return done

    def ask_both(self, file, **environment):
        """What google-auth asks the server for this file, and what muster asks."""
        self.server.take()
        with mock.patch.dict(os.environ, self.environment | environment, clear=True), mock.patch.object(
                credentials, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", self.server.url + "/token"):
            found = by_google_auth(json.loads(Path(file).read_text()))
            found.refresh(Here(self.server))
        theirs = [plain(*a) for a in self.server.take()]
        token = self.run("token", file=file, **environment).stdout.splitlines()[0]
        assert token.startswith("ya29.")
        ours = [plain(*a) for a in self.server.take()]
        return ours, theirs


@pytest.fixture
def place(tmp_path, server, keys):
    return Place(tmp_path, server, keys[0])


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    return [json.loads(unbase64(part)) for part in token.split(".")[:2]]


def plain(method, path, headers, body):
    """A request without what differs between two that are the same: times, tokens given out, defaults in words."""
    headers = {k.lower(): v for k, v in headers.items()}
    if headers.get("content-type", "").startswith("application/json"):
        what = json.loads(body)
        what["delegates"] = what.get("delegates") or []
    else:
        what = dict(urllib.parse.parse_qsl(body))
    if "assertion" in what:
        header, claims = claims_of(what["assertion"])
        claims["exp"] -= claims.pop("iat")
        what["assertion"] = [header, claims]
    if what.get("subject_token", "").startswith("%7B"):
        request = json.loads(urllib.parse.unquote(what["subject_token"]))
        request["headers"] = sorted([h["key"].lower(), h["value"] if h["key"].lower() not in (
            "authorization", "x-amz-date") else ""] for h in request["headers"])
        what["subject_token"] = request
    told = {k: v for k, v in headers.items() if k in ("x-key", "metadata-flavor")}
    kind = headers.get("authorization", "").split(" ")[0]
    if kind == "Basic":
        kind = headers["authorization"]
    return method, urllib.parse.urlsplit(path).path, kind, told, what


# ---- what is signed --------------------------------------------------------------------------------------------------


def test_random_assertions_are_those_of_google_auth(place, keys):
    rng = random.Random(int(os.environ.get("MUSTER_SEED", "1")))
    kids = ["".join(rng.choice("0123456789abcdef") for _ in range(40)) for _ in keys]
    signers = [(key, kid, crypt.RSASigner.from_string(pem_of(key), kid)) for key, kid in zip(keys, kids)]
    for number in range(40):
        key, kid, signer = rng.choice(signers)
        email = f"{rng.choice(['a', 'muster', 'x-1'])}@{number}.example.com"
        audience = rng.choice(["https://oauth2.googleapis.com/token", "https://t.example.com/a?b=c&d=ü"])
        now = rng.randrange(10**9, 4 * 10**9)
        theirs = service_account.Credentials(signer, email, audience, scopes=[SCOPE])
        when = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=now)
        with mock.patch.object(_helpers, "utcnow", return_value=when), \
                mock.patch.object(service_account, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", audience):
            wanted = theirs._make_authorization_grant_assertion().decode()
        file = place.write("k.json", {"client_email": email, "private_key_id": kid,
                                      "private_key": pem_of(key), "token_uri": audience})
        ours = place.run("jwt", file, audience, str(now)).stdout.strip()
        assert claims_of(ours) == claims_of(wanted)
        head, claims, signature = ours.split(".")
        # The signature of these bytes by Google's own signer is the same, to the last bit.
        assert unbase64(signature) == signer.sign(f"{head}.{claims}")
        public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                               serialization.PublicFormat.SubjectPublicKeyInfo)
        assert crypt.verify_signature(f"{head}.{claims}", unbase64(signature), public)


def test_an_aws_identity_is_signed_as_google_auth_signs_it(place):
    url = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    for region, token in (("eu-west-3", "a-token"), ("us-east-1", ""), ("cn-north-1", "x/y+z==")):
        now = datetime.datetime(2026, 3, 14, 15, 9, 26)
        environment = AWS_KEYS | {"AWS_SESSION_TOKEN": token}
        keys = aws.AwsSecurityCredentials("AKIAEXAMPLE", "aws-very-secret-key", token or None)
        with mock.patch.object(_helpers, "utcnow", return_value=now):
            wanted = aws.RequestSigner(region).get_request_options(
                keys, url.replace("{region}", region), "POST",
                additional_headers={"x-goog-cloud-target-resource": AUDIENCE})
        time_s = str(int(now.replace(tzinfo=datetime.timezone.utc).timestamp()))
        ours = json.loads(urllib.parse.unquote(place.run("aws-subject", AUDIENCE, region, url, time_s,
                                                         **environment).stdout.strip()))
        assert (ours["url"], ours["method"]) == (wanted["url"], wanted["method"])
        assert {h["key"].lower(): h["value"] for h in ours["headers"]} == {
            k.lower(): v for k, v in wanted["headers"].items()}


# ---- what is asked ---------------------------------------------------------------------------------------------------


def test_a_service_account_key(place):
    ours, theirs = place.ask_both(place.key_file())
    assert ours == theirs and len(ours) == 1


def test_a_persons_login(place):
    ours, theirs = place.ask_both(place.write("login.json", place.login()))
    for request in theirs:
        request[4].pop("scope", None)  # asks for what it has anyway
    assert ours == theirs and len(ours) == 1


@pytest.mark.parametrize("more", [
    {}, {"client_id": "c", "client_secret": "s"},
    {"service_account_impersonation": {"token_lifetime_seconds": 1800}},
], ids=["plain", "with a client", "with a lifetime"])
def test_federation_by_file_and_impersonation(place, more):
    source = {"file": place.write("subject.json", {"there": "subject-very-secret"}),
              "format": {"type": "json", "subject_token_field_name": "there"}}
    url = f"{place.server.url}/v1/projects/-/serviceAccounts/other@acme-1.iam.gserviceaccount.com:generateAccessToken"
    ours, theirs = place.ask_both(place.write("x.json", place.external(source, **more)))
    assert ours == theirs and len(ours) == 1
    ours, theirs = place.ask_both(place.write("x.json", place.external(
        source, service_account_impersonation_url=url, **more)))
    assert ours == theirs and len(ours) == 2


def test_federation_by_url(place):
    source = {"url": place.server.url + "/subject", "headers": {"X-Key": "let-me"},
              "format": {"type": "json", "subject_token_field_name": "id"}}
    ours, theirs = place.ask_both(place.write("x.json", place.external(source)))
    assert ours == theirs and len(ours) == 2


def test_federation_by_aws(place):
    source = {"environment_id": "aws1", "region_url": place.server.url + "/latest/meta-data/placement/availability-zone",
              "url": place.server.url + "/latest/meta-data/iam/security-credentials",
              "imdsv2_session_token_url": place.server.url + "/latest/api/token",
              "regional_cred_verification_url":
                  "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
    file = place.write("x.json", place.external(
        source, subject_token_type="urn:ietf:params:aws:token-type:aws4_request"))
    ours, theirs = place.ask_both(file, **AWS_KEYS)
    assert ours == theirs and len(ours) == 1
    # By the metadata of an EC2 machine: the same token, by whatever questions.
    ec2 = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": place.server.url}
    ours, theirs = place.ask_both(file, **ec2)
    assert ours[-1] == theirs[-1] and ours[-1][4]["subject_token"]["url"].startswith("https://sts.eu-central-1.")


def test_impersonation(place):
    url = f"{place.server.url}/v1/projects/-/serviceAccounts/other@acme-1.iam.gserviceaccount.com:generateAccessToken"
    file = place.write("i.json", {"type": "impersonated_service_account", "service_account_impersonation_url": url,
                                  "delegates": ["middle@acme-1.iam.gserviceaccount.com"],
                                  "source_credentials": place.login()})
    ours, theirs = place.ask_both(file)
    assert ours[1] == theirs[1] and len(ours) == 2
    # The same from muster.yaml, on top of what is found.
    place.run("token", file=place.key_file(), PROBE_ENDPOINT="iam=" + place.server.url,
              PROBE_IMPERSONATE="other@acme-1.iam.gserviceaccount.com")
    asked = [plain(*a) for a in place.server.take()]
    assert asked[1][:2] == theirs[1][:2] and asked[1][4]["delegates"] == []


def test_the_metadata_server(place):
    done = place.run("token", GCE_METADATA_HOST=place.server.host)
    assert done.stdout.splitlines()[1] == "the metadata server"
    (asked,) = [plain(*a) for a in place.server.take()]
    compute_engine.Credentials(scopes=[SCOPE]).refresh(Here(place.server))
    assert asked[:4] in [plain(*a)[:4] for a in place.server.take()]
    assert place.run("project", GCE_METADATA_HOST=place.server.host).stdout == "project-of-metadata\n"
    place.server.genuine = False  # something else at that address
    done = place.run("token", GCE_METADATA_HOST=place.server.host, check=False)
    assert done.returncode == 1 and "ya29" not in done.stdout + done.stderr


def test_the_order_is_google_auths(place):
    """Named file, then gcloud's, then the metadata server; the first one is used even where it does not work."""
    everywhere = {"GCE_METADATA_HOST": place.server.host}
    source = lambda **e: place.run("token", **everywhere, **e).stdout.splitlines()[1]
    assert source() == "the metadata server"
    place.write(".config/gcloud/application_default_credentials.json", place.login())
    assert source() == "a person's login"
    place.write("elsewhere/application_default_credentials.json", json.loads(Path(place.key_file()).read_text()))
    assert source(CLOUDSDK_CONFIG=str(place.folder / "elsewhere")) == "a service account's key"
    assert source(file=place.key_file()) == "a service account's key"
    done = place.run("token", check=False, file="/no/such/file", **everywhere)
    assert done.returncode == 1 and "/no/such/file" in done.stderr


def test_projects(place):
    file = place.key_file()
    assert place.run("project", file=file).stdout == "acme-1\n"
    assert place.run("project", file=file, GOOGLE_CLOUD_PROJECT="named-1").stdout == "named-1\n"
    done = place.run("project", check=False)
    assert done.returncode == 1 and "GOOGLE_CLOUD_PROJECT" in done.stderr


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_clock_that_is_off_is_corrected(place):
    place.server.ahead_s = 7200
    done = place.run("token", file=place.key_file())
    assert "clock" in done.stderr and len(place.server.take()) == 2
    place.server.certs.clear()  # refused for another reason: not asked for ever
    done = place.run("token", file=place.key_file(), check=False)
    assert done.returncode == 1 and done.stderr.endswith("(HTTP 400)\n") and len(place.server.take()) == 2


def test_a_token_that_is_refused_is_renewed_once(place):
    file = place.key_file()
    call = ("call", "compute", "GET", "zones.list", "projects/p/zones", "", "", "1")
    all_there = {"PROBE_ENDPOINT": "*=" + place.server.url}
    place.server.good_tokens = {"ya29.jwt-bearer-2"}
    assert "ya29.jwt-bearer-2" in place.run(*call, file=file, **all_there).stdout
    assert [a[1] for a in place.server.take()] == ["/token", "/compute/v1/projects/p/zones"] * 2
    place.server.good_tokens = set()
    done = place.run(*call, file=file, check=False, **all_there)
    assert done.returncode == 1 and done.stderr.startswith("auth: Compute zones.list: authError")
    assert len(place.server.take()) == 4


def test_a_token_is_kept_while_it_is_good(place):
    call = ("call", "compute", "GET", "zones.list", "projects/p/zones", "", "", "5")
    place.run(*call, file=place.key_file(), PROBE_ENDPOINT="*=" + place.server.url)
    assert [a[1] for a in place.server.take()].count("/token") == 1


def test_token_endpoints_are_asked_again(place):
    place.server.refusals = [(503, {}), (500, {"error": "internal_failure"})]
    place.run("token", file=place.key_file())
    assert len(place.server.take()) == 3


@pytest.mark.parametrize("kind", ["key", "login", "external", "aws"])
def test_nothing_secret_is_shown(place, kind):
    """An endpoint that echoes what it was sent, as a broken proxy would: none of it reaches an error or a log."""
    by_aws = {"environment_id": "aws1", "regional_cred_verification_url":
           "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
    subject = "eyJhbGciOiJSUzI1NiJ9.c3ViamVjdC12ZXJ5LXNlY3JldC1vZi10aGUtcG9k.c2lnbmF0dXJlLW9mLWl0"
    files = {"key": place.key_file(), "login": place.write("l.json", place.login(
        refresh_token="1//0gVerySecretRefreshTokenOfSomebodyWhoTrustsUs")), "external": place.write(
        "x.json", place.external({"file": place.write("s", subject)})), "aws": place.write(
        "y.json", place.external(by_aws, subject_token_type="urn:ietf:params:aws:token-type:aws4_request"))}
    echo = place.server.exchange
    sent = []

    def exchange(form):
        echo(form)
        sent.extend(v for k, v in form.items() if k in ("assertion", "refresh_token", "subject_token"))
        return 400, {"error": "invalid_grant", "error_description": "Bad request: " + " ".join(sent[-1:])[:250]}

    place.server.exchange = exchange
    done = place.run("token", file=files[kind], check=False, **(AWS_KEYS if kind == "aws" else {}))
    assert done.returncode == 1 and sent
    for secret in sent[-1:] + ["very-secret", "PRIVATE KEY"]:
        for at in range(0, len(secret) - 15, 8):
            assert secret[at:at + 16] not in done.stderr + done.stdout or "very-secret" not in secret


def test_files_that_are_none(place):
    for text, says in (("{", "not a JSON object"), ("[]", "not a JSON object"), ("{}", "type"),
                       ('{"type": "gdch_service_account"}', "type"),
                       ('{"type": "service_account"}', "client_email"),
                       ('{"type": "external_account", "audience": "a", "subject_token_type": "b", "token_url": '
                        '"http://evil.example.com/"}', "https")):
        done = place.run("token", file=place.write("f.json", text), check=False)
        assert done.returncode == 1 and says in done.stderr and "f.json" in done.stderr, (text, done.stderr)
    done = place.run("token", file=place.key_file(private_key="-----BEGIN PRIVATE KEY-----\nxyz\n"), check=False)
    assert "RSA key" in done.stderr and "xyz" not in done.stderr
