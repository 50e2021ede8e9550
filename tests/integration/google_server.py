"""A server for Google's libraries and for muster alike: token endpoints and metadata that record what they are asked.
Assertions are verified by google-auth itself."""

import email.utils
import http.server
import json
import threading
import time
import urllib.parse

from google.auth import jwt


class GoogleServer:
    def __init__(self):
        self.asked = []            # (method, path, headers, body as sent)
        self.certs = {}            # key id -> certificate or public key, PEM
        self.ahead_s = 0           # how much its clock is ahead
        self.genuine = True        # sends Metadata-Flavor
        self.refusals = []         # answers to be given first: (status, document)
        self.good_tokens = None    # None: all
        self.number = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                status, document = server.answer(self.command, self.path, self.headers, body)
                text = (document if isinstance(document, str) else json.dumps(document)).encode()
                self.send_response_only(status)
                self.send_header("Date", email.utils.formatdate(time.time() + server.ahead_s, usegmt=True))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                if server.genuine and self.path.startswith("/computeMetadata") or self.path == "/":
                    self.send_header("Metadata-Flavor", "Google")
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def take(self):
        asked, self.asked = self.asked, []
        return asked

    def token(self, kind):
        self.number += 1
        return f"ya29.{kind}-{self.number}"

    def answer(self, method, path, headers, body):
        self.asked.append((method, path, dict(headers), body))
        if self.refusals and path.startswith(("/token", "/v1", "/compute")):
            return self.refusals.pop(0)
        if path == "/token" or path == "/v1/token" or path == "/v1/oauthtoken":
            return self.exchange(dict(urllib.parse.parse_qsl(body)))
        if path.startswith("/v1/projects/-/serviceAccounts/"):
            return self.impersonate(path)
        if path.startswith("/computeMetadata/v1/"):
            return self.metadata(path, headers)
        if path == "/subject":
            return (200, {"id": "subject-by-url"}) if headers.get("X-Key") == "let-me" else (403, {})
        if path == "/latest/api/token":
            return (200, "imds-session") if method == "PUT" else (405, "")
        if path.startswith("/latest/"):
            return self.imds(path, headers)
        if path.startswith("/compute/v1/"):
            return self.api(headers)
        return (404, {}) if path != "/" else (200, {})

    def exchange(self, form):
        kind = form.get("grant_type", "").rsplit(":", 1)[-1]
        if kind == "jwt-bearer":
            try:
                claims = jwt.decode(form["assertion"], certs=self.certs, audience="https://oauth2.googleapis.com/token",
                                    clock_skew_in_seconds=10**6)
            except Exception as error:
                return 400, {"error": "invalid_grant", "error_description": f"Invalid JWT Signature. {error}"}
            now = time.time() + self.ahead_s
            if not now - 600 < claims["iat"] < now + 600:
                return 400, {"error": "invalid_grant", "error_description":
                             "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                             "timeframe. Check your iat and exp values in the JWT claim."}
        return 200, {"access_token": self.token(kind), "expires_in": 3599, "token_type": "Bearer",
                     "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}

    def impersonate(self, path):
        until = time.gmtime(time.time() + self.ahead_s + 3600)
        return 200, {"accessToken": self.token("impersonated"), "expireTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", until)}

    def metadata(self, path, headers):
        if headers.get("Metadata-Flavor") != "Google":
            return 403, {}
        rest = urllib.parse.urlsplit(path.removeprefix("/computeMetadata/v1/")).path
        if rest == "instance/service-accounts/default/token":
            return 200, {"access_token": self.token("metadata"), "expires_in": 3599, "token_type": "Bearer"}
        if rest == "project/project-id":
            return 200, "project-of-metadata"
        return 200, {"email": "default@example.com", "scopes": [], "aliases": []}

    def imds(self, path, headers):
        if headers.get("X-aws-ec2-metadata-token") != "imds-session":
            return 401, ""
        if path.endswith("/availability-zone"):
            return 200, "eu-central-1b"
        if path.endswith("/security-credentials") or path.endswith("/security-credentials/"):
            return 200, "role"
        return 200, {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "imds-secret",
                     "Token": "imds-token", "Expiration": "2100-01-01T00:00:00Z"}

    def api(self, headers):
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if not token.startswith("ya29.") or (self.good_tokens is not None and token not in self.good_tokens):
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid credentials.",
                                   "errors": [{"reason": "authError", "message": "Invalid Credentials"}]}}
        return 200, {"token": token}
