#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The documents, checked against the tree.

Idea: a document that names a file which is gone, or leaves out a standard that
the code follows, misleads without anybody noticing. So each file named in
docs/rfc.md exists, each link between the documents leads somewhere, and every
RFC that a source names has a row in docs/rfc.md.
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


def missing_rows(table):
    rows = "\n".join(line for line in table.splitlines() if line.startswith("|"))
    known = set(re.findall(r"RFC (\d+)", rows))
    files = [f for d in SOURCES for f in (ROOT / d).rglob("*") if f.suffix in (".c", ".h", ".yaml")]
    assert len(files) > 100, "the sources were not found"
    for file in files:
        for rfc in sorted(set(re.findall(r"RFC (\d{3,5})", file.read_text())) - known):
            yield f"{file.relative_to(ROOT)}: RFC {rfc} has no row in docs/rfc.md"


def main():
    table = (ROOT / "docs" / "rfc.md").read_text()
    wrong = [*broken_links(), *missing_files(table), *missing_rows(table)]
    print("\n".join(wrong) or f"{len(documents())} documents: all links, files and standards are there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
