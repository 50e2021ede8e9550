"""The `fields` parameter: what of an answer is wanted, as `items/*/instances(name,status),nextPageToken`."""

from .refusal import Refusal


def parse(text):
    """A tree of names: {"items": {"*": {...}}}; an empty tree is all of it."""
    tree, rest = listing(text, 0)
    if rest != len(text):
        raise bad(text)
    return tree


def bad(text):
    return Refusal(400, "invalidParameter", f"Invalid field selection {text}")


def listing(text, at):
    tree = {}
    while True:
        at = path(text, at, tree)
        if at >= len(text) or text[at] != ",":
            return tree, at
        at += 1


def path(text, at, tree):
    while True:
        start = at
        while at < len(text) and text[at] not in ",/()":
            at += 1
        if at == start:
            raise bad(text)
        tree = tree.setdefault(text[start:at].strip(), {})
        if at < len(text) and text[at] == "/":
            at += 1
            continue
        if at < len(text) and text[at] == "(":
            inner, at = listing(text, at + 1)
            if at >= len(text) or text[at] != ")":
                raise bad(text)
            tree.update(inner)
            at += 1
        return at


def pick(value, tree):
    if not tree or tree == {"*": {}}:
        return value
    if isinstance(value, list):
        return [pick(member, tree) for member in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, member in value.items():
        inner = tree.get(key, tree.get("*"))
        if inner is not None:
            found[key] = pick(member, inner)
    return found
