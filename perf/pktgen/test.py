#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The profiles for pktgen: do they call what there is, with as many arguments as it takes?

With a Lua interpreter they are run against stub.lua; without, their calls are compared with
the names in it."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILES = ("flood", "carpet", "mix", "ipv6")


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read()


def run(lua, profile):
    with tempfile.TemporaryDirectory() as d:
        env = dict(os.environ, DAMPER_PKTGEN_DIR=HERE, DAMPER_PKTGEN_OUT=os.path.join(d, "out"),
                   DAMPER_PKTGEN_SECONDS="2")
        p = subprocess.run([lua, os.path.join(HERE, "stub.lua"), os.path.join(HERE, profile + ".lua")], env=env,
                           capture_output=True, encoding="latin-1", check=False)
        if p.returncode != 0 or "pktgen.start" not in p.stdout or not p.stdout.rstrip().endswith("pktgen.quit"):
            sys.exit(f"{profile}: {p.stderr}{p.stdout}")
        with open(os.path.join(d, "out"), encoding="utf-8") as f:
            if len(f.readlines()) != 3:
                sys.exit(f"{profile}: two rates and a total expected")


def names_only(text, known):
    code = re.sub(r"--.*", "", re.sub(r'"[^"\n]*"', '""', text))
    for call in re.findall(r"pktgen\.(?:range\.)?(\w+)", code):
        if call not in known and call != "range":
            sys.exit(f"pktgen.{call} is not in stub.lua")


lua = next(filter(None, map(shutil.which, ("lua5.4", "lua5.3", "lua"))), None) or os.environ.get("LUA")
known = set(re.findall(r"(\w+) = \d", read("stub.lua")))
for name in PROFILES:
    names_only(read(name + ".lua"), known)
    if lua:
        run(lua, name)
names_only(read("common.lua"), known)
print("run" if lua else "names compared; no Lua interpreter to run them", *PROFILES)
