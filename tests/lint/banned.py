#!/usr/bin/env python3
"""Calls that are not made here, each with what to use instead.

usage: banned.py [TREE]
"""

import re

import source

BANNED = {
    "strcpy": "str_* or snprintf", "stpcpy": "str_* or snprintf", "strcat": "str_* or snprintf",
    "strncat": "str_* or snprintf", "sprintf": "snprintf", "vsprintf": "vsnprintf",
    "gets": "getline", "scanf": "a parser that reports errors", "fscanf": "a parser that reports errors",
    "sscanf": "a parser that reports errors", "vsscanf": "a parser that reports errors",
    "strtok": "strtok_r or str_*", "atoi": "a parser that reports errors",
    "atol": "a parser that reports errors", "atoll": "a parser that reports errors",
    "atof": "a parser that reports errors", "alloca": "the heap", "localtime": "localtime_r",
    "gmtime": "gmtime_r", "ctime": "strftime", "asctime": "strftime", "rand": "base/ random numbers",
    "srand": "base/ random numbers", "tmpnam": "mkstemp", "tempnam": "mkstemp", "mktemp": "mkstemp",
    "setjmp": "return an error", "longjmp": "return an error", "sigsetjmp": "return an error",
    "siglongjmp": "return an error",
}
PROCESS = {name: "uv_spawn" for name in (
    "system popen execl execlp execle execv execvp execvpe execve fexecve fork vfork "
    "posix_spawn posix_spawnp daemon").split()}

# The places that start a process by other means than uv_spawn, each with its reason.
SPAWN_PLACES = {
    "lib/runtime/spawn.c": "the worker's process needs a death signal and a group of its own in our session",
}


def rules_for(path):
    """Tests may start processes as they like; everything else counts for them too."""
    if path.startswith("tests/") or path in SPAWN_PLACES:
        return BANNED
    return {**BANNED, **PROCESS}


def pattern(rules):
    # Not a member (x.system(), x->system()), not the end of a longer name, and followed by "(".
    return re.compile(r"(?<![\w.])(?<!->)(" + "|".join(sorted(rules)) + r")\s*\(")


def main():
    top = source.root()
    problems = []
    for path in source.c_files(top):
        rules = rules_for(path)
        bare = source.code(source.read(top, path))
        for match in pattern(rules).finditer(bare):
            line = bare.count("\n", 0, match.start()) + 1
            name = match.group(1)
            problems.append(f"{path}:{line}: {name}() is not used here; use {rules[name]}")
    source.report(problems, "banned calls")


main()
