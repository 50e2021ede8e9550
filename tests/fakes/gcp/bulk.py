"""Many machines by one request, in a zone or spread over a region's. All or at least minCount of them: with fewer the
whole is taken back and the operation fails, with a summary code first and the true one behind it."""

import re

from .calls import handles
from .instances import end
from .operations import Operation
from .places import check_region, check_zone, region_of
from .refusal import Refusal, exists, invalid, rate_limited
from .templates import template_of
from .vm import Machine, check_name, check_properties, check_type, last, merge

AT_ONCE = 10


@handles("compute.instances.bulkInsert")
def zonal(cloud, call):
    zone = check_zone(cloud, call.path["zone"])
    if "locationPolicy" in call.body:
        raise invalid("resource.locationPolicy", "", "A location policy is for regional requests only.")
    return cloud.once(call, lambda: accept(cloud, call, [zone], "ANY"))


@handles("compute.regionInstances.bulkInsert")
def regional(cloud, call):
    region = check_region(cloud, call.path["region"])
    policy = call.body.get("locationPolicy") or {}
    zones = [zone for zone in cloud.zones if region_of(zone) == region]
    allowed, denied = set(), set()
    for url, location in (policy.get("locations") or {}).items():
        if not re.fullmatch(r"(.*/)?zones/[a-z0-9-]+", url) or last(url) not in zones:
            raise invalid(f"resource.locationPolicy.locations[{url}]", url, "The zone is not one of the region.")
        (denied if location.get("preference") == "DENY" else allowed).add(last(url))
    zones = [zone for zone in zones if zone not in denied and (not allowed or zone in allowed)]
    shape = policy.get("targetShape", "ANY_SINGLE_ZONE")
    return cloud.once(call, lambda: accept(cloud, call, zones, shape))


def accept(cloud, call, zones, shape):
    body = call.body
    count = int(body.get("count") or len(body.get("perInstanceProperties") or {}))
    least = int(body.get("minCount") or count)
    if count < 1 or least > count:
        raise invalid("resource.count", count, "Must be at least one, and not less than minCount.")
    if count > (5000 if call.scope.startswith("regions") else 1000):
        raise invalid("resource.count", count, "Too many instances.")
    if sum(1 for o in cloud.operations.values() if o.doc["operationType"] == "bulkInsert" and not o.done) >= AT_ONCE:
        raise rate_limited("Concurrent bulk insert operations", cloud.project_number)
    wanted = body.get("instanceProperties") or {}
    if body.get("sourceInstanceTemplate"):
        wanted = merge(template_of(cloud, body["sourceInstanceTemplate"], "resource.sourceInstanceTemplate"), wanted)
    check_type(cloud, zones[0] if len(zones) == 1 else None, wanted.get("machineType"), bare=True)
    spot = check_properties(cloud, region_of(zones[0]), wanted)
    names = names_of(cloud, body, count, zones)
    order = places(cloud, wanted, spot, zones, shape, count)
    foresee(cloud, wanted, spot, order, least)
    return Bulk(cloud, call, wanted, spot, names, order, least).operation


def names_of(cloud, body, count, zones):
    pattern, each = body.get("namePattern"), body.get("perInstanceProperties") or {}
    if bool(pattern) == bool(each):
        raise invalid("resource.namePattern", pattern or "",
                      "Either namePattern or perInstanceProperties must be set.")
    if each:
        if len(each) != count:
            raise invalid("resource.perInstanceProperties", len(each), "There must be as many as count.")
        names = [properties.get("name") or key for key, properties in each.items()]
        for name in names:
            check_name(name, "resource.perInstanceProperties")
            for zone in zones:
                if (zone, name) in cloud.machines:
                    raise exists(f"projects/{cloud.project}/zones/{zone}/instances/{name}")
        return names
    if len(re.findall("#+", pattern)) != 1:
        raise invalid("resource.namePattern", pattern, "There must be one run of #.")
    digits = len(re.search("#+", pattern).group())
    before, _, after = re.sub("#+", "#", pattern).partition("#")
    check_name(before + "0" * digits + after, "resource.namePattern")
    taken = re.compile(re.escape(before) + rf"(\d{{{digits}}})" + re.escape(after))
    numbers = [int(m.group(1)) for _, name in cloud.machines if (m := taken.fullmatch(name))]
    first = max(numbers, default=0) + 1
    if first + count > 10**digits:
        raise invalid("resource.namePattern", pattern, "There are not enough names of this form.")
    return [f"{before}{number:0{digits}}{after}" for number in range(first, first + count)]


def places(cloud, wanted, spot, zones, shape, count):
    """The zone of each, by what room there seems to be."""
    room = {zone: count if cloud.bulk_blind else cloud.room(last(wanted["machineType"]), zone, spot) for zone in zones
            if (zone, last(wanted["machineType"])) not in cloud.not_offered}
    if not room:
        raise invalid("resource.instanceProperties.machineType", wanted["machineType"], "No zone has it.")
    if shape == "ANY_SINGLE_ZONE":
        return [max(room, key=lambda zone: min(room[zone], count))] * count
    if shape == "BALANCED":     # as even as the room allows
        found = []
        for _ in range(count):
            free = [zone for zone in room if room[zone] > found.count(zone)] or list(room)
            found.append(min(free, key=found.count))
        return found
    found = [zone for zone, free in room.items() for _ in range(min(free, count))]
    return (found + [next(iter(room))] * count)[:count]


def foresee(cloud, wanted, spot, order, least):
    """Where the cloud looks ahead it refuses at once what cannot be done."""
    if not cloud.bulk_foresees:
        return
    type_ = last(wanted["machineType"])
    if sum(min(order.count(zone), cloud.room(type_, zone, spot)) for zone in set(order)) < least:
        raise Refusal(503, "insufficientCapacity", "There is not enough capacity for the request.")


class Bulk:
    """One request on its way: a child operation for every machine, and the parent that sums them up."""

    def __init__(self, cloud, call, wanted, spot, names, order, least):
        self.cloud, self.least = cloud, least
        request = call.query.get("requestId")
        group = f"{cloud.number():x}-bulk"
        target = f"projects/{cloud.project}/{call.scope}"
        self.operation = Operation(cloud, call.scope, "bulkInsert", target, cloud.project_number, request, group).run()
        self.order, self.children, self.codes, self.kept = order, [], [], True
        if call.failure:
            cloud.later.after(cloud.decide_s, lambda: self.operation.finish(*call.failure))
            return
        for name, zone in zip(names, order):
            machine = Machine(cloud, zone, name, wanted, spot)
            child = Operation(cloud, "zones/" + zone, "insert", machine.path, machine.id, group=group)
            cloud.add(machine)
            machine.boots(child, lambda machine=machine: self.room_for(machine))
            self.children.append((machine, child))
        self.sum_up("CREATING")
        cloud.later.after(cloud.decide_s, self.decided)
        cloud.later.after(cloud.decide_s + cloud.boot_s, self.ended)

    def room_for(self, machine):
        failure = self.cloud.no_room(machine)
        if failure:
            self.codes.append(failure)
        return failure

    def decided(self):
        """After every child has been told whether there is room for it."""
        made = [machine for machine, child in self.children if machine.there()]
        if len(made) >= self.least:
            return
        self.kept = False
        for machine in made:
            end(self.cloud, machine)
        self.sum_up("ROLLING_BACK")

    def ended(self):
        """When all children are."""
        if not all(child.done for _, child in self.children):
            self.cloud.later.after(0.01, self.ended)
            return
        self.sum_up("DONE")
        if self.kept:
            self.operation.finish()
            return
        self.operation.finish("VM_MIN_COUNT_NOT_REACHED",
                              f"Requested minimum count of {self.least} VMs could not be created.", 503)
        told = []
        for code, message, *_ in self.codes:
            if code not in told:
                told.append(code)
                self.operation.doc["error"]["errors"].append({"code": code, "message": message})

    def sum_up(self, status):
        found = {}
        for machine, child in self.children:
            one = found.setdefault("zones/" + machine.zone, {
                "targetVmCount": 0, "createdVmCount": 0, "deletedVmCount": 0, "failedToCreateVmCount": 0,
                "status": status})
            one["targetVmCount"] += 1
            if "error" in child.doc:
                one["failedToCreateVmCount"] += 1
            elif not self.kept:
                one["deletedVmCount"] += 1
            elif machine.there():
                one["createdVmCount"] += 1
        self.operation.doc["instancesBulkInsertOperationMetadata"] = {"perLocationStatus": found}
