#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""damper explain, replay and test, as an operator types them.

Usage: test_command.py DAMPER [--regen]

Small captures are built here; outputs are compared with golden/. --needs shared
runs the vectors and captures of the shared reference material. --regen writes the
golden files anew, those of the shared captures too where they are there; a review
reads the difference.
"""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import needs  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("DAMPER_SOURCE_ROOT", os.path.join(HERE, "..", "..", ".."))
GOLDEN = os.path.join(HERE, "golden")
DAMPER = os.path.abspath(sys.argv[1])
REGEN = "--regen" in sys.argv
START = 1700000000

STRICT = """version: 1
ruleset: {name: strict, revision: 2}
zones:
  inside: {ports: [inside], prefixes: [192.0.2.0/24, "2001:db8:1::/48"]}
  outside: {ports: [outside], prefixes: any}
limits:
  discovery: {per: peer, rate: 1 msg/s, burst: 2 msg}
rules:
  - {id: no-firmware, match: {from: outside, path: /fw/**, verified: false}, then: drop}
  - id: discovery
    match: {from: outside, msg: request, path: /.well-known/core, verified: false}
    limit: discovery
    over: drop
  - {id: trial, mode: observe, match: {from: outside, code: PUT}, then: drop}
  - {id: rest, match: any, then: accept}
"""


def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def address(text):
    import socket
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def packet(src, sport, dst, dport, payload):
    """An IP packet with right checksums."""
    a, b = address(src), address(dst)
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    pseudo = a + b + (struct.pack(">II", len(udp), 17) if len(a) == 16 else struct.pack(">HH", 17, len(udp)))
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    if len(a) == 16:
        return struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + a + b + udp
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + a + b
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + udp


def ethernet(ip):
    return bytes.fromhex("020000000002020000000001") + (b"\x08\0" if ip[0] >> 4 == 4 else b"\x86\xdd") + ip


def request(n, path, code=1, con=True):
    m = bytes([0x44 if con else 0x54, code]) + struct.pack(">HI", n, n)
    delta = 11
    for part in path.strip("/").split("/"):
        m += bytes([delta << 4 | len(part)]) if len(part) < 13 else bytes([delta << 4 | 13, len(part) - 13])
        m += part.encode()
        delta = 0
    return m


def response(n, size, con=True):
    head = bytes([0x64 if con else 0x54, 0x45]) + struct.pack(">HI", n if con else n + 0x8000, n)
    return head + b"\xff" + b"x" * (size - len(head) - 1)


def write_pcap(path, frames, link=1):
    """frames: (milliseconds, bytes, bytes missing)."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))
        for ms, data, missing in frames:
            kept = data[:len(data) - missing]
            f.write(struct.pack("<IIII", START + ms // 1000, ms % 1000 * 1000, len(kept), len(data)) + kept)


def attack_frames():
    victim, six, device, device6 = "203.0.113.9", "2001:db8:77::9", "192.0.2.20", "2001:db8:1::20"
    frames = []
    for n in range(1, 21):
        t = n * 50
        frames.append((t, packet(victim, 40000, device, 5683, request(n, "/.well-known/core")), 0))
        frames.append((t + 5, packet(device, 5683, victim, 40000, response(n, 400)), 0))
        frames.append((t + 6, packet(six, 40001, device6, 5683, request(100 + n, "/light", con=False)), 0))
        frames.append((t + 7, packet(device6, 5683, six, 40001, response(100 + n, 20, con=False)), 0))
    frames.append((1100, packet("198.51.100.7", 40002, device, 5683, request(300, "/fw/new", code=3)), 0))
    frames.append((1101, packet("198.51.100.7", 40002, device, 5683, b"\x40\x01\x00\x05\xff"), 0))
    frames.append((1102, packet("198.51.100.7", 53, device, 53, b"not CoAP"), 0))
    frames.append((1103, packet("198.51.100.7", 40002, device, 5683, request(301, "/a")), 6))
    frames.append((1000, packet(device, 5683, "198.51.100.8", 40003, response(302, 100)), 0))
    return frames


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="damper")
        for name in ("default.yaml", "default.test.yaml"):
            shutil.copy(os.path.join(ROOT, "rules", name), cls.dir)
        with open(os.path.join(cls.dir, "strict.yaml"), "w") as f:
            f.write(STRICT)
        with open(os.path.join(cls.dir, "open.yaml"), "w") as f:
            f.write(STRICT.replace('[192.0.2.0/24, "2001:db8:1::/48"]', "any"))
        frames = attack_frames()
        write_pcap(os.path.join(cls.dir, "attack.pcap"), [(t, ethernet(p), cut) for t, p, cut in frames])
        loop = [(t, b"\x02\0\0\0" + packet("127.0.0.1", 40000, "127.0.0.1", 5683, request(t, "/a")), 0)
                for t in range(3)]
        write_pcap(os.path.join(cls.dir, "loopback.pcap"), loop, link=0)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def run_it(self, *args, stdin=None):
        # No daemon may answer: everything here is off the wire.
        env = dict(os.environ, DAMPER_RUNTIME_DIR=os.path.join(self.dir, "nowhere"), TERM="dumb")
        return subprocess.run([DAMPER, *args], cwd=self.dir, env=env, input=stdin, capture_output=True,
                              text=True)

    def golden(self, name, code, *args):
        r = self.run_it(*args)
        self.assertEqual(r.returncode, code, r.stdout + r.stderr)
        self.compare(name, r.stdout + r.stderr)
        return r.stdout

    def compare(self, name, got):
        path = os.path.join(GOLDEN, name)
        if REGEN:
            os.makedirs(GOLDEN, exist_ok=True)
            with open(path, "w") as f:
                f.write(got)
        with open(path) as f:
            self.assertEqual(got, f.read(), "differs from golden/" + name)

    # explain

    def test_explain_described(self):
        args = ("explain", "--rules", "strict.yaml", "--from", "203.0.113.9", "--to", "192.0.2.20",
                "--msg", "CON GET /.well-known/core", "--option", "observe=0")
        self.golden("explain-accept.txt", 0, *args)
        doc = json.loads(self.golden("explain-accept.json", 0, *args, "--json"))
        self.assertTrue(doc["accepted"])
        self.assertEqual([r["matched"] for r in doc["rules"]], [False, True, False, True])
        self.assertEqual(doc["rules"][0]["why_not"], {"attribute": "path", "value": "/.well-known/core"})

    def test_explain_dropped(self):
        args = ("explain", "--rules", "strict.yaml", "--from", "2001:db8:77::1", "--to", "2001:db8:1::20",
                "--msg", "NON GET /fw/new", "--size", "60")
        self.golden("explain-drop.txt", 1, *args)

    def test_explain_inside(self):
        # The source is an inside prefix of the rules, so nobody has to say --side.
        args = ("explain", "--rules", "strict.yaml", "--from", "192.0.2.20", "--to", "203.0.113.9",
                "--msg", "ACK 2.05")
        self.golden("explain-inside.txt", 1, *args)

    def test_explain_exempt(self):
        """Nobody is told that rules were kept that were never asked, whichever way the message goes."""
        with open(os.path.join(self.dir, "exempt.yaml"), "w", encoding="utf-8") as f:
            f.write("version: 1\nexempt: [{from: 203.0.113.5, until: 9999-12-31}]\n"
                    "rules: [{id: all, match: any, then: drop}]\n")
        for way in (("--from", "203.0.113.5", "--to", "192.0.2.20", "--side", "outside", "--msg", "CON GET /x"),
                    ("--from", "192.0.2.20", "--to", "203.0.113.5", "--side", "inside", "--msg", "NON 2.05")):
            r = self.run_it("explain", "--rules", "exempt.yaml", *way)
            self.assertEqual(r.returncode, 0, r.stdout)
            self.assertIn("; the outside end is exempt\n", r.stdout)
            self.assertRegex(r.stdout, r"verdict   accept: accepted\n +Its outside end is exempt: it met neither")
        r = self.run_it("explain", "--rules", "exempt.yaml", "--from", "203.0.113.6", "--to", "192.0.2.20",
                        "--msg", "CON GET /x")
        self.assertEqual((r.returncode, "exempt:" in r.stdout), (1, False))

    def test_explain_values(self):
        """Of a value that a rule asks for it is said what it is, in its own format."""
        with open(os.path.join(self.dir, "values.yaml"), "w", encoding="utf-8") as f:
            f.write("version: 1\nrules:\n"
                    "  - {id: a, match: {option: {accept: 110}}, then: drop}\n"
                    "  - {id: b, match: {option: {uri-host: meter.example}}, then: drop}\n"
                    "  - {id: c, match: {option: {etag: 0x1f2e}}, then: drop}\n"
                    "  - {id: d, match: {option: {content-format: 0}}, then: drop}\n"
                    "  - {id: f, match: {option: {block1: 3/1/64}}, then: drop}\n"
                    "  - {id: e, match: {option: {block2: 0/0/16, uri-port: absent}}, then: drop}\n")
        r = self.run_it("explain", "--rules", "values.yaml", "--from", "203.0.113.5", "--to", "192.0.2.20",
                        "--side", "outside", "--msg", "CON GET /x", "--option", "accept=60", "--option", "block2=0/0/16")
        for rule, wanted in (("a", "accept 110"), ("b", "uri-host 'meter.example'"), ("c", "etag 0x1f2e"),
                             ("d", "content-format 0"), ("f", "block1 3/1/64")):
            self.assertRegex(r.stdout, rf"\n  {rule} .* no: option: it wants one of them: {wanted}\n")
        self.assertRegex(r.stdout, r"\n  e .* matches: drop")
        self.assertEqual(r.returncode, 1)

    def test_explain_frame(self):
        # Frame 9 is the third discovery: over the limit of 2, which the frames before it used up.
        args = ("explain", "--rules", "strict.yaml", "--pcap", "attack.pcap#9")
        self.golden("explain-frame.txt", 1, *args)
        alone = self.run_it(*args, "--state", "empty", "--json")
        self.assertEqual(alone.returncode, 0)
        self.assertEqual(json.loads(alone.stdout)["state"], "empty")

    def test_explain_hex(self):
        self.golden("explain-hex.txt", 1, "explain", "--hex", "40010001ff")
        self.golden("explain-hex-judged.txt", 1, "explain", "--hex", "40010001ff",
                    "--rules", "strict.yaml")
        r = self.run_it("explain", "--hex", "40:01:00:01", "--json")
        self.assertEqual(r.returncode, 0)
        self.assertEqual(json.loads(r.stdout)["code"], "0.01")

    def test_explain_lines(self):
        r = self.run_it("explain", "--hex", "-", stdin="40010001\n\nnonsense\n7000ffff")
        lines = [json.loads(line) for line in r.stdout.splitlines()]
        self.assertEqual([x["accepted"] for x in lines], [True, False, False, True])
        self.assertEqual([x["reason"] for x in lines], [None, "coap_short", None, None])
        self.assertEqual(r.returncode, 2)
        self.assertIn("line 3", r.stderr)
        # A NUL ends no line, and the last one needs no end.
        r = self.run_it("explain", "--hex", "-", stdin="40010001\0ff\n40010001\0\n40010001")
        self.assertEqual([json.loads(line)["accepted"] for line in r.stdout.splitlines()], [False, False, True])
        r = self.run_it("explain", "--hex", "-", "--rules", "strict.yaml",
                        stdin="40010001\n40010001b26677017800\n")
        self.assertEqual(r.returncode, 0)
        verdicts = [json.loads(x)["verdict"] for x in r.stdout.splitlines()]
        self.assertEqual([v["verdict"] for v in verdicts], ["accept", "drop"])
        self.assertEqual(verdicts[1]["rule"], "no-firmware")

    def test_explain_lines_at_a_time(self):
        with open(os.path.join(self.dir, "night.yaml"), "w") as f:
            f.write("version: 1\nschedules:\n  night: {hours: 22:00-06:00, zone: UTC}\nrules:\n"
                    "  - {id: night, match: {msg: request, when: night}, then: drop}\n")
        for at, verdict in (("2026-11-21T23:00Z", "drop"), ("2026-11-21T12:00Z", "accept")):
            for given, stdin in (("40010001", None), ("-", "40010001\n")):
                r = self.run_it("explain", "--hex", given, "--rules", "night.yaml", "--at", at, "--json", stdin=stdin)
                self.assertEqual(json.loads(r.stdout)["verdict"]["verdict"], verdict, f"{given} at {at}")

    def test_explain_usage(self):
        for args, code in ((("--hex", "zz"), 2), ((), 2), (("--msg", "CON GET /"), 2),
                           (("--hex", "40", "--msg", "x"), 2),
                           (("--pcap", "attack.pcap"), 2),
                           # no data plane; and what the running judge cannot be asked
                           (("--hex", "40010001", "--state", "live"), 4),
                           (("--hex", "-", "--state", "live"), 4),
                           (("--hex", "40010001", "--state", "live", "--rules", "strict.yaml"), 2),
                           (("--hex", "40010001", "--state", "live", "--at", "unknown"), 2),
                           (("--pcap", "attack.pcap#1", "--state", "live"), 4),
                           (("--pcap", "attack.pcap#900", "--rules", "strict.yaml"), 3),
                           (("--pcap", "none.pcap#1", "--rules", "strict.yaml"), 3),
                           (("--hex", "40010001", "--rules", "none.yaml"), 3),
                           (("--hex", "40010001", "--side", "left", "--rules", "strict.yaml"), 2),
                           (("--msg", "CON GET /", "--from", "192.0.2.1", "--to", "fd00::1",
                             "--rules", "strict.yaml"), 2),
                           # no damperd, and no rules named: said, not guessed
                           (("--msg", "CON GET /", "--from", "192.0.2.1", "--to", "192.0.2.2"), 4)):
            r = self.run_it("explain", *args)
            self.assertEqual(r.returncode, code, (args, r.stderr))
            self.assertEqual(r.stdout, "")
            self.assertTrue(r.stderr.startswith(("damper: ", "none.yaml: ")), r.stderr)

    # replay

    def test_zones_by_device(self):
        """Off the wire nobody knows the ports: it has to be said on which side one is."""
        with open(os.path.join(self.dir, "device.yaml"), "w", encoding="utf-8") as f:
            f.write("version: 1\nzones: {cell: {ports: [lan0], prefixes: 10.0.0.0/8}}\n"
                    "rules: [{id: cell, match: {from: cell, path: /x}, then: drop}]\n")
        what = ("explain", "--rules", "device.yaml", "--from", "10.1.2.3", "--to", "203.0.113.9", "--side", "inside",
                "--msg", "CON GET /x")
        for ports, code, says in (
                ((), 2, "device.yaml:2:24: zone 'cell' is on port 'lan0': on which side is that here? Add "
                        "--port lan0=inside, or =outside"),
                (("--port", "lan1=inside"), 2, "zone 'cell' is on port 'lan0'"),
                (("--port", "lan0"), 2, "--port lan0: write it like lan0=inside or wan0=outside"),
                (("--port", "lan0=in"), 2, "write it like"), (("--port", "=inside"), 2, "write it like"),
                (("--port", "lan0=inside"), 1, "cell"), (("--port", "lan0=outside"), 0, "not for inside 10.1.2.3")):
            with self.subTest(ports=ports):
                r = self.run_it(*what, *ports)
                self.assertEqual(r.returncode, code, r.stdout + r.stderr)
                self.assertIn(says, r.stdout + r.stderr)

    def test_replay(self):
        args = ("replay", "attack.pcap", "--rules", "strict.yaml", "--against", "default.yaml")
        self.golden("replay.txt", 1, *args)
        doc = json.loads(self.golden("replay.json", 1, *args, "--json"))
        self.check_sums(doc)
        self.assertEqual(doc["capture"]["cut"], 1)
        self.assertEqual(doc["capture"]["out_of_order"], 1)
        self.assertEqual(doc["sides"]["rules"], doc["capture"]["coap_frames"] - doc["sides"]["guess"])
        rules = {r["id"]: r for r in doc["rules"]}
        self.assertIsNone(rules["no-open-proxy"]["new"])
        self.assertIsNone(rules["trial"]["against"])
        self.assertEqual(rules["trial"]["new"]["would"], 0)     # no-firmware was first
        for s in doc["sets"].values():
            self.assertLessEqual(s["worst_amplification"]["factor"], 3)

    def test_replay_same(self):
        r = self.run_it("replay", "attack.pcap", "--rules", "strict.yaml", "--against", "./strict.yaml",
                        "--json")
        self.assertEqual(r.returncode, 0)
        doc = json.loads(r.stdout)
        self.assertEqual(doc["changed"], {"frames": 0, "first": None})
        self.assertTrue(all(x["first_changed"] is None for x in doc["rules"]))
        del doc["sets"]["new"]["rules_from"], doc["sets"]["against"]["rules_from"]
        self.assertEqual(doc["sets"]["new"], doc["sets"]["against"])

    def test_replay_one(self):
        self.golden("replay-one.txt", 0, "replay", "attack.pcap", "--rules", "default.yaml",
                    "--inside", "192.0.2.0/24", "--inside", "2001:db8:1::/48")

    def test_replay_sides(self):
        # The other way round: what were devices are now outside, and ask nobody.
        args = ("replay", "attack.pcap", "--rules", "default.yaml", "--json")
        doc = json.loads(self.run_it(*args, "--inside", "203.0.113.0/24").stdout)
        self.assertGreater(doc["sides"]["prefix"], 0)
        doc = json.loads(self.run_it(*args, "--outside-mac", "02:00:00:00:00:01").stdout)
        self.assertEqual(doc["sides"]["mac"], doc["capture"]["coap_frames"])

    def test_replay_grace(self):
        args = ("replay", "attack.pcap", "--rules", "default.yaml", "--json")
        plain, grace = json.loads(self.run_it(*args).stdout), json.loads(self.run_it(*args, "--grace").stdout)
        self.assertNotIn("accepted_grace", plain["sets"]["new"]["reasons"])
        self.assertIn("unsolicited_out", plain["sets"]["new"]["reasons"])
        self.assertEqual(grace["state"], "empty, in the grace time")

    def test_replay_loopback(self):
        args = ("replay", "loopback.pcap", "--rules", "default.yaml", "--json")
        r = json.loads(self.run_it(*args).stdout)
        self.assertEqual(r["sets"]["new"]["reasons"], {"ip_source": 3})
        r = json.loads(self.run_it(*args, "--move-loopback").stdout)
        self.assertEqual(r["sets"]["new"]["reasons"], {"accepted": 3})

    def test_replay_empty(self):
        write_pcap(os.path.join(self.dir, "empty.pcap"), [])
        r = self.run_it("replay", "empty.pcap", "--rules", "default.yaml", "--against", "strict.yaml",
                        "--json")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(json.loads(r.stdout)["capture"]["frames"], 0)
        self.assertEqual(self.run_it("replay", "empty.pcap", "--rules", "default.yaml").returncode, 0)

    def test_replay_broken_off(self):
        with open(os.path.join(self.dir, "attack.pcap"), "rb") as f:
            data = f.read()
        with open(os.path.join(self.dir, "short.pcap"), "wb") as f:
            f.write(data[:-7])
        r = self.run_it("replay", "short.pcap", "--rules", "default.yaml")
        self.assertEqual(r.returncode, 3)
        self.assertIn("behind frame 84", r.stderr)

    def check_sums(self, doc):
        for s in doc["sets"].values():
            judged = doc["capture"]["frames"] - doc["capture"]["cut"]
            # What was held in vain has a second reason, at its end.
            self.assertEqual(sum(s["reasons"].values()) - s["reasons"].get("held_expired", 0), judged)
            self.assertEqual(s["accepted"] + s["dropped"] + s["challenged"] + s["answered"],
                             doc["capture"]["coap_frames"])

    # test

    def write_rule_tests(self):
        with open(os.path.join(self.dir, "red.test.yaml"), "w") as f:
            f.write("version: 1\nrules: strict.yaml\ntests:\n"
                    "  - {name: 'green # 1', send: {from: 203.0.113.9, to: 192.0.2.1, msg: CON GET /fw/x}, "
                    "expect: {verdict: drop}}\n"
                    "  - {name: red, send: {from: 203.0.113.9, to: 192.0.2.1, msg: CON GET /a}, "
                    "expect: {verdict: drop}}\n"
                    "  - {name: a capture, pcap: attack.pcap, "
                    "expect: {dropped: 0%, rules: {no-firmware: {acted: 2..}}}}\n")
        with open(os.path.join(self.dir, "wrong.test.yaml"), "w") as f:
            f.write("version: 1\nrules: strict.yaml\ntests:\n  - {nam: x}\n")

    def test_rule_tests(self):
        self.write_rule_tests()
        with open(os.path.join(self.dir, "away.test.yaml"), "w") as f:
            f.write("version: 1\nrules: none.yaml\ntests:\n"
                    "  - {name: x, send: {from: 203.0.113.9, to: 192.0.2.1, msg: RST}, "
                    "expect: {verdict: drop}}\n")
        self.golden("test-red.txt", 1, "test", "red.test.yaml")
        self.golden("test-wrong.txt", 3, "test", "wrong.test.yaml", "away.test.yaml", "red.test.yaml")
        self.assertEqual(self.run_it("test", "default.test.yaml").returncode, 0)
        self.assertEqual(self.run_it("test", "none.test.yaml").returncode, 3)
        self.assertEqual(self.run_it("test", "--format", "junit", "red.test.yaml").returncode, 2)

    # The page.

    def printed(self, command):
        env = dict(os.environ, DAMPER_RUNTIME_DIR=os.path.join(self.dir, "nowhere"), TERM="dumb", NO_COLOR="1",
                   PATH=os.path.dirname(DAMPER) + ":" + os.environ["PATH"])
        r = subprocess.run(["sh", "-c", command], cwd=self.dir, env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        return re.sub(r"[ \t]+$", "", r.stdout, flags=re.M)

    def test_page(self):
        """What docs/foresight.md shows of commands that need no gateway is what they print."""
        page = os.path.join(ROOT, "docs", "foresight.md")
        self.write_rule_tests()
        os.symlink(os.path.abspath(os.path.join(ROOT, "rules")), os.path.join(self.dir, "rules"))
        with open(page) as f:
            old = f.read()

        def block(match):
            commands = re.findall(r"^\$ ((?:.*\\\n)*.*)\n", match.group(1), re.M)
            if any(c.startswith("damper trace") or "--state live" in c for c in commands):
                return match.group(0)
            return "```\n%s```\n" % "".join("$ %s\n%s" % (c, self.printed(c)) for c in commands)

        new, n = re.subn(r"^```\n(\$ .*?)^```\n", block, old, flags=re.M | re.S)
        self.assertGreaterEqual(n, 7)
        if REGEN:
            with open(page, "w") as f:
                f.write(new)
        else:
            # A comment more in a rule file moves its lines, and misleads nobody.
            said, printed = (re.sub(r"(\.yaml):\d+ *", r"\1 ", page).splitlines() for page in (old, new))
            self.assertEqual(said, printed, "docs/foresight.md is not what the commands print; --regen writes it")

    # The shared reference material.

    def lines_of(self, name):
        with open(os.path.join(needs.SHARED, name)) as f:
            return [json.loads(line) for line in f]

    @needs.needs("shared")
    def test_vectors(self):
        """All vectors through --hex -: as the unit test of the scan wants them."""
        with open(os.path.join(HERE, "..", "core_wire", "vectors_test.c")) as f:
            source = f.read()
        stricter = dict((int(a), b.lower()) for a, b in re.findall(r"\{ (\d+), DAMP_REASON_(\w+) \}", source))
        laxer = {int(x) for x in re.findall(r"^\t(\d+), /\*", source, re.M)}
        self.assertTrue(stricter and laxer)
        rows = self.lines_of("vectors.jsonl")
        r = self.run_it("explain", "--hex", "-", stdin="".join(row["hex"] + "\n" for row in rows))
        self.assertEqual(r.returncode, 0, r.stderr)
        answers = [json.loads(line) for line in r.stdout.splitlines()]
        self.assertEqual(len(answers), len(rows))
        judged = 0
        for row, answer in zip(rows, answers):
            self.assertEqual(answer["accepted"], answer["reason"] is None)
            self.assertEqual(answer["length"], len(row["hex"]) // 2)
            if row["kind"] != "message":
                continue
            broken = not (row.get("rfc7252_framing_advisory") or "").startswith("well-formed")
            if row["id"] in stricter:
                want = False
                self.assertEqual(answer["reason"], stricter[row["id"]], row)
            elif row["id"] in laxer:
                want = True
            elif broken or row["verdict"] in ("malformed", "reject"):
                want = False
            elif row["verdict"] == "valid":
                want = True
            else:
                continue
            judged += 1
            self.assertEqual(answer["accepted"], want, row)
        self.assertGreater(judged, 100)

    @needs.needs("shared")
    def test_the_shared_rule_test(self):
        """As it is, beside the rule file that it names."""
        r = self.run_it("test", os.path.join(needs.SHARED, "examples", "home.test.yaml"))
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertEqual(len(re.findall("^ok ", r.stdout, re.M)), 3)

    @needs.needs("shared")
    def test_corpus(self):
        rows = self.lines_of("corpus.jsonl")
        r = self.run_it("explain", "--hex", "-", stdin="".join(row["hex"] + "\n" for row in rows))
        answers = [json.loads(line) for line in r.stdout.splitlines()]
        self.assertEqual(len(answers), len(rows))
        for row, answer in zip(rows, answers):
            if answer["accepted"]:
                self.assertTrue(row["rfc7252_framing_advisory"].startswith("well-formed"), row["file"])

    @needs.needs("shared")
    def test_captures(self):
        """Every shared capture, twice: the same bytes each time, and the counts kept in golden/."""
        kept = {}
        found = [p for end in ("pcap", "pcapng") for p in glob.glob(os.path.join(needs.SHARED, "captures", "*." + end))]
        for path in sorted(found):
            args = ("replay", path, "--rules", "open.yaml", "--against", "default.yaml", "--move-loopback",
                    "--json")
            one, two = self.run_it(*args), self.run_it(*args)
            self.assertEqual(one.stdout, two.stdout)
            self.assertEqual(one.returncode, two.returncode)
            name = os.path.basename(path)
            self.assertIn(one.returncode, (0, 1), one.stderr)
            doc = json.loads(one.stdout)
            self.check_sums(doc)
            kept[name] = {"frames": doc["capture"]["frames"], "coap": doc["capture"]["coap_frames"],
                          "changed": doc["changed"]["frames"], "reasons": doc["sets"]["against"]["reasons"]}
        self.assertGreater(len(kept), 50)
        for path in glob.glob(os.path.join(needs.SHARED, "captures", "*.gz")):
            r = self.run_it("replay", path, "--rules", "default.yaml")
            self.assertEqual(r.returncode, 3)
            self.assertIn("is compressed", r.stderr)
        self.compare("shared-captures.json", json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    needs.main(everything=REGEN)
