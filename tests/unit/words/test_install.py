#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What gets installed, against what the units and the manual rely on.

Idea: a unit that starts a program with a file that no package brings fails on
the first machine that is not the developer's. So every path below /usr and
/etc/damper that a unit names is one that is installed, the rule files come with
what they include, and the installed default is a rule file without a warning.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD, ROOT, DAMPER = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
PREFIX = "/usr"
wrong = []


def expect(true, text):
    if not true:
        wrong.append(text)


def plan():
    """Where each thing goes below prefix /usr, sysconfdir /etc."""
    out = subprocess.run(["meson", "introspect", "--install-plan", str(BUILD)], check=True, capture_output=True, text=True)
    places = {"{prefix}": PREFIX, "{bindir}": "/usr/bin", "{sbindir}": "/usr/sbin", "{sysconfdir}": "/etc",
              "{datadir}": "/usr/share", "{mandir}": "/usr/share/man"}
    for group in json.loads(out.stdout).values():
        for source, item in group.items():
            path = item["destination"]
            for name, place in places.items():
                path = path.replace(name, place)
            yield Path(source), path


def named_by_units():
    for unit in sorted((ROOT / "packaging" / "systemd").glob("*.service")):
        for line in re.findall(r"^Exec\w+=(.*)$", unit.read_text(), re.M):
            for path in re.findall(r"(/(?:usr|etc)/[\w./-]+)", line):
                yield unit.name, path


def main():
    installed = dict((path, source) for source, path in plan())
    named = list(named_by_units())
    expect(len(named) >= 6, "the units name fewer paths than they did: is the pattern still right?")
    for unit, path in named:
        expect(path in installed, f"{unit} names {path}, which nothing installs")

    with tempfile.TemporaryDirectory() as stage:
        subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet", "--destdir", stage], check=True,
                       capture_output=True)
        found = list(Path(stage).rglob("rules/*.yaml"))
        expect(len(found) >= 8, f"only {len(found)} rule files to begin from")
        for file in [*found, *Path(stage).rglob("etc/damper/rules.yaml")]:
            if ".test." in file.name:
                continue
            run = subprocess.run([DAMPER, "check", str(file)], capture_output=True, text=True)
            expect(run.returncode == 0 and "warning:" not in run.stderr, f"{file.relative_to(stage)}: {run.stderr}")
    print("\n".join(wrong) or f"{len(installed)} things installed; {len(named)} paths of units are among them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
