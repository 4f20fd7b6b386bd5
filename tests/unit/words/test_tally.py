#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/tally: what counts as passed, as skipped and as failed.

Usage: test_tally.py ROOT
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(sys.argv[1])
CMOCKA = "[ RUN      ] test_a\n[  SKIPPED ] test_a\n[==========] 1 test(s) run.\n[  PASSED  ] 0 test(s).\n"

# Name, result, output, errors; what it counts as, and words that are said of it.
CASES = (
    ("damper:unit / judge", "OK", "[  PASSED  ] 85 test(s).\n", "", (1, 0, 0), ""),
    ("damper:unit / judge", "EXPECTEDFAIL", "", "", (1, 0, 0), ""),
    ("damper:unit / judge", "FAIL", "", "", (0, 1, 0), ""),
    ("damper:unit / judge", "TIMEOUT", "", "", (0, 1, 0), ""),
    ("damper:unit / judge", "ERROR", "", "", (0, 1, 0), ""),
    ("damper:unit / vectors", "SKIP", "skipped: no /x; set DAMPER_SHARED to it\n", "", (0, 0, 1), "vectors: no /x"),
    ("damper:unit / a-shared", "SKIP", "skipped: no /x; set DAMPER_SHARED to it\n", "", (0, 0, 1), "a-shared: no /x"),
    # Allowed for another reason, for none, or not at all.
    ("damper:unit / vectors", "SKIP", "skipped: tired\n", "", (0, 1, 0), "vectors: tired"),
    ("damper:unit / vectors", "SKIP", "", "", (0, 1, 0), "it does not say why"),
    ("damper:unit / judge", "SKIP", "skipped: no x; set DAMPER_SHARED to it\n", "", (0, 1, 0), "not in tests/allowed-skips"),
    ("damper:core_wire / reply_peer-tshark", "SKIP", "skipped: tshark is not installed\n", "", (0, 1, 0), "tshark"),
    ("damper:e2e / e2e change", "SKIP", "skipped: needs root, for namespaces\n", "", (0, 0, 1), "needs root"),
    ("damper:perf / perf-instructions", "SKIP", "not compared: valgrind is not installed\n", "", (0, 1, 0), "valgrind"),
    # Hidden ones.
    ("damper:unit / judge", "OK", CMOCKA, "", (0, 1, 0), "a skip hides in it: judge: test_a"),
    ("damper:unit / words", "OK", "", "Ran 3 tests in 1s\n\nOK (skipped=2)\n", (0, 1, 0), "a skip hides in it: words: 2"),
    ("damper:unit / words", "OK", "", "Ran 3 tests in 1s\n\nOK (expected failures=1, skipped=2)\n", (0, 1, 0), "hides"),
)


class Tally(unittest.TestCase):
    def tally(self, records, allowed=None):
        with tempfile.TemporaryDirectory() as where:
            log = os.path.join(where, "testlog.json")
            with open(log, "w", encoding="utf-8") as file:
                for name, result, out, err in records:
                    file.write(json.dumps({"name": name, "result": result, "stdout": out, "stderr": err}) + "\n")
            if allowed is not None:
                path = os.path.join(where, "allowed")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(allowed)
            else:
                path = os.path.join(ROOT, "tests/allowed-skips")
            return subprocess.run([os.path.join(ROOT, "scripts/tally"), log, path], capture_output=True, text=True)

    def test_cases(self):
        for name, result, out, err, counts, said in CASES:
            with self.subTest(name=name, result=result, out=out, err=err):
                done = self.tally([(name, result, out, err)])
                first, *rest = done.stdout.splitlines()
                self.assertEqual(first, "%d %d %d" % counts, done.stderr)
                self.assertIn(said, "\n".join(rest))
                self.assertEqual(bool(said), bool(rest))

    def test_all_at_once(self):
        done = self.tally([case[:4] for case in CASES])
        sums = [sum(case[4][i] for case in CASES) for i in range(3)]
        self.assertEqual(done.stdout.splitlines()[0], "%d %d %d" % tuple(sums))

    def test_a_list_without_reasons_is_refused(self):
        done = self.tally([CASES[0][:4]], allowed="vectors\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no reason", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
