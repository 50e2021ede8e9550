#!/usr/bin/env python3
"""Each check must be able to fail: every case below is a small tree with one thing wrong, and what
the check has to say about it; and a clean tree, about which no check may say anything."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CLEAN = {
    "lib/base/a.h": "/* Adds two numbers, for the checks to look at. */\n#pragma once\nint a_add(int x, int y);\n",
    "lib/base/a.c": (
        '#include "base/a.h"\n\n/* strcpy(a, b) in a comment, and system("x") too */\n'
        'static const char *const names[] = { "sprintf(", "one" };\n\n'
        "int a_add(int x, int y)\n{\n    return x + y + (names[0] == names[1]);\n}\n"),
    "lib/status/s.h": "/* Above the others, for the checks to look at. */\nint s_show(void);\n",
    "lib/control/c.c": '#include "base/a.h"\n#include <stdlib.h>\n\nextern int c_nothing;\n',
    "cmd/one/main.c": (
        '#include "base/a.h"\n#include "status/s.h"\n\nint main(void)\n{\n    char text[64];\n'
        "    for (int i = 0; i < 63; i++)\n        text[i] = (char)a_add(i, 1);\n"
        "    text[63] = 0;\n    return text[a_add(1, 2)] == 7;\n}\n"),
}

# check, what is wrong, path, text, what must be said
CASES = [
    ("floors.py", "an include from above", "lib/base/b.c", '#include "status/s.h"\n',
     "lib/base/b.c:1: #include \"status/s.h\": lib/base (floor 1) includes from lib/status (floor 6)"),
    ("floors.py", "an include from above, by a path", "policies/p.c", '\n#include "../lib/status/s.h"\n',
     "policies/p.c:2:"),
    ("floors.py", "a folder on no floor", "lib/attic/a.c", "int a;\n", "lib/attic is on no floor"),
    ("floors.py", "an include from the tests", "lib/base/b.c", '#include "tests/t.h"\n', "from the tests"),
    ("floors.py", "a header that is not there", "lib/base/b.c", '#include "base/none.h"\n', "no such file"),
    ("floors.py", "a clock in the core", "lib/control/b.c", "long b(void)\n{\n    return time(0);\n}\n",
     "lib/control/b.c:3: time()"),
    ("floors.py", "chance in a policy", "policies/b.c", "int b(void) { return random (); }\n", "random()"),
    ("floors.py", "the environment in the core", "lib/control/b.c", 'char *b(void) { return getenv("X"); }\n',
     "getenv()"),
    ("floors.py", "output from the core", "lib/control/b.c", 'void b(void) { printf("x"); }\n', "printf()"),
    ("floors.py", "a loop in the core", "lib/control/b.h", "#include <uv.h>\n", "<uv.h>"),
    ("floors.py", "a client in a policy", "policies/b.c", "#include <curl/curl.h>\n", "<curl/curl.h>"),
    ("banned.py", "strcpy", "lib/base/b.c", "void b(char *t) { strcpy(t, t); }\n", "lib/base/b.c:1: strcpy()"),
    ("banned.py", "sscanf in cmd", "cmd/one/b.c", 'int b(char *t) { return sscanf (t, ""); }\n', "sscanf()"),
    ("banned.py", "system", "providers/b.c", '/* no */ int b(void) { return system("x"); }\n', "system()"),
    ("banned.py", "execvp", "lib/queue/b.c", "void b(char **v)\n{\n    execvp(v[0], v);\n}\n", "b.c:3: execvp()"),
    ("banned.py", "atoi in a test", "tests/unit/test_b.c", "int b(char *t) { return atoi(t); }\n", "atoi()"),
    ("banned.py", "a call after a string", "lib/base/b.c", 'int b(char *t) { return f("\\"(", rand()); }\n', "rand()"),
    ("words.py", "a path", "docs/b.md", "see /wo" "rk/main for more\n", "a path of one machine"),
    ("words.py", "a registry", "tests/b.txt", "https://py" "pi.org/simple\n", "a package registry"),
    ("words.py", "a mirror", "deploy/b.sh", "http://deb.de" "bian.org/\n", "a package registry"),
    ("headers.py", "no comment", "lib/base/b.h", "#pragma once\nint b(void);\n", "lib/base/b.h:1: no comment"),
    ("headers.py", "an empty comment", "providers/b.h", "/* b.h */\nint b(void);\n", "says too little"),
    ("links.py", "a page that is not there", "docs/b.md", "\nsee [this](c.md#part)\n", "docs/b.md:2: c.md"),
    ("format.sh", "indentation", "lib/base/b.c", "int b(void)\n{\n  return 1;\n}\n", "lib/base/b.c:"),
    ("cppcheck.sh", "an index past the end", "lib/base/b.c",
     "int b(void)\n{\n    int t[3] = { 0 };\n    return t[3];\n}\n", "arrayIndexOutOfBounds"),
    ("warnings.sh", "a sign lost", "lib/base/b.c",
     "unsigned b(int n);\nunsigned b(int n)\n{\n    return n;\n}\n", "-Werror=sign-conversion"),
    ("warnings.sh", "memory freed twice", "lib/base/b.c",
     "#include <stdlib.h>\nvoid b(void *p);\nvoid b(void *p)\n{\n    free(p);\n    free(p);\n}\n",
     "-Werror=analyzer-double-free"),
]

STATE = [  # C text, must it be found?
    ("int counter = 1;", True),
    ("int counter;", True),
    ("int next(void);\nint next(void)\n{\n    static int n;\n    return ++n;\n}", True),
    ("_Thread_local int n;", True),
    ("const int n = 3;", False),
    ("int f(void);\nstatic int (*const table[])(void) = { f };\nint f(void)\n{\n    return table[0] != f;\n}", False),
]
HARD = "-O2 -fPIE -fstack-protector-all".split()
HARD_LD = "-pie -Wl,-z,relro,-z,now,-z,noexecstack".split()
HARDENING = [  # compiler flags, linker flags, what must be said (None: nothing)
    (HARD, HARD_LD, None),
    (["-O2", "-fno-pie", "-fstack-protector-all"], ["-no-pie"] + HARD_LD[1:], "not position independent"),
    (HARD, ["-pie", "-Wl,-z,relro,-z,lazy"], "BIND_NOW"),
    (HARD, ["-pie", "-Wl,-z,norelro,-z,now"], "RELRO"),
    (HARD, ["-pie", "-Wl,-z,relro,-z,now,-z,execstack"], "stack may be executed"),
    (HARD, HARD_LD + ["-Wl,-rpath,/opt/x"], "library path"),
    (["-O2", "-fPIE", "-fno-stack-protector"], HARD_LD, "no stack protector"),
]

failures = []


def write(top, path, text):
    full = os.path.join(top, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    return full


def tree(top):
    for path, text in CLEAN.items():
        write(top, path, text)
    for name in (".clang-format", "Makefile"):
        with open(os.path.join(HERE, "..", "..", name), encoding="utf-8") as file:
            write(top, name, file.read())
    write(top, "tests/t.h", "/* Something the tests share, to include. */\n")


def run(check, *arguments):
    command = [sys.executable] if check.endswith(".py") else []
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command + [os.path.join(HERE, check), *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=outer)
    return done.returncode, done.stdout


def expect(name, status, output, wanted):
    """wanted: what must be said by a check that fails; None for one that must pass."""
    if wanted is None and status != 0:
        failures.append(f"{name}: fails where nothing is wrong:\n{output}")
    if wanted is not None and (status != 1 or wanted not in output):
        failures.append(f"{name}: status {status}, wanted to read '{wanted}', got:\n{output}")


def source_checks():
    with tempfile.TemporaryDirectory() as top:
        tree(top)
        for check in sorted({case[0] for case in CASES}):
            expect(f"{check}: clean tree", *run(check, top), None)
    for check, name, path, text, wanted in CASES:
        with tempfile.TemporaryDirectory() as top:
            tree(top)
            write(top, path, text)
            expect(f"{check}: {name}", *run(check, top), wanted)


def state_checks():
    for text, found in STATE:
        with tempfile.TemporaryDirectory() as top:
            c_file = write(top, "b.c", text + "\n")
            subprocess.run(["gcc", "-O0", "-fPIE", "-c", c_file, "-o", f"{top}/b.o"], check=True)
            subprocess.run(["ar", "rcs", f"{top}/b.a", f"{top}/b.o"], check=True)
            expect(f"state.sh: {text!r}", *run("state.sh", f"{top}/b.a"), "mutable state" if found else None)


def hardening_checks():
    for cflags, ldflags, wanted in HARDENING:
        with tempfile.TemporaryDirectory() as top:
            c_file = write(top, "b.c", "int main(int n, char **v)\n{\n    char t[64];\n    t[n] = **v;\n    return t[0];\n}\n")
            subprocess.run(["gcc", *cflags, c_file, "-o", f"{top}/b", *ldflags], check=True, capture_output=True)
            expect(f"hardening.sh: {' '.join(ldflags)}", *run("hardening.sh", f"{top}/b"), wanted)


source_checks()
state_checks()
hardening_checks()
for failure in failures:
    print(failure)
print(f"{len(CASES) + len(STATE) + len(HARDENING)} cases, {len(failures)} wrong")
sys.exit(1 if failures else 0)
