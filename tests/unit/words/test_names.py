#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the documents name is there: files, folders, functions, constants,
metrics, commands and their options.

Usage: test_names.py DAMPER ROOT

Idea: names move and documents stay. Only what stands in `code font`, in lines
indented as commands, and behind "$ " is looked at. A name of somebody else's is
listed below with whose it is.
"""
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

DAMPER, ROOT = sys.argv[1], Path(sys.argv[2])
FOLDERS = ("include", "wire", "dataplane", "control", "rules", "tests", "perf", "packaging", "scripts", "docs")
FILE = re.compile(r"[\w./-]*\w\.(?:c|h|py|lua|md|in)")
FOLDER = re.compile(r"(?:%s|core)/[\w./-]*" % "|".join(FOLDERS))
METRIC = re.compile(r"\bdamper_[a-z_]+\b")

# Names of other projects, and places for a name of the reader's.
FOREIGN = {"docs/usecases/acls.rst", "test/release/v1.9.2/performance.md", "src/apps/rate_limiter/README.md",
           "src/doc/in-a-nutshell.md", "balancer_consts.h", "dpdk-hugepages.py", "dpdk-devbind.py"}


def tree():
    """All files but those of builds, as text relative to the root."""
    for top in FOLDERS:
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(ROOT))


FILES = set(tree())
SOURCE = "\n".join((ROOT / f).read_text(errors="replace") for f in FILES
                   if not f.startswith("docs/") and f.endswith((".c", ".h", ".py", ".json", ".yml", ".build")))
WORDS = set(re.findall(r"\w+", SOURCE))


def is_file(name):
    """A path from the root, or the end of one."""
    name = name.lstrip("./")
    return name in FOREIGN or any(f == name or f.endswith("/" + name) for f in FILES)


def is_folder(name):
    name = name.rstrip("/")
    return any(f == name or f.startswith(name + "/") or f.startswith("dataplane/" + name + "/") for f in FILES)


@lru_cache(maxsize=None)
def help_of(*command):
    return subprocess.run([DAMPER, "help", *command], capture_output=True, text=True, check=True).stdout


@lru_cache(maxsize=None)
def options(command):
    """Of a command, all its second words together; None: there is no such command."""
    full = [m for m in re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?= |$)", help_of().split("Commands:\n")[1].split("\n\n")[0], re.M)
            if m.split()[0] == command]
    if not full:
        return None
    return set(re.findall(r"--[a-z][a-z-]*", "".join(help_of(*f.split()) for f in full)))


def wrong_command(text):
    """text begins with "damper "."""
    words = text.split("|")[0].split()
    if len(words) < 2 or not re.fullmatch(r"[a-z]+", words[1]):
        return
    known = options(words[1])
    if known is None:
        yield f"there is no command '{words[1]}'"
        return
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(words)):
        if option not in known:
            yield f"'damper {words[1]}' has no {option}"


def wrong_names(code):
    for word in re.findall(r"[\w./-]+", code):
        word = word.rstrip(".")
        if FILE.fullmatch(word) and not is_file(word):
            yield f"{word} is not there"
        elif FOLDER.fullmatch(word) and word not in FOREIGN and not is_file(word) and not is_folder(word):
            yield f"{word} is not there"
    for function in re.findall(r"\b([a-z_][a-z0-9_]*_[a-z0-9_]*)\(\)", code):
        if function not in WORDS:
            yield f"there is no {function}()"
    for name in re.findall(r"\bDAMP_[A-Z0-9_]+\b", code):
        if name not in WORDS:
            yield f"there is no {name}"
    for metric in METRIC.findall(code):
        if metric not in WORDS:
            yield f"there is no metric {metric}"


def code_of(line):
    """What a line says in the name of the program."""
    if line.startswith("    ") or line.startswith("$ "):
        yield line.strip().removeprefix("$ ")
    yield from re.findall(r"`([^`]+)`", line)


def wrong_in(doc):
    for number, line in enumerate(doc.read_text().splitlines(), 1):
        for code in code_of(line):
            found = list(wrong_names(code))
            if code.startswith("damper "):
                found += wrong_command(code)
            yield from (f"{doc.relative_to(ROOT)}:{number}: {what}" for what in found)


def main():
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    wrong = [w for doc in documents for w in wrong_in(doc)]
    print("\n".join(wrong) or f"{len(documents)} documents name nothing that is not there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
