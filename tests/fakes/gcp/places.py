"""Where machines can be and what they can be: regions with their quotas, zones, machine types, images, subnetworks."""

from .calls import handles
from .lists import aggregated, paged
from .refusal import not_found
from .times import stamp

REGIONS = {"us-central1": "abcf", "europe-west1": "bcd", "us-east1": "bcd"}
# vCPUs, MiB; sizes as Google gives them (2026-07).
TYPES = {"e2-small": (2, 2048), "e2-medium": (2, 4096), "e2-standard-2": (2, 8192), "e2-standard-4": (4, 16384),
         "n1-standard-1": (1, 3840), "n1-standard-4": (4, 15360),
         "n2-standard-2": (2, 8192), "n2-standard-4": (4, 16384), "n2-standard-8": (8, 32768),
         "n2-highmem-4": (4, 32768), "n2-highcpu-4": (4, 4096), "n2d-standard-2": (2, 8192),
         "n2d-standard-4": (4, 16384), "c3-standard-4": (4, 16384), "t2d-standard-4": (4, 16384)}
SHARED = ("e2-small", "e2-medium")


def zone_names():
    return [f"{region}-{letter}" for region, letters in REGIONS.items() for letter in letters]


def region_of(zone):
    return zone.rsplit("-", 1)[0]


def check_zone(cloud, zone):
    if zone not in cloud.zones:
        raise not_found(f"projects/{cloud.project}/zones/{zone}")
    return zone


def check_region(cloud, region):
    if region not in cloud.regions:
        raise not_found(f"projects/{cloud.project}/regions/{region}")
    return region


# ---- zones and regions ----------------------------------------------------------------------------------------------


def zone_document(cloud, zone):
    path = f"projects/{cloud.project}/zones/{zone}"
    return {"kind": "compute#zone", "id": str(2000 + cloud.zones.index(zone)), "name": zone, "description": zone,
            "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
            "status": "UP", "region": cloud.link(f"projects/{cloud.project}/regions/{region_of(zone)}"),
            "selfLink": cloud.link(path), "supportsPzs": False}


def region_document(cloud, region):
    quotas = [{"metric": metric, "limit": float(limit), "usage": float(cloud.usage(region, metric))}
              for metric, limit in cloud.quotas[region].items()]
    path = f"projects/{cloud.project}/regions/{region}"
    return {"kind": "compute#region", "id": str(1000 + cloud.regions.index(region)), "name": region,
            "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
            "description": region, "status": "UP", "quotas": quotas, "selfLink": cloud.link(path),
            "zones": [cloud.link(f"projects/{cloud.project}/zones/{z}") for z in cloud.zones
                      if region_of(z) == region]}


@handles("compute.zones.get")
def zone_get(cloud, call):
    return zone_document(cloud, check_zone(cloud, call.path["zone"]))


@handles("compute.zones.list")
def zone_list(cloud, call):
    return paged(cloud, call, "compute#zoneList", "zones", [zone_document(cloud, z) for z in cloud.zones])


@handles("compute.regions.get")
def region_get(cloud, call):
    return region_document(cloud, check_region(cloud, call.path["region"]))


@handles("compute.regions.list")
def region_list(cloud, call):
    return paged(cloud, call, "compute#regionList", "regions", [region_document(cloud, r) for r in cloud.regions])


@handles("compute.projects.get")
def project_get(cloud, call):
    return {"kind": "compute#project", "id": cloud.project_number, "name": cloud.project,
            "creationTimestamp": stamp(cloud.born), "selfLink": cloud.link(f"projects/{cloud.project}"),
            "quotas": [{"metric": metric, "limit": float(limit), "usage": 0.0}
                       for metric, limit in cloud.global_quotas.items()],
            "defaultServiceAccount": f"{cloud.project_number}-compute@developer.gserviceaccount.com"}


# ---- machine types ---------------------------------------------------------------------------------------------------


def type_document(cloud, zone, name):
    cpus, memory_mb = cloud.types[name]
    return {"kind": "compute#machineType", "id": str(3000 + list(cloud.types).index(name)), "name": name,
            "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
            "description": f"{cpus} vCPUs, {memory_mb // 1024} GB RAM", "guestCpus": cpus, "memoryMb": memory_mb,
            "imageSpaceGb": 0, "maximumPersistentDisks": 128, "maximumPersistentDisksSizeGb": "263168", "zone": zone,
            "selfLink": cloud.link(f"projects/{cloud.project}/zones/{zone}/machineTypes/{name}"),
            "isSharedCpu": name in SHARED, "architecture": "X86_64"}


@handles("compute.machineTypes.get")
def type_get(cloud, call):
    zone, name = check_zone(cloud, call.path["zone"]), call.path["machineType"]
    if name not in cloud.types or (zone, name) in cloud.not_offered:
        raise not_found(f"projects/{cloud.project}/zones/{zone}/machineTypes/{name}")
    return type_document(cloud, zone, name)


@handles("compute.machineTypes.list")
def type_list(cloud, call):
    zone = check_zone(cloud, call.path["zone"])
    found = [type_document(cloud, zone, name) for name in cloud.types if (zone, name) not in cloud.not_offered]
    return paged(cloud, call, "compute#machineTypeList", "machineTypes", found)


@handles("compute.machineTypes.aggregatedList")
def type_aggregated(cloud, call):
    found = {"zones/" + zone: [type_document(cloud, zone, name) for name in cloud.types
                               if (zone, name) not in cloud.not_offered] for zone in cloud.zones}
    return aggregated(cloud, call, "compute#machineTypeAggregatedList", "machineTypes", found, found)


# ---- images and networks ---------------------------------------------------------------------------------------------


def image_document(cloud, project, name, family):
    path = f"projects/{project}/global/images/{name}"
    return {"kind": "compute#image", "id": "4711", "name": name, "family": family, "status": "READY",
            "creationTimestamp": stamp(cloud.born), "sourceType": "RAW", "archiveSizeBytes": "2147483648",
            "diskSizeGb": "10", "selfLink": cloud.link(path), "architecture": "X86_64"}


@handles("compute.images.get")
def image_get(cloud, call):
    return image_document(cloud, call.path["project"], call.path["image"], "debian-12")


@handles("compute.images.getFromFamily")
def image_of_family(cloud, call):
    family = call.path["family"]
    return image_document(cloud, call.path["project"], f"{family}-v20261101", family)


@handles("compute.subnetworks.get")
def subnetwork_get(cloud, call):
    region, name = check_region(cloud, call.path["region"]), call.path["subnetwork"]
    path = f"projects/{cloud.project}/regions/{region}/subnetworks/{name}"
    if name not in cloud.subnetworks:
        raise not_found(path)
    return {"kind": "compute#subnetwork", "id": "5001", "name": name, "ipCidrRange": "10.128.0.0/20",
            "creationTimestamp": stamp(cloud.born), "gatewayAddress": "10.128.0.1",
            "network": cloud.link(f"projects/{cloud.project}/global/networks/default"),
            "region": cloud.link(f"projects/{cloud.project}/regions/{region}"), "selfLink": cloud.link(path),
            "privateIpGoogleAccess": True, "purpose": "PRIVATE", "stackType": "IPV4_ONLY", "fingerprint": "9DTN-Xo7sRg="}
