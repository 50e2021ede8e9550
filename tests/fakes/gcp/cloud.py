"""The state of the fake cloud, and what tests turn and look at."""

import itertools
import re
import threading
import time

from .operations import Operation
from .places import REGIONS, TYPES, region_of, zone_names
from .refusal import invalid
from .times import Later

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
QUOTAS = {"CPUS": 100_000, "N2_CPUS": 100_000, "N2D_CPUS": 100_000, "C3_CPUS": 100_000, "T2D_CPUS": 100_000,
          "PREEMPTIBLE_CPUS": 100_000, "INSTANCES": 100_000, "IN_USE_ADDRESSES": 100_000, "SSD_TOTAL_GB": 1_000_000}


class Cloud:
    def __init__(self, project="muster-test"):
        self.project, self.project_number = project, "123456789012"
        self.user = f"muster@{project}.iam.gserviceaccount.com"
        self.born = time.time()
        self.lock = threading.RLock()
        self.turn = threading.Condition(self.lock)
        self.numbers = itertools.count(1)
        self.later = Later()
        self.regions, self.zones = list(REGIONS), zone_names()
        self.types = dict(TYPES)
        self.subnetworks = {"default"}
        self.machines, self.ended, self.disks = {}, [], {}
        self.templates, self.groups, self.operations = {}, {}, {}
        self.deleting, self.requests = set(), {}
        self.used, self.alive_now, self.most_alive = {}, 0, 0

        # ---- what tests turn ----
        self.capacity = {}          # (type, zone, "SPOT" | "STANDARD") -> how many more; "*" is any, absent no limit
        self.errors = {}            # the same keys -> code in place of ZONE_RESOURCE_POOL_EXHAUSTED
        self.quotas = {region: dict(QUOTAS) for region in self.regions}
        self.global_quotas = {"CPUS_ALL_REGIONS": 1_000_000, "NETWORKS": 15}
        self.not_offered = set()    # (zone, type)
        self.unreachable = set()    # zones
        self.decide_s = 0.05        # until it is known whether there is room
        self.boot_s = 0.15          # from there until it runs
        self.end_s = 0.2
        self.lag_s = 0.0            # a new machine is not listed, and not found, for so long
        self.wait_s = 120.0         # how long `wait` waits, at most
        self.page = 500
        self.bulk_blind = False     # machines made in bulk go to zones that have no room, too
        self.bulk_foresees = False  # what cannot be made in bulk is refused at once, not by the operation
        self.mig_retry_s = 0.3      # a group tries again after so long
        self.series = {}            # Cloud Monitoring's; see metrics.put and metrics.backlog
        self.metrics_delay_s = 0.0  # points younger than this are not shown yet
        self.metrics_page = 100_000
        self.billing_page = 5000
        self.price_changes = {}     # see prices.catalogue
        self.denied = set()         # permissions that testIamPermissions leaves out
        self.mismatched = []        # requests that came with an id of another request

    # ---- small things ------------------------------------------------------------------------------

    def number(self):
        return 4_000_000_000_000_000_000 + next(self.numbers)

    @staticmethod
    def link(path):
        return "https://www.googleapis.com/compute/v1/" + path

    def scopes(self, kind):
        return [f"{kind}/{name}" for name in getattr(self, kind)]

    def sleep_unlocked(self, seconds):
        self.turn.wait(max(seconds, 0.001))

    def hidden(self, machine):
        return self.lag_s and time.time() - machine.made < self.lag_s

    # ---- machines ----------------------------------------------------------------------------------

    def add(self, machine):
        machine.made = time.time()
        self.machines[machine.key] = machine
        self.recount(machine, 1, int(machine.alive))
        self.most_alive = max(self.most_alive, self.alive_now)

    def recount(self, machine, more, more_alive):
        """Kept as it changes: with many machines counting anew each time would take long."""
        region = region_of(machine.zone)
        self.alive_now += more_alive
        for metric, amount in ((self.metric(machine), self.types[machine.type][0]), ("INSTANCES", 1)):
            self.used[region, metric] = self.used.get((region, metric), 0) + more * amount

    def alive(self):
        with self.lock:
            self.later.settle()
            return [m for m in self.machines.values() if m.alive]

    def metric(self, machine):
        """The quota that its vCPUs count against."""
        if machine.metric is None:
            quotas, family = self.quotas[region_of(machine.zone)], machine.type.split("-")[0].upper() + "_CPUS"
            machine.metric = "PREEMPTIBLE_CPUS" if machine.spot and quotas.get("PREEMPTIBLE_CPUS") else \
                family if family in quotas else "CPUS"
        return machine.metric

    def usage(self, region, metric):
        return self.used.get((region, metric), 0)

    def room(self, type_, zone, spot):
        """How many there is room for, as far as capacity goes."""
        model = "SPOT" if spot else "STANDARD"
        return min((self.capacity[key] for key in itertools.product((type_, "*"), (zone, "*"), (model, "*"))
                    if key in self.capacity), default=10**9)

    def no_room(self, machine):
        """Why it cannot be, as an operation's error, or None. Takes the room if there is some."""
        region, metric = region_of(machine.zone), self.metric(machine)
        for name in (metric, "INSTANCES"):
            limit = self.quotas[region][name]
            if self.usage(region, name) > limit:
                return ("QUOTA_EXCEEDED", f"Quota '{name}' exceeded.  Limit: {float(limit)} in region {region}.", 403,
                        [{"quotaInfo": {"metricName": "compute.googleapis.com/" + name.lower(),
                                        "limitName": name.replace("_", "-") + "-per-project-region",
                                        "dimensions": {"region": region}, "limit": float(limit)}}])
        model = "SPOT" if machine.spot else "STANDARD"
        places = list(itertools.product((machine.type, "*"), (machine.zone, "*"), (model, "*")))
        keys = [key for key in places if key in self.capacity]
        if min((self.capacity[key] for key in keys), default=1) <= 0:
            code = next((self.errors[key] for key in places if key in self.errors), "ZONE_RESOURCE_POOL_EXHAUSTED")
            return exhausted(self.project, machine, code)
        for key in keys:
            self.capacity[key] -= 1
        return None

    def preempt(self, machine):
        """What Compute Engine does when it wants a Spot machine back."""
        with self.lock:
            machine.preempted = True
            operation = Operation(self, "zones/" + machine.zone, "compute.instances.preempted", machine.path,
                                  machine.id)
            operation.doc["user"] = "system"
            operation.doc["statusMessage"] = "Instance was preempted."
            action = machine.doc["scheduling"].get("instanceTerminationAction", "STOP")
            # A group's machine is made anew under its name.
            gone = action == "DELETE" or machine.created_by is not None
            machine.stops(machine.vanish if gone else None)
            operation.finish()

    # ---- once ----------------------------------------------------------------------------------------

    def once(self, call, work):
        """The same requestId again gives the operation of the first time, as it stands now."""
        request = call.query.get("requestId")
        if request is None:
            return work().doc
        if not UUID.fullmatch(request) or not request.strip("0-"):
            raise invalid("requestId", request, "The request ID must be a valid UUID that is not zero.")
        said = (call.method.name, call.path, call.body)
        if request in self.requests:
            known, operation = self.requests[request]
            if known != said:
                self.mismatched.append((known, said))
            return operation.doc
        operation = work()
        self.requests[request] = (said, operation)
        return operation.doc


def exhausted(project, machine, code):
    zone = f"projects/{project}/zones/{machine.zone}"
    messages = {
        "ZONE_RESOURCE_POOL_EXHAUSTED":
            f"The zone '{zone}' does not have enough resources available to fulfill the request.  "
            "Try a different zone, or try again later.",
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS":
            f"The zone '{zone}' does not have enough resources available to fulfill the request.  "
            f"(resource type:compute, {machine.type})."}
    status = 403 if "QUOTA" in code else 503
    return code, messages.get(code, f"as the test wants it: {code}"), status
