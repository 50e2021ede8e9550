"""A fake EC2 that does what moto does not: idempotent tokens, MaxCount, fleets that are filled in part with an
errorSet, sold-out places, throttling, spot interruption, listings that lag, answers that are lost or cut off.

    cloud = FakeEC2().start()
    cloud.capacity["c5.large", "eu-central-1a", "spot"] = 3     # absent: no limit
    cloud.fault("CreateFleet", "lose")                          # done, but the answer never comes
    ... cloud.url ... cloud.instances ... cloud.calls ...
    cloud.stop()

A fault is used up by one call: "lose" and "cut" carry the call out and spoil the answer, "refuse" closes the
connection before anything is done, "html" is a proxy's 502, ("error", code, status) is EC2's own refusal, and
("slow", seconds) answers late. The order of faults is that of fault().
"""

import datetime
import http.server
import itertools
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def xml(name, value):
    """Dictionaries become elements, lists `item`s, None an empty element."""
    if isinstance(value, dict):
        inner = "".join(xml(k, v) for k, v in value.items())
    elif isinstance(value, list):
        inner = "".join(xml("item", v) for v in value)
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = "" if value is None else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def tree(form):
    """Flat names as nested dictionaries: {"Tag.1.Key": "a"} -> {"Tag": {"1": {"Key": "a"}}}."""
    root = {}
    for name, value in form.items():
        at = root
        *parents, last = name.split(".")
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
    return root


def listed(node):
    """The members of a flattened list, in order."""
    return [node[key] for key in sorted(node, key=int)] if node else []


class Instance:
    def __init__(self, number, type_, place, market, tags, token):
        self.id = f"i-{number:017x}"
        self.type, self.place, self.market, self.tags, self.token = type_, place, market, tags, token
        self.state = "pending"
        self.made = time.time()
        self.ended = None
        self.interrupted = False
        self.zone = place if "-" in place and not place.startswith("subnet-") else "eu-central-1a"
        self.request = f"sir-{number:08x}" if market == "spot" else None

    def document(self):
        out = {"instanceId": self.id, "imageId": "ami-0fake",
               "instanceState": {"code": STATES[self.state], "name": self.state},
               "reason": None, "amiLaunchIndex": 0, "instanceType": self.type,
               "launchTime": datetime.datetime.fromtimestamp(self.made, datetime.timezone.utc).strftime(
                   "%Y-%m-%dT%H:%M:%S.000Z"),
               "placement": {"availabilityZone": self.zone, "tenancy": "default"},
               "subnetId": self.place if self.place.startswith("subnet-") else "subnet-0fake",
               "tagSet": [{"key": k, "value": v} for k, v in self.tags.items()],
               "clientToken": self.token}
        if self.market == "spot":
            out |= {"instanceLifecycle": "spot", "spotInstanceRequestId": self.request}
        return out


class FakeEC2:
    def __init__(self):
        self.lock = threading.RLock()
        self.instances = {}
        self.tokens = {}     # (action, token) -> (parameters, answer or None)
        self.templates = {}
        self.capacity = {}   # (type, place, market) -> how many more; "*" stands for any
        self.errors = {}     # (type, place, market) -> code in place of InsufficientInstanceCapacity
        self.prices = {}     # (type, zone) -> text
        self.faults = []
        self.calls = []      # (action, form) of every call heard
        self.boot_s = 0.2
        self.end_s = 0.2
        self.lag_s = 0.0     # a new machine is not listed, and not known by its id, for so long
        self.gone_s = 3600.0
        self.page = 1000
        self.most_alive = 0
        self.numbers = itertools.count(1)
        self.on_call = None  # called with (action, when): when is "heard" or "done"
        self.server = None

    # ---- life --------------------------------------------------------------------------------------

    def start(self, port=0):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.handle(self, body.decode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, action, kind, times=1):
        with self.lock:
            self.faults += [(action, kind)] * times

    def alive(self):
        with self.lock:
            self.settle()
            return [i for i in self.instances.values() if i.state in ("pending", "running")]

    def interrupt(self, instance):
        """The notice: the request says it at once, the instance runs on until it is terminated."""
        with self.lock:
            instance.interrupted = True

    def count(self, action):
        with self.lock:
            return sum(1 for a, _ in self.calls if a == action)

    # ---- wire --------------------------------------------------------------------------------------

    def take_fault(self, action):
        with self.lock:
            for number, (wanted, kind) in enumerate(self.faults):
                if wanted in (action, "*"):
                    del self.faults[number]
                    return kind
        return None

    def handle(self, http_, body):
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        action = form.pop("Action", "")
        kind = self.take_fault(action)
        with self.lock:
            self.calls.append((action, form))
        if self.on_call:
            self.on_call(action, "heard")
        if kind == "refuse":
            http_.close_connection = True
            return
        if kind == "html":
            self.send(http_, 502, "<html><body>Bad Gateway<br></body></html>", "text/html")
            return
        if isinstance(kind, tuple) and kind[0] == "slow":
            time.sleep(kind[1])
        try:
            if isinstance(kind, tuple) and kind[0] == "error":
                raise Refusal(kind[1], "as the test wants it", kind[2])
            with self.lock:
                self.settle()
                answer = getattr(self, "do_" + action)(form)
            status = 200
            text = self.success(action, answer)
        except Refusal as refusal:
            status = refusal.status
            text = self.failure(refusal)
        except AttributeError:
            status = 400
            text = self.failure(Refusal("InvalidAction", action))
        if self.on_call:
            self.on_call(action, "done")
        if kind == "lose":
            http_.close_connection = True
            return
        if kind == "cut":
            text = text[:len(text) // 2]  # with a length that fits: only the XML shows it
        self.send(http_, status, text, "text/xml;charset=UTF-8")

    @staticmethod
    def success(action, answer):
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">' \
               f'<requestId>fake</requestId>{"".join(xml(k, v) for k, v in answer.items())}</{action}Response>'

    @staticmethod
    def failure(refusal):
        return "<Response><Errors>" + xml("Error", {"Code": refusal.code, "Message": refusal.message}) + \
               "</Errors><RequestID>fake</RequestID></Response>"

    @staticmethod
    def send(http_, status, text, kind):
        data = text.encode()
        try:
            http_.send_response(status)
            http_.send_header("Content-Type", kind)
            http_.send_header("Content-Length", str(len(data)))
            http_.end_headers()
            http_.wfile.write(data)
        except OSError:
            pass  # whoever asked has gone

    # ---- machines ----------------------------------------------------------------------------------

    def settle(self):
        """What time does."""
        now = time.time()
        for i in list(self.instances.values()):
            if i.state == "pending" and now - i.made >= self.boot_s:
                i.state = "running"
            if i.state == "shutting-down" and now - i.ended >= self.end_s:
                i.state = "terminated"
            if i.state == "terminated" and now - i.ended >= self.gone_s:
                del self.instances[i.id]

    def room(self, type_, place, market):
        keys = [k for k in itertools.product((type_, "*"), (place, "*"), (market, "*")) if k in self.capacity]
        return keys, min((self.capacity[k] for k in keys), default=10**9)

    def make(self, type_, place, market, count, tags, token):
        """As many as there is room for."""
        keys, room = self.room(type_, place, market)
        made = []
        for _ in range(min(count, room)):
            made.append(Instance(next(self.numbers), type_, place, market, dict(tags), token))
            self.instances[made[-1].id] = made[-1]
        for key in keys:
            self.capacity[key] -= len(made)
        self.most_alive = max(self.most_alive, len([
            i for i in self.instances.values() if i.state in ("pending", "running")]))
        return made

    def why_not(self, type_, place, market):
        for key in itertools.product((type_, "*"), (place, "*"), (market, "*")):
            if key in self.errors:
                return self.errors[key]
        return "InsufficientInstanceCapacity"

    @staticmethod
    def tags_for(top, resource):
        for spec in listed(top.get("TagSpecification")):
            if spec["ResourceType"] == resource:
                return {t["Key"]: t["Value"] for t in listed(spec.get("Tag"))}
        return {}

    def once(self, action, form, work):
        """The same token again gives the same answer; with other parameters it is refused."""
        token = form.get("ClientToken")
        known = self.tokens.get((action, token)) if token else None
        if known:
            if known[0] != form:
                raise Refusal("IdempotentParameterMismatch",
                              "The client token is already in use with different parameters.")
            made = [self.instances.get(i) for i in known[2]]
            if action == "RunInstances" and made and all(
                    i is None or i.state in ("shutting-down", "terminated") for i in made):
                raise Refusal("IdempotentInstanceTerminated", "The instance has been terminated.")
            return known[1]
        answer, made = work()
        if token:
            self.tokens[action, token] = (dict(form), answer, [i.id for i in made])
        return answer

    def check_template(self, spec):
        name = spec.get("LaunchTemplateId") or spec.get("LaunchTemplateName")
        if name not in self.templates and name not in (t["id"] for t in self.templates.values()):
            raise Refusal("InvalidLaunchTemplateName.NotFoundException", f"'{name}' does not exist")

    # ---- calls -------------------------------------------------------------------------------------

    def do_CreateLaunchTemplate(self, form):
        name = form["LaunchTemplateName"]
        if name in self.templates:
            raise Refusal("InvalidLaunchTemplateName.AlreadyExistsException", "already in use")
        self.templates[name] = {"id": f"lt-{len(self.templates) + 1:017x}", "data": tree(form)["LaunchTemplateData"]}
        return {"launchTemplate": {"launchTemplateId": self.templates[name]["id"], "launchTemplateName": name,
                                   "latestVersionNumber": 1, "defaultVersionNumber": 1}}

    def do_RunInstances(self, form):
        top = tree(form)
        market = "spot" if top.get("InstanceMarketOptions", {}).get("MarketType") == "spot" else "on-demand"
        place = top.get("SubnetId") or top.get("Placement", {}).get("AvailabilityZone", "eu-central-1a")
        if "LaunchTemplate" in top:
            self.check_template(top["LaunchTemplate"])
        least, most = int(form["MinCount"]), int(form["MaxCount"])

        def work():
            code = self.why_not(form["InstanceType"], place, market)
            if self.room(form["InstanceType"], place, market)[1] < least:
                raise Refusal(code, "We currently do not have sufficient capacity.",
                              500 if code == "InsufficientInstanceCapacity" else 400)
            made = self.make(form["InstanceType"], place, market, most, self.tags_for(top, "instance"),
                             form.get("ClientToken"))
            return {"reservationId": f"r-{len(self.tokens):08x}", "ownerId": "123456789012",
                    "instancesSet": [i.document() for i in made]}, made

        return self.once("RunInstances", form, work)

    def do_CreateFleet(self, form):
        top = tree(form)
        if form.get("Type") != "instant":
            raise Refusal("InvalidParameterValue", "only instant fleets are faked")
        config = listed(top["LaunchTemplateConfigs"])[0]
        self.check_template(config["LaunchTemplateSpecification"])
        target = top["TargetCapacitySpecification"]
        market, total = target["DefaultTargetCapacityType"], int(target["TotalTargetCapacity"])
        overrides = listed(config.get("Overrides"))
        if not overrides:
            raise Refusal("InvalidParameterValue", "a fleet without overrides is not faked")
        if len({tuple(sorted(o.items())) for o in overrides}) != len(overrides):
            raise Refusal("InvalidFleetConfig", "two overrides are the same")

        def work():
            items, errors, made = [], [], []
            # The first that has room first, a share each, then whoever has more: neither EC2's order nor random.
            for share in (-(-total // len(overrides)), total):
                for override in overrides:
                    place = override.get("SubnetId") or override["AvailabilityZone"]
                    new = self.make(override["InstanceType"], place, market, min(share, total - len(made)),
                                    self.tags_for(top, "instance"), form.get("ClientToken"))
                    made += new
                    if new:
                        items.append(self.fleet_item(override, market) | {
                            "instanceIds": [i.id for i in new], "instanceType": override["InstanceType"]})
            if len(made) < total:
                for override in overrides:
                    place = override.get("SubnetId") or override["AvailabilityZone"]
                    errors.append(self.fleet_item(override, market) | {
                        "errorCode": self.why_not(override["InstanceType"], place, market),
                        "errorMessage": "There is no capacity available that matches your request."})
            return {"fleetId": f"fleet-{len(self.tokens):08x}", "fleetInstanceSet": items, "errorSet": errors}, made

        return self.once("CreateFleet", form, work)

    @staticmethod
    def fleet_item(override, market):
        names = {"InstanceType": "instanceType", "SubnetId": "subnetId", "AvailabilityZone": "availabilityZone"}
        return {"lifecycle": market, "launchTemplateAndOverrides": {
            "launchTemplateSpecification": {"launchTemplateId": "lt-1", "version": "1"},
            "overrides": {names[k]: v for k, v in override.items() if k in names}}}

    def do_DescribeInstances(self, form):
        top = tree(form)
        now = time.time()
        found = [i for i in self.instances.values() if now - i.made >= self.lag_s]
        for given in listed(top.get("Filter")):
            values = listed(given["Value"])
            if given["Name"].startswith("tag:"):
                found = [i for i in found if i.tags.get(given["Name"][4:]) in values]
            elif given["Name"] == "instance-state-name":
                found = [i for i in found if i.state in values]
            else:
                raise Refusal("InvalidParameterValue", f"the filter {given['Name']} is not faked")
        found.sort(key=lambda i: i.id)
        first = int(form.get("NextToken") or 0)
        page = found[first:first + min(self.page, int(form.get("MaxResults", 1000)))]
        more = first + len(page) < len(found)
        answer = {"reservationSet": [{"reservationId": "r-" + i.id[2:], "ownerId": "123456789012",
                                      "instancesSet": [i.document()]} for i in page]}
        return answer | ({"nextToken": str(first + len(page))} if more else {})

    def do_TerminateInstances(self, form):
        ids = listed(tree(form)["InstanceId"])
        now = time.time()
        unknown = [i for i in ids if i not in self.instances or now - self.instances[i].made < self.lag_s]
        if unknown:
            s = "s" if len(unknown) > 1 else ""
            verb = "do" if len(unknown) > 1 else "does"
            raise Refusal("InvalidInstanceID.NotFound",
                          f"The instance ID{s} '{', '.join(unknown)}' {verb} not exist")
        out = []
        for i in (self.instances[i] for i in ids):
            before = i.state
            if i.state not in ("shutting-down", "terminated"):
                i.state, i.ended = "shutting-down", now
            out.append({"instanceId": i.id, "currentState": {"code": STATES[i.state], "name": i.state},
                        "previousState": {"code": STATES[before], "name": before}})
        return {"instancesSet": out}

    def do_DescribeSpotInstanceRequests(self, form):
        wanted = None
        for given in listed(tree(form).get("Filter")):
            if given["Name"] != "status-code":
                raise Refusal("InvalidParameterValue", f"the filter {given['Name']} is not faked")
            wanted = listed(given["Value"])
        out = []
        for i in self.instances.values():
            status = "instance-terminated-no-capacity" if i.interrupted else "fulfilled"
            if i.market == "spot" and (wanted is None or status in wanted):
                out.append({"spotInstanceRequestId": i.request, "state": "closed" if i.interrupted else "active",
                            "status": {"code": status, "message": None}, "instanceId": i.id, "type": "one-time"})
        return {"spotInstanceRequestSet": out}

    def do_DescribeSpotPriceHistory(self, form):
        types = listed(tree(form).get("InstanceType"))
        return {"spotPriceHistorySet": [
            {"instanceType": t, "availabilityZone": z, "productDescription": "Linux/UNIX", "spotPrice": price,
             "timestamp": "2026-01-01T00:00:00.000Z"}
            for (t, z), price in self.prices.items() if not types or t in types], "nextToken": None}
