"""What the checks share: which files there are, and C text without its comments and strings."""

import os
import re
import subprocess
import sys

C_DIRS = ("lib", "providers", "policies", "cmd", "tests")


def root():
    """The tree to check: the argument, or the current directory."""
    return sys.argv[1] if len(sys.argv) > 1 else "."


def tracked(top):
    """Paths of the tree's own files: what git tracks or would add; all files where git is absent."""
    try:
        run = subprocess.run(
            ["git", "-C", top, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "."],
            capture_output=True, check=True)
        paths = [p for p in run.stdout.decode().split("\0") if p]
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, dirs, files in os.walk(top):
            dirs[:] = [d for d in dirs if d not in (".git", "build", ".venv", "node_modules")]
            paths += [os.path.relpath(os.path.join(folder, f), top) for f in files]
    return sorted(p for p in set(paths) if os.path.isfile(os.path.join(top, p)))


def c_files(top):
    return [p for p in tracked(top) if p.endswith((".c", ".h")) and p.split("/")[0] in C_DIRS]


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def code(text):
    """The text with comments and strings blanked out, every line where it was."""
    def blank(match):
        found = match.group(0)
        if found.startswith('"'):
            return '""'
        return re.sub(r"[^\n]", " ", found)
    return _NOT_CODE.sub(blank, text)


def report(problems, what):
    """Print `file:line: message` lines and leave with 1 if there are any."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{what}: {len(problems)} found")
    sys.exit(1 if problems else 0)
