"""Instance templates, global and of a region; what a request finds under the name it gives."""

import re

from .calls import handles
from .lists import paged
from .operations import Operation
from .refusal import exists, invalid, not_found
from .times import stamp
from .vm import check_name, check_properties, check_type


def template_of(cloud, url, field="sourceInstanceTemplate"):
    """The properties behind a whole or partial URL."""
    named = re.search(r"(?:^|/)(global|regions/[^/]+)/instanceTemplates/([^/]+)$", url)
    if not named:
        raise invalid(field, url, "The URL is malformed.")
    return find(cloud, *named.groups())["properties"]


def find(cloud, scope, name):
    if (scope, name) not in cloud.templates:
        raise not_found(f"projects/{cloud.project}/{scope}/instanceTemplates/{name}")
    return cloud.templates[scope, name]


def put(cloud, scope, name, properties):
    path = f"projects/{cloud.project}/{scope}/instanceTemplates/{name}"
    check_name(name)
    if (scope, name) in cloud.templates:
        raise exists(path)
    check_type(cloud, None, properties.get("machineType"), bare=True)
    check_properties(cloud, None, properties)
    made = {"kind": "compute#instanceTemplate", "id": str(cloud.number()), "name": name, "creationTimestamp": stamp(),
            "description": "", "properties": properties, "selfLink": cloud.link(path)}
    if scope != "global":
        made["region"] = cloud.link(f"projects/{cloud.project}/{scope}")
    cloud.templates[scope, name] = made
    return made


@handles("compute.instanceTemplates.get", "compute.regionInstanceTemplates.get")
def get(cloud, call):
    return find(cloud, call.scope, call.path["instanceTemplate"])


@handles("compute.instanceTemplates.list")
def list_(cloud, call):
    return paged(cloud, call, "compute#instanceTemplateList", "instanceTemplates",
                 [made for (scope, _), made in cloud.templates.items() if scope == "global"])


@handles("compute.instanceTemplates.insert")
def insert(cloud, call):
    def work():
        made = put(cloud, "global", call.body.get("name"), call.body.get("properties") or {})
        path = f"projects/{cloud.project}/global/instanceTemplates/{made['name']}"
        return Operation(cloud, "global", "insert", path, made["id"], call.query.get("requestId")).finish()
    return cloud.once(call, work)


@handles("compute.instanceTemplates.delete")
def delete(cloud, call):
    def work():
        name = call.path["instanceTemplate"]
        found = find(cloud, "global", name)
        del cloud.templates["global", name]
        path = f"projects/{cloud.project}/global/instanceTemplates/{name}"
        return Operation(cloud, "global", "delete", path, found["id"], call.query.get("requestId")).finish()
    return cloud.once(call, work)
