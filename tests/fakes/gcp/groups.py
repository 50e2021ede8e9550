"""Managed instance groups: they keep a size, make what is missing again and again, and end what they are told to."""

import base64
import random
import re
import string

from .calls import handles
from .instances import end
from .lists import paged
from .operations import Operation
from .places import check_region, check_zone, region_of
from .refusal import Refusal, exists, invalid, not_found
from .templates import template_of
from .times import stamp
from .vm import Machine, check_labels, check_name, check_properties, last, merge

KINDS = ("instanceGroupManagers", "regionInstanceGroupManagers")


def both(verb):
    return [f"compute.{kind}.{verb}" for kind in KINDS]


class Member:
    """A machine that a group is to have, whether it is there or not."""

    def __init__(self, group, name, zone):
        self.group, self.name, self.zone = group, name, zone
        self.machine, self.action, self.errors = None, "CREATING", []

    @property
    def path(self):
        return f"projects/{self.group.cloud.project}/zones/{self.zone}/instances/{self.name}"

    def create(self):
        """Tried until it is there, or not wanted any more."""
        group, cloud = self.group, self.group.cloud
        if self not in group.members or self.action == "DELETING":
            return
        if (self.zone, self.name) in cloud.machines:    # the one before it is not gone yet
            cloud.later.after(cloud.mig_retry_s, self.create)
            return
        wanted = template_of(cloud, group.doc["instanceTemplate"])
        extra = (group.doc.get("allInstancesConfig") or {}).get("properties") or {}
        wanted = merge(wanted, {"labels": extra.get("labels") or {}})
        wanted = wanted | {"metadata": {"items": (wanted.get("metadata") or {}).get("items", []) + [
            {"key": "created-by", "value": f"projects/{cloud.project_number}/{group.scope}/instanceGroupManagers/"
                                           f"{group.name}"}]}}
        spot = check_properties(cloud, region_of(self.zone), wanted)
        machine = Machine(cloud, self.zone, self.name, wanted, spot, created_by=group)
        operation = Operation(cloud, "zones/" + self.zone, "insert", machine.path, machine.id)
        self.machine = machine
        machine.on_end = self.lost

        def room():
            failure = cloud.no_room(machine)
            if failure:
                self.errors = [{"code": failure[0], "message": failure[1]}]
            return failure

        cloud.add(machine)
        machine.boots(operation, room)
        cloud.later.after(cloud.decide_s + cloud.boot_s, self.settled)

    def settled(self):
        if self.machine is not None and self.machine.status == "RUNNING" and self.action != "DELETING":
            self.action, self.errors = "NONE", []

    def lost(self):
        """The machine is no more: ended by us, by somebody, or it never came to be."""
        self.machine = None
        if self.action == "DELETING":
            if self in self.group.members:
                self.group.members.remove(self)
        elif self in self.group.members:
            self.action = "CREATING"
            self.group.cloud.later.after(self.group.cloud.mig_retry_s, self.create)

    def delete(self):
        self.action = "DELETING"
        if self.machine is None:
            self.lost()
        elif self.machine.path not in self.group.cloud.deleting:
            end(self.group.cloud, self.machine)

    def document(self):
        found = {"instance": self.group.cloud.link(self.path), "name": self.name, "currentAction": self.action,
                 "version": {"instanceTemplate": self.group.doc["instanceTemplate"]}}
        if self.machine is not None:
            found |= {"id": self.machine.id, "instanceStatus": self.machine.status}
        if self.errors:
            found["lastAttempt"] = {"errors": {"errors": self.errors}}
        return found


class Group:
    def __init__(self, cloud, scope, name, body):
        self.cloud, self.scope, self.name, self.members = cloud, scope, name, []
        self.path = f"projects/{cloud.project}/{scope}/instanceGroupManagers/{name}"
        kind, _, place = scope.partition("/")
        self.zones = [place] if kind == "zones" else [z for z in cloud.zones if region_of(z) == place]
        asked = (body.get("distributionPolicy") or {}).get("zones")
        if asked:
            self.zones = [last(zone["zone"]) for zone in asked]
        template = re.search(r"(global|regions/[^/]+)/instanceTemplates/[^/]+$", body["instanceTemplate"]).group()
        self.doc = {"kind": "compute#instanceGroupManager", "id": str(cloud.number()), "name": name,
                    "creationTimestamp": stamp(), "instanceTemplate": cloud.link(f"projects/{cloud.project}/{template}"),
                    "baseInstanceName": body.get("baseInstanceName", name), "selfLink": cloud.link(self.path),
                    "instanceGroup": cloud.link(f"projects/{cloud.project}/{scope}/instanceGroups/{name}"),
                    "fingerprint": "6tD8pYvCy2c=", kind[:-1]: cloud.link(f"projects/{cloud.project}/{scope}")}
        cloud.groups[scope, name] = self

    def add(self, name=None):
        zone = min(self.zones, key=lambda z: sum(m.zone == z for m in self.members))
        tail = "".join(random.choices(string.ascii_lowercase + string.digits, k=4))
        member = Member(self, name or f"{self.doc['baseInstanceName']}-{tail}", zone)
        self.members.append(member)
        member.create()

    def wanted(self):
        return [member for member in self.members if member.action != "DELETING"]

    def document(self):
        counts = {"none": 0, "creating": 0, "deleting": 0, "abandoning": 0, "recreating": 0, "refreshing": 0,
                  "restarting": 0, "verifying": 0, "creatingWithoutRetries": 0}
        for member in self.members:
            counts[member.action.lower()] += 1
        stable = counts["none"] == len(self.members)
        return self.doc | {"targetSize": len(self.wanted()), "currentActions": counts, "status": {"isStable": stable}}


def find(cloud, call):
    check_zone(cloud, call.path["zone"]) if "zone" in call.path else check_region(cloud, call.path["region"])
    name = call.path["instanceGroupManager"]
    if (call.scope, name) not in cloud.groups:
        raise not_found(f"projects/{cloud.project}/{call.scope}/instanceGroupManagers/{name}")
    return cloud.groups[call.scope, name]


def done(cloud, call, group, kind):
    """The operation says that the group will see to it, not that it is done."""
    operation = Operation(cloud, call.scope, kind, group.path, group.doc["id"], call.query.get("requestId"))
    return operation.finish(*call.failure) if call.failure else operation.finish()


@handles("compute.instanceGroupManagers.insert")
def insert(cloud, call):
    def work():
        body = call.body
        check_name(body.get("name"))
        check_zone(cloud, call.path["zone"])
        if not body.get("instanceTemplate"):
            raise invalid("resource.instanceTemplate", "", "The URL is malformed.")
        template_of(cloud, body["instanceTemplate"], "resource.instanceTemplate")
        if (call.scope, body["name"]) in cloud.groups:
            raise exists(f"projects/{cloud.project}/{call.scope}/instanceGroupManagers/{body['name']}")
        group = Group(cloud, call.scope, body["name"], body)
        for _ in range(body.get("targetSize", 0)):
            group.add()
        return done(cloud, call, group, "compute.instanceGroupManagers.insert")
    return cloud.once(call, work)


@handles("compute.instanceGroupManagers.delete")
def delete(cloud, call):
    def work():
        group = find(cloud, call)
        for member in list(group.members):
            member.delete()
        del cloud.groups[call.scope, group.name]
        return done(cloud, call, group, "compute.instanceGroupManagers.delete")
    return cloud.once(call, work)


@handles(*both("get"))
def get(cloud, call):
    return find(cloud, call).document()


@handles("compute.instanceGroupManagers.list")
def list_(cloud, call):
    found = [group.document() for (scope, _), group in cloud.groups.items() if scope == call.scope]
    return paged(cloud, call, "compute#instanceGroupManagerList", "instanceGroupManagers", found)


@handles(*both("patch"))
def patch(cloud, call):
    """A target template, size or configuration; machines that are there stay as they are."""
    def work():
        group, body = find(cloud, call), dict(call.body)
        print_ = body.pop("fingerprint", None)
        if print_ is not None and print_ != group.doc["fingerprint"]:
            raise Refusal(412, "conditionNotMet", "The fingerprint is not that of the group as it is now.")
        check_labels(((body.get("allInstancesConfig") or {}).get("properties") or {}).get("labels") or {})
        unknown = set(body) - {"allInstancesConfig", "instanceTemplate", "updatePolicy", "name"}
        if unknown:
            raise Refusal(400, "invalid", f"The fake does not patch {sorted(unknown)}.")
        group.doc = merge(group.doc, body)
        group.doc["fingerprint"] = base64.b64encode(str(cloud.number()).encode()[-8:]).decode()
        return done(cloud, call, group, "compute.instanceGroupManagers.patch")
    return cloud.once(call, work)


@handles(*both("resize"))
def resize(cloud, call):
    def work():
        group, size = find(cloud, call), call.query["size"]
        if size < 0:
            raise invalid("size", size, "Must not be negative.")
        for member in group.wanted()[size:]:
            member.delete()
        while len(group.wanted()) < size:
            group.add()
        return done(cloud, call, group, "compute.instanceGroupManagers.resize")
    return cloud.once(call, work)


@handles(*both("createInstances"))
def create_instances(cloud, call):
    def work():
        group = find(cloud, call)
        names = [one.get("name", "") for one in call.body.get("instances") or []]
        if not names:
            raise invalid("resource.instances", "", "At least one instance must be given.")
        for name in names:
            check_name(name, "resource.instances[0].name")
            if names.count(name) > 1 or any(member.name == name for member in group.members):
                raise Refusal(400, "invalid", f"Instance with name '{name}' already exists in the group.")
        if not call.failure:
            for name in names:
                group.add(name)
        return done(cloud, call, group, "compute.instanceGroupManagers.createInstances")
    return cloud.once(call, work)


@handles(*both("deleteInstances"))
def delete_instances(cloud, call):
    def work():
        group, skip = find(cloud, call), call.body.get("skipInstancesOnValidationError", False)
        found = []
        urls = call.body.get("instances") or []
        if len(urls) > 1000:
            raise invalid("resource.instances", len(urls), "Too many instances.")
        for url in urls:
            zone, _, name = url.rpartition("zones/")[2].partition("/instances/")
            member = next((m for m in group.members if (m.zone, m.name) == (zone, name)), None)
            if member is not None and member.action != "DELETING":
                found.append(member)
            elif not skip:
                raise Refusal(400, "invalid", f"Instance '{url}' is not a member of the group or is being deleted.")
        for member in found:
            member.delete()
        return done(cloud, call, group, "compute.instanceGroupManagers.deleteInstances")
    return cloud.once(call, work)


@handles(*both("listManagedInstances"))
def list_managed(cloud, call):
    group = find(cloud, call)
    answer = paged(cloud, call, "", "", [member.document() for member in group.members], key="managedInstances")
    return {key: answer[key] for key in ("managedInstances", "nextPageToken") if key in answer}


@handles("compute.instanceGroupManagers.listErrors")
def list_errors(cloud, call):
    group = find(cloud, call)
    found = [{"name": member.name, "error": error} for member in group.members for error in member.errors]
    answer = paged(cloud, call, "", "", found)
    if "items" in answer:
        answer["items"] = [{"error": one["error"], "timestamp": stamp(), "instanceActionDetails": {
            "action": "CREATING"}} for one in answer["items"]]
    return {key: answer[key] for key in ("items", "nextPageToken") if key in answer}
