"""Instance templates, global ones; what a request finds under the name it gives."""

import re

from .calls import handles
from .lists import paged
from .operations import Operation
from .refusal import exists, invalid, not_found
from .times import stamp
from .vm import check_name, check_properties, check_type, last


def template_of(cloud, url, field="sourceInstanceTemplate"):
    """The properties behind a whole or partial URL."""
    if not re.search(r"(^|/)global/instanceTemplates/[^/]+$", url):
        raise invalid(field, url, "The URL is malformed.")
    return find(cloud, last(url))["properties"]


def find(cloud, name):
    if name not in cloud.templates:
        raise not_found(f"projects/{cloud.project}/global/instanceTemplates/{name}")
    return cloud.templates[name]


def put(cloud, name, properties):
    check_name(name)
    if name in cloud.templates:
        raise exists(f"projects/{cloud.project}/global/instanceTemplates/{name}")
    check_type(cloud, None, properties.get("machineType"), bare=True)
    check_properties(cloud, None, properties)
    cloud.templates[name] = {"kind": "compute#instanceTemplate", "id": str(cloud.number()), "name": name,
                             "creationTimestamp": stamp(), "description": "", "properties": properties,
                             "selfLink": cloud.link(f"projects/{cloud.project}/global/instanceTemplates/{name}")}
    return cloud.templates[name]


@handles("compute.instanceTemplates.get")
def get(cloud, call):
    return find(cloud, call.path["instanceTemplate"])


@handles("compute.instanceTemplates.list")
def list_(cloud, call):
    return paged(cloud, call, "compute#instanceTemplateList", "instanceTemplates", list(cloud.templates.values()))


@handles("compute.instanceTemplates.insert")
def insert(cloud, call):
    def work():
        made = put(cloud, call.body.get("name"), call.body.get("properties") or {})
        path = f"projects/{cloud.project}/global/instanceTemplates/{made['name']}"
        return Operation(cloud, "global", "insert", path, made["id"], call.query.get("requestId")).finish()
    return cloud.once(call, work)


@handles("compute.instanceTemplates.delete")
def delete(cloud, call):
    def work():
        name = call.path["instanceTemplate"]
        found = find(cloud, name)
        del cloud.templates[name]
        path = f"projects/{cloud.project}/global/instanceTemplates/{name}"
        return Operation(cloud, "global", "delete", path, found["id"], call.query.get("requestId")).finish()
    return cloud.once(call, work)
