#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Signed rule files: what `damper check` says of them and what damperd loads.

Usage: test_signed.py DAMPERD DAMPER FAKE_DATAPLANE

data/signed was made by minisign 0.11 and signify-openbsd 31 of Debian 12, with
keys that were thrown away: alice and bob are minisign's, carol is signify's.
These tools sign once more, live: --needs minisign, --needs signify-openbsd.
"""
import base64
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import Case, until  # noqa: E402
import needs  # noqa: E402

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "signed")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def edit(path, change):
    text = read(path)
    new = change(text)
    assert new != text, path
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


def swap_line(number, change):
    """A change of one line of a signature file, decoded."""
    def run(text):
        lines = text.split("\n")
        lines[number] = base64.b64encode(change(base64.b64decode(lines[number]))).decode()
        return "\n".join(lines)
    return run


def key_id(path):
    return base64.b64decode(read(path).split("\n")[1])[2:10]


# What is done to the vectors, the file that is checked, and what has to be said.
ALICE, BOB = "plain.yaml.alice.minisig", "plain.yaml.bob.minisig"
CASES = (
    ("rules changed", "plain.yaml", lambda d: edit(f"{d}/plain.yaml", lambda t: t.replace("/fw/", "/fv/")),
     f"'alice' has not signed: {ALICE} is a signature by 'alice', but not of this text"),
    ("one blank more", "one.yaml", lambda d: edit(f"{d}/one.yaml", lambda t: t + " "), "but not of this text"),
    ("one of two is missing", "plain.yaml", lambda d: os.unlink(f"{d}/{BOB}"),
     "'bob' has not signed: none of the 1 signatures beside it is by the key 'bob'"),
    ("none at all", "one.yaml", lambda d: os.unlink(f"{d}/one.yaml.minisig"),
     "'alice' has not signed: no signature is beside it"),
    ("of another file", "one.yaml", lambda d: shutil.copy(f"{d}/{ALICE}", f"{d}/one.yaml.minisig"),
     "but not of this text"),
    ("somebody else's", "one.yaml", lambda d: shutil.copy(f"{d}/{BOB}", f"{d}/one.yaml.minisig"),
     "none of the 1 signatures beside it is by the key 'alice'"),
    ("somebody else's, with alice's number", "one.yaml",
     lambda d: (shutil.copy(f"{d}/unasked.yaml.minisig", f"{d}/one.yaml.minisig"),
                edit(f"{d}/one.yaml.minisig",
                     swap_line(1, lambda b: b[:2] + key_id(f"{d}/keys/alice.pub") + b[10:]))),
     "but not of this text"),
    ("trusted comment changed", "one.yaml",
     lambda d: edit(f"{d}/one.yaml.minisig", lambda t: t.replace("trusted comment: one", "trusted comment: two")),
     "its trusted comment was changed"),
    ("trusted comment cut off", "one.yaml",
     lambda d: edit(f"{d}/one.yaml.minisig", lambda t: "\n".join(t.split("\n")[:2]) + "\n"),
     "is no signature of minisign or signify"),
    ("legacy taken for prehashed", "legacy.yaml",
     lambda d: edit(f"{d}/legacy.yaml.minisig", swap_line(1, lambda b: b"ED" + b[2:])), "but not of this text"),
    ("prehashed taken for legacy", "one.yaml",
     lambda d: edit(f"{d}/one.yaml.minisig", swap_line(1, lambda b: b"Ed" + b[2:])), "but not of this text"),
    ("another algorithm", "one.yaml",
     lambda d: edit(f"{d}/one.yaml.minisig", swap_line(1, lambda b: b"EE" + b[2:])), "is no signature"),
    ("not base64", "one.yaml", lambda d: edit(f"{d}/one.yaml.minisig", lambda t: t.replace("RU", "R!", 1)),
     "is no signature"),
    ("empty signature", "one.yaml", lambda d: edit(f"{d}/one.yaml.minisig", lambda t: ""), "is no signature"),
    ("a line too many", "one.yaml", lambda d: edit(f"{d}/one.yaml.minisig", lambda t: t + "x\n"), "is no signature"),
    ("key is missing", "one.yaml", lambda d: os.unlink(f"{d}/keys/alice.pub"),
     "the key of 'alice' cannot be read"),
    ("key is none", "one.yaml", lambda d: edit(f"{d}/keys/alice.pub", lambda t: "untrusted comment: x\nAAAA\n"),
     "alice.pub is no public key"),
    ("key of another, by that name", "one.yaml", lambda d: shutil.copy(f"{d}/keys/bob.pub", f"{d}/keys/alice.pub"),
     "is by the key 'alice'"),
    ("included file changed", "several.yaml", lambda d: edit(f"{d}/inc/more.yaml", lambda t: t + "# x\n"),
     "but not of this text"),
    ("file of a set changed", "several.yaml", lambda d: edit(f"{d}/inc/bad.txt", lambda t: "198.51.100.0/24\n"),
     "but not of this text"),
    ("signify's, rules changed", "legacy.yaml", lambda d: edit(f"{d}/legacy.yaml", lambda t: t + "\n"),
     "'bob' has not signed"),
)


class Signed(Case):
    def setUp(self):
        super().setUp()
        self.v = os.path.join(self.dir, "v")
        shutil.copytree(VECTORS, self.v)
        self.keys = os.path.join(self.v, "keys")

    def check(self, name, *more, code=0):
        return self.damper("check", "--keys", self.keys, *more, os.path.join(self.v, name), code=code)

    def test_vectors(self):
        for name, who in (("plain", "alice, bob"), ("one", "alice"), ("legacy", "bob, carol"), ("several", "alice")):
            self.assertIn(f"signed   by {who}\n", self.check(name + ".yaml").stdout)
        self.assertNotIn("signed ", self.check("unasked.yaml").stdout)
        self.assertIn('"signed_by": "alice, bob"', self.check("plain.yaml", "--json").stdout)

    def test_one_left_over_is_not_in_the_way(self):
        """Alice's of an earlier text, found before the one that fits, and after it."""
        for name in ("plain.yaml.a.minisig", "plain.yaml.z.minisig"):
            shutil.copy(f"{self.v}/one.yaml.minisig", f"{self.v}/{name}")
            self.assertIn("signed   by alice, bob\n", self.check("plain.yaml").stdout)
            os.unlink(f"{self.v}/{name}")

    def test_wrong(self):
        for what, name, change, says in CASES:
            with self.subTest(what):
                shutil.rmtree(self.v)
                shutil.copytree(VECTORS, self.v)
                change(self.v)
                self.assertIn(says, self.check(name, code=1).stderr)
                self.check(name, "--unsigned")

    def test_every_byte_of_the_signature_counts(self):
        path = os.path.join(self.v, "one.yaml.minisig")
        text = read(path).split("\n")
        for line in (1, 3):
            for at in range(0, len(base64.b64decode(text[line])), 5):
                lines = list(text)
                raw = bytearray(base64.b64decode(lines[line]))
                raw[at] ^= 1 << at % 8
                lines[line] = base64.b64encode(raw).decode()
                with open(path, "w", encoding="utf-8") as file:
                    file.write("\n".join(lines))
                self.check("one.yaml", code=1)

    # damperd.

    def start(self, *more, rules=None):
        if rules is not None:
            self.rules = os.path.join(self.v, rules)
        self.start_fake()
        self.start_daemon("--keys", self.keys, *more)

    def load(self, name, code=0):
        return self.damper("load", os.path.join(self.v, name), code=code)

    def runs(self):
        return self.status()["program"]["name"], self.status()["program"]["revision"]

    def history(self):
        return self.damper("history", "--json").stdout

    def test_load(self):
        self.start()
        self.load("plain.yaml")
        self.assertEqual(self.runs(), ("signed", 3))
        self.assertIn('"signed_by": "alice, bob"', self.history())
        self.load("several.yaml")
        self.assertEqual(self.runs(), ("signed-several", 1))
        for name, change, says in (
                ("plain.yaml", lambda: edit(f"{self.v}/plain.yaml", lambda t: t + "# x\n"), "not of this text"),
                ("one.yaml", lambda: os.unlink(f"{self.v}/one.yaml.minisig"), "no signature is beside it"),
                ("several.yaml", lambda: edit(f"{self.v}/inc/bad.txt", lambda t: t + "# x\n"), "not of this text")):
            change()
            self.assertIn(says, self.load(name, code=5).stderr)
            self.assertEqual(self.runs(), ("signed-several", 1))
        self.assertIn("rules not loaded", self.logged())

    def test_revisions(self):
        self.start()
        self.load("gate-3.yaml")
        self.assertIn("revision 2 of gate is older than 3", self.load("gate-2.yaml", code=5).stderr)
        self.assertIn("revision 3 of gate ran here with another text", self.load("gate-3b.yaml", code=5).stderr)
        self.load("gate-3.yaml")
        self.load("gate-4.yaml")
        self.assertIn("older than 4", self.load("gate-3.yaml", code=5).stderr)
        self.damper("rollback")
        self.assertEqual(self.runs(), ("gate", 3))
        self.daemon.terminate()
        self.daemon.wait()
        self.start_daemon("--keys", self.keys)
        self.assertIn("older than 4", self.load("gate-3.yaml", code=5).stderr)
        self.load("gate-4.yaml")

    def test_what_damperd_asks_for(self):
        """A file that asks for nothing is loaded only with the signatures that damperd asks for."""
        self.start("--signed-by", "1:alice,bob", rules="gate-3.yaml")
        until("the file", lambda: self.runs() == ("gate", 3))
        self.load("unasked.yaml")
        os.unlink(os.path.join(self.v, "unasked.yaml.minisig"))
        edit(os.path.join(self.v, "unasked.yaml"), lambda t: t.replace("revision: 1", "revision: 2"))
        self.assertIn("1 of 2 signatures are needed, 0 fit", self.load("unasked.yaml", code=5).stderr)
        self.load("legacy.yaml")    # bob is one of the two
        edit(os.path.join(self.v, "gate-3.yaml"), lambda t: t.replace("/gate}", "/else}"))
        self.daemon.terminate()
        self.daemon.wait()
        self.start_daemon("--keys", self.keys, "--signed-by", "alice,bob")
        self.assertIn("not of this text", self.logged())
        self.assertEqual(self.runs()[0], "signed-legacy")
        self.assertIn("'alice' has not signed", self.load("legacy.yaml", code=5).stderr)

    def test_unsigned_generation_stays_behind(self):
        self.start()
        self.load("gate-3.yaml")
        self.daemon.terminate()
        self.daemon.wait()
        self.rules = os.path.join(self.v, "gate-3.yaml")
        self.start_daemon("--keys", self.keys, "--signed-by", "alice")
        self.assertIn("without the signatures that damperd --signed-by asks for",
                      self.damper("rollback", "1", code=5).stderr)
        self.assertEqual(self.runs(), ("gate", 3))

    def test_damaged_on_the_way(self):
        self.start()
        for body in (b"damper-signed 1 ", b"damper-signed 1 99\n", b"damper-signed 1 1\n5 x\nab\n",
                     b"damper-signed 1 1\n999999 x\nab\nversion: 1\n", b"damper-signed 1 1\n2 \nab\nversion: 1\n"):
            status, answer = self.api("POST", "/v1/load?name=x", body)[:2]
            self.assertEqual((status, answer["error"]), (400, "usage"), body)

    def test_options(self):
        for text in ("", "Alice", "a,,b", "3:a,b", "0:a", "x:a", "a,a", "../a"):
            done = subprocess.run([sys.argv[1], "--rules", "x", "--signed-by", text], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("--signed-by", done.stderr)

    # The tools themselves.

    @needs.needs("minisign")
    def test_minisign_live(self):
        secret = os.path.join(self.dir, "secret")
        name = os.path.join(self.v, "one.yaml")
        for old in (True, False):
            subprocess.run(["minisign", "-G", "-W", "-f", "-p", f"{self.keys}/alice.pub", "-s", secret], check=True,
                           capture_output=True)
            self.check("one.yaml", code=1)
            subprocess.run(["minisign", "-S", *(["-l"] if old else []), "-s", secret, "-m", name], check=True,
                           capture_output=True)
            self.check("one.yaml")

    @needs.needs("signify-openbsd")
    def test_signify_live(self):
        secret = os.path.join(self.dir, "s.sec")
        name = os.path.join(self.v, "one.yaml")
        os.unlink(name + ".minisig")
        subprocess.run(["signify-openbsd", "-G", "-n", "-p", f"{self.dir}/s.pub", "-s", secret], check=True)
        subprocess.run(["signify-openbsd", "-S", "-s", secret, "-m", name, "-x", name + ".sig"], check=True)
        self.check("one.yaml", code=1)
        shutil.copy(f"{self.dir}/s.pub", f"{self.keys}/alice.pub")
        self.check("one.yaml")

    @needs.needs("minisign")
    def test_bundle_live(self):
        """The way of docs/change.md: bundle, sign, check."""
        secret, bundle = os.path.join(self.dir, "secret"), os.path.join(self.dir, "rules.bundle")
        name = os.path.join(self.v, "several.yaml")
        edit(f"{self.v}/inc/more.yaml", lambda t: t.replace("/more", "/less"))
        self.damper("bundle", name, "--out", bundle)
        subprocess.run(["minisign", "-G", "-W", "-f", "-p", f"{self.keys}/alice.pub", "-s", secret], check=True,
                       capture_output=True)
        subprocess.run(["minisign", "-S", "-s", secret, "-m", bundle, "-x", name + ".minisig"], check=True,
                       capture_output=True)
        self.check("several.yaml")


if __name__ == "__main__":
    needs.main(sys.argv[4:])
