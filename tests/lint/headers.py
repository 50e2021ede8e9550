#!/usr/bin/env python3
"""Every header starts with a comment that says what it is for.

usage: headers.py [TREE]
"""

import re

import source

# A guard may come before the comment.
OPENING = re.compile(
    r"\s*(#pragma once\s*|#ifndef \w+\s+#define \w+\s*)?/\*[\s*]*(?P<text>.*?)\*/", re.DOTALL)


def main():
    top = source.root()
    problems = []
    for path in source.c_files(top):
        if not path.endswith(".h"):
            continue
        match = OPENING.match(source.read(top, path))
        if match is None:
            problems.append(f"{path}:1: no comment at the top that says what this header is for")
        elif len(match.group("text").split()) < 5:
            problems.append(f"{path}:1: the comment at the top says too little")
    source.report(problems, "headers without a purpose")


main()
