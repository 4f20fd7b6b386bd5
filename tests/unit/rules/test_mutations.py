#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The JSON Schema against the loader, over mutations of good rule files.

Idea: each file of the corpus that is good, and each that ships, is changed in one
place: a value of another shape, a key gone or misspelt, a value in quotes, in a list
or behind a name. What the loader takes the schema has to take; what the loader refuses
for its shape the schema has to refuse. Unlike test_schema.c this asks a validator that
others have written, and knows what is a string in quotes and what is none.

Usage: test_mutations.py DAMPER SOURCE_ROOT [SEED [COUNT]]
"""
import copy
import glob
import json
import os
import random
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed")
    sys.exit(77)


class Core(yaml.SafeLoader):
    """YAML 1.2 core schema, where PyYAML is 1.1."""
    yaml_implicit_resolvers = {}


for TAG, FORM, FIRST in (("bool", r"^(true|false)$", "tf"), ("null", r"^(~|null|)$", ["~", "n", ""]),
                         ("int", r"^[-+]?(0x[0-9a-fA-F]+|[0-9]+)$", "-+0123456789"),
                         ("float", r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)$", "-+.0123456789")):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + TAG, re.compile(FORM), list(FIRST))

VALUES = [1, 0, -1, 1.5, True, False, None, "", [], {}, ["x"], {"x": 1}, "$n", "$l", "any", "true", "1", "off",
          "5 msg/s", "3x", "64 B", "30 s", "a", "/a", [["a"]], {"not": "a"}, {"not": {"not": "a"}}, ["drop"], "drop",
          {"answer": "4.04"}, {"answer": 4.04}]
# Messages about shapes, which the schema has to see as well.
SHAPES = ("unknown key '", " is a mapping of keys", " no 'version'", "unknown mode '", " is not a truth value",
          " has no value; expected", " has no known unit", " has no unit; write", "this rule has no '", "this limit has no '",
          "this exemption has no '", "this set has no '", "unknown type '", "unknown kind '", "unknown severity '",
          "'slip' needs both", " is a mapping of names", "'about' is text", " is a list; each", "this is a list, not",
          "this is a mapping, not", "does not say whose", "begins with 'id:'")


def documents(root):
    """(name, document) of good files that stand alone."""
    names = glob.glob(root + "/tests/unit/rules/data/good-*.yaml") + glob.glob(root + "/rules/*.yaml")
    for name in sorted(names):
        if name.endswith(".test.yaml"):
            continue
        with open(name, encoding="utf-8") as file:
            text = file.read()
        if "include:" not in text and "file:" not in text:
            # PyYAML knows no tabs, json all of JSON.
            yield os.path.basename(name), json.loads(text) if "\t" in text else yaml.load(text, Loader=Core)


def places(value, path=()):
    """The paths of all values; what stands in `define` has no type yet."""
    if path and path[0] == "define":
        return
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], path + (key,))


def mutate(rnd, document):
    """A copy with one change, and what it was."""
    document = copy.deepcopy(document)
    path = rnd.choice([p for p in places(document) if p])
    parent, key = document, path[-1]
    for step in path[:-1]:
        parent = parent[step]
    how = rnd.choice(("set", "set", "gone", "misspelt", "list", "quoted", "name"))
    if how == "gone":
        del parent[key]
    elif how == "misspelt" and isinstance(parent, dict):
        parent[str(key) + "x"] = parent.pop(key)
    elif how == "list":
        parent[key] = [parent[key]]
    elif how == "quoted" and isinstance(parent[key], (bool, int, float)):
        parent[key] = json.dumps(parent[key])
    elif how == "name":
        document.setdefault("define", {})["zz"] = parent[key]
        parent[key] = "$zz"
    else:
        how, parent[key] = "set", copy.deepcopy(rnd.choice(VALUES))
    return document, f"{how} {path}"


def checked(damper, folder, mutants):
    """What the loader says of each."""
    names = []
    for i, (_, document, _) in enumerate(mutants):
        names.append(os.path.join(folder, f"{i}.json"))
        with open(names[-1], "w", encoding="utf-8") as file:
            json.dump(document, file)
    for i in range(0, len(names), 200):
        out = subprocess.run([damper, "check", "--unsigned", "--json", *names[i:i + 200]], stdout=subprocess.PIPE,
                             check=False).stdout
        yield from json.loads(out)["files"]


def fault(loader, schema, document):
    """What they disagree about, None when they do not."""
    refused = next(schema.iter_errors(document), None)
    if refused is not None:
        return f"the schema refuses at {list(refused.path)[:4]}: {refused.message[:120]}" if loader["errors"] == 0 else None
    said = [d["message"] for d in loader["diagnostics"] if d["level"] == "error"]
    shapes = [m for m in said if any(s in m for s in SHAPES)]
    return f"the schema takes it, the loader says: {shapes[0]}" if shapes else None


def main():
    damper, root = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261122
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 800
    rnd = random.Random(seed)
    text = subprocess.run([damper, "schema"], stdout=subprocess.PIPE, check=True).stdout
    schema = jsonschema.Draft7Validator(json.loads(text))
    good = list(documents(root))
    if len(good) < 20:
        sys.exit(f"only {len(good)} good files found below {root}")
    mutants = [(name, *mutate(rnd, document)) for name, document in (rnd.choice(good) for _ in range(count))]
    faults = refused = 0
    with tempfile.TemporaryDirectory(prefix="damper-mutations-") as folder:
        for (name, document, change), loader in zip(mutants, checked(damper, folder, mutants)):
            refused += loader["errors"] > 0
            wrong = fault(loader, schema, document)
            if wrong:
                faults += 1
                print(f"{name}, {change}: {wrong}")
    print(f"seed {seed}: {count} mutations of {len(good)} files, {refused} refused, {faults} disagreements")
    sys.exit(faults > 0 or refused in (0, count))


if __name__ == "__main__":
    main()
