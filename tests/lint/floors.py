#!/usr/bin/env python3
"""A file includes only from its own floor or from below, and the core stays pure.

usage: floors.py [TREE]

The map below is the only place where the floors are written down for machines; docs/architecture.md
says the same for people.
"""

import os
import re

import source

FLOORS = {
    "lib/base": 1,
    "lib/control": 2, "policies": 2,
    "lib/auth": 3, "lib/net": 3, "lib/config": 3,
    "providers": 4, "lib/queue": 4, "lib/store": 4,
    "lib/runtime": 5, "lib/sim": 5,
    "lib/status": 6,
    "cmd": 7,
}

# The core (lib/control, policies): events in, effects out. It has no way to reach the world, so
# that the live daemon, the dry run, the simulator and the tests can all drive the same decisions.
CORE = ("lib/control", "policies")
CORE_HEADERS = re.compile(
    r"(uv|expat|microhttpd|libfyaml|sqlite3|threads|pthread|unistd|fcntl|signal|dirent|poll|locale"
    r"|spawn|netdb|syslog|cJSON)\.h$|^(curl|openssl|hiredis|cjson|sys|netinet|arpa|linux)/")
CORE_CALLS = (
    "time clock clock_gettime gettimeofday timespec_get localtime localtime_r mktime tzset sleep "
    "usleep nanosleep rand srand rand_r random srandom drand48 lrand48 getrandom arc4random getenv "
    "secure_getenv setenv putenv printf fprintf vprintf vfprintf dprintf puts fputs putchar fputc "
    "perror fopen fdopen freopen fread fwrite fgets fgetc getline fclose fflush scanf fscanf open "
    "openat read write close pread pwrite socket connect ioctl stat fstat unlink rename mkdir "
    "opendir readdir system popen fork vfork kill raise signal sigaction").split()
CORE_CALL = re.compile(r"(?<![\w.>])(" + "|".join(CORE_CALLS) + r")\s*\(")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">\n]+)[">]', re.MULTILINE)


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "lib" else parts[0]


def resolve(top, path, name):
    """The file that #include "name" means in `path`: its own folder first, then -I. and -Ilib."""
    for folder in (os.path.dirname(path), "", "lib"):
        candidate = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(top, candidate)):
            return candidate
    return None


def check_include(top, path, line, name, folder):
    target = resolve(top, path, name)
    if target is None:
        return f'{path}:{line}: #include "{name}": no such file in this tree'
    below = folder_of(target)
    if below == "tests":
        return f'{path}:{line}: #include "{name}": {folder} includes from the tests'
    if below not in FLOORS:
        return f'{path}:{line}: #include "{name}": {below} is on no floor; see tests/lint/floors.py'
    if FLOORS[below] > FLOORS[folder]:
        return (f'{path}:{line}: #include "{name}": {folder} (floor {FLOORS[folder]}) '
                f"includes from {below} (floor {FLOORS[below]}), which is above it")
    return None


def check_file(top, path):
    folder = folder_of(path)
    if folder == "tests":
        return
    if folder not in FLOORS:
        yield f"{path}:1: {folder} is on no floor; add it to the map in tests/lint/floors.py"
        return
    text = source.read(top, path)
    bare = source.code(text)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        kind, name = match.groups()
        if "#" not in bare.splitlines()[line - 1]:
            continue  # in a comment
        if kind == '"':
            problem = check_include(top, path, line, name, folder)
            if problem:
                yield problem
        elif folder in CORE and CORE_HEADERS.search(name):
            yield f"{path}:{line}: #include <{name}>: the core is pure and has no use for it"
    if folder in CORE:
        for match in CORE_CALL.finditer(bare):
            line = bare.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group(1)}(): the core is pure: no clock, chance, environment or I/O"


def main():
    top = source.root()
    problems = []
    for path in source.c_files(top):
        problems += check_file(top, path)
    source.report(problems, "breaches of the floors")


main()
