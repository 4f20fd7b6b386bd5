#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/tally: what counts as passed, as skipped and as failed, and what is told of
it; scripts/test: that the end of its output says all of that.

Usage: test_tally.py ROOT
"""
import contextlib
import importlib.machinery
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = os.path.abspath(sys.argv[1])
CMOCKA = "[ RUN      ] test_a\n[  SKIPPED ] test_a\n[==========] 1 test(s) run.\n[  PASSED  ] 0 test(s).\n"

# Name, result, output, errors; what it counts as, and words that are said of it.
CASES = (
    ("damper:unit / judge", "OK", "[  PASSED  ] 85 test(s).\n", "", (1, 0, 0), ""),
    ("damper:unit / judge", "EXPECTEDFAIL", "", "", (1, 0, 0), ""),
    ("damper:unit / judge", "FAIL", "", "", (0, 1, 0), "FAILED: judge: "),
    ("damper:unit / judge", "TIMEOUT", "", "", (0, 1, 0), "FAILED: judge: it was stopped"),
    ("damper:unit / judge", "ERROR", "", "", (0, 1, 0), "FAILED: judge: "),
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


def load(path):
    """A script without a suffix, as a module."""
    sys.dont_write_bytecode = True
    spec = importlib.machinery.SourceFileLoader("tally", path)
    module = types.ModuleType(spec.name)
    spec.exec_module(module)
    return module


TALLY = load(os.path.join(ROOT, "scripts/tally"))


def tally(*args):
    """What scripts/tally prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        TALLY.main(args)
    return out.getvalue()


def run_tally(records, *before, allowed=None):
    with tempfile.TemporaryDirectory() as where:
        log = os.path.join(where, "testlog.json")
        with open(log, "w", encoding="utf-8") as file:
            for name, result, out, err, *code in records:
                row = {"name": name, "result": result, "stdout": out, "stderr": err, "duration": 7.1}
                file.write(json.dumps(row | {"returncode": c for c in code}) + "\n")
        path = os.path.join(ROOT, "tests/allowed-skips")
        if allowed is not None:
            path = os.path.join(where, "allowed")
            with open(path, "w", encoding="utf-8") as file:
                file.write(allowed)
        return tally(*before, log, path)


class Tally(unittest.TestCase):
    def test_cases(self):
        for name, result, out, err, counts, said in CASES:
            with self.subTest(name=name, result=result, out=out, err=err):
                first, *rest = run_tally([(name, result, out, err)]).splitlines()
                self.assertEqual(first, "%d %d %d" % counts)
                self.assertIn(said, "\n".join(rest))
                self.assertEqual(bool(said), bool(rest))

    def test_all_at_once(self):
        said = run_tally([case[:4] for case in CASES])
        sums = [sum(case[4][i] for case in CASES) for i in range(3)]
        self.assertEqual(said.splitlines()[0], "%d %d %d" % tuple(sums))

    def test_a_list_without_reasons_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "no reason"):
            run_tally([CASES[0][:4]], allowed="vectors\n")


def cmocka(*passed):
    return "".join(f"[ RUN      ] {name}\n[       OK ] {name}\n" for name in passed)


class Tails(unittest.TestCase):
    """What is told again of a test that failed."""

    def tail(self, *record):
        return run_tally([record], "--tails").splitlines()

    def test_nothing_of_those_that_passed(self):
        self.assertEqual(self.tail("damper:unit / judge", "OK", "fine\n", "also fine\n", 0), [])

    def test_how_it_ended(self):
        for result, code, words in (("FAIL", 3, "exit code 3"), ("FAIL", -11, "signal 11"),
                                    ("TIMEOUT", -15, "it was stopped after 7 s")):
            self.assertEqual(self.tail("damper:unit / judge", result, "", "", code), [f"-- FAILED: judge: {words}"])

    def test_what_passed_gives_way_to_what_did_not(self):
        out = cmocka(*"abcdefghijklmnopqrstuvwxyz") + "[ RUN      ] bad\n" + cmocka(*"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        self.assertEqual(self.tail("damper:unit / judge", "FAIL", out, "0 != 1\n", 1)[1:],
                         ["   [ RUN      ] bad", "   0 != 1"])

    def test_the_last_lines_of_both_outputs(self):
        out, err = ("".join(f"{kind} {i}\n" for i in range(100)) for kind in ("out", "error"))
        for said in ((out, err), (out, ""), ("", err), (out, "error 99\n"), ("out 99\n", err)):
            with self.subTest(lengths=[len(text) for text in said]):
                lines = self.tail("damper:unit / judge", "FAIL", *said, 1)[1:]
                self.assertLessEqual(len(lines), 40)
                self.assertGreaterEqual(len(lines), 30)
                for text in said:
                    self.assertTrue(not text or f"   {text.splitlines()[-1]}" in lines)

    def test_a_skip_that_counts_as_failed(self):
        lines = self.tail("damper:unit / judge", "SKIP", "skipped: tired\n", "", 77)
        self.assertIn("not in tests/allowed-skips: judge: tired", lines[0])
        self.assertEqual(lines[1:], ["   skipped: tired"])


COMPILED = """\
[1/3] Compiling C object a.o
a.c:1: warning: an error of another step
[2/3] Compiling C object b.o
FAILED: b.o
cc -o b.o %s
%sb.c: In function 'main':
b.c:2:5: error: 'x' undeclared
b.c:3:5: note: %s
[3/3] Compiling C object c.o
FAILED: c.o
cc -o c.o
c.c:1:1: error: the second
ninja: build stopped: subcommand failed.
"""
SET_UP = "Project name: damper\n\n../meson.build:5:0: ERROR: Dependency \"libdpdk\" not found\n\nA full log\n"


class Builds(unittest.TestCase):
    """What is told again of a build that failed."""

    def errors(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
            file.write(text)
            file.flush()
            return tally("--build", file.name).splitlines()

    def test_the_first_step_that_failed(self):
        said = ["   FAILED: b.o", "   b.c: In function 'main':", "   b.c:2:5: error: 'x' undeclared",
                "   b.c:3:5: note: y"]
        self.assertEqual(self.errors(COMPILED % ("-g", "", "y")), said)

    def test_behind_many_warnings(self):
        lines = self.errors(COMPILED % ("-g", "b.c:1:1: warning: z\n" * 100, "y"))
        self.assertIn("   b.c:2:5: error: 'x' undeclared", lines)
        self.assertLessEqual(len(lines), 40)

    def test_long_ones_are_cut(self):
        self.assertEqual(len(self.errors(COMPILED % ("-g", "", "y\n" * 100))), 40)

    def test_meson_setup(self):
        self.assertIn('ERROR: Dependency "libdpdk" not found', self.errors(SET_UP)[0])

    def test_ninja_itself(self):
        self.assertEqual(self.errors("ninja: error: no build.ninja\n"), ["   ninja: error: no build.ninja"])

    def test_no_error_is_found(self):
        self.assertEqual(self.errors("killed\n"), ["   killed"])


# Stand-ins for meson and ninja. "meson test" passes the log on that lies beside it as
# FOLDER.json, and fails when there is none; ninja prints FOLDER.errors and fails with it.
MESON = """#!/bin/sh
here=$(dirname "$0")
case $1 in
setup)
	mkdir -p "$2/meson-logs" && : >"$2/build.ninja"
	if [ -e "$here/$2.setup" ]; then cat "$here/$2.setup"; exit 1; fi ;;
test) cp "$here/$3.json" "$3/meson-logs/testlog.json" && ! grep -q '"FAIL"' "$here/$3.json" ;;
esac
"""
NINJA = """#!/bin/sh
for folder; do :; done
errors=$(dirname "$0")/$folder.errors
if [ -e "$errors" ]; then cat "$errors" >&2; exit 1; fi
echo built
"""
GOOD = {"name": "damper:unit / judge", "result": "OK", "stdout": "", "stderr": "", "returncode": 0}
BAD = {"name": "damper:unit / ledger", "result": "FAIL", "stdout": "", "stderr": "0 != 1\n", "returncode": 1}
SKIP = {"name": "damper:unit / vectors", "result": "SKIP", "stdout": "skipped: set DAMPER_SHARED to it\n", "stderr": ""}


class Whole(unittest.TestCase):
    """scripts/test, with stand-ins for meson and ninja."""

    def run_test(self, logs, **files):
        """Which folder has which results; further files beside the stand-ins."""
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "tests"))
            os.mkdir(os.path.join(root, "scripts"))
            for path in ("scripts/test", "scripts/tally", "tests/allowed-skips"):
                shutil.copy(os.path.join(ROOT, path), os.path.join(root, path))
            tools = os.path.join(root, "tools")
            os.mkdir(tools)
            texts = {"meson": MESON, "ninja": NINJA} | {name.replace("__", ".").replace("_", "-"): text
                                                        for name, text in files.items()}
            for folder, rows in logs.items():
                texts[folder + ".json"] = "".join(json.dumps(row) + "\n" for row in rows)
            for name, text in texts.items():
                with open(os.path.join(tools, name), "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(file.name, 0o755)
            path = os.pathsep.join([tools, os.path.dirname(sys.executable), os.environ["PATH"]])
            done = subprocess.run([os.path.join(root, "scripts/test"), "--no-install"], capture_output=True, text=True,
                                  env=os.environ | {"PATH": path})
            left = [name for name in os.listdir(root) if name.endswith((".log", ".result"))]
        self.assertEqual(left, [], "it leaves logs behind")
        return done.returncode, done.stdout

    FOLDERS = ("build", "build-clang", "build-asan", "build-tsan")

    def test_all_is_well(self):
        code, said = self.run_test({name: [GOOD, GOOD] for name in self.FOLDERS})
        self.assertEqual(code, 0, said)
        self.assertTrue(said.endswith("\n12 passed, 0 failed\n"), said)
        self.assertNotIn("ailed:", said)

    def test_the_end_names_what_failed(self):
        code, said = self.run_test({name: [GOOD] for name in self.FOLDERS} | {"build-asan": [GOOD, BAD, SKIP]})
        self.assertEqual(code, 1, said)
        self.assertTrue(said.endswith("""
How it failed:
-- build-asan: FAILED: ledger: exit code 1
   0 != 1

What did not run:
build-asan: skipped: vectors: set DAMPER_SHARED to it

What failed:
build-asan: FAILED: ledger: exit code 1

6 passed, 1 failed, 1 skipped
"""), said)

    def test_what_does_not_build(self):
        code, said = self.run_test({name: [GOOD] for name in self.FOLDERS},
                                   build_clang__errors=COMPILED % ("-g", "", "y"), build_tsan__setup=SET_UP)
        self.assertEqual(code, 1, said)
        self.assertIn("""
How it failed:
-- build-clang: FAILED: it does not build
   FAILED: b.o
   b.c: In function 'main':
   b.c:2:5: error: 'x' undeclared
   b.c:3:5: note: y
-- build-tsan: FAILED: it cannot be set up
   ../meson.build:5:0: ERROR: Dependency "libdpdk" not found
""", said)
        self.assertTrue(said.endswith("""
What failed:
build-clang: FAILED: it does not build
build-tsan: FAILED: it cannot be set up

4 passed, 2 failed
"""), said)

    def test_meson_itself_fails(self):
        code, said = self.run_test({name: [GOOD] for name in self.FOLDERS if name != "build-tsan"})
        self.assertEqual(code, 1, said)
        self.assertIn("\nbuild-tsan: FAILED: meson test, but none of its tests: --suite threads", said)
        self.assertTrue(said.endswith("\n5 passed, 1 failed\n"), said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
