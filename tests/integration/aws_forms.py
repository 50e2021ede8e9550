"""Form bodies of AWS calls held against botocore's own models: read back into parameters and written by botocore
again, they must be the same, name by name and value by value."""

import functools

import botocore.session
from botocore.serialize import create_serializer

from ec2 import tree


@functools.cache
def model(service):
    return botocore.session.Session().get_service_model(service)


def wire_name(protocol, name, shape):
    s = shape.serialization
    if protocol != "ec2":
        return s.get("name", name)
    if "queryName" in s:
        return s["queryName"]
    given = s.get("name", name)
    return given[0].upper() + given[1:]


def read_list(protocol, shape, node, where):
    if protocol == "query" and not shape.serialization.get("flattened"):
        assert list(node) == [shape.member.serialization.get("name", "member")], f"{where}: {list(node)}"
        node = next(iter(node.values()))
    assert sorted(map(int, node)) == list(range(1, len(node) + 1)), f"{where}: numbered {sorted(node)}"
    return [read(protocol, shape.member, node[str(i + 1)], f"{where}.{i + 1}") for i in range(len(node))]


def read(protocol, shape, node, where):
    """The parameter that these form fields stand for."""
    if shape.type_name == "structure":
        known = {wire_name(protocol, name, member): (name, member) for name, member in shape.members.items()}
        for name in node:
            assert name in known, f"{where}: botocore knows no {name}"
        return {known[n][0]: read(protocol, known[n][1], v, f"{where}.{n}") for n, v in node.items()}
    if shape.type_name == "list":
        return read_list(protocol, shape, node, where)
    if shape.type_name in ("integer", "long"):
        return int(node)
    if shape.type_name in ("float", "double"):
        return float(node)
    if shape.type_name == "boolean":
        assert node in ("true", "false"), f"{where}: {node}"
        return node == "true"
    assert not getattr(shape, "enum", None) or node in shape.enum, f"{where}: {node} is none of {shape.enum}"
    return node


def check(service, action, form):
    """`form` without Action."""
    service = model(service)
    form = dict(form)
    assert form.pop("Version") == service.api_version
    protocol = service.metadata["protocol"]
    operation = service.operation_model(action)
    parameters = read(protocol, operation.input_shape, tree(form), action)
    written = create_serializer(protocol, include_validation=True).serialize_to_request(parameters, operation)["body"]
    theirs = {k: str(v) for k, v in written.items() if k not in ("Action", "Version")}
    assert theirs == form, action
