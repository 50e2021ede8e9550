"""A cloud machine's metadata service, small and strict: EC2's (IMDSv2 only) and Google Cloud's in one server.

    service = Metadata("aws").start()      # or "gcp"
    service.set("spot/instance-action", '{"action": "terminate", "time": "..."}')    # None: 404
    service.set("preempted", "TRUE")       # who waits for a change is told at once
    service.forget_tokens()                # EC2: every session token has expired
    service.broken = True                  # HTTP 503 to everything
    ... service.environment ...            # what a process that asks it is started with
"""

import hashlib
import http.server
import secrets
import threading
import time
import urllib.parse


class Metadata:
    def __init__(self, cloud):
        self.cloud = cloud
        self.changed = threading.Condition()
        self.tokens = set()
        self.broken = False
        self.closed = False
        self.asked = []  # paths
        self.values = ({"instance-id": "i-0fake"} if cloud == "aws" else
                       {"id": "4711", "preempted": "FALSE", "maintenance-event": "NONE"})

    def start(self):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                fake.handle(self, "PUT")

            def do_GET(self):
                fake.handle(self, "GET")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        host = f"127.0.0.1:{self.server.server_address[1]}"
        # Whichever of the two it is, both addresses lead here: to the other cloud's questions it is deaf.
        self.environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{host}/", "GCE_METADATA_HOST": host}
        return self

    def stop(self):
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def set(self, path, value):
        with self.changed:
            self.values.pop(path, None)
            if value is not None:
                self.values[path] = value
            self.changed.notify_all()

    def forget_tokens(self):
        with self.changed:
            self.tokens.clear()

    def count(self, path):
        with self.changed:
            return self.asked.count(path)

    def etag(self, path):
        return hashlib.sha256(self.values.get(path, "").encode()).hexdigest()[:16]

    def handle(self, call, method):
        url = urllib.parse.urlsplit(call.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        with self.changed:
            self.asked.append(url.path)
            if self.broken:
                answer = (503, "", {})
            elif self.cloud == "aws":
                answer = self.aws(call.headers, method, url.path)
            else:
                answer = self.gcp(call.headers, url.path, query)
        status, text, headers = answer
        data = text.encode()
        try:
            call.send_response(status)
            for name, value in headers.items():
                call.send_header(name, value)
            call.send_header("Content-Length", str(len(data)))
            call.end_headers()
            call.wfile.write(data)
        except OSError:
            pass  # whoever asked has gone

    def aws(self, headers, method, path):
        if method == "PUT":
            life = headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if path != "/latest/api/token" or not life.isdigit() or not 1 <= int(life) <= 21600:
                return 400, "<html>400 - Bad Request</html>", {}
            self.tokens.add(token := secrets.token_urlsafe(32))
            return 200, token, {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": life}
        if headers.get("X-aws-ec2-metadata-token") not in self.tokens:
            return 401, "<html>401 - Unauthorized</html>", {}
        value = self.values.get(path.removeprefix("/latest/meta-data/"))
        return (404, "<html>404 - Not Found</html>", {}) if value is None else (200, value, {})

    def gcp(self, headers, path, query):
        flavor = {"Metadata-Flavor": "Google"}
        name = path.removeprefix("/computeMetadata/v1/instance/")
        if headers.get("Metadata-Flavor") != "Google":
            return 403, "Missing Metadata-Flavor:Google header.", flavor
        if name == path or name not in self.values:
            return 404, "not found", flavor
        if query.get("wait_for_change") == "true":
            until = time.monotonic() + float(query.get("timeout_sec", 3600))
            last = query.get("last_etag") or self.etag(name)
            while self.etag(name) == last and not self.closed and time.monotonic() < until:
                self.changed.wait(until - time.monotonic())
        return 200, self.values[name], flavor | {"ETag": self.etag(name), "Content-Type": "application/text"}
