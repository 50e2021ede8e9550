#!/usr/bin/env python3
"""Every link from one page of the repository to another file of it leads somewhere.

usage: links.py [TREE]
"""

import os
import re

import source

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def main():
    top = source.root()
    problems = []
    for path in source.tracked(top):
        if not path.endswith(".md"):
            continue
        text = CODE_BLOCK.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), source.read(top, path))
        for match in LINK.finditer(text):
            target = match.group(1).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not os.path.exists(os.path.join(top, os.path.dirname(path), target)):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: {target}: no such file")
    source.report(problems, "links to nowhere")


main()
