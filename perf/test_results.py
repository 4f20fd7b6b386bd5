#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is made of measured rows: perf/join, perf/compare, perf/report.

Usage: test_results.py ROOT
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(sys.argv[1])
PERF = os.path.join(ROOT, "perf")


def row(name, unit, median, least, most):
    return {"name": name, "unit": unit, "median": median, "min": least, "max": most, "runs": 5}


RULES = [row("request_rules_10_cycles", "cycles", 200.0, 100.0, 400.0),
         row("request_rules_1000_cycles", "cycles", 220.0, 200.0, 300.0)]
OTHERS = [row("latency_p99_us", "us", 4.3321, 3.0, 7.5), row("flood_drop_1m_cycles", "cycles", 183.4, 171.3, 252.8)]


def run(name, *args):
    return subprocess.run([sys.executable, "-B", os.path.join(PERF, name), *args], capture_output=True, text=True,
                          check=False)


def marked(text, what):
    """Is the line about this marked?"""
    return " *" in next(line for line in text.splitlines() if line.startswith(what))


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, what):
        with open(self.path(name), "w", encoding="utf-8") as f:
            json.dump(what, f)
        return self.path(name)

    def got(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return json.load(f)

    def joined(self):
        parts = self.put("a.json", RULES), self.put("b.json", OTHERS)
        r = run("join", self.path("out.json"), *parts)
        self.assertEqual(r.returncode, 0, r.stderr)
        return self.path("out.json")

    def test_rows_are_joined_with_their_headlines(self):
        self.joined()
        rows = {r["name"]: r for r in self.got("out.json")}
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows["flood_drop_cycles"]["median"], 183.4)
        ratio = rows["rules_1000_vs_10"]        # least over most, and most over least
        self.assertEqual((ratio["median"], ratio["min"], ratio["max"]), (1.1, 0.5, 3.0))

    def test_a_name_that_is_there_twice_is_refused(self):
        a = self.put("a.json", RULES)
        self.assertIn("is there twice", run("join", self.path("out.json"), a, a).stderr)

    def test_it_is_noted_what_measured_them(self):
        self.joined()
        noted = self.got("out.about.json")
        self.assertEqual({"commit", "when", "compiler", "build", "processor", "cores", "kernel"}, set(noted))
        self.assertGreater(noted["cores"], 0)

    def test_two_results_are_compared(self):
        a = self.joined()
        slower = self.put("slower.json", [row("flood_drop_1m_cycles", "cycles", 300.0, 290.0, 310.0),
                                          row("latency_p99_us", "us", 4.4, 3.0, 8.0)])
        text = run("compare", a, slower).stdout
        self.assertTrue(marked(text, "flood_drop_1m_cycles"))
        self.assertFalse(marked(text, "latency_p99_us"))
        self.assertIn("not known", text)        # nobody noted what the second ran on
        text = run("compare", a, a).stdout
        self.assertFalse(marked(text, "compiler") or marked(text, "flood_drop_1m_cycles"))

    def test_the_page_has_a_place_for_each_table(self):
        parts = run("report", os.path.join(PERF, "measured.json")).stdout.split("\n\n")
        with open(os.path.join(ROOT, "docs", "performance.md"), encoding="utf-8") as f:
            page = f.read()
        tables = [p for p in parts if p.isalpha()]
        self.assertEqual(len(tables), 6)
        for name in tables:
            self.assertEqual(page.count(f"<!-- perf/report {name} -->\n"), 1, name)

    def test_figures_are_written_with_their_spread(self):
        text = run("report", self.joined()).stdout
        self.assertIn("| `latency_p99_us` | the same, 99 of 100 | <= 10 | 4.33 (3.00 to 7.50) µs |", text)
        self.assertIn("| `flood_drop_cycles` | a spoofed request over budget, dropped | <= 168 | 183 (171 to 253) cycles |", text)
        self.assertIn("Commit ", text)
        self.assertNotIn("mix_cycles", text)    # no such row: no line


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
