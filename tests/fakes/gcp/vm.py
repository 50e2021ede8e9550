"""A virtual machine: its document as Compute Engine shows it, checks of what was asked for, and its life."""

import re

from .places import region_of
from .refusal import Refusal, invalid, not_found
from .times import stamp

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
ALIVE = ("PROVISIONING", "STAGING", "RUNNING", "REPAIRING")


def last(url):
    return url.rstrip("/").rsplit("/", 1)[-1]


# ---- what was asked for ----------------------------------------------------------------------------------------------


def merge(below, above):
    """JSON merge patch (RFC 7396), which is how a request overrides its template."""
    if not isinstance(above, dict) or not isinstance(below, dict):
        return above
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def check_name(name, field="resource.name"):
    if not NAME.fullmatch(name or ""):
        raise invalid(field, name or "", "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")


def check_labels(labels):
    if len(labels) > 64:
        raise invalid("resource.labels", "", "Too many labels.")
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            raise invalid("resource.labels", "", f"Label key '{key}' violates format constraints. The key must start "
                          "with a lowercase character, can only contain lowercase letters, numeric characters, "
                          "underscores and dashes. The key can be at most 63 characters long.")
        if not LABEL_VALUE.fullmatch(value):
            raise invalid("resource.labels", "", f"Label value '{value}' violates format constraints. The value can "
                          "only contain lowercase letters, numeric characters, underscores and dashes. The value can "
                          "be at most 63 characters long.")


def check_metadata(metadata):
    items = metadata.get("items", [])
    keys = [item.get("key", "") for item in items]
    if len(set(keys)) != len(keys):
        raise Refusal(400, "invalid", "Metadata has duplicate keys: " + ", ".join(sorted(keys)))
    for item in items:
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", item.get("key", "")):
            raise invalid("resource.metadata.items.key", item.get("key", ""), "The key is not valid.")
        if len(item.get("value", "").encode()) > 256 * 1024:
            raise invalid("resource.metadata.items.value", "...", "Value is too large.")
    if sum(len(i.get("key", "")) + len(i.get("value", "").encode()) for i in items) > 512 * 1024:
        raise invalid("resource.metadata", "...", "Metadata is too large.")


def check_scheduling(scheduling):
    spot = scheduling.get("provisioningModel") == "SPOT" or scheduling.get("preemptible", False)
    if scheduling.get("preemptible") and scheduling.get("provisioningModel") == "STANDARD":
        raise Refusal(400, "invalid", "Scheduling with provisioning model STANDARD cannot be preemptible.")
    if spot and scheduling.get("automaticRestart"):
        raise Refusal(400, "invalid", "Scheduling must have preemptible be false when AutomaticRestart is true.")
    if spot and scheduling.get("onHostMaintenance", "TERMINATE") != "TERMINATE":
        raise Refusal(400, "invalid", "Scheduling must have onHostMaintenance be TERMINATE when preemptible is true.")
    if scheduling.get("instanceTerminationAction") and not spot and not scheduling.get("maxRunDuration"):
        raise Refusal(400, "invalid",
                      "You cannot specify a termination action for a VM instance that has the standard provisioning "
                      "model (default). To use instance termination action, the VM instance must use the spot "
                      "provisioning model.")
    return spot


def check_type(cloud, zone, url, bare):
    """A machine type is named barely in templates, with its zone everywhere else."""
    name = last(url or "")
    if not url or (bare and "/" in url) or (not bare and not url.endswith(f"zones/{zone}/machineTypes/{name}")):
        raise invalid("resource.machineType", url or "", "The URL is malformed.")
    if name not in cloud.types or (zone and (zone, name) in cloud.not_offered):
        raise invalid("resource.machineType", url, f"Machine type with name '{name}' does not exist in zone '{zone}'.")
    return name


def check_properties(cloud, region, wanted):
    """What instances and templates have in common; whether it is Spot."""
    check_labels(wanted.get("labels") or {})
    check_metadata(wanted.get("metadata") or {})
    if not wanted.get("disks"):
        raise invalid("resource.disks", "", "No disks are specified.")
    boot = [disk for disk in wanted["disks"] if disk.get("boot")]
    if len(boot) != 1 or boot[0] is not wanted["disks"][0]:
        raise invalid("resource.disks[0].boot", "", "The first disk must be the boot disk.")
    parameters = boot[0].get("initializeParams") or {}
    if not boot[0].get("source") and not parameters.get("sourceImage") and not parameters.get("sourceSnapshot"):
        raise Refusal(400, "invalid", "Boot disk must have a source specified")
    if not wanted.get("networkInterfaces"):
        raise invalid("resource.networkInterfaces", "", "At least one network interface is required.")
    for interface in wanted["networkInterfaces"]:
        subnetwork = interface.get("subnetwork")
        if subnetwork and last(subnetwork) not in cloud.subnetworks:
            raise not_found(f"projects/{cloud.project}/regions/{region}/subnetworks/{last(subnetwork)}")
        if subnetwork and region and f"regions/{region}/" not in subnetwork and "/" in subnetwork:
            raise invalid("resource.networkInterfaces[0].subnetwork", subnetwork, "The region is another.")
    for account in wanted.get("serviceAccounts", []):
        if not account.get("email"):
            raise invalid("resource.serviceAccounts[0].email", "", "Missing email.")
    return check_scheduling(wanted.get("scheduling") or {})


# ---- the machine -----------------------------------------------------------------------------------------------------


class Machine:
    """`wanted` has been checked; its machineType may be bare or whole."""

    def __init__(self, cloud, zone, name, wanted, spot, created_by=None):
        self.cloud, self.zone, self.name, self.spot = cloud, zone, name, spot
        self.type = last(wanted["machineType"])
        self.created_by = created_by
        self.preempted = False
        self.metric = None      # the quota it counts against; Cloud.metric
        self.on_end = None      # called when it is gone, for whatever reason
        self.path = f"projects/{cloud.project}/zones/{zone}/instances/{name}"
        number = cloud.number()
        self.id = str(number)
        self.doc = {"kind": "compute#instance", "id": self.id, "creationTimestamp": stamp(), "name": name,
                    "tags": {"fingerprint": "42WmSpB8rSM="} | (wanted.get("tags") or {}),
                    "machineType": cloud.link(f"projects/{cloud.project}/zones/{zone}/machineTypes/{self.type}"),
                    "status": "PROVISIONING", "zone": cloud.link(f"projects/{cloud.project}/zones/{zone}"),
                    "canIpForward": False, "networkInterfaces": self.interfaces(wanted, number),
                    "disks": self.disks(wanted), "selfLink": cloud.link(self.path),
                    "metadata": {"kind": "compute#metadata", "fingerprint": "xPqAzwmQL5c="} |
                                (wanted.get("metadata") or {}),
                    "serviceAccounts": wanted.get("serviceAccounts", []), "scheduling": self.scheduling(wanted),
                    "cpuPlatform": "Unknown CPU Platform", "labelFingerprint": "42WmSpB8rSM=",
                    "startRestricted": False, "deletionProtection": wanted.get("deletionProtection", False),
                    "fingerprint": "Ra5NsRrqRhw="}
        if wanted.get("labels"):
            self.doc["labels"] = dict(wanted["labels"])
        for key in ("description", "minCpuPlatform", "guestAccelerators", "shieldedInstanceConfig"):
            if wanted.get(key):
                self.doc[key] = wanted[key]

    def scheduling(self, wanted):
        asked = dict(wanted.get("scheduling") or {})
        if self.spot:
            default = {"onHostMaintenance": "TERMINATE", "automaticRestart": False, "preemptible": True,
                       "provisioningModel": "SPOT"}
            if asked.get("provisioningModel") == "SPOT":
                default["instanceTerminationAction"] = "STOP"
        else:
            default = {"onHostMaintenance": "MIGRATE", "automaticRestart": True, "preemptible": False,
                       "provisioningModel": "STANDARD"}
        return default | asked

    def interfaces(self, wanted, number):
        cloud, found = self.cloud, []
        for index, asked in enumerate(wanted["networkInterfaces"]):
            subnetwork = last(asked.get("subnetwork") or "default")
            one = {"kind": "compute#networkInterface", "name": f"nic{index}", "fingerprint": "2hv4UhjVY4E=",
                   "network": cloud.link(f"projects/{cloud.project}/global/networks/default"), "stackType": "IPV4_ONLY",
                   "subnetwork": cloud.link(
                       f"projects/{cloud.project}/regions/{region_of(self.zone)}/subnetworks/{subnetwork}"),
                   "networkIP": f"10.{128 + number // 65536 % 64}.{number // 256 % 256}.{number % 256}"}
            if asked.get("accessConfigs"):
                one["accessConfigs"] = [{"kind": "compute#accessConfig", "type": "ONE_TO_ONE_NAT",
                                         "name": a.get("name", "External NAT"), "networkTier": "PREMIUM"}
                                        for a in asked["accessConfigs"]]
            found.append(one)
        return found

    def disks(self, wanted):
        cloud, found = self.cloud, []
        for index, asked in enumerate(wanted["disks"]):
            name = self.name if not index else f"{self.name}-{index}"
            path = f"projects/{cloud.project}/zones/{self.zone}/disks/{name}"
            size = str((asked.get("initializeParams") or {}).get("diskSizeGb", "10"))
            found.append({"kind": "compute#attachedDisk", "type": "PERSISTENT", "mode": "READ_WRITE",
                          "source": cloud.link(path), "deviceName": asked.get("deviceName", f"persistent-disk-{index}"),
                          "index": index, "boot": bool(asked.get("boot")), "autoDelete": asked.get("autoDelete", False),
                          "interface": "SCSI", "diskSizeGb": size})
            cloud.disks[self.zone, name] = {
                "kind": "compute#disk", "id": str(cloud.number()), "name": name, "sizeGb": size, "status": "READY",
                "creationTimestamp": stamp(), "zone": cloud.link(f"projects/{cloud.project}/zones/{self.zone}"),
                "selfLink": cloud.link(path), "users": [cloud.link(self.path)]}
        return found

    # ---- its life ----

    @property
    def status(self):
        return self.doc["status"]

    def become(self, status):
        """The next state; None is the end of it. What the cloud counts follows."""
        counted, alive = self.there() and self.status != "TERMINATED", self.there() and self.alive
        if status is None:
            del self.cloud.machines[self.key]
        else:
            self.doc["status"] = status
        self.cloud.recount(self, (self.there() and self.status != "TERMINATED") - counted,
                           (self.there() and self.alive) - alive)

    @property
    def alive(self):
        return self.status in ALIVE

    @property
    def key(self):
        return self.zone, self.name

    def boots(self, operation, fails):
        """fails() says when it is decided whether there is room: (code, message, status) or None."""
        cloud = self.cloud

        def decided():
            if not self.there():
                return
            failure = fails()
            if failure:
                self.vanish()
                operation.finish(*failure)
                return
            operation.run()
            if self.status == "PROVISIONING":       # it may be on its way out already
                self.become("STAGING")
            cloud.later.after(cloud.boot_s, running)

        def running():
            if self.there() and self.status == "STAGING":
                self.become("RUNNING")
                self.doc |= {"lastStartTimestamp": stamp(), "cpuPlatform": "Intel Broadwell"}
            operation.finish()

        cloud.later.after(cloud.decide_s, decided)

    def there(self):
        return self.cloud.machines.get(self.key) is self

    def vanish(self):
        """Gone, with the disks that go with it."""
        if not self.there():
            return
        self.become(None)
        self.cloud.ended.append(self)
        for disk in self.doc["disks"]:
            key = self.zone, last(disk["source"])
            if disk["autoDelete"] and key in self.cloud.disks:
                del self.cloud.disks[key]
            elif key in self.cloud.disks:
                self.cloud.disks[key].pop("users", None)
        if self.on_end:
            self.on_end()

    def stops(self, then=None):
        """STOPPING, later TERMINATED, later `then`."""
        self.become("STOPPING")

        def stopped():
            if self.there() and self.status == "STOPPING":
                self.become("TERMINATED")
                self.doc["lastStopTimestamp"] = stamp()
            if then:
                then()

        self.cloud.later.after(self.cloud.end_s, stopped)
