"""The calls that make, end, find and list single machines."""

from .calls import handles
from .lists import aggregated, paged
from .operations import Operation
from .places import check_zone, region_of
from .refusal import exists, not_found, not_ready
from .templates import template_of
from .vm import Machine, check_labels, check_name, check_properties, check_type, merge


def find(cloud, call):
    zone, name = check_zone(cloud, call.path["zone"]), call.path["instance"]
    machine = cloud.machines.get((zone, name))
    # An instance can be named by its number, too.
    machine = machine or next((m for m in cloud.machines.values() if m.id == name and m.zone == zone), None)
    if machine is None or cloud.hidden(machine):
        raise not_found(f"projects/{cloud.project}/zones/{zone}/instances/{name}")
    return machine


def start(cloud, machine, operation, failure=None):
    """Into the world with it; whether it fits is said later."""
    cloud.add(machine)
    machine.boots(operation, lambda: failure or cloud.no_room(machine))


@handles("compute.instances.insert")
def insert(cloud, call):
    zone = check_zone(cloud, call.path["zone"])

    def work():
        wanted = call.body
        template = call.query.get("sourceInstanceTemplate")
        if template:
            below = dict(template_of(cloud, template))
            below["machineType"] = f"zones/{zone}/machineTypes/{below['machineType']}"
            wanted = merge(below, wanted)
        name = wanted.get("name")
        check_name(name)
        check_type(cloud, zone, wanted.get("machineType"), bare=False)
        spot = check_properties(cloud, region_of(zone), wanted)
        path = f"projects/{cloud.project}/zones/{zone}/instances/{name}"
        if (zone, name) in cloud.machines:
            raise exists(path)
        machine = Machine(cloud, zone, name, wanted, spot)
        operation = Operation(cloud, call.scope, "insert", path, machine.id, call.query.get("requestId"))
        start(cloud, machine, operation, call.failure)
        return operation

    return cloud.once(call, work)


@handles("compute.instances.delete")
def delete(cloud, call):
    def work():
        machine = find(cloud, call)
        if machine.path in cloud.deleting:
            raise not_ready(machine.path)
        return end(cloud, machine, call.query.get("requestId"), call.failure)
    return cloud.once(call, work)


def end(cloud, machine, client_id=None, failure=None):
    operation = Operation(cloud, "zones/" + machine.zone, "delete", machine.path, machine.id, client_id)
    if failure:
        cloud.later.after(cloud.end_s, lambda: operation.finish(*failure))
        return operation
    cloud.deleting.add(machine.path)
    operation.run()

    def gone():
        cloud.deleting.discard(machine.path)
        machine.vanish()
        operation.finish()

    if machine.status == "TERMINATED":
        cloud.later.after(cloud.end_s, gone)
    else:
        machine.stops(gone)
    return operation


@handles("compute.instances.stop")
def stop(cloud, call):
    def work():
        machine = find(cloud, call)
        operation = Operation(cloud, call.scope, "stop", machine.path, machine.id, call.query.get("requestId"))
        machine.stops(operation.finish)
        return operation.run()
    return cloud.once(call, work)


@handles("compute.instances.get")
def get(cloud, call):
    return find(cloud, call).doc


def visible(cloud):
    found = {}
    for (zone, _), machine in cloud.machines.items():
        if not cloud.hidden(machine):
            found.setdefault("zones/" + zone, []).append(machine.doc)
    return found


@handles("compute.instances.list")
def list_(cloud, call):
    check_zone(cloud, call.path["zone"])
    return paged(cloud, call, "compute#instanceList", "instances", visible(cloud).get(call.scope, []))


@handles("compute.instances.aggregatedList")
def aggregated_list(cloud, call):
    return aggregated(cloud, call, "compute#instanceAggregatedList", "instances", visible(cloud),
                      cloud.scopes("zones"))


@handles("compute.instances.setLabels")
def set_labels(cloud, call):
    def work():
        machine = find(cloud, call)
        check_labels(call.body.get("labels") or {})
        machine.doc["labels"] = call.body.get("labels") or {}
        return Operation(cloud, call.scope, "setLabels", machine.path, machine.id,
                         call.query.get("requestId")).finish()
    return cloud.once(call, work)


@handles("compute.instances.simulateMaintenanceEvent")
def simulate(cloud, call):
    """On a Spot machine this is a preemption."""
    def work():
        machine = find(cloud, call)
        operation = Operation(cloud, call.scope, "simulateMaintenanceEvent", machine.path, machine.id,
                              call.query.get("requestId"))
        if machine.spot:
            cloud.preempt(machine)
        return operation.finish()
    return cloud.once(call, work)


@handles("compute.disks.list")
def disks_list(cloud, call):
    found = [disk for (zone, _), disk in cloud.disks.items() if zone == check_zone(cloud, call.path["zone"])]
    return paged(cloud, call, "compute#diskList", "disks", found)


@handles("compute.disks.delete")
def disks_delete(cloud, call):
    def work():
        zone, name = check_zone(cloud, call.path["zone"]), call.path["disk"]
        path = f"projects/{cloud.project}/zones/{zone}/disks/{name}"
        if (zone, name) not in cloud.disks:
            raise not_found(path)
        disk = cloud.disks.pop((zone, name))
        return Operation(cloud, call.scope, "delete", path, disk["id"], call.query.get("requestId")).finish()
    return cloud.once(call, work)
