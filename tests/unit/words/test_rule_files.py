#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The rule files that ship: each has its tests, and each of its numbers a source.

A number that nobody can look up is folklore. So each key of a `guard`, each limit
and each rule with a number of its own says in its `about` which section of the
catalogue (AV-nn) or which RFC it comes from, and each rule that says more than "the
rest" has such a citation, too.
"""
import re
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

CITES = re.compile(r"AV-\d\d|RFC \d{4}")
REST = ("rest", "deny")


def has_number(value):
    """Is there a number anywhere in it?"""
    if isinstance(value, dict):
        return any(map(has_number, value.values()))
    if isinstance(value, list):
        return any(map(has_number, value))
    return not isinstance(value, bool) and re.search(r"\d", str(value)) is not None


def guard_faults(guard):
    """Keys with numbers whose sentences in the guard's about cite nothing."""
    about = " ".join(str(guard.get("about", "")).split())
    for key, value in guard.items():
        if key == "about" or not has_number(value):
            continue
        said = re.search(rf"\b{key}: (.*?)(?=\. [a-z_]+: |$)", about)
        if not said or not CITES.search(said.group(1)):
            yield f"guard: {key} cites nothing in the guard's about"


def faults(doc):
    """What is missing in one file."""
    yield from guard_faults(doc.get("guard", {}))
    for name, limit in doc.get("limits", {}).items():
        if not CITES.search(str(limit.get("about", ""))):
            yield f"limit {name}: its about cites nothing"
    for rule in doc.get("rules", []):
        if "include" in rule or rule["id"] in REST:
            continue
        if not CITES.search(str(rule.get("about", ""))):
            yield f"rule {rule['id']}: its about cites nothing"


def main():
    folder = Path(sys.argv[1])
    files = sorted(f for f in folder.rglob("*.yaml") if not f.name.endswith(".test.yaml"))
    wrong = []
    for file in files:
        wrong += [f"{file.name}: {fault}" for fault in faults(yaml.safe_load(file.read_text()))]
        if file.parent == folder and not file.with_suffix(".test.yaml").exists():
            wrong.append(f"{file.name}: has no {file.stem}.test.yaml")
    assert len(files) >= 9, "the rule files were not found"
    print("\n".join(wrong) or f"{len(files)} rule files: each number has its source, each file its tests")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
