"""The fake's wire: HTTP, who may ask, checks of every request and answer, faults, rates, batches."""

import email.parser
import email.policy
import http.server
import json
import sys
import threading
import time
import urllib.parse

from . import (bulk, groups, instances, metadata, metrics, operations, partial, places, prices,  # noqa: F401
               rates, schema, templates, tokens)
from .calls import HANDLERS, Call
from .cloud import Cloud
from .refusal import OAuthRefusal, Refusal, backend, named, not_found
from .vm import Machine

JSON = "application/json; charset=UTF-8"


class Answer:
    def __init__(self, status, text, kind=JSON, headers=None):
        self.status, self.text, self.kind, self.headers = status, text, kind, headers or {}


class Hangup(Exception):
    """The connection is closed without an answer."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Whoever asked and went away is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class FakeGCP(Cloud):
    """See tests/fakes/gcp/__init__.py."""

    def __init__(self, project="muster-test"):
        super().__init__(project)
        self.tokens = tokens.Tokens(self)
        self.rates = rates.Rates()
        self.faults = []
        self.calls = []            # a Call for each that was understood, with .status of its answer
        self.invalid = []          # what did not fit Google's documents: (verb, path, message)
        self.on_call = None        # called with (method, "heard" | "done")
        self.on_machine = None     # whose metadata server this is
        self.connections = 0
        self.stopped = threading.Event()
        self.server = None

    # ---- life --------------------------------------------------------------------------------------

    def start(self, port=0):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self):
                super().setup()
                fake.connections += 1

            def any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.serve(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = any

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self.tick, daemon=True).start()
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def tick(self):
        """Time passes, whether anybody asks or not."""
        while not self.stopped.wait(0.03):
            with self.lock:
                self.later.settle()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- what tests turn and look at ------------------------------------------------------------------

    def fault(self, method, kind, times=1):
        with self.lock:
            self.faults += [(method, kind)] * times

    def count(self, method):
        with self.lock:
            return sum(1 for call in self.calls if short(call.method.name) == method)

    def mutations(self):
        """How many requests asked for a change."""
        with self.lock:
            return sum(1 for call in self.calls if call.method.verb != "GET" and
                       not short(call.method.name).endswith((".wait", ".listManagedInstances")) and
                       call.method.service == "compute")

    def template(self, name="worker", scope="global", **changes):
        """A template as a user would make it; scope may be "regions/R"."""
        properties = {
            "machineType": "e2-standard-2", "metadata": {"items": [{"key": "startup-script", "value": "true"}]},
            "disks": [{"boot": True, "autoDelete": True, "type": "PERSISTENT", "initializeParams": {
                "sourceImage": "projects/debian-cloud/global/images/family/debian-12", "diskSizeGb": "10"}}],
            "networkInterfaces": [{"network": "global/networks/default"}]} | changes
        with self.lock:
            schema.check("#InstanceProperties", properties, "properties", "compute")
            return templates.put(self, scope, name, properties)

    def populate(self, count, labels=None, spot=True):
        """So many running machines at once, over all zones."""
        wanted = self.template("populated")["properties"] | {
            "labels": labels or {"muster-pool": "big"}, "scheduling": {"provisioningModel": "SPOT"} if spot else {}}
        with self.lock:
            for number in range(count):
                machine = Machine(self, self.zones[number % len(self.zones)], f"big-{number:06}", wanted, spot)
                machine.doc |= {"status": "RUNNING", "cpuPlatform": "Intel Broadwell"}
                self.add(machine)
                machine.made = self.born

    # ---- wire ------------------------------------------------------------------------------------------

    def serve(self, http_, body):
        try:
            answer = self.respond(http_.command, http_.path, http_.headers, body)
        except Hangup:
            http_.close_connection = True
            return
        data = answer.text if isinstance(answer.text, bytes) else answer.text.encode()
        try:
            http_.send_response(answer.status)
            http_.send_header("Content-Type", answer.kind)
            http_.send_header("Content-Length", str(len(data)))
            for name, value in answer.headers.items():
                http_.send_header(name, value)
            http_.end_headers()
            http_.wfile.write(data)
            http_.wfile.flush()
        except OSError:
            pass  # whoever asked has gone

    def respond(self, verb, target, headers, body):
        path, _, query = target.partition("?")
        if path.startswith("/computeMetadata/"):
            return self.outside("metadata", headers, body, path)
        if path == "/" and headers.get("Metadata-Flavor"):
            return Answer(200, "computeMetadata/\n", "text/html", metadata.FLAVOR)
        if path in ("/token", "/o/oauth2/token"):
            return self.outside("oauth", headers, body, path)
        if path == "/v1/token":
            return self.outside("sts", headers, body, path)
        if path == "/batch/compute/v1":
            return self.batch(headers, body)
        return self.api(verb, path, query, headers, body)

    def outside(self, name, headers, body, path):
        """The token endpoints and the metadata server, which are no APIs of documents."""
        kind = self.take_fault(name)
        self.before(name, kind)
        with self.lock:
            try:
                if isinstance(kind, tuple) and kind[0] == "error":
                    raise OAuthRefusal(kind[2], kind[1], "as the test wants it")
                if name == "metadata":
                    status, type_, text = metadata.answer(self, headers, path)
                    answer = Answer(status, text, type_, metadata.FLAVOR)
                else:
                    function = {"oauth": tokens.oauth_token, "sts": tokens.sts_token}[name]
                    answer = Answer(200, json.dumps(function(self, headers, body)))
            except OAuthRefusal as refusal:
                answer = Answer(refusal.status, json.dumps(refusal.document()))
        return self.after(name, kind, answer)

    def api(self, verb, path, query, headers, body):
        method, found = schema.find(verb, path)
        name = short(method.name) if method else "unknown"
        kind = self.take_fault(name)
        self.before(name, kind)
        try:
            with self.lock:
                self.later.settle()
                answer = self.call(method, found, verb, path, query, headers, body, kind)
        except Refusal as refusal:
            answer = Answer(refusal.status, json.dumps(refusal.document(), indent=1))
            if refusal.layered and refusal.status == 400:
                self.invalid.append((verb, path, refusal.message))
        return self.after(name, kind, answer)

    def call(self, method, found, verb, path, query, headers, body, kind):
        if method is None:
            self.invalid.append((verb, path, "no such method"))
            raise Refusal(404, "notFound", f"The requested URL {path} was not found on this server: {verb}, "
                                           f"there is {sorted(found)}")
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        if kind == "expire":
            self.tokens.expire()
        if method.service != "cloudbilling" or "key" not in dict(pairs):   # the catalogue is open to API keys
            self.tokens.check(headers, dict(pairs), method.service + ".googleapis.com")
        self.rates.spend(method, found, self.project_number)
        call = Call(method, found, schema.check_query(method, pairs), None, headers, self.url)
        if body and not headers.get("Content-Type", "").startswith("application/json"):
            raise Refusal(400, "badRequest", "The body is not JSON by its Content-Type.", layered=True)
        call.body = schema.check_body(method, body)
        call.failure = (kind[1], (kind[2:] or ("as the test wants it",))[0], 400) if \
            isinstance(kind, tuple) and kind[0] == "op" else None
        call.status = 500
        self.calls.append(call)
        try:
            if isinstance(kind, tuple) and kind[0] == "error":
                raise named(kind[1], kind[2])
            if method.service == "compute" and method.name != "compute.images.getFromFamily" and \
                    method.name != "compute.images.get" and call.path["project"] != self.project:
                raise not_found("projects/" + call.path["project"])
            document = HANDLERS[method.name](self, call)
        except Refusal as refusal:
            call.status = refusal.status
            raise
        call.status = 200
        return Answer(200, self.write(method, call, document))

    def write(self, method, call, document):
        """The answer as text. What does not fit Google's documents is a mistake of the fake, and told as one."""
        if "fields" in call.query:
            document = partial.pick(document, partial.parse(call.query["fields"]))
        try:
            schema.check("#" + method.answer, document, "", method.service)
        except Refusal as refusal:
            raise AssertionError(f"the fake's own answer to {method.name}: {refusal.message}") from refusal
        if call.query.get("prettyPrint", True):
            return json.dumps(document, indent=2)
        return json.dumps(document, separators=(",", ":"))

    # ---- faults ----------------------------------------------------------------------------------------

    def take_fault(self, name):
        with self.lock:
            for number, (wanted, kind) in enumerate(self.faults):
                if wanted in (name, "*"):
                    del self.faults[number]
                    return kind
        return None

    def before(self, name, kind):
        if self.on_call:
            self.on_call(name, "heard")
        if kind == "refuse":
            raise Hangup
        if isinstance(kind, tuple) and kind[0] == "slow":
            time.sleep(kind[1])

    def after(self, name, kind, answer):
        if self.on_call:
            self.on_call(name, "done")
        if kind == "lose":
            raise Hangup
        if kind == "html":
            return Answer(502, "<html><body>Bad Gateway<br></body></html>", "text/html")
        if kind == "cut":
            return Answer(answer.status, answer.text[:len(answer.text) // 2])
        if isinstance(kind, tuple) and kind[0] == "after":
            return Answer(kind[1], json.dumps(backend(kind[1]).document()))
        return answer

    # ---- batches ---------------------------------------------------------------------------------------

    def batch(self, headers, body):
        """Several requests in one, as gcloud sends them: a multipart of HTTP requests."""
        whole = b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(whole).get_payload()
        out = []
        for part in parts:
            head, _, rest = part.get_payload(decode=True).replace(b"\r\n", b"\n").partition(b"\n")
            fields, _, inner = rest.partition(b"\n\n")
            verb, target, *_ = head.decode().split(" ")
            inside = email.parser.BytesHeaderParser().parsebytes(fields)
            if "Authorization" not in inside and headers.get("Authorization"):
                inside["Authorization"] = headers["Authorization"]
            path = urllib.parse.urlsplit(target)
            answer = self.respond(verb, path.path + ("?" + path.query if path.query else ""), inside, inner.strip())
            number = part.get("Content-ID", "").strip("<>")
            out.append(f"--batch\r\nContent-Type: application/http\r\nContent-ID: <response-{number}>\r\n\r\n"
                       f"HTTP/1.1 {answer.status} {'OK' if answer.status < 300 else 'Error'}\r\n"
                       f"Content-Type: {answer.kind}\r\nContent-Length: {len(answer.text.encode())}\r\n\r\n"
                       f"{answer.text}\r\n")
        return Answer(200, "".join(out) + "--batch--\r\n", "multipart/mixed; boundary=batch")


def short(name):
    return name.removeprefix("compute.")
