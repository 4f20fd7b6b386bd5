#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`damper learn --from`: what a capture teaches, and that its proposal would
have let that capture pass. And the formats a capture may come in.

Usage: test_learn.py DAMPER
"""
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_command import (DAMPER, START, STRICT, attack_frames, ethernet, packet,  # noqa: E402
                          request, response, write_pcap)
import needs  # noqa: E402

DEVICE = "192.0.2.20"
SECONDS = 400
# (address, seconds between requests): the last one makes 20 at once each minute.
CLIENTS = (("203.0.113.1", 1), ("203.0.113.2", 0.2), ("203.0.113.3", 10), ("203.0.113.4", 60))
BURST = 20


def clients_frames():
    frames, n = [], 0
    for address, period in CLIENTS:
        for i in range(int(SECONDS / period)):
            for j in range(BURST if period == 60 else 1):
                n += 1
                ms = int(i * period * 1000) + j
                frames.append((ms, packet(address, 40000, DEVICE, 5683, request(n, "/light")), 0))
                frames.append((ms + 3, packet(DEVICE, 5683, address, 40000, response(n, 60)), 0))
    return sorted(frames, key=lambda f: f[0])


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def write_pcapng(path, frames):
    """Times in nanoseconds: if_tsresol 9 (draft-ietf-opsawg-pcapng section 4.2)."""
    with open(path, "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 65535) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)))
        for ms, data, missing in frames:
            kept = data[:len(data) - missing]
            ns = START * 10**9 + ms * 10**6
            f.write(block(6, struct.pack("<IIIII", 0, ns >> 32, ns & 0xffffffff, len(kept), len(data)) + kept))


def write_pcap_ns(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
        for ms, data, missing in frames:
            kept = data[:len(data) - missing]
            f.write(struct.pack("<IIII", START + ms // 1000, ms % 1000 * 10**6, len(kept), len(data)) + kept)


class Learn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="damper")
        cls.clients = os.path.join(cls.dir, "clients.pcap")
        write_pcap(cls.clients, [(t, ethernet(p), cut) for t, p, cut in clients_frames()])
        with open(os.path.join(cls.dir, "strict.yaml"), "w", encoding="utf-8") as f:
            f.write(STRICT)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def damper(self, *args, code=0):
        done = subprocess.run([DAMPER, "--runtime-dir", "/nowhere", *args], cwd=self.dir, capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def learn(self, path, *more):
        return json.loads(self.damper("learn", "show", "--json", "--from", path, *more))

    def shape(self, doc, side, per):
        return next(s for s in doc["shapes"] if (s["side"], s["per"]) == (side, per))

    def test_what_is_learned(self):
        doc = self.learn(self.clients)
        self.assertEqual((doc["windows"], doc["windows_left_out"], doc["keys_left_out"]), (SECONDS // 10, 0, 0))
        peers = self.shape(doc, "outside", "peer")
        # Of the last one, one window in six has something.
        self.assertEqual(peers["values"], 3 * SECONDS // 10 + SECONDS // 60)
        rate, burst = peers["messages"]["rate"], peers["messages"]["burst"]
        self.assertAlmostEqual(rate["p50"], 1, 1)
        self.assertAlmostEqual(rate["max"], 5, 1)
        self.assertEqual(burst["max"], BURST)
        device = self.shape(doc, "inside", "device")["messages"]
        self.assertAlmostEqual(device["rate"]["max"], 1 + 5 + 0.1 + BURST / 10, 1)
        self.assertEqual(self.shape(doc, "outside", "global")["values"], SECONDS // 10)
        size = len(packet(CLIENTS[0][0], 40000, DEVICE, 5683, request(1, "/light")))
        self.assertAlmostEqual(peers["bytes"]["rate"]["max"], 5 * size, delta=5)

    def test_the_proposal_lets_it_pass(self):
        """check accepts it, and a replay of what it came from is over no limit of it."""
        path = os.path.join(self.dir, "proposal.yaml")
        self.assertIn("nothing was loaded", self.damper("learn", "propose", "--from", self.clients, "--out", path))
        self.assertIn("0 errors, 0 warnings", self.damper("check", path))
        doc = json.loads(self.damper("replay", self.clients, "--rules", path, "--json"))
        rules = {r["id"]: r for r in doc["rules"]}
        self.assertEqual(sorted(rules), sorted([f"learned-from-{side}-per-{per}" for side in ("inside", "outside")
                                                for per in ("device", "global", "pair", "peer")]
                                               + ["learned-from-outside-per-path"]))  # answers have none
        for rule in rules.values():
            self.assertGreater(rule["new"]["matched"], 1000)
            self.assertEqual((rule["new"]["over"], rule["new"]["would"]), (0, 0))
        self.assertIn("File exists", self.damper("learn", "propose", "--from", self.clients, "--out", path, code=3))

    def test_paths_and_tenants(self):
        """A path is counted whoever asks for it, a tenant by the rules that name it."""
        doc = self.learn(self.clients)
        path = self.shape(doc, "outside", "path")
        self.assertGreaterEqual(path["values"], SECONDS // 10)
        everybody = self.shape(doc, "outside", "global")["messages"]["rate"]["max"]
        self.assertAlmostEqual(path["messages"]["rate"]["max"], everybody, delta=everybody / 16 + 0.1)
        self.assertEqual(self.shape(doc, "outside", "tenant")["values"], 0)
        with open(os.path.join(self.dir, "tenants.yaml"), "w", encoding="utf-8") as f:
            # Exempt, so that the guard limits nobody, which would leave its windows out.
            f.write(f"version: 1\ntenants: {{all-of-it: {DEVICE}/32}}\n"
                    "exempt: [{from: 203.0.113.0/24, about: the clients, until: 2999-12-31}]\nrules: []\n")
        args = ("--from", self.clients, "--rules", "tenants.yaml")
        tenant = self.shape(json.loads(self.damper("learn", "show", "--json", *args)), "outside", "tenant")
        self.assertGreater(tenant["values"], 30)
        text = self.damper("learn", "propose", *args)
        self.assertIn("  # for a file with 'tenants':\n  # from_outside_per_tenant:\n  #   per: tenant\n", text)
        # What is proposed for tenants is a limit once its marks are taken off.
        name = os.path.join(self.dir, "with-tenants.yaml")
        with open(name, "w", encoding="utf-8") as f:
            f.write(f"version: 1\ntenants: {{all-of-it: {DEVICE}/32}}\nlimits:\n")
            at = text.index("  # from_outside_per_tenant:")
            f.write("".join(line.replace("# ", "", 1) + "\n" for line in text[at:].split("\n")[:5]))
            f.write("rules:\n  - {id: t, match: any, limit: from_outside_per_tenant}\n")
        self.assertIn("0 errors, 0 warnings", self.damper("check", name))

    def test_limits_that_acted_are_left_out(self):
        attack = os.path.join(self.dir, "attack.pcap")
        write_pcap(attack, [(t, ethernet(p), cut) for t, p, cut in attack_frames()])
        plain, judged = self.learn(attack), self.learn(attack, "--rules", "strict.yaml")
        self.assertEqual((plain["windows"], plain["windows_left_out"]), (1, 0))
        self.assertEqual((judged["windows"], judged["windows_left_out"]), (0, 1))
        self.assertEqual(plain["cut"], 1)

    def test_too_little(self):
        attack = os.path.join(self.dir, "little.pcap")
        write_pcap(attack, [(t, ethernet(p), cut) for t, p, cut in attack_frames()])
        text = self.damper("learn", "propose", "--from", attack)
        self.assertIn("too few to propose a limit", text)
        with open(os.path.join(self.dir, "little.yaml"), "w", encoding="utf-8") as f:
            f.write(text)
        self.damper("check", "little.yaml")

    def test_usage(self):
        self.damper("learn", code=2)
        self.damper("learn", "show", code=4)
        self.damper("learn", "start", code=4)
        self.damper("learn", "show", "--rules", "strict.yaml", code=2)
        self.damper("learn", "show", "--from", "/nowhere/x.pcap", code=3)

    def test_formats(self):
        """pcap in micro- and nanoseconds and pcapng, cut frames too: one result."""
        frames = [(t, ethernet(p), cut) for t, p, cut in attack_frames()]
        found = []
        for name, write in (("us.pcap", write_pcap), ("ns.pcap", write_pcap_ns), ("ns.pcapng", write_pcapng)):
            write(os.path.join(self.dir, name), frames)
            text = self.damper("replay", name, "--rules", "strict.yaml", "--json")
            found.append(text.replace(name, "the file"))
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])
        self.assertEqual(json.loads(found[0])["capture"]["cut"], 1)

    @needs.needs("shared")
    def test_shared_captures(self):
        """Each teaches the same twice, and a proposal that check accepts."""
        files = sorted(glob.glob(os.path.join(needs.SHARED, "captures", "*.pcap*")))
        done = 0
        for path in files:
            if path.endswith(".gz"):
                continue
            args = ("--from", path, "--move-loopback")
            name = f"shared{done}.yaml"
            self.damper("learn", "propose", *args, "--out", name)
            if done % 8 == 0:
                with open(os.path.join(self.dir, name), encoding="utf-8") as f:
                    self.assertEqual(f.read(), self.damper("learn", "propose", *args))
            done += 1
        self.assertGreater(done, 50)
        self.damper("check", *[f"shared{i}.yaml" for i in range(done)])


if __name__ == "__main__":
    needs.main(sys.argv[2:])
