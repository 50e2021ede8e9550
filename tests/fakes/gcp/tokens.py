"""Who may ask: access tokens and every way to get one that muster knows (key file, refresh token, metadata server,
workload identity federation, impersonation)."""

import base64
import functools
import hashlib
import json
import os
import re
import subprocess
import time
import urllib.parse

from .calls import handles
from .refusal import OAuthRefusal, Refusal, forbidden, unauthenticated
from .times import zulu

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


@functools.cache
def new_key():
    """An RSA key as PEM, and its modulus; one for all fakes of a process, because it takes long to make."""
    def openssl(*arguments, given=None):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, input=given).stdout
    pem = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    modulus = openssl("rsa", "-noout", "-modulus", given=pem).decode().strip().partition("=")[2]
    return pem.decode(), int(modulus, 16)


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Tokens that were given out, and the secrets they are given for."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.lifetime_s = 3600.0
        self.given = {}          # token -> (until when, whose)
        self.asked = []          # which way every token was got: "jwt", "refresh", "metadata", "sts", "impersonate"
        self.needed = True       # False: anybody may ask
        self.keys = {}           # key id -> (email, modulus, exponent)
        self.refresh = {}        # refresh token -> (client id, client secret)
        self.subjects = {}       # subject token of federation -> audience
        self.accounts = set()    # e-mails that may be impersonated
        self.number = 0

    def make(self, whose, way, lifetime_s=None):
        with self.cloud.lock:
            self.number += 1
            token = f"ya29.fake-{self.number}-{base64.urlsafe_b64encode(os.urandom(9)).decode()}"
            self.given[token] = (time.monotonic() + (lifetime_s or self.lifetime_s), whose)
            self.asked.append(way)
            return token

    def expire(self):
        """All that were given out are worth nothing from now on."""
        with self.cloud.lock:
            self.given = {token: (0.0, whose) for token, (_, whose) in self.given.items()}

    def check(self, headers, query, service):
        if not self.needed:
            return
        kind, _, token = headers.get("Authorization", "").partition(" ")
        if "access_token" in query:
            kind, token = "Bearer", query["access_token"]
        if kind != "Bearer" or token not in self.given:
            raise unauthenticated("CREDENTIALS_MISSING" if not token else "ACCESS_TOKEN_TYPE_UNSUPPORTED", service)
        if self.given[token][0] <= time.monotonic():
            raise unauthenticated("ACCESS_TOKEN_EXPIRED", service)

    # ---- files a user would have ---------------------------------------------------------------------

    def key_file(self, folder, token_uri, email="muster@muster-test.iam.gserviceaccount.com"):
        """A service account's key file, as the console gives it out."""
        pem, modulus = new_key()
        key_id = os.urandom(20).hex()
        self.keys[key_id] = (email, modulus, 65537)
        path = os.path.join(str(folder), "key.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"type": "service_account", "project_id": self.cloud.project, "private_key_id": key_id,
                       "private_key": pem, "client_email": email, "client_id": "1", "token_uri": token_uri,
                       "universe_domain": "googleapis.com"}, file, indent=1)
        return path


def answer_of(tokens, whose, way):
    token = tokens.make(whose, way)
    return {"access_token": token, "expires_in": int(tokens.lifetime_s), "token_type": "Bearer"}


# ---- oauth2.googleapis.com/token -------------------------------------------------------------------------------------


def form_of(headers, body, known):
    if not headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthRefusal(400, "invalid_request", "Bad Request: the content type is not a form's")
    form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    for name in form:
        if name not in known:
            raise OAuthRefusal(400, "invalid_request", f"Parameter not allowed for this message type: {name}")
    return form


def oauth_token(cloud, headers, body):
    form = form_of(headers, body, ("grant_type", "assertion", "client_id", "client_secret", "refresh_token", "scope"))
    grant = form.get("grant_type")
    if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
        return answer_of(cloud.tokens, check_jwt(cloud.tokens, form.get("assertion", "")), "jwt")
    if grant == "refresh_token":
        known = cloud.tokens.refresh.get(form.get("refresh_token"))
        if known is None:
            raise OAuthRefusal(400, "invalid_grant", "Token has been expired or revoked.")
        if known != (form.get("client_id"), form.get("client_secret")):
            raise OAuthRefusal(401, "invalid_client", "The provided client secret is invalid.")
        return answer_of(cloud.tokens, "user", "refresh") | {"scope": SCOPE}
    raise OAuthRefusal(400, "unsupported_grant_type", f"Invalid grant_type: {grant}")


def check_jwt(tokens, text):
    """Signature and claims, as Google checks them; whose it is."""
    try:
        head, claims, signature = text.split(".")
        header, said = json.loads(unbase64(head)), json.loads(unbase64(claims))
    except ValueError:
        raise OAuthRefusal(400, "invalid_grant", "Bad Request: no JWT") from None
    known = tokens.keys.get(header.get("kid"))
    if header.get("alg") != "RS256" or header.get("typ") != "JWT" or known is None:
        raise OAuthRefusal(400, "invalid_grant", "Invalid JWT Signature.")
    email, modulus, exponent = known
    if not verify(f"{head}.{claims}".encode(), unbase64(signature), modulus, exponent):
        raise OAuthRefusal(400, "invalid_grant", "Invalid JWT Signature.")
    if said.get("iss") != email:
        raise OAuthRefusal(400, "invalid_grant", "Invalid grant: account not found")
    if not str(said.get("aud", "")).endswith("/token"):
        raise OAuthRefusal(400, "invalid_grant", "Invalid JWT: Failed audience check.")
    if not said.get("scope"):
        raise OAuthRefusal(400, "invalid_scope", "Empty or missing scope not allowed.")
    now = time.time()
    if not (now - 3900 < said.get("iat", 0) < now + 300 and now < said.get("exp", 0) <= said["iat"] + 3600):
        raise OAuthRefusal(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
                                                 "reasonable timeframe. Check your iat and exp values in the JWT "
                                                 "claim.")
    return email


def verify(message, signature, modulus, exponent):
    """RSASSA-PKCS1-v1_5 with SHA-256."""
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    padded = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    tail = SHA256_PREFIX + hashlib.sha256(message).digest()
    return padded == b"\x00\x01" + b"\xff" * (size - 3 - len(tail)) + b"\x00" + tail


# ---- sts.googleapis.com/v1/token -------------------------------------------------------------------------------------


def sts_token(cloud, headers, body):
    form = form_of(headers, body, ("grant_type", "audience", "scope", "requested_token_type", "subject_token",
                                   "subject_token_type", "options"))
    if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
        raise OAuthRefusal(400, "unsupported_grant_type", "Invalid grant_type")
    if form.get("requested_token_type") != "urn:ietf:params:oauth:token-type:access_token":
        raise OAuthRefusal(400, "invalid_request", "Invalid requested_token_type")
    if not form.get("scope"):
        raise OAuthRefusal(400, "invalid_request", "Missing required scope.")
    subject, audience = form.get("subject_token", ""), form.get("audience")
    if form.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        whose = check_aws(subject, audience)
    elif cloud.tokens.subjects.get(subject) == audience:
        whose = "federated"
    else:
        raise OAuthRefusal(400, "invalid_grant", "The given credential is rejected by the attribute condition.")
    return answer_of(cloud.tokens, whose, "sts") | {
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}


def check_aws(subject, audience):
    """A signed GetCallerIdentity that AWS would be asked; its form, and that it is meant for this audience."""
    try:
        request = json.loads(urllib.parse.unquote(subject))
        headers = {h["key"].lower(): h["value"] for h in request["headers"]}
        good = request["method"] == "POST" and re.fullmatch(
            r"https://sts\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/?\?Action=GetCallerIdentity&Version=2011-06-15",
            request["url"])
    except (ValueError, KeyError, TypeError):
        raise OAuthRefusal(400, "invalid_request", "Malformed subject token") from None
    signed = re.search(r"SignedHeaders=([^,]+)", headers.get("authorization", ""))
    if not good or not signed or "x-goog-cloud-target-resource" not in signed.group(1).split(";") or \
            headers.get("x-goog-cloud-target-resource") != audience or "x-amz-date" not in headers:
        raise OAuthRefusal(400, "invalid_grant", "Invalid AWS request in the subject token")
    return "aws"


# ---- iamcredentials.googleapis.com -----------------------------------------------------------------------------------


@handles("iamcredentials.projects.serviceAccounts.generateAccessToken")
def generate(cloud, call):
    email = call.path["serviceAccountsId"]
    if call.path["projectsId"] != "-":
        raise Refusal(400, "badRequest", "Invalid form of account ID", layered=True)
    if email not in cloud.tokens.accounts:
        raise forbidden("iam.serviceAccounts.getAccessToken", f"projects/-/serviceAccounts/{email}")
    if not call.body.get("scope"):
        raise Refusal(400, "badRequest", "scope is required.", layered=True)
    lifetime_s = float(call.body.get("lifetime", "3600s").removesuffix("s"))
    token = cloud.tokens.make(email, "impersonate", min(lifetime_s, cloud.tokens.lifetime_s))
    return {"accessToken": token, "expireTime": zulu(time.time() + min(lifetime_s, cloud.tokens.lifetime_s))}


@handles("cloudresourcemanager.projects.testIamPermissions", "cloudresourcemanager.projects.testIamPermissions.v1")
def test_permissions(cloud, call):
    held = [p for p in call.body.get("permissions", []) if p not in cloud.denied]
    return {"permissions": held} if held else {}
