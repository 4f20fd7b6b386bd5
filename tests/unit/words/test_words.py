#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Manual pages, completion and `damper fmt`, as an operator meets them.

Usage: test_words.py DAMPER RULES_DOC ROOT PAGE...

Shells run on a pseudo terminal and get real key presses. --needs zsh, mandoc or man
runs what needs that.
"""
import os
import pty
import re
import select
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import needs  # noqa: E402

DAMPER, RULES_DOC, ROOT = (os.path.abspath(p) for p in sys.argv[1:4])
PAGES = {os.path.basename(p): os.path.abspath(p) for p in sys.argv[4:]}
BOUND_S = 60            # to end what hangs

# Changing layout, with a comment that must stay.
CROOKED = "version: 1\nrules:\n- {id: a,match: any,then: drop}   # why\n"
STRAIGHT = "version: 1\nrules:\n  - {id: a, match: any, then: drop}  # why\n"


def run(*argv, **more):
    return subprocess.run([DAMPER, *argv], capture_output=True, text=True, check=False, **more)


def commands():
    """Names of all commands, from the help."""
    text = run("help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    return [re.match(r"  ([a-z-]+(?: [a-z-]+)?)(?= |$)", line).group(1) for line in text.splitlines()]


def options_of(name):
    text = run("help", *name.split()).stdout.split("Options:\n")[1].split("\nExit codes:")[0]
    return re.findall(r"^  (?:-., )?--([a-z-]+)", text, re.M)


class Terminal:
    """A shell on a pseudo terminal."""

    def __init__(self, argv, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        self.seen = ""

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            self.seen += os.read(self.fd, 65536).decode(errors="replace")

    def until(self, pattern):
        end = time.monotonic() + BOUND_S
        while not re.search(pattern, self.seen):
            if time.monotonic() > end:
                raise AssertionError("waited in vain for %r; seen:\n%s" % (pattern, self.seen))
            self.read(0.2)

    def press(self, keys, pattern):
        """Press keys and wait for what they bring."""
        self.seen = ""
        os.write(self.fd, keys.encode())
        self.until(pattern)
        os.write(self.fd, b"\x15")  # forget the line


class Completion(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        os.symlink(DAMPER, os.path.join(self.dir.name, "damper"))
        self.work = os.path.join(self.dir.name, "work")
        os.makedirs(os.path.join(self.work, "folder-of-rules"))
        with open(os.path.join(self.work, "my rules.yaml"), "w", encoding="utf-8") as f:
            f.write(STRAIGHT)
        self.env = dict(os.environ, PATH=self.dir.name + ":" + os.environ["PATH"], TERM="dumb", PS1="ready> ",
                        HOME=self.dir.name, COLUMNS="200", HISTFILE="")

    def tearDown(self):
        self.dir.cleanup()

    def script(self, shell):
        path = os.path.join(self.dir.name, "completion." + shell)
        done = run("completion", shell)
        self.assertEqual(done.returncode, 0)
        with open(path, "w", encoding="utf-8") as f:
            f.write(done.stdout)
        return path

    def press_all(self, t):
        t.press("damper che\t", r"check ")
        t.press("damper bypass o\t", r"bypass o(n|ff)?")
        t.press("damper show st\t", r"show status ")
        t.press("damper replay --aga\t", r"--against ")
        t.press("damper show status --wat\t", r"--watch ")
        t.press("damper show --runtime-dir /x sta\t", r"status ")
        t.press("damper explain --side ins\t", r"inside ")
        t.press("damper replay --rules run\t", r"running")
        t.press("damper check my\t", r"my\\ rules.yaml ")
        t.press("damper replay --runtime-dir fold\t", r"folder-of-rules/")
        t.press("damper help sche\t", r"schema ")
        t.press("damper mode discovery obs\t", r"observe ")
        t.press("damper completion z\t", r"zsh ")

    def live(self):
        """A damper that knows the rules of a gateway: as scripts call it, else the real one."""
        path = os.path.join(self.dir.name, "damper")
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\ncase "$*" in\n"completion rules") echo no-proxy; echo discovery ;;\n'
                    '"completion sets") echo guests ;;\n"completion blocks") echo 203.0.113.9/32 ;;\n'
                    '"completion generations") echo 41 ;;\n*) exec "%s" "$@" ;;\nesac\n' % DAMPER)
        os.chmod(path, 0o755)

    def press_live(self, t):
        t.press("damper mode disc\t", r"discovery ")
        t.press("damper rollback 4\t", r"rollback 41 ")
        t.press("damper set add g\t", r"add guests ")
        t.press("damper set del gue\t", r"del guests ")
        t.press("damper unblock 20\t", r"unblock 203.0.113.9/32 ")
        t.press("damper show rules --generation 4\t", r"--generation 41 ")

    def test_bash(self):
        t = Terminal(["bash", "--norc", "--noprofile", "-i"], self.env)
        try:
            t.until("ready> ")
            t.press("cd '%s'; source %s; echo is-$((1+1))\n" % (self.work, self.script("bash")), "is-2")
            self.press_all(t)
            self.live()
            self.press_live(t)
            t.press("damper replay --rules=run\t", r"--rules=running")
            t.press("damper --\t\t", r"--help +--version")
        finally:
            t.close()

    @needs.needs("zsh")
    def test_zsh(self):
        t = Terminal(["zsh", "-f", "-i"], self.env)
        try:
            t.until("ready> ")
            t.press("cd '%s'; autoload -U compinit; compinit -u -D; source %s; echo is-$((1+1))\n"
                    % (self.work, self.script("zsh")), "is-2")
            self.press_all(t)
            self.live()
            self.press_live(t)
            t.press("damper fmt --\t\t", r"write files that change")
        finally:
            t.close()

    def test_every_command_and_option(self):
        """What the scripts offer is what the commands take."""
        bash = run("completion", "bash").stdout
        for name in commands():
            found = re.search(r"^\t\('%s'\) _damper_words '(.*)'" % name, bash, re.M)
            self.assertIsNotNone(found, name)
            self.assertEqual(sorted(found.group(1).split()), sorted("--" + o for o in options_of(name)))

    def test_names(self):
        reasons = run("completion", "reasons").stdout.split()
        self.assertIn("amplification", reasons)
        self.assertEqual(run("completion", "rules", "--runtime-dir", self.dir.name).stdout, "")
        self.assertEqual(run("completion", "nothing").returncode, 2)


class Pages(unittest.TestCase):
    def text(self, page):
        with open(PAGES[page], encoding="utf-8") as f:
            return f.read().replace("\\-", "-").replace("\\&", "")

    def test_every_command_and_option(self):
        text = self.text("damper.1")
        for name in commands():
            section = re.search(r"^\.SS %s\n(.*?)(?=^\.S[SH])" % name, text, re.M | re.S)
            self.assertIsNotNone(section, name)
            for option in options_of(name):
                if option not in ("runtime-dir", "help"):
                    self.assertRegex(section.group(1), r"\\fB(-., )?--%s\b" % option)

    def test_every_key(self):
        text = self.text("damper-rules.5")
        reference = subprocess.run([RULES_DOC], capture_output=True, text=True, check=True).stdout
        keys = re.findall(r"^\| `([^`]+)` \|", reference, re.M)
        self.assertGreater(len(keys), 150)
        for key in keys:
            self.assertIn("\n\\fB%s\\fR\n" % key, text)
        for heading in re.findall(r"^## (.*)$", reference, re.M):
            self.assertIn("\n.SH %s\n" % heading.upper(), text)

    def test_daemons(self):
        self.assertIn("--metrics ADDR:PORT", self.text("damperd.8"))
        self.assertIn(".SS [tables]", self.text("damper-dataplane.8"))

    @needs.needs("man")
    def test_man_has_no_warning(self):
        for page in PAGES.values():
            done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=False,
                                  env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="90"))
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            self.assertIn("SEE ALSO", done.stdout)

    @needs.needs("mandoc")
    def test_mandoc_has_no_warning(self):
        for page in PAGES.values():
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.stdout, "")


class Layout(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, "rules.yaml")
        self.write(CROOKED)

    def tearDown(self):
        self.dir.cleanup()

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)

    def read(self):
        with open(self.path, encoding="utf-8") as f:
            return f.read()

    def test_prints(self):
        done = run("fmt", self.path)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, STRAIGHT, ""))
        self.assertEqual(self.read(), CROOKED)

    def test_check(self):
        done = run("fmt", "--check", self.path)
        self.assertEqual((done.returncode, done.stdout), (1, self.path + "\n"))
        self.write(STRAIGHT)
        done = run("fmt", "--check", self.path)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_write(self):
        os.chmod(self.path, 0o640)
        link = os.path.join(self.dir.name, "link.yaml")
        os.symlink("rules.yaml", link)
        done = run("fmt", "-w", link)
        self.assertEqual((done.returncode, done.stdout), (0, link + "\n"))
        self.assertEqual(self.read(), STRAIGHT)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)
        self.assertEqual(run("fmt", "-w", link).stdout, "")
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["link.yaml", "rules.yaml"])

    def test_wrong_files(self):
        self.write("version: 1\nrules: [\n")
        done = run("fmt", "-w", self.path)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("rules.yaml:3:1: error: flow sequence without a closing bracket", done.stderr)
        self.assertEqual(self.read(), "version: 1\nrules: [\n")
        self.assertEqual(run("fmt", self.path + ".none").returncode, 3)

    def test_shipped_files(self):
        shipped = [os.path.join(ROOT, "rules", f) for f in sorted(os.listdir(os.path.join(ROOT, "rules")))]
        done = run("fmt", "--check", *[f for f in shipped if f.endswith(".yaml")])
        self.assertEqual(done.stdout, "", "lay them out with 'damper fmt -w'")


if __name__ == "__main__":
    needs.main(verbosity=2)
