#!/usr/bin/env python3
"""Writes down, from Google's discovery documents, what the methods and schemas that muster uses look like: names,
types and what is required; no texts. The fake checks every request, and its own answers, against facts.json.

usage: facts.py FOLDER [--write]      prints what would be written, or writes tests/fakes/gcp/facts.json

    methods   "compute.instances.get": "GET compute/v1/projects/{project}/... ?name!:s&... <Request >Answer"
              `!` is required, and what starts with / is left over of the path where a part of it may hold slashes
    schemas   "compute": {"Instance": {"name": "s", ...}}
              s string, b boolean, i32 u32 i64 u64 integers, d double, byte and time texts, any anything,
              A|B an enumeration, #X another schema, [T] a list, {T} a map of texts to T
"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FACTS = os.path.join(HERE, "facts.json")

USED = {
    "compute.v1": """
        instances.insert instances.delete instances.get instances.list instances.aggregatedList instances.bulkInsert
        instances.stop instances.setLabels instances.simulateMaintenanceEvent regionInstances.bulkInsert
        instanceGroupManagers.get instanceGroupManagers.list instanceGroupManagers.insert instanceGroupManagers.delete
        instanceGroupManagers.resize instanceGroupManagers.createInstances instanceGroupManagers.deleteInstances
        instanceGroupManagers.listManagedInstances instanceGroupManagers.listErrors instanceGroupManagers.patch
        regionInstanceGroupManagers.patch regionInstanceGroupManagers.get regionInstanceGroupManagers.resize
        regionInstanceGroupManagers.createInstances
        regionInstanceGroupManagers.deleteInstances regionInstanceGroupManagers.listManagedInstances
        zoneOperations.get zoneOperations.wait zoneOperations.list
        regionOperations.get regionOperations.wait regionOperations.list
        globalOperations.get globalOperations.wait globalOperations.list globalOperations.aggregatedList
        instanceTemplates.get instanceTemplates.list instanceTemplates.insert instanceTemplates.delete
        regionInstanceTemplates.get
        machineTypes.get machineTypes.list machineTypes.aggregatedList zones.get zones.list regions.get regions.list
        projects.get images.get images.getFromFamily disks.list disks.delete""",
    "monitoring.v3": "projects.timeSeries.list projects.metricDescriptors.get projects.metricDescriptors.list",
    "pubsub.v1": "projects.subscriptions.get",
    "cloudbilling.v1": "services.list services.skus.list",
    "iamcredentials.v1": "projects.serviceAccounts.generateAccessToken",
    "sts.v1": "v1.token",
}

# What muster uses of documents that are not there. Read off Google's own Python clients and reference pages.
ELSEWHERE = {
    "documents": {"cloudresourcemanager.v3": "typed in, 2026-11", "compute.v1 subnetworks": "typed in, 2026-11"},
    "methods": {
        "compute.subnetworks.get": "GET compute/v1/projects/{project}/regions/{region}/subnetworks/{subnetwork} ? < "
                                   ">Subnetwork",
        "cloudresourcemanager.projects.testIamPermissions":
            "POST v3/projects/{projectsId}:testIamPermissions ? <TestIamPermissionsRequest >TestIamPermissionsResponse",
        "cloudresourcemanager.projects.testIamPermissions.v1":
            "POST v1/projects/{projectsId}:testIamPermissions ? <TestIamPermissionsRequest >TestIamPermissionsResponse",
    },
    "schemas": {
        "compute": {"Subnetwork": {
            "creationTimestamp": "s", "fingerprint": "byte", "gatewayAddress": "s", "id": "u64", "ipCidrRange": "s",
            "kind": "s", "name": "s", "network": "s", "privateIpGoogleAccess": "b", "purpose": "s", "region": "s",
            "selfLink": "s", "stackType": "s", "state": "s"}},
        "cloudresourcemanager": {"TestIamPermissionsRequest": {"permissions": "[s]"},
                                 "TestIamPermissionsResponse": {"permissions": "[s]"}},
    },
}

PLAIN = {("string", None): "s", ("boolean", None): "b", ("integer", "int32"): "i32", ("integer", "uint32"): "u32",
         ("string", "int64"): "i64", ("string", "uint64"): "u64", ("number", "double"): "d", ("number", "float"): "d",
         ("string", "byte"): "byte", ("string", "google-datetime"): "time", ("string", "google-duration"): "s",
         ("string", "google-fieldmask"): "s", ("any", None): "any", ("string", "date-time"): "time"}


def kind(property_, found):
    """A property's type in our short form; the schemas it leads to are put into `found`."""
    if "$ref" in property_:
        found.append(property_["$ref"])
        return "#" + property_["$ref"]
    if property_.get("repeated"):
        return f"[{kind(property_ | {'repeated': False}, found)}]"
    if property_["type"] == "array":
        return f"[{kind(property_['items'], found)}]"
    if property_["type"] == "object":
        return "{" + kind(property_.get("additionalProperties", {"type": "any"}), found) + "}"
    if "enum" in property_:
        return "|".join(property_["enum"]) + ("|" if len(property_["enum"]) == 1 else "")
    return PLAIN[property_["type"], property_.get("format")]


def method_named(document, name):
    at = document
    *folders, last = name.split(".")
    for folder in folders:
        at = at["resources"][folder]
    return at["methods"][last]


def method_line(document, method, found):
    """{+name} hides what flatPath shows: projects/{projectsId}/..."""
    path = document.get("servicePath", "") + (method.get("flatPath") or method["path"])
    query = []
    for name, parameter in sorted(method.get("parameters", {}).items()):
        if parameter["location"] == "query":
            query.append(name + ("!" if parameter.get("required") else "") + ":" + kind(parameter, found))
    request, answer = (method.get(side, {}).get("$ref", "") for side in ("request", "response"))
    found += [name for name in (request, answer) if name]
    return f"{method['httpMethod']} {path} ?{'&'.join(query)} <{request} >{answer}"


def read(folder):
    """All facts, as facts.json holds them."""
    facts = {"documents": {}, "methods": {}, "schemas": {}}
    for title, names in USED.items():
        with open(os.path.join(folder, title + ".json"), encoding="utf-8") as file:
            document = json.load(file)
        service = title.split(".")[0]
        made_from = re.search(r"google-cloud-cli [\d.]+ \([\d-]+\)", document.get("_about", ""))
        facts["documents"][title] = document.get("revision") or made_from.group(0)
        found = []
        for name in names.split():
            facts["methods"][f"{service}.{name}"] = method_line(document, method_named(document, name), found)
        schemas = facts["schemas"].setdefault(service, {})
        while found:
            schema = found.pop()
            if schema in schemas:
                continue
            schemas[schema] = {}
            for field, property_ in sorted(document["schemas"][schema].get("properties", {}).items()):
                schemas[schema][field] = kind(property_, found)
        for schema, fields in document.get("_newer_than_this_document", {}).items():
            if schema == "Scheduling":
                schemas[schema] |= {n: "b" for n, k in fields.items() if k == "boolean"}
                schemas[schema]["provisioningModel"] += "".join("|" + m for m in fields["provisioningModel adds"])
        facts["schemas"][service] = dict(sorted(schemas.items()))
    for part, added in ELSEWHERE.items():
        for name, value in added.items():
            if part == "schemas":
                facts[part].setdefault(name, {}).update(value)
            else:
                facts[part][name] = value
    return facts


def text(facts):
    """JSON with a method or a schema in a line, so that a difference can be read."""
    lines = ["{"]
    lines.append(' "documents": ' + json.dumps(facts["documents"]) + ",")
    lines.append(' "methods": {')
    lines.append(",\n".join(f"  {json.dumps(n)}: {json.dumps(m)}" for n, m in sorted(facts["methods"].items())))
    lines.append(' },\n "schemas": {')
    services = []
    for service, schemas in sorted(facts["schemas"].items()):
        inner = ",\n".join(f"   {json.dumps(n)}: {json.dumps(s)}" for n, s in sorted(schemas.items()))
        services.append(f"  {json.dumps(service)}: {{\n{inner}\n  }}")
    lines.append(",\n".join(services))
    lines.append(" }\n}\n")
    return "\n".join(lines)


if __name__ == "__main__":
    written = text(read(sys.argv[1]))
    if "--write" in sys.argv:
        with open(FACTS, "w", encoding="utf-8") as out:
            out.write(written)
    else:
        sys.stdout.write(written)
