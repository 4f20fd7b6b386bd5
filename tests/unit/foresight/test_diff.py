#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`damper diff`: what is a change, what is none, and what would be lost.

Usage: test_diff.py DAMPER
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

DAMPER = os.path.abspath(sys.argv[1])
SEED = 20261121

HEAD = "version: 1\n"
RULE = "rules: [{id: r, match: {%s}, %s}]\n"

# What means the same, in two spellings.
SAME = [
    ("rates per minute", "limits: {l: {per: peer, rate: 60 msg/min}}\n", "limits: {l: {per: peer, rate: 1 msg/s}}\n"),
    ("sizes", "limits: {l: {per: peer, rate: 1 KiB/s, burst: 2 KiB}}\n",
     "limits: {l: {per: peer, rate: 1024 B/s, burst: 2048 B}}\n"),
    ("bits", "limits: {l: {per: peer, rate: 8 kbit/s}}\n", "limits: {l: {per: peer, rate: 1 kB/s}}\n"),
    ("order of a list", RULE % ("code: [GET, POST]", "then: drop"), RULE % ("code: [POST, GET, POST]", "then: drop")),
    ("a list of one", RULE % ("code: GET", "then: drop"), RULE % ("code: [GET]", "then: drop")),
    ("a define", "define: {a: 192.0.2.0/24}\n" + RULE % ("from: $a", "then: drop"),
     RULE % ("from: 192.0.2.0/24", "then: drop")),
    ("a define of lists", "define: {a: [$b, 10.0.0.1], b: [10.0.0.2]}\n" + RULE % ("from: $a", "then: drop"),
     RULE % ("from: [10.0.0.2, 10.0.0.1]", "then: drop")),
    ("spelling of addresses", RULE % ("from: \"2001:DB8:0::1\"", "then: drop"),
     RULE % ("from: \"2001:db8::1/128\"", "then: drop")),
    ("challenge", RULE % ("msg: request", "then: challenge"),
     RULE % ("msg: request", "then: {answer: 4.01, echo: true}")),
    ("order of keys", RULE % ("msg: request, code: GET", "then: {answer: 4.29, max_age: 1 min}"),
     RULE % ("code: GET, msg: request", "then: {max_age: 60 s, answer: 4.29}")),
    ("order of limits", "limits: {a: {per: peer, rate: 1 msg/s}, b: {per: peer, rate: 2 msg/s}}\n",
     "limits: {b: {per: peer, rate: 2 msg/s}, a: {per: peer, rate: 1 msg/s}}\n"),
    ("a default of the guard", "", "guard: {amplification: 3x, proof: {idle: 5 min}}\n"),
    ("a default of a rule", RULE % ("msg: request", "then: drop"), RULE % ("msg: request", "then: drop, mode: enforce")),
    ("hex", "ruleset: {revision: 0x10}\n", "ruleset: {revision: 16}\n"),
    ("comments", "# one\nrules: []\n", "rules: []\n"),
]

# (name, old, new, kind, thing, change, key, old text, new text)
OTHER = [
    ("rate", "limits: {l: {per: peer, rate: 1 msg/s}}\n", "limits: {l: {per: peer, rate: 90 msg/min}}\n",
     "limit", "l", "changed", "rate", "1 msg/s", "90 msg/min"),
    ("default left", "", "guard: {amplification: 2x}\n", "guard", "", "changed", "amplification", "3x", "2x"),
    ("deep in the guard", "", "guard: {challenges: {network: {burst: 30 msg}}}\n",
     "guard", "", "changed", "challenges.network.burst", "20 msg", "30 msg"),
    ("action", RULE % ("msg: request", "then: {answer: 4.29, max_age: 30 s}"),
     RULE % ("msg: request", "then: {answer: 4.29, max_age: 60 s}"),
     "rule", "r", "changed", "then", "{answer: 4.29, max_age: 30 s}", "{answer: 4.29, max_age: 60 s}"),
    ("negation", RULE % ("from: 10.0.0.0/8", "then: drop"), RULE % ("from: {not: 10.0.0.0/8}", "then: drop"),
     "rule", "r", "changed", "match.from", "10.0.0.0/8", "{not: 10.0.0.0/8}"),
    ("added rule", "rules: []\n", RULE % ("msg: request", "then: drop"), "rule", "r", "added", "then", None, "drop"),
    ("removed rule", RULE % ("msg: request", "then: drop"), "rules: []\n",
     "rule", "r", "removed", "then", "drop", None),
    ("exemption", "", "exempt: [{from: 192.0.2.0/24, about: x, until: 2099-01-01}]\n",
     "exemption", "192.0.2.0/24", "added", "until", None, "2099-01-01"),
    ("end of an exemption", "exempt: [{from: 192.0.2.0/24, until: 2098-01-01}]\n",
     "exempt: [{from: 192.0.2.0/24, until: 2099-01-01}]\n",
     "exemption", "192.0.2.0/24", "changed", "until", "2098-01-01", "2099-01-01"),
    ("zone", "zones: {inside: {ports: [inside], prefixes: 10.0.0.0/8}}\n",
     "zones: {inside: {ports: [inside], prefixes: 10.0.0.0/9}}\n",
     "zone", "inside", "changed", "prefixes", "10.0.0.0/8", "10.0.0.0/9"),
    ("mode of the file", "", "ruleset: {mode: observe}\n", "ruleset", "", "changed", "mode", "enforce", "observe"),
    ("confirm", "", "ruleset: {confirm: 2 min}\n", "ruleset", "", "changed", "confirm", None, "2 min"),
    ("slip", RULE % ("msg: request", "then: drop"),
     RULE % ("msg: request", "then: drop, slip: {every: 4, with: challenge}"),
     "rule", "r", "changed", "slip.every", None, "4"),
]

LIMIT = "limits: {l: {%s}}\nrules: [{id: r, match: {msg: request}, limit: l}]\n"
# Budgets live on when only numbers change: (name, old, new, lost)
LOST = [
    ("rate", LIMIT % "per: peer, rate: 1 msg/s", LIMIT % "per: peer, rate: 9 msg/s, burst: 99 msg", []),
    ("owner", LIMIT % "per: peer, rate: 1 msg/s", LIMIT % "per: source, rate: 1 msg/s", ["per: peer -> source"]),
    ("unit", LIMIT % "per: peer, rate: 1 msg/s", LIMIT % "per: peer, rate: 9 KiB/s", ["rate: 1 msg/s -> 9 KiB/s"]),
    ("ladder", LIMIT % "per: peer, rate: 1 msg/s", LIMIT % "per: peer, rate: 1 msg/s, ladder: {ipv4: {32: 1x, 24: 2x}}",
     ["ladder.ipv4: default -> {32: 1x, 24: 2x}"]),
    ("factor of a step", LIMIT % "per: peer, rate: 1 msg/s, ladder: {ipv4: {32: 1x, 24: 2x}}",
     LIMIT % "per: peer, rate: 1 msg/s, ladder: {ipv4: {32: 1x, 24: 3x}}", []),
    ("gone", LIMIT % "per: peer, rate: 1 msg/s", "rules: []\n", ["the limit is gone"]),
]


class Diff(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="damper")

    def tearDown(self):
        self.dir.cleanup()

    def write(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def damper(self, *argv):
        return subprocess.run([DAMPER, "diff", *argv], capture_output=True, text=True, timeout=120, check=False)

    def diff(self, old, new):
        done = self.damper("--json", self.write("old.yaml", HEAD + old), self.write("new.yaml", HEAD + new))
        self.assertIn(done.returncode, (0, 1), done.stderr)
        doc = json.loads(done.stdout)
        self.assertEqual(done.returncode, int(doc["differ"]))
        self.assertEqual(doc["differ"], bool(doc["changes"]))
        return doc

    def test_same(self):
        for name, old, new in SAME:
            for a, b in ((old, new), (new, old)):
                with self.subTest(name=name):
                    self.assertEqual(self.diff(a, b)["changes"], [])

    def test_made_explicit(self):
        doc = self.diff("", "guard: {amplification: 3x}\n")
        self.assertEqual([(e["kind"], e["key"], e["value"], e["change"]) for e in doc["explicit"]],
                         [("guard", "amplification", "3x", "written")])
        doc = self.diff("guard: {amplification: 3x}\n", "")
        self.assertEqual([e["change"] for e in doc["explicit"]], ["left_out"])

    def test_other(self):
        for name, old, new, kind, thing, change, key, before, after in OTHER:
            with self.subTest(name=name):
                changes = self.diff(old, new)["changes"]
                self.assertEqual([(c["kind"], c["name"], c["change"]) for c in changes], [(kind, thing, change)])
                found = {k["key"]: k for k in changes[0]["keys"]}
                self.assertIn(key, found)
                self.assertEqual((found[key]["old"], found[key]["new"]), (before, after))
                for side, text in (("old", before), ("new", after)):
                    written = text is not None and not found[key][side + "_default"]
                    self.assertEqual(found[key]["at"][side] is not None, written)

    def test_places(self):
        doc = self.diff("limits:\n  l:\n    per: peer\n    rate: 1 msg/s\n", "limits:\n  l: {per: peer, rate: 2 msg/s}\n")
        change, = doc["changes"]
        key, = change["keys"]
        self.assertTrue(change["at"]["old"].endswith("old.yaml:3"), change)
        self.assertTrue(key["at"]["old"].endswith("old.yaml:5"), key)
        self.assertTrue(key["at"]["new"].endswith("new.yaml:3"), key)
        self.assertEqual(key["factor"], 2)

    def test_state_lost(self):
        for name, old, new, lost in LOST:
            with self.subTest(name=name):
                self.assertEqual([s["why"] for s in self.diff(old, new)["state_lost"]], lost)

    def test_sets(self):
        inline = "sets: {s: {kind: prefix, items: [10.0.0.1, 10.0.0.2]}}\n"
        change, = self.diff(inline, inline.replace("10.0.0.1", "10.0.0.3, 10.0.0.4"))["changes"]
        key, = change["keys"]
        self.assertEqual((key["added"], key["removed"]), (["10.0.0.3", "10.0.0.4"], ["10.0.0.1"]))
        self.assertEqual(key["items"], {"old": 2, "new": 3, "added": 2, "removed": 1})

    def test_set_of_a_file(self):
        text = "sets: {s: {kind: prefix, source: file, file: %s}}\n"
        self.write("old.txt", "".join(f"10.{i >> 8}.{i & 255}.1\n" for i in range(50000)))
        self.write("new.txt", "".join(f"10.{i >> 8}.{i & 255}.1\n" for i in range(3, 50000)) + "192.0.2.1\n")
        change, = self.diff(text % "old.txt", text % "new.txt")["changes"]
        key, = [k for k in change["keys"] if k["key"] == "items"]
        self.assertEqual(key["items"], {"old": 50000, "new": 49998, "added": 1, "removed": 3})
        self.assertEqual(sorted(key["removed"]), ["10.0.0.1", "10.0.1.1", "10.0.2.1"])

    def test_includes(self):
        rule = "{id: %s, match: {code: GET}, then: drop}"
        self.write("more.yaml", HEAD + "rules:\n  - " + rule % "more" + "\n")
        split = "rules:\n  - " + rule % "one" + "\n  - include: more.yaml\n"
        whole = "rules:\n  - " + rule % "one" + "\n  - " + rule % "more" + "\n"
        self.assertEqual(self.diff(whole, split)["changes"], [])

    def test_moved(self):
        """The fewest possible rules are called moved, and moving them is enough."""
        rng = random.Random(SEED)
        rule = "  - {id: r%d, match: {code: GET}, then: drop}\n"
        for turn in range(12):
            old = list(range(rng.randrange(2, 12)))
            new = old[:]
            for _ in range(rng.randrange(3)):
                new.insert(rng.randrange(len(new)), new.pop(rng.randrange(len(new))))
            doc = self.diff("rules:\n" + "".join(rule % i for i in old), "rules:\n" + "".join(rule % i for i in new))
            moved = [int(c["name"][1:]) for c in doc["changes"] if c["change"] == "moved"]
            with self.subTest(seed=SEED, turn=turn, new=new, moved=moved):
                self.assertEqual(len(moved), len(doc["changes"]))
                self.assertEqual([i for i in new if i not in moved], [i for i in old if i not in moved])
                self.assertEqual(len(new) - len(moved), longest_rise(new))

    def test_text_and_exit_codes(self):
        a = self.write("a.yaml", HEAD + "limits: {l: {per: peer, rate: 1 msg/s}}\n")
        b = self.write("b.yaml", HEAD + "limits: {l: {per: source, rate: 4 msg/s}}\n")
        done = self.damper(a, a)
        self.assertEqual((done.returncode, "they mean the same" in done.stdout), (0, True))
        done = self.damper(a, b)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rate: 1 msg/s -> 4 msg/s  [4x]", done.stdout)
        self.assertIn("would be lost", done.stdout)
        self.assertEqual(self.damper(a, self.write("c.yaml", HEAD + "rles: []\n")).returncode, 1)
        self.assertEqual(self.damper(a, "/nowhere/x").returncode, 3)
        self.assertEqual(self.damper("--runtime-dir", "/nowhere", a).returncode, 4)
        self.assertEqual(self.damper("--runtime-dir", "/nowhere", "7", a).returncode, 4)


def longest_rise(items):
    """Length of the longest increasing subsequence, by trying all."""
    best = [1] * len(items)
    for i, x in enumerate(items):
        best[i] += max([best[j] for j in range(i) if items[j] < x], default=0)
    return max(best)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
