#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The documents, checked against the tree.

Idea: a document that names a file which is gone, or leaves out a standard that
the code follows, misleads without anybody noticing. So each file named in
docs/rfc.md exists, each link between the documents leads somewhere, and every
RFC and draft that a source names has a row in docs/rfc.md. A table that an empty
line cuts in two is shown as text, so every table has its head, and as many
cells in each row.
"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
SOURCES = ("dataplane", "control", "include", "perf", "rules")


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def anchors(text):
    """Headings as the usual renderers make anchors of them."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links():
    for doc in documents():
        for target in re.findall(r"\]\(([^)\s]+)\)", doc.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (doc.parent / name) if name else doc
            if not path.exists():
                yield f"{doc.relative_to(ROOT)}: link to {target}, which is not there"
            elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text()):
                yield f"{doc.relative_to(ROOT)}: link to {target}: no such heading"


def missing_files(table):
    for name in re.findall(r"`((?:dataplane|control|include|perf|rules|tests|docs)/[\w./-]*)`", table):
        if not (ROOT / name).exists():
            yield f"docs/rfc.md: names {name}, which is not there"


STANDARD = re.compile(r"RFC \d{3,5}|draft-(?:ietf|irtf)-[a-z0-9-]+[a-z0-9]")


def missing_rows(table):
    known = set(STANDARD.findall("\n".join(line for line in table.splitlines() if line.startswith("|"))))
    files = [f for d in SOURCES for f in (ROOT / d).rglob("*") if f.suffix in (".c", ".h", ".yaml")]
    assert len(files) > 100, "the sources were not found"
    for file in files:
        for name in sorted(set(STANDARD.findall(file.read_text())) - known):
            yield f"{file.relative_to(ROOT)}: {name} has no row in docs/rfc.md"


def cells(row):
    """Of a row, how many; a bar behind a backslash is text."""
    return len(row.replace("\\|", "").strip()[1:-1].split("|"))


def tables(text):
    """Each run of lines that begin with a bar, outside of code, with the number of its first."""
    run = []
    fenced = False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        fenced ^= line.startswith("```")
        if line.startswith("|") and not fenced:
            run.append((number, line))
        elif run:
            yield run
            run = []


def broken_tables():
    for doc in documents():
        for run in tables(doc.read_text()):
            number, head = run[0]
            if len(run) < 2 or not re.fullmatch(r"\|(?::?-+:?\|)+", run[1][1].replace(" ", "")):
                yield f"{doc.relative_to(ROOT)}:{number}: a row without a table's head above it"
                continue
            for at, row in run:
                if cells(row) != cells(head):
                    yield f"{doc.relative_to(ROOT)}:{at}: {cells(row)} cells, where the head has {cells(head)}"


def main():
    table = (ROOT / "docs" / "rfc.md").read_text()
    wrong = [*broken_links(), *missing_files(table), *missing_rows(table), *broken_tables()]
    print("\n".join(wrong) or f"{len(documents())} documents: all links, files and standards are there, and the tables whole")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
