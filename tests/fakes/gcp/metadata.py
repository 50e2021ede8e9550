"""The metadata server, for whoever believes to be on a machine of this cloud."""

import json

from . import tokens

FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}


def answer(cloud, headers, path):
    """(status, content type, text)"""
    if headers.get("Metadata-Flavor") != "Google":
        return 403, "text/html", "<html><title>403 Forbidden</title>Missing Metadata-Flavor:Google header.</html>"
    if headers.get("X-Forwarded-For"):
        return 403, "text/html", "<html><title>403 Forbidden</title></html>"
    rest = path.removeprefix("/computeMetadata/v1/")
    machine = cloud.on_machine
    accounts = "instance/service-accounts/default/"
    if rest == accounts + "token":
        return 200, "application/json", json.dumps(tokens.answer_of(cloud.tokens, "default", "metadata"))
    if rest == accounts + "email":
        return 200, "application/text", f"{cloud.project_number}-compute@developer.gserviceaccount.com"
    if rest in (accounts, "instance/service-accounts/"):
        return 200, "application/text", "default/\n"
    plain = {"project/project-id": cloud.project, "project/numeric-project-id": cloud.project_number}
    if machine is not None:
        plain |= {"instance/name": machine.name, "instance/id": machine.id,
                  "instance/zone": f"projects/{cloud.project_number}/zones/{machine.zone}",
                  "instance/machine-type": f"projects/{cloud.project_number}/machineTypes/{machine.type}",
                  "instance/preempted": str(machine.preempted).upper(), "instance/maintenance-event": "NONE"}
        for item in machine.doc["metadata"].get("items", []):
            plain["instance/attributes/" + item["key"]] = item.get("value", "")
    if rest in plain:
        return 200, "application/text", plain[rest]
    return 404, "text/html", "<html><title>404 Not Found</title></html>"
