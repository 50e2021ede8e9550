#!/usr/bin/env python3
"""Words that have no place in the repository: paths of somebody's machine, and host names of package
registries (which registry is used is the machine's own configuration).

usage: words.py [TREE]
"""

import re

import source

# Written so that no pattern matches itself.
WORDS = [
    (r"(?<![\w./-])/w[o]rk(?![\w-])", "a path of one machine"),
    (r"(?<![\w./-])/tmp/b[r]ief", "a path of one machine"),
    (r"(?<![\w./-])/r[o]ot/", "a path of one machine"),
    (r"\bpyp[i]\.org", "a package registry"),
    (r"\bpythonh[o]sted\.org", "a package registry"),
    (r"\bnpmj[s]\.(org|com)", "a package registry"),
    (r"\brubyg[e]ms\.org", "a package registry"),
    (r"\bcrat[e]s\.io", "a package registry"),
    (r"\bproxy\.gol[a]ng\.org", "a package registry"),
    (r"\b(docker|ghcr|quay|gcr)\.[i]o\b", "a package registry"),
    (r"\b(deb|ftp|security|snapshot|archive)\.d[e]bian\.(org|net)", "a package registry"),
    (r"\barchive\.ub[u]ntu\.com", "a package registry"),
]
PATTERN = re.compile("|".join(f"(?P<rule{i}>{word})" for i, (word, _) in enumerate(WORDS)))


def main():
    top = source.root()
    problems = []
    for path in source.tracked(top):
        if path == "LICENSE":
            continue
        for number, line in enumerate(source.read(top, path).splitlines(), 1):
            for match in PATTERN.finditer(line):
                why = WORDS[int(match.lastgroup.removeprefix("rule"))][1]
                problems.append(f"{path}:{number}: '{match.group(0)}' is {why}")
    source.report(problems, "words out of place")


main()
