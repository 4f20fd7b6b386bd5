#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""damperd and damper, reading: documents, metrics, events.

Usage: test_reading.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import fcntl
import http.client
import json
import os
import pty
import signal
import stat
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import BOUND_S, DAMPER, DAMPERD, GOOD, SCHEMA, Case, until  # noqa: E402
import needs  # noqa: E402


class Reading(Case):
    """Documents, metrics, events."""

    def setUp(self):
        super().setUp()
        self.start_fake()
        self.start_daemon()

    def test_documents(self):
        s = self.status()
        self.assertEqual((s["schema"], s["dataplane"]["up"], s["dataplane"]["workers"]), (1, True, 2))
        self.assertEqual((s["program"]["name"], s["program"]["revision"], s["program"]["generation"]), ("home", 7, 1))
        self.assertEqual((s["program"]["source"], s["program"]["loaded_by"]), ("loaded", "damperd, at its start"))
        self.assertEqual(s["unproved"], {"bytes_in": 120000, "bytes_out": 270000, "factor": 2.25})
        self.assertEqual((s["drops"]["packets"], s["drops"]["verified_packets"]), (1350, 21))
        self.assertEqual([r["reason"] for r in s["drops"]["by_reason"]], ["amplification", "coap_version"])
        self.assertEqual(sum(r["packets"] for r in s["drops"]["by_reason"]), s["drops"]["packets"])
        rules = self.api("GET", "/v1/rules")[1]["rules"]
        self.assertEqual([(r["id"], r["mode"], r["line"]) for r in rules],
                         [("discovery", "enforce", 6), ("try-out", "observe", 10)])
        self.assertEqual(rules[0]["limits"], ["few"])
        self.assertEqual(rules[1]["counters"]["matched"], {"packets": 2000, "bytes": 180000})
        limits = self.api("GET", "/v1/limits")[1]
        self.assertEqual((limits["limits"][0]["name"], limits["limits"][0]["kind"]), ("few", "messages"))
        self.assertAlmostEqual(limits["limits"][0]["ipv4"][0]["per_s"], 2, 3)
        self.assertGreater(limits["guard"]["max_factor"], 0)
        workers = self.api("GET", "/v1/workers")[1]["workers"]
        self.assertEqual([w["rx"]["packets"] for w in workers], [1700, 3400])
        tables = {t["table"]: t for t in self.api("GET", "/v1/memory")[1]["tables"]}
        self.assertEqual(tables["ledger"]["evictions"], 33)

    def test_errors_of_the_api(self):
        for method, path, body, code, error in (
                ("GET", "/v1/nothing", None, 404, "not_found"), ("GET", "/", None, 404, "not_found"),
                ("POST", "/v1/status", "x", 405, "method"), ("GET", "/v1/load", None, 405, "method"),
                ("GET", "/v1/events?since=-1", None, 400, "usage"), ("GET", "/v1/events?max=x", None, 400, "usage"),
                ("POST", "/v1/load", "", 400, "usage"),
                ("POST", "/v1/bypass", "", 400, "usage"), ("POST", "/v1/bypass", "{}", 400, "usage"),
                ("POST", "/v1/bypass", '{"for_s": -1}', 400, "usage"),
                ("POST", "/v1/bypass", '{"for_s": 86401}', 400, "usage"),
                ("POST", "/v1/bypass", '{"for_s": "10"}', 400, "usage"),
                ("POST", "/v1/bypass", '{"for_s": 1, "for_s": 2}', 400, "usage")):
            with self.subTest(path=path, body=body):
                status, j = self.api(method, path, body)
                self.assertEqual((status, j["error"], j["schema"]), (code, error, 1))
        self.assertEqual(self.api("POST", "/v1/load", "x" * (5 << 20))[0], 422)
        self.assertEqual(self.generation(), 1)

    def test_text(self):
        self.assertEqual([p["called"] for p in self.status()["ports"]], [["wan0", "net_tap0"], []])
        out = self.damper("show", "status").stdout
        for part in ("filtering", "generation 1, home revision 7, 2 rules (1 only observing)", "factor 2.25",
                     "outside (wan0, net_tap0) up, 19 packets missed", 'inside (net_"tap1"\\) up', "amplification"):
            self.assertIn(part, out)
        self.assertEqual(self.damper("completion", "rules").stdout, "discovery\ntry-out\n")
        self.assertEqual(self.damper("completion", "limits").stdout, "few\n")
        self.assertEqual(self.damper("completion", "generations").stdout, "1\n")
        out = self.damper("show", "rules").stdout
        self.assertRegex(out, r"(?m)^try-out +observe +rules.yaml:10 +2000 ")
        self.assertIn("few", self.damper("show", "limits").stdout)
        self.assertIn("123 MB", self.damper("show", "memory").stdout)
        self.assertRegex(self.damper("show", "workers").stdout, r"(?m)^1 .* 3400 ")
        for what in ("status", "rules", "limits", "workers", "memory"):
            j = json.loads(self.damper("show", what, "--json").stdout)
            self.assertEqual(j["schema"], 1)

    def on_terminal(self, columns, *args):
        """What a terminal of so many columns shows, line by line."""
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.execve(DAMPER, [DAMPER, "--runtime-dir", self.run_dir, *args], dict(self.env(), NO_COLOR="1"))
        seen = b""
        while True:
            try:
                more = os.read(fd, 65536)
            except OSError:     # the end of a terminal
                break
            if not more:
                break
            seen += more
        os.close(fd)
        os.waitpid(pid, 0)
        return seen.decode().replace("\r\n", "\n").splitlines()

    def test_narrow(self):
        """80 columns hold all of it, and what is cut off says so."""
        until("a look at the counters as they are", lambda: self.status()["now"])
        self.tell("refuse discovery 600")
        until("the attack", lambda: self.status()["attacks"])
        for what in ("status", "rules", "limits", "memory"):
            # The path of a file is as long as it is.
            lines = [line for line in self.on_terminal(80, "show", what) if ".yaml" not in line or what == "rules"]
            self.assertLessEqual(max(map(len, lines)), 80, "\n".join(lines))
        lines = self.on_terminal(70, "show", "status")
        self.assertRegex("\n".join(lines), r"(?m)^ *\d+ .* amplification +Would exceed .*\.\.$")
        self.assertEqual(self.on_terminal(80, "show", "rules")[0].split(), "RULE MODE AT MATCHED OVER WOULD ACTED".split())
        self.assertEqual(self.on_terminal(200, "show", "rules")[0].count("BYTES"), 4)

    def test_cells(self):
        """A terminal counts cells, and a character is cut off whole or not at all."""
        for text, wide in (("e\u0301" * 80, 1), ("\u00e9" * 90, 1), ("\u4e2d" * 60, 2)):
            self.damper("load", self.write("other.yaml", GOOD + f"# {text}\n"), "--comment", text)
            for columns in range(110, 114):
                lines = self.on_terminal(columns, "history")
                seen = lines[1].replace("\u0301", "")
                cells = len(seen) + (wide - 1) * seen.count(text[0])
                self.assertTrue(columns - wide < cells <= columns and seen.endswith(".."), lines[1])
                self.assertEqual(lines[0].index("WHY"), seen.index(3 * text[0]))
            self.assertIn(text, self.damper("history").stdout)
        # 255 bytes are kept of why, and no half of a character.
        self.damper("load", self.rules, "--comment", "\u00e9" * 200)
        self.assertEqual(self.status()["program"]["comment"], "\u00e9" * 127)

    def test_watch(self):
        p = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "show", "rules", "--watch"],
                             stdout=subprocess.PIPE, text=True, env=self.env())
        seen = 0
        for line in p.stdout:
            seen += line.startswith("RULE")
            if seen == 2:
                break
        p.kill()
        p.wait()
        p.stdout.close()
        self.assertEqual(seen, 2)

    def test_metrics(self):
        text = self.metrics()
        self.assertIn('\ndamper_drops_total{reason="amplification"} 1050\n', text)
        self.assertIn('\ndamper_rule_packets_total{rule="try-out",outcome="would"} 20\n', text)
        self.assertIn('damper_ruleset_info{name="home",revision="7",digest="', text)
        self.assertIn("\ndamper_ruleset_last_reload_successful 1\n", text)

    @needs.needs("promtool")
    def test_metrics_by_promtool(self):
        p = subprocess.run(["promtool", "check", "metrics"], input=self.metrics(), capture_output=True, text=True)
        self.assertEqual((p.returncode, p.stdout + p.stderr), (0, ""))

    def test_metrics_only(self):
        host, port = self.status()["damperd"]["metrics"].rsplit(":", 1)
        for method, path, code in (("GET", "/v1/status", 404), ("POST", "/metrics", 405), ("POST", "/v1/load", 405)):
            c = http.client.HTTPConnection(host, int(port), timeout=BOUND_S)
            c.request(method, path, "x" if method == "POST" else None)
            self.assertEqual(c.getresponse().status, code)
            c.close()

    @needs.needs("jsonschema")
    def test_events(self):
        self.tell("events 3")
        until("the events", lambda: len(self.damper("events", "--json").stdout.splitlines()) == 4)
        lines = [json.loads(line) for line in self.damper("events", "--json").stdout.splitlines()]
        self.assertEqual([e["type"] for e in lines], ["ruleset", "verdict", "verdict", "verdict"])
        self.assertEqual([e["seq"] for e in lines], [1, 2, 3, 4])
        self.assertEqual(lines[1]["rule"], "discovery")
        self.assertRegex(lines[1]["at"], r"rules\.yaml:6$")
        self.assertEqual((lines[1]["reason"], lines[1]["suppressed"]), ("amplification", 812))
        text = self.damper("events").stdout
        self.assertIn("drop amplification  203.0.113.9:41711 > [2001:db8:5683::10]:5683  CON GET /.well-known/core", text)
        self.assertNotIn("\033", text)
        times = [line[:23] for line in text.splitlines()]
        self.assertEqual(times, sorted(times))      # those of the data plane are older than the load
        self.assertIn('damper_events_total{type="verdict"} 3\n', self.metrics())
        self.valid_events()
        self.assertIn('damper_events_suppressed_total{type="verdict"} 2436\n', self.metrics())

    def test_events_overrun(self):
        self.tell("events 1")
        until("the first event", lambda: [e for e in self.events() if e["type"] == "verdict"])
        self.tell("events 5000")    # in one go: only the newest of the ring are left
        lines = until("the loss", lambda: [e for e in self.events() if e["type"] == "health"])
        self.assertRegex(lines[0]["health"]["text"], r"^\d+ events were overwritten")
        verdicts = until("the last one", self.verdicts_to_5000)
        self.assertEqual(verdicts, sorted(set(verdicts)))

    def verdicts_to_5000(self):
        """The loss may be told while the rest is still being written."""
        verdicts = [e["record"]["seq"] for e in self.events() if e["type"] == "verdict"]
        return verdicts if verdicts[-1] == 5000 else None

    def events(self):
        return [json.loads(line) for line in self.damper("events", "--json").stdout.splitlines()]

    def attacks(self, phase):
        return [e for e in self.events() if e["type"] == "attack" and e["attack"]["phase"] == phase]

    @needs.needs("jsonschema")
    def test_attack(self):
        """Start, update and end of one attack, over a restart of damperd."""
        watch = GOOD + "events: {attack: {rate: 30 msg/min, update: 1 s, quiet: %s}}\n"
        self.write("rules.yaml", watch % "1 h")         # so that it is there for as long as it is looked at
        self.daemon.send_signal(signal.SIGHUP)
        until("the rules", lambda: self.generation() == 2)
        self.assertIn('\ndamper_attack_active{rule="discovery",reason=""} 0\n', self.metrics())
        until("a look at the counters as they are", lambda: self.status()["now"])
        self.tell("events 2")           # of rule discovery
        self.tell("refuse discovery 600")
        start = until("the start", lambda: self.attacks("start"))[0]
        self.assertEqual((start["rule"], start["mode"], start["severity"]), ("discovery", "enforce", "attack"))
        self.assertRegex(start["at"], r"rules\.yaml:6$")
        self.assertEqual((start["attack"]["packets"], start["attack"]["bytes"]), (600, 48000))
        self.assertEqual(start["attack"]["worst_target"], "2001:db8:5683::10")
        text = self.metrics()
        self.assertIn('\ndamper_attack_active{rule="discovery",reason=""} 1\n', text)
        self.assertIn('\ndamper_attack_active{rule="",reason="amplification"} 0\n', text)
        self.assertIn('\ndamper_attacks_total{rule="discovery",reason=""} 1\n', text)
        self.assertEqual(self.status()["attacks"][0]["id"], start["attack"]["id"])
        self.assertRegex(self.damper("show", "status").stdout,
                         r"(?m)^attacks +UNDER ATTACK; .*\n +BY .*\n +rule discovery +\d+ s +\S+/s +\S+/s +2001:db8:5683::10$")
        update = until("an update", lambda: self.attacks("update"))[0]
        self.assertEqual(update["attack"]["id"], start["attack"]["id"])
        self.valid_events()
        self.daemon.terminate()
        self.daemon.wait()
        self.write("rules.yaml", watch % "2 s")
        self.start_daemon()
        end = until("the end", lambda: self.attacks("end"))[0]
        self.assertEqual((end["attack"]["id"], end["attack"]["packets"]), (start["attack"]["id"], 600))
        self.assertEqual(self.attacks("start"), [])
        self.assertEqual(self.status()["attacks"], [])
        self.assertIn("ATTACK end on rule discovery: 600 packets", self.damper("events").stdout)
        self.valid_events()

    def valid_events(self):
        """Each event is as docs/event.schema.json says, which allows nothing else."""
        import jsonschema

        with open(SCHEMA) as f:
            check = jsonschema.Draft202012Validator(json.load(f))
        for event in self.events():
            self.assertEqual([e.message for e in check.iter_errors(event)], [], event)

    def test_events_follow(self):
        p = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "events", "-f", "--json"],
                             stdout=subprocess.PIPE, text=True, env=self.env())
        self.assertEqual(json.loads(p.stdout.readline())["type"], "ruleset")
        self.tell("events 1")
        self.assertEqual(json.loads(p.stdout.readline())["type"], "verdict")
        p.kill()
        p.wait()
        p.stdout.close()

    def test_events_follow_over_a_restart(self):
        self.tell("events 2")
        until("the events", lambda: len(self.events()) == 3)
        p = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "events", "-f", "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env())
        for _ in range(3):
            p.stdout.readline()
        self.daemon.kill()
        self.daemon.wait()
        self.assertIn("waiting for it", p.stderr.readline())
        self.start_daemon()
        self.tell("events 1")
        e = json.loads(p.stdout.readline())
        p.kill()
        p.communicate()
        self.assertEqual((e["type"], e["record"]["seq"]), ("verdict", 2))   # 0 and 1 are not printed again

    def test_socket_mode(self):
        mode = stat.S_IMODE(os.stat(os.path.join(self.run_dir, "damperd.sock")).st_mode)
        self.assertEqual(mode, 0o666)

    def test_second_daemon_refuses(self):
        p = subprocess.run([DAMPERD, "--rules", self.rules, "--runtime-dir", self.run_dir, "--state-dir",
                            self.state_dir, "--metrics", "off"], capture_output=True, text=True, timeout=BOUND_S)
        self.assertEqual(p.returncode, 1)
        self.assertIn("another damperd answers", p.stderr)
        self.assertTrue(self.answers())


if __name__ == "__main__":
    needs.main(sys.argv[4:], verbosity=2)
