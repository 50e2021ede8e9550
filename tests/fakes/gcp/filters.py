"""Filters of lists: `status = RUNNING AND (labels.pool = a OR -labels.x:*)`, and the older `name eq 'a.*'`."""

import re

from .refusal import Refusal

TOKEN = re.compile(r"""\s*(?:(?P<word>[\w./*%@#~+-]+)|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
                   r"""|(?P<op><=|>=|!=|=|<|>|:)|(?P<paren>[()]))""")


class Broken(Exception):
    pass


def parse(text):
    """A function of a resource, true when it is let through. Nothing lets all through."""
    if not text or not text.strip():
        return lambda resource: True
    try:
        reader = Reader(tokens(text))
        result = reader.either()
        if reader.next() is not None:
            raise Broken
        return result
    except Broken:
        raise Refusal(400, "invalid", f"Invalid value for field 'filter': '{text}'. "
                                      "Invalid list filter expression.") from None


def tokens(text):
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise Broken
        kind = match.lastgroup
        value = match.group(kind)
        if kind == "text":
            # Other backslashes are the regular expression's, of the older form.
            kind, value = "quoted", re.sub(r"\\([\"'\\])", r"\1", value[1:-1])
        found.append((kind, value))
        at = match.end()
    return found


class Reader:
    def __init__(self, found):
        self.found, self.at = found, 0

    def next(self):
        return self.found[self.at] if self.at < len(self.found) else None

    def take(self, *wanted):
        if self.next() in wanted:
            self.at += 1
            return True
        return False

    def either(self):
        terms = [self.both()]
        while self.take(("word", "OR")):
            terms.append(self.both())
        return lambda r: any(term(r) for term in terms)

    def both(self):
        terms = [self.term()]
        while True:
            both = self.take(("word", "AND"))
            if not both and self.next() in (None, ("paren", ")"), ("word", "OR")):
                break
            terms.append(self.term())
        return lambda r: all(term(r) for term in terms)

    def term(self):
        if self.take(("word", "NOT")):
            inner = self.term()
            return lambda r: not inner(r)
        if self.take(("paren", "(")):
            inner = self.either()
            if not self.take(("paren", ")")):
                raise Broken
            return inner
        return self.comparison()

    def comparison(self):
        if self.at + 3 > len(self.found):
            raise Broken
        (kind, field), (op_kind, op), (value_kind, value) = self.found[self.at:self.at + 3]
        older = op_kind == "word" and op in ("eq", "ne")
        if kind != "word" or (op_kind != "op" and not older) or value_kind not in ("word", "quoted"):
            raise Broken
        self.at += 3
        negated = field.startswith("-")
        test = comparing(field.lstrip("-"), op, value, value_kind)
        return (lambda r: not test(r)) if negated else test


def comparing(field, op, value, value_kind):
    path = field.split(".")
    if op == "eq" or op == "ne":
        pattern = re.compile(value)
        return lambda r: any(pattern.fullmatch(text(v)) for v in values(r, path)) == (op == "eq")
    if op == ":" and value == "*" and value_kind == "word":
        return lambda r: bool(values(r, path))
    if op == ":":
        return lambda r: any(value.lower() in text(v).lower() for v in values(r, path))
    if op == "=":
        return lambda r: any(text(v) == value for v in values(r, path))
    if op == "!=":
        return lambda r: all(text(v) != value for v in values(r, path))
    return lambda r: any(ordered(text(v), op, value) for v in values(r, path))


def values(resource, path):
    """All there is at a.b.c; lists on the way stand for each of their members."""
    found = [resource]
    for part in path:
        step = []
        for at in found:
            members = at if isinstance(at, list) else [at]
            step += [m[part] for m in members if isinstance(m, dict) and part in m]
        found = step
    return [m for at in found for m in (at if isinstance(at, list) else [at])]


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def ordered(left, op, right):
    try:
        left, right = float(left), float(right)
    except ValueError:
        pass
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]
