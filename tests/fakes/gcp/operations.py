"""Operations: what a change answers with at once, and what says later how it went."""

import random
import time

from .calls import handles
from .lists import paged, aggregated
from .refusal import not_found
from .times import stamp

HTTP_WORDS = {400: "BAD REQUEST", 403: "FORBIDDEN", 404: "NOT FOUND", 409: "CONFLICT", 429: "TOO MANY REQUESTS",
              500: "INTERNAL SERVER ERROR", 503: "SERVICE UNAVAILABLE"}
WAIT_S = 120.0


class Operation:
    def __init__(self, cloud, scope, kind, target, target_id, client_id=None, group=None):
        self.cloud, self.scope = cloud, scope
        number = cloud.number()
        self.name = f"operation-{int(time.time() * 1000)}-{number:013x}-{random.getrandbits(32):08x}-" \
                    f"{random.getrandbits(32):08x}"
        self.path = f"projects/{cloud.project}/{scope}/operations/{self.name}"
        self.doc = {"kind": "compute#operation", "id": str(number), "name": self.name, "operationType": kind,
                    "targetLink": cloud.link(target), "targetId": str(target_id), "status": "PENDING",
                    "user": cloud.user, "progress": 0, "insertTime": stamp(),
                    "selfLink": cloud.link(self.path)}
        kind_of_scope, _, place = scope.partition("/")
        if place:
            self.doc[kind_of_scope[:-1]] = cloud.link(f"projects/{cloud.project}/{scope}")
        if client_id:
            self.doc["clientOperationId"] = client_id
        if group:
            self.doc["operationGroupId"] = group
        cloud.operations[scope, self.name] = self

    @property
    def done(self):
        return self.doc["status"] == "DONE"

    def run(self):
        if self.doc["status"] == "PENDING":
            self.doc |= {"status": "RUNNING", "startTime": stamp()}
        return self

    def finish(self, code=None, message="", status=400, details=None):
        """Done; with a code, as a failure. What is done stays as it is."""
        if self.done:
            return self
        self.run()
        self.doc |= {"status": "DONE", "progress": 100, "endTime": stamp()}
        if code:
            error = {"code": code, "message": message}
            if details:
                error["errorDetails"] = details
            self.doc |= {"error": {"errors": [error]}, "httpErrorStatusCode": status,
                         "httpErrorMessage": HTTP_WORDS.get(status, "ERROR")}
        return self


def find(cloud, call):
    operation = cloud.operations.get((call.scope, call.path["operation"]))
    if operation is None:
        raise not_found(f"projects/{cloud.project}/{call.scope}/operations/{call.path['operation']}")
    return operation


@handles("compute.zoneOperations.get", "compute.regionOperations.get", "compute.globalOperations.get")
def get(cloud, call):
    return find(cloud, call).doc


@handles("compute.zoneOperations.wait", "compute.regionOperations.wait", "compute.globalOperations.wait")
def wait(cloud, call):
    """Answers when it is done, or after two minutes: the caller looks at the status."""
    operation = find(cloud, call)
    until = time.monotonic() + min(WAIT_S, cloud.wait_s)
    while not operation.done and time.monotonic() < until:
        cloud.sleep_unlocked(min(cloud.later.next_in() or 0.05, 0.05))
        cloud.later.settle()
    return operation.doc


@handles("compute.zoneOperations.list", "compute.regionOperations.list", "compute.globalOperations.list")
def list_(cloud, call):
    found = [o.doc for (scope, _), o in cloud.operations.items() if scope == call.scope]
    return paged(cloud, call, "compute#operationList", "operations", found)


@handles("compute.globalOperations.aggregatedList")
def aggregated_list(cloud, call):
    found = {}
    for (scope, _), operation in cloud.operations.items():
        found.setdefault(scope, []).append(operation.doc)
    scopes = [*cloud.scopes("zones"), *cloud.scopes("regions"), "global"]
    return aggregated(cloud, call, "compute#operationAggregatedList", "operations", found, scopes)
