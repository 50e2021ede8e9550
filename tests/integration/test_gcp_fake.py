"""The fake Google Cloud by itself: it refuses what Google refuses, and keeps its word on pages, faults and tokens."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from gcp_cloud import PROJECT_PATH, names
from musterd import wait_for

from gcp import FakeGCP, filters, metrics, partial
from gcp.refusal import Refusal

ZONE = "/zones/us-central1-a"
FROM_TEMPLATE = ZONE + "/instances?sourceInstanceTemplate=global/instanceTemplates/worker"
UUID = "6f1f6f0e-93b5-4b7c-8d64-0d1d2b3c4d5e"


class Browser:
    """Plain requests."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.token = cloud.tokens.make("test", "by hand")

    def __call__(self, verb, path, body=None, project=PROJECT_PATH, data=None, kind="application/json"):
        data = json.dumps(body).encode() if body is not None else data
        request = urllib.request.Request(self.cloud.url + project + path, method=verb, data=data, headers={
            "Authorization": "Bearer " + self.token, "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def wait(self, operation):
        path = urllib.parse.urlsplit(operation["selfLink"]).path
        while operation["status"] != "DONE":
            _, operation = self("POST", path + "/wait", project="")
        return operation


@pytest.fixture
def cloud():
    fake = FakeGCP().start()
    fake.template("worker")
    yield fake
    fake.stop()


@pytest.fixture
def ask(cloud):
    return Browser(cloud)


# what, verb, path, body, status, reason, a piece of the message
REFUSED = [
    ("unknown field", "POST", FROM_TEMPLATE, {"name": "a", "nmae": "b"}, 400, "invalid", 'Unknown name "nmae"'),
    ("unknown field below", "POST", FROM_TEMPLATE, {"name": "a", "scheduling": {"spot": True}}, 400, "invalid",
     "Unknown name \"spot\" at 'scheduling'"),
    ("field in a list", "POST", FROM_TEMPLATE, {"name": "a", "disks": [{"bot": True}]}, 400, "invalid",
     "at 'disks[0]'"),
    ("text for a boolean", "POST", FROM_TEMPLATE, {"name": "a", "scheduling": {"automaticRestart": "no"}}, 400,
     "invalid", "(TYPE_BOOL)"),
    ("number for a text", "POST", FROM_TEMPLATE, {"name": 7}, 400, "invalid", "(TYPE_STRING)"),
    ("label that is no text", "POST", FROM_TEMPLATE, {"name": "a", "labels": {"n": 1}}, 400, "invalid", "labels[n]"),
    ("unknown word", "POST", FROM_TEMPLATE, {"name": "a", "scheduling": {"provisioningModel": "CHEAP"}}, 400,
     "invalid", "(TYPE_ENUM)"),
    ("list for an object", "POST", FROM_TEMPLATE, [], 400, "invalid", "Invalid value"),
    ("unknown query", "POST", FROM_TEMPLATE + "&requestID=" + UUID, {"name": "a"}, 400, "invalid",
     'Unknown name "requestID": Cannot bind query parameter'),
    ("no number", "GET", ZONE + "/instances?maxResults=many", None, 400, "invalid", "(TYPE_UINT32)"),
    ("too many", "GET", ZONE + "/instances?maxResults=501", None, 400, "invalid", "less than or equal to '500'"),
    ("bad filter", "GET", ZONE + "/instances?filter=labels.a==b", None, 400, "invalid", "filter"),
    ("bad page", "GET", "/aggregated/instances?pageToken=%21", None, 400, "invalid", "pageToken"),
    ("bad fields", "GET", ZONE + "/instances?fields=items(", None, 400, "invalidParameter", "field selection"),
    ("required parameter", "POST", ZONE + "/instanceGroupManagers/none/resize", None, 400, "required", "'size'"),
    ("bad name", "POST", FROM_TEMPLATE, {"name": "A"}, 400, "invalid", "Must be a match of regex"),
    ("bad label", "POST", FROM_TEMPLATE, {"name": "a", "labels": {"p": "A/B"}}, 400, "invalid", "Label value"),
    ("bad request id", "POST", FROM_TEMPLATE + "&requestId=1", {"name": "a"}, 400, "invalid", "valid UUID"),
    ("bare machine type", "POST", FROM_TEMPLATE, {"name": "a", "machineType": "e2-small"}, 400, "invalid",
     "The URL is malformed"),
    ("other zone's type", "POST", FROM_TEMPLATE, {"name": "a", "machineType": "zones/us-east1-b/machineTypes/e2-small"},
     400, "invalid", "The URL is malformed"),
    ("Spot that is restarted", "POST", FROM_TEMPLATE,
     {"name": "a", "scheduling": {"provisioningModel": "SPOT", "automaticRestart": True}}, 400, "invalid",
     "AutomaticRestart"),
    ("end of one that stays", "POST", FROM_TEMPLATE,
     {"name": "a", "scheduling": {"instanceTerminationAction": "DELETE"}}, 400, "invalid", "termination action"),
    ("no network", "POST", FROM_TEMPLATE, {"name": "a", "networkInterfaces": []}, 400, "invalid", "network interface"),
    ("no template", "POST", ZONE + "/instances?sourceInstanceTemplate=global/instanceTemplates/x", {"name": "a"}, 404,
     "notFound", "instanceTemplates/x"),
    ("no zone", "GET", "/zones/mars-a/instances", None, 404, "notFound", "zones/mars-a"),
    ("no method", "POST", "/zones/us-central1-a/instances/a/fly", {}, 404, "notFound", "not found on this server"),
    ("no count", "POST", ZONE + "/instances/bulkInsert",
     {"namePattern": "a-#", "sourceInstanceTemplate": "global/instanceTemplates/worker"}, 400, "invalid", "count"),
    ("no names", "POST", ZONE + "/instances/bulkInsert",
     {"count": "2", "sourceInstanceTemplate": "global/instanceTemplates/worker"}, 400, "invalid", "namePattern"),
    ("policy in a zone", "POST", ZONE + "/instances/bulkInsert",
     {"count": "2", "namePattern": "a-#", "locationPolicy": {}}, 400, "invalid", "regional"),
]


@pytest.mark.parametrize("what, verb, path, body, status, reason, piece", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(cloud, ask, what, verb, path, body, status, reason, piece):
    got, answer = ask(verb, path, body)
    error = answer["error"]
    assert (got, error["code"], error["errors"][0]["reason"]) == (status, status, reason)
    assert piece in error["message"] and not cloud.machines


def test_who_may_ask(cloud, ask):
    assert ask("GET", "/zones", project=PROJECT_PATH)[0] == 200
    assert ask("GET", "/zones", project="/compute/v1/projects/another")[0] == 404
    cloud.tokens.expire()
    status, answer = ask("GET", "/zones")
    assert status == 401 and answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
    ask.token = "made-up"
    assert ask("GET", "/zones")[0] == 401


def test_a_machine_of_a_template_is_merged_with_the_request(cloud, ask):
    cloud.template("labelled", labels={"a": "1", "b": "2"}, tags={"items": ["web"]})
    body = {"name": "m", "labels": {"b": "3"}, "metadata": {"items": [{"key": "k", "value": "v"}]}}
    _, operation = ask("POST", ZONE + "/instances?sourceInstanceTemplate=global/instanceTemplates/labelled", body)
    assert ask.wait(operation)["progress"] == 100
    _, machine = ask("GET", ZONE + "/instances/m")
    assert machine["labels"] == {"a": "1", "b": "3"} and machine["tags"]["items"] == ["web"]
    assert machine["metadata"]["items"] == [{"key": "k", "value": "v"}], "lists are replaced"
    assert machine["status"] == "RUNNING" and machine["scheduling"]["provisioningModel"] == "STANDARD"


def test_the_same_request_twice_is_one(cloud, ask):
    first = ask("POST", FROM_TEMPLATE + "&requestId=" + UUID, {"name": "a"})[1]
    assert ask("POST", FROM_TEMPLATE + "&requestId=" + UUID, {"name": "a"})[1]["name"] == first["name"]
    assert not cloud.mismatched and len(cloud.machines) == 1
    ask("POST", FROM_TEMPLATE + "&requestId=" + UUID, {"name": "b"})
    assert cloud.mismatched and len(cloud.machines) == 1
    status, answer = ask("POST", FROM_TEMPLATE, {"name": "a"})
    assert status == 409 and answer["error"]["errors"][0]["reason"] == "alreadyExists"


@pytest.mark.parametrize("fault, status", [("lose", None), ("refuse", None), (("after", 503), 503), ("html", 502)])
def test_answers_that_are_lost(cloud, ask, fault, status):
    cloud.fault("instances.insert", fault)
    try:
        got = ask("POST", FROM_TEMPLATE + "&requestId=" + UUID, {"name": "a"})[0]
    except (OSError, ValueError):
        got = None
    assert got in (status, None) and len(cloud.machines) == (0 if fault == "refuse" else 1)
    assert ask("POST", FROM_TEMPLATE + "&requestId=" + UUID, {"name": "a"})[0] == 200
    assert len(cloud.machines) == 1 and cloud.mutations() == (1 if fault == "refuse" else 2)


def test_an_operation_that_fails_later(cloud, ask):
    cloud.fault("instances.insert", ("op", "ZONE_RESOURCE_POOL_EXHAUSTED"))
    status, operation = ask("POST", FROM_TEMPLATE, {"name": "a"})
    assert status == 200 and "error" not in operation
    operation = ask.wait(operation)
    assert operation["error"]["errors"][0]["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED" and not cloud.machines
    _, listed = ask("GET", ZONE + "/operations?filter=operationType%3Dinsert%20AND%20status%3DDONE")
    assert names(listed["items"]) == [operation["name"]]


def test_pages_are_whole_though_machines_come_and_go(cloud, ask):
    cloud.populate(25)
    seen, token, cloud.page = [], "", 4
    while True:
        _, page = ask("GET", "/aggregated/instances?returnPartialSuccess=true&fields=nextPageToken,"
                             f"items/*/instances(name,zone)&pageToken={token}")
        seen += [m["name"] for scope in page["items"].values() for m in scope.get("instances", [])]
        assert all(set(m) == {"name", "zone"} for s in page["items"].values() for m in s.get("instances", []))
        with cloud.lock:      # the first one that was told ends meanwhile
            next(m for m in cloud.machines.values() if m.name == seen[-1]).vanish()
        token = page.get("nextPageToken")
        if not token:
            break
    assert len(seen) == len(set(seen)) == 25


def test_a_zone_that_cannot_be_reached(cloud, ask):
    cloud.populate(20)
    cloud.unreachable.add("us-east1-c")
    status, page = ask("GET", "/aggregated/instances?returnPartialSuccess=true")
    assert status == 200 and page["items"]["zones/us-east1-c"]["warning"]["code"] == "UNREACHABLE"
    assert page["unreachables"] == ["zones/us-east1-c"]
    assert sum(len(s.get("instances", [])) for s in page["items"].values()) == 18
    assert ask("GET", "/aggregated/instances")[0] == 503


def test_a_spot_machine_is_taken_back(cloud, ask):
    for name, action in (("stays", "STOP"), ("goes", "DELETE")):
        ask.wait(ask("POST", FROM_TEMPLATE, {"name": name, "scheduling": {
            "provisioningModel": "SPOT", "instanceTerminationAction": action}})[1])
    for machine in list(cloud.machines.values()):
        cloud.preempt(machine)
    cloud.on_machine = cloud.machines["us-central1-a", "stays"]
    request = urllib.request.Request(cloud.url + "/computeMetadata/v1/instance/preempted",
                                     headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.read() == b"TRUE" and answer.headers["Metadata-Flavor"] == "Google"
    wait_for("one is gone", 60, lambda: not cloud.alive() and len(cloud.machines) == 1)
    wait_for("one is stopped", 60, lambda: ask("GET", ZONE + "/instances/stays")[1]["status"] == "TERMINATED")
    preempted = urllib.parse.quote('operationType="compute.instances.preempted"')
    _, told = ask("GET", "/aggregated/operations?orderBy=creationTimestamp%20desc&filter=" + preempted)
    found = told["items"]["zones/us-central1-a"]["operations"]
    assert [o["targetLink"].rsplit("/", 1)[1] for o in found] == ["goes", "stays"], "the newest first"


def test_a_group_makes_what_is_missing_again(cloud, ask):
    group = ZONE + "/instanceGroupManagers/g"
    assert ask("POST", ZONE + "/instanceGroupManagers", {
        "name": "g", "instanceTemplate": "global/instanceTemplates/worker", "targetSize": 2})[0] == 200
    wait_for("two", 60, lambda: len(cloud.alive()) == 2)
    name = cloud.alive()[0].name
    ask("DELETE", ZONE + "/instances/" + name)
    wait_for("one less", 60, lambda: len(cloud.ended) == 1 and len(cloud.alive()) >= 1)
    wait_for("it is made again", 60, lambda: name in names(cloud.alive()))
    print_ = ask("GET", group)[1]["fingerprint"]
    labels = {"allInstancesConfig": {"properties": {"labels": {"p": "x"}}}}
    assert ask("PATCH", group, labels | {"fingerprint": print_})[0] == 200
    assert ask("PATCH", group, labels | {"fingerprint": print_})[0] == 412
    ask("POST", group + "/createInstances", {"instances": [{"name": "labelled"}]})
    wait_for("it has the labels", 60, lambda: [m.doc["labels"] for m in cloud.alive() if m.name == "labelled"] == [
        {"p": "x"}])
    cloud.capacity["*", "us-central1-a", "*"] = 0
    ask("POST", group + "/createInstances", {"instances": [{"name": "mine"}]})

    def told():
        managed = ask("POST", group + "/listManagedInstances")[1]["managedInstances"]
        return next(m for m in managed if m["name"] == "mine").get("lastAttempt")

    last = wait_for("it says why", 60, told)
    assert last["errors"]["errors"][0]["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED"
    assert ask("GET", group)[1]["targetSize"] == 4
    assert ask("POST", group + "/deleteInstances", {"instances": ["zones/us-central1-a/instances/other"]})[0] == 400
    ask("POST", group + "/deleteInstances", {"instances": ["zones/us-central1-a/instances/mine"]})
    assert ask("GET", group)[1]["targetSize"] == 3


def test_rates(cloud, ask):
    cloud.rates.sizes["read_requests"] = 3
    cloud.rates.minute = None
    statuses = [ask("GET", "/zones/us-central1-a")[0] for _ in range(10)]
    assert 403 in statuses and statuses[:3] == [200] * 3
    assert ask("GET", "/zones/us-east1-b")[0] == 200, "every region has its own"


def test_time_series(cloud, ask):
    now = time.time()

    def series(query, since_s=300):
        said = {"interval.startTime": stamp(now - since_s), "interval.endTime": stamp(now)} | query
        status, answer = ask("GET", "/timeSeries?" + urllib.parse.urlencode(said), project="/v3/projects/muster-test")
        assert status == 200, answer
        return answer

    def stamp(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

    text = ('metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND '
            'resource.type="pubsub_subscription" AND resource.labels.subscription_id="jobs"')
    assert series({"filter": text}) == {}, "nothing is not zero"
    metrics.backlog(cloud, "jobs", 40, ago_s=150)
    metrics.backlog(cloud, "jobs", 42, ago_s=90)
    metrics.backlog(cloud, "others", 7, ago_s=90)
    (one,) = series({"filter": text})["timeSeries"]
    assert [p["value"]["int64Value"] for p in one["points"]] == ["42", "40"], "newest first"
    (one,) = series({"filter": text, "aggregation.alignmentPeriod": "300s",
                     "aggregation.perSeriesAligner": "ALIGN_MEAN"})["timeSeries"]
    assert one["points"][0]["value"]["doubleValue"] == 41
    for bad in ({}, {"filter": "resource.type=x"}):
        path = "/timeSeries?" + urllib.parse.urlencode({"interval.endTime": stamp(now)} | bad)
        assert ask("GET", path, project="/v3/projects/muster-test")[0] == 400


def test_prices(cloud, ask):
    cloud.billing_page = 20
    found, token = {}, ""
    while True:
        _, page = ask("GET", f"/v1/services/6F81-5844-456A/skus?pageToken={token}", project="")
        found |= {sku["description"]: sku for sku in page["skus"]}
        token = page["nextPageToken"]
        if not token:
            break
    nanos = [found[f"N2 Instance {part} running in Americas"]["pricingInfo"][0]["pricingExpression"]["tieredRates"][0]
             ["unitPrice"]["nanos"] for part in ("Core", "Ram")]
    assert 2 * nanos[0] + 8 * nanos[1] == 97_118_000, "n2-standard-2 in Iowa is $0.097118"
    assert len(found) > 60


def test_federation_and_impersonation(cloud, ask):
    cloud.tokens.subjects["a-token"] = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"
    cloud.tokens.accounts.add("m@x.iam.gserviceaccount.com")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "a-token",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "audience": cloud.tokens.subjects["a-token"], "scope": "https://www.googleapis.com/auth/cloud-platform"}

    def exchange(said):
        return ask("POST", "/v1/token", project="", data=urllib.parse.urlencode(said).encode(),
                   kind="application/x-www-form-urlencoded")

    assert exchange(form | {"subject_token": "stolen"})[0] == 400
    assert exchange(form | {"colour": "red"})[1]["error"] == "invalid_request"
    ask.token = exchange(form)[1]["access_token"]
    path = "/v1/projects/-/serviceAccounts/m@x.iam.gserviceaccount.com:generateAccessToken"
    assert ask("POST", path, {"scopes": ["x"]}, project="")[0] == 400
    ask.token = ask("POST", path, {"scope": ["x"], "lifetime": "600s"}, project="")[1]["accessToken"]
    assert ask("POST", "/v3/projects/muster-test:testIamPermissions", {"permissions": ["compute.instances.create"]},
               project="") == (200, {"permissions": ["compute.instances.create"]})
    assert cloud.tokens.asked == ["by hand", "sts", "impersonate"]


@pytest.mark.parametrize("text, let_through", [
    ("", "abc"), ("labels.p=x", "ab"), ("labels.p=x AND status=RUNNING", "a"), ("(labels.p=x) (status=RUNNING)", "a"),
    ("labels.p=y OR status=RUNNING", "ac"), ("NOT labels.p=x", "c"), ("-labels.p:*", ""), ("labels.q:*", "b"),
    ('name="b"', "b"), ("name != b", "ac"), ("name eq 'a|c'", "ac"), ("name ne a", "bc"), ("size > 5", "bc"),
    ("disks.boot=true", "a"), ('name eq ".*\\bb\\b.*"', "b"), ("labels.p:X", "ab"),
])
def test_filters(text, let_through):
    found = [{"name": "a", "status": "RUNNING", "labels": {"p": "x"}, "size": 5, "disks": [{"boot": True}]},
             {"name": "b", "status": "STOPPING", "labels": {"p": "x", "q": ""}, "size": 12},
             {"name": "c", "status": "STOPPING", "labels": {"p": "y"}, "size": 50}]
    wanted = filters.parse(text)
    assert "".join(one["name"] for one in found if wanted(one)) == let_through


@pytest.mark.parametrize("text", ["labels.p", "labels.p=", "=x", "a=b AND", "(a=b", "a=b)", 'a="b', "a ~ b", "OR a=b"])
def test_broken_filters(text):
    with pytest.raises(Refusal):
        filters.parse(text)


def test_fields():
    tree = partial.parse("items/*/instances(name,disks/boot),nextPageToken")
    whole = {"kind": "k", "nextPageToken": "t", "items": {"z": {"instances": [
        {"name": "a", "id": "1", "disks": [{"boot": True, "index": 0}]}], "warning": {}}}}
    assert partial.pick(whole, tree) == {"nextPageToken": "t", "items": {"z": {"instances": [
        {"name": "a", "disks": [{"boot": True}]}]}}}
