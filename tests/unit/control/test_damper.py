#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""damper as an operator uses it: what needs no daemon.

Usage: test_damper.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import DAMPER, WRONG, Case  # noqa: E402
import needs  # noqa: E402


class Command(Case):
    """What needs no daemon."""

    def test_exit_codes(self):
        wrong = self.write("wrong.yaml", WRONG)
        for args, code in (
                ([], 2), (["help"], 0), (["--help"], 0), (["version"], 0), (["--version"], 0),
                (["nonsense"], 2), (["show"], 2), (["show", "nothing"], 2), (["show", "rules", "more"], 2),
                (["show", "rules", "--comment", "x"], 2), (["check"], 2), (["load"], 2), (["load", "a", "b"], 2),
                (["load", "--comment"], 2), (["check", "--json=1", self.rules], 2), (["--bogus"], 2),
                (["bypass"], 2), (["bypass", "on", "--for", "10m"], 2), (["bypass", "on", "--for", "2d"], 2),
                (["bypass", "on", "--for", "0"], 2), (["help", "nonsense"], 2), (["help", "show"], 0),
                (["check", self.rules], 0), (["check", wrong], 1), (["check", "/nowhere/x"], 3),
                (["check", wrong, "/nowhere/x", self.rules], 3), (["check", self.dir], 3),
                (["load", wrong], 1), (["load", "/nowhere/x"], 3),
                (["load", self.rules], 4), (["show", "status"], 4), (["show", "rules"], 4), (["show", "limits"], 4),
                (["show", "workers"], 4), (["show", "memory"], 4), (["events"], 4), (["bypass", "on"], 4),
                (["bypass", "off"], 4)):
            with self.subTest(args=args):
                p = self.damper(*args, code=code)
                self.assertNotEqual(p.stdout if code == 0 else p.stderr, "")

    def test_help_of_each_command(self):
        everything = self.damper("help").stdout
        names = [line[2:24].strip() for line in everything.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
        self.assertGreaterEqual(len(names), 12)
        for name in names:
            words = [w for w in name.split() if w.islower() and "|" not in w]
            with self.subTest(command=words):
                text = self.damper(*words, "--help").stdout
                for part in ("Usage: damper " + " ".join(words), "Options:", "Exit codes:"):
                    self.assertIn(part, text)
                self.assertEqual(text, self.damper("help", *words).stdout)
                for line in text.splitlines():
                    self.assertLessEqual(len(line), 90, line)

    def test_suggestion(self):
        self.assertIn("did you mean 'show status'", self.damper("show", "statsu", code=2).stderr
                      + self.damper("shwo", "status", code=2).stderr)
        self.assertIn("did you mean 'check'", self.damper("chekc", code=2).stderr)

    def test_suggestion_for_options_and_half_commands(self):
        for argv, says in ((("fmt", "x", "--chekc"), "no option --chekc; did you mean '--check'"),
                           (("show", "status", "--jsn=1"), "no option --jsn=1; did you mean '--json'"),
                           (("load", "x", "--zzz"), "no option --zzz; see 'damper help load'"),
                           (("--zzz",), "no option --zzz; see 'damper help'"),
                           (("show", "rulse"), "did you mean 'show rules'"),
                           (("set", "nothing"), "there is no command 'set nothing'")):
            with self.subTest(argv):
                self.assertIn(says, self.damper(*argv, code=2).stderr)
        self.assertIn("show workers", self.damper("show", "nothing", code=2).stderr)

    def test_prefixes_are_read_as_in_rule_files(self):
        """Without damperd: what is wrong is said before it is asked."""
        for text, says in (("300.1.1.1", "is not an address or a prefix"), ("192.0.2.1/33", "longer than the 32 bits"),
                           ("192.0.2.9/24", "did you mean '192.0.2.0/24'"), ("2001:db8::/x", "2001:db8::/x")):
            for argv in (("block", text), ("unblock", text), ("set", "add", "s", text), ("set", "del", "s", text)):
                with self.subTest(argv):
                    self.assertIn(says, self.damper(*argv, code=2).stderr)
        self.damper("block", "192.0.2.0/24", code=4)

    def test_no_regular_file(self):
        self.assertEqual(self.damper("check", "/dev/null", code=3).stderr.splitlines()[0],
                         "/dev/null: error: cannot be read: it is no regular file")

    def test_check(self):
        p = self.damper("check", self.rules)
        self.assertIn("ok, 0 errors", p.stdout)
        self.assertIn("2 (1 enforce, 1 observe, 0 off)", p.stdout)
        self.assertIn("2 msg/s", p.stdout)
        wrong = self.write("wrong.yaml", WRONG)
        p = self.damper("check", wrong, code=1)
        self.assertRegex(p.stderr, re.escape(wrong) + r":13:\d+: error: ")
        self.assertIn("^", p.stderr)
        self.assertEqual(p.stdout, "")

    def test_check_strict(self):
        """What the exit code says stands on the screen as well."""
        unused = self.write("unused.yaml", "define: {x: 192.0.2.0/24}\n" + "version: 1\nrules: []\n")
        self.assertIn("unused.yaml: ok, 0 errors, 1 warning", self.damper("check", unused).stdout)
        p = self.damper("check", "--strict", unused, code=1)
        self.assertIn("unused.yaml: not ok with --strict, 0 errors, 1 warning", p.stdout)
        j = json.loads(self.damper("check", "--strict", "--json", unused, self.rules, code=1).stdout)
        self.assertEqual([f["ok"] for f in j["files"]], [False, True])

    def test_standard_input(self):
        """As an editor asks; what is included is looked for in the folder it stands in."""
        self.write("more.yaml", "version: 1\nrules: [{id: more, match: any, then: accept}]\n")
        text = "version: 1\ninclude: more.yaml\nrules: [{id: a, match: {code: PUT}, then: drop}]\n"
        p = self.damper("check", "-", input=text, cwd=self.dir)
        self.assertRegex(p.stdout, r"(?m)^-: ok, 0 errors\b[^$]*^  rules    2 ")
        p = self.damper("check", "-", input=text, cwd="/", code=1)
        self.assertIn("<stdin>:2:10: error: 'more.yaml' cannot be read", p.stderr)
        wrong = text.replace("then", "thn")
        j = json.loads(self.damper("check", "--json", "-", input=wrong, cwd=self.dir, code=1).stdout)
        self.assertEqual([(d["file"], d["line"], d["column"]) for d in j["files"][0]["diagnostics"]
                          if "thn" in d["message"]], [("<stdin>", 3, 37)])
        self.assertEqual(self.damper("fmt", "-", input="version:   1\n").stdout, "version: 1\n")
        self.assertEqual(self.damper("fmt", "--check", "-", input="version:   1\n", code=1).stdout, "-\n")
        self.assertIn("has no file to write", self.damper("fmt", "-w", "-", input="version:   1\n", code=2).stderr)
        self.assertIn("more than 4 MiB",
                      self.damper("check", "-", input="#" * ((4 << 20) + 1), code=1).stderr)
        # Closed, and a folder in its place.
        for given in (self.dir, None):
            p = subprocess.run(["sh", "-c", '"$0" check - <' + (f"'{given}'" if given else "&-"), DAMPER],
                               capture_output=True, text=True, env=self.env())
            self.assertEqual((p.returncode, p.stdout), (3, ""))
            self.assertIn("<stdin>: error: cannot be read", p.stderr)

    def test_output_that_cannot_be_written(self):
        """However long it is: the schema does not fit into one buffer."""
        for args in (["schema"], ["check", self.rules], ["help"], ["completion", "bash"], ["fmt", self.rules]):
            for to in ("/dev/full", "&-"):
                with self.subTest(args=args, to=to):
                    p = subprocess.run(["sh", "-c", 'exec "$@" >' + to, "sh", DAMPER, *args],
                                       stderr=subprocess.PIPE, text=True, env=self.env())
                    self.assertEqual((p.returncode, p.stderr), (70, "damper: cannot write the output\n"))

    def test_check_json(self):
        wrong = self.write("wrong.yaml", WRONG)
        j = json.loads(self.damper("check", "--json", self.rules, wrong, code=1).stdout)
        self.assertEqual((j["schema"], j["ok"]), (1, False))
        good, bad = j["files"]
        self.assertTrue(good["ok"])
        self.assertEqual((good["program"]["rules"], good["program"]["observing"]), (2, 1))
        self.assertEqual(good["limits"][0]["name"], "few")
        self.assertFalse(bad["ok"])
        self.assertEqual((bad["diagnostics"][0]["line"], bad["diagnostics"][0]["level"]), (13, "error"))

    def test_no_daemon_says_what_to_do(self):
        p = self.damper("show", "status", code=4)
        self.assertIn(f"damperd does not answer at {self.run_dir}/damperd.sock: is it running?", p.stderr)
        self.assertIn("(exit 4)", p.stderr)

    def test_options_anywhere(self):
        env = {**self.env(), "DAMPER_RUNTIME_DIR": "/nowhere/env"}
        p = subprocess.run([DAMPER, "show", "status"], capture_output=True, text=True, env=env)
        self.assertIn("/nowhere/env/damperd.sock", p.stderr)
        p = subprocess.run([DAMPER, "show", "--runtime-dir=/nowhere/opt", "status"], capture_output=True, text=True,
                           env=env)
        self.assertIn("/nowhere/opt/damperd.sock", p.stderr)
        p = subprocess.run([DAMPER, "check", "--", "--json"], capture_output=True, text=True, env=env)
        self.assertEqual(p.returncode, 3)   # behind -- it is a file name

    def test_no_colour_without_terminal(self):
        wrong = self.write("wrong.yaml", WRONG)
        self.assertNotIn("\033", self.damper("check", self.rules).stdout + self.damper("check", wrong, code=1).stderr)


if __name__ == "__main__":
    needs.main(sys.argv[4:], verbosity=2)
