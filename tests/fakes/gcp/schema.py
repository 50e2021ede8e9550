"""Checks requests and answers against facts.json (facts.py says how it reads), and finds the method of a request.
Values are taken as Google's JSON reader takes them: 64 bit integers as texts or numbers, nothing else bent."""

import base64
import binascii
import json
import re
import urllib.parse

from .facts import FACTS
from .refusal import malformed, required

with open(FACTS, encoding="utf-8") as _file:
    KNOWN = json.load(_file)

# Every Google API takes these.
SYSTEM_QUERY = {"alt": "s", "fields": "s", "key": "s", "prettyPrint": "b", "quotaUser": "s", "userIp": "s", "$alt": "s",
                "access_token": "s", "oauth_token": "s", "callback": "s", "uploadType": "s", "$.xgafv": "s"}
WORDS = {"s": "TYPE_STRING", "b": "TYPE_BOOL", "i32": "TYPE_INT32", "u32": "TYPE_UINT32", "i64": "TYPE_INT64",
         "u64": "TYPE_UINT64", "d": "TYPE_DOUBLE", "byte": "TYPE_BYTES", "time": "TYPE_MESSAGE"}
RANGES = {"i32": (-2**31, 2**31 - 1), "u32": (0, 2**32 - 1), "i64": (-2**63, 2**63 - 1), "u64": (0, 2**64 - 1)}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class Method:
    def __init__(self, name, line):
        self.name = name
        self.service = name.split(".")[0]
        verb, path, query, request, answer = line.split(" ")
        self.verb, self.path = verb, path
        self.request, self.answer = request[1:], answer[1:]
        self.query, self.required = {}, []
        for parameter in filter(None, query[1:].split("&")):
            key, _, kind = parameter.partition(":")
            if key.endswith("!"):
                self.required.append(key[:-1])
            self.query[key.rstrip("!")] = kind
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/:]+)", re.escape("/" + path))
        # A metric's name has slashes in it, an account may be an address.
        pattern = pattern.replace("(?P<metricDescriptorsId>[^/:]+)", "(?P<metricDescriptorsId>.+)")
        self.pattern = re.compile(pattern)


METHODS = [Method(name, line) for name, line in KNOWN["methods"].items()]
BY_NAME = {method.name: method for method in METHODS}


def find(verb, path):
    """(method, its path parameters), (None, verbs that there are) when the path is known but not so."""
    others = set()
    for method in METHODS:
        match = method.pattern.fullmatch(path)
        if match and method.verb == verb:
            return method, {k: urllib.parse.unquote(v) for k, v in match.groupdict().items()}
        if match:
            others.add(method.verb)
    return None, others


def check_query(method, pairs):
    """The query as typed values. Google's own way of refusing what is not known."""
    found = {}
    for key, value in pairs:
        kind = method.query.get(key) or SYSTEM_QUERY.get(key)
        if kind is None:
            raise malformed(f'Invalid JSON payload received. Unknown name "{key}": Cannot bind query parameter. '
                            f"Field '{key}' could not be found in request message.")
        if kind.startswith("["):
            found.setdefault(key, []).append(value)
        elif key in found:
            raise malformed(f'Invalid value at \'{key}\', "{value}": given twice')
        else:
            found[key] = query_value(key, kind, value)
    for key in method.required:
        if key not in found:
            raise required(key)
    return found


def query_value(key, kind, value):
    if kind == "b":
        if value.lower() not in ("true", "false"):
            raise malformed(f"Invalid value at '{key}' (TYPE_BOOL), \"{value}\"")
        return value.lower() == "true"
    check(kind, value, key, None)
    return int(value) if kind in RANGES else value


def check_body(method, text):
    """The body as JSON, every name and type in it as the schema says."""
    if not method.request:
        if text.strip() not in (b"", b"{}"):
            raise malformed('Invalid JSON payload received. Unknown name "": Root element must be empty.')
        return {}
    try:
        body = json.loads(text or b"{}", object_pairs_hook=no_twins)
    except ValueError as error:
        raise malformed(f"Invalid JSON payload received. {error}") from None
    check("#" + method.request, body, "", method.service)
    return body


def no_twins(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name is given twice.")
    return found


def wrong(at, kind, value):
    word = WORDS.get(kind, "TYPE_ENUM" if "|" in kind else "type.googleapis.com/" + kind.lstrip("#"))
    return malformed(f"Invalid value at '{at}' ({word}), {json.dumps(value)}")


def check(kind, value, at, service):
    """Raises what Google would answer. A null is as good as nothing."""
    if value is None or kind == "any":
        return
    if kind.startswith("#"):
        check_object(kind, value, at, service)
    elif kind.startswith("["):
        if not isinstance(value, list):
            raise wrong(at, kind[1:-1], value)
        for number, member in enumerate(value):
            if member is None:
                raise wrong(f"{at}[{number}]", kind[1:-1], member)
            check(kind[1:-1], member, f"{at}[{number}]", service)
    elif kind.startswith("{"):
        if not isinstance(value, dict):
            raise wrong(at, "Entry", value)
        for key, member in value.items():
            check(kind[1:-1], member, f"{at}[{key}]", service)
    else:
        check_plain(kind, value, at)


def check_object(kind, value, at, service):
    if not isinstance(value, dict):
        raise wrong(at, kind, value)
    fields = KNOWN["schemas"][service][kind[1:]]
    for key, member in value.items():
        if key not in fields:
            where = f" at '{at}'" if at else ""
            raise malformed(f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.')
        check(fields[key], member, f"{at}.{key}" if at else key, service)


def check_plain(kind, value, at):
    if kind == "b":
        good = isinstance(value, bool)
    elif kind in RANGES:
        good = is_integer(value) and RANGES[kind][0] <= int(value) <= RANGES[kind][1]
    elif kind == "d":
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif not isinstance(value, str):
        good = False
    elif "|" in kind:
        good = value in kind.split("|")
    elif kind == "byte":
        good = is_base64(value)
    else:
        good = kind != "time" or TIME.fullmatch(value)
    if not good:
        raise wrong(at, kind, value)


def is_integer(value):
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None)


def is_base64(text):
    try:
        base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        return True
    except (binascii.Error, ValueError):
        return False
