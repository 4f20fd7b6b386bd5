#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""damperd and damper as an operator uses them, against the fake data plane.

Usage: test_binaries.py DAMPERD DAMPER FAKE_DATAPLANE

Every wait is for a condition, with a bound; nothing depends on how long a
fixed sleep happens to be.
"""
import grp
import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

DAMPERD, DAMPER, FAKE = (os.path.abspath(p) for p in sys.argv[1:4])
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
SCHEMA = os.path.join(SOURCE, "docs/event.schema.json")
BOUND_S = 20

GOOD = """version: 1
ruleset: {name: home, revision: 7}
limits:
  few: {per: peer, rate: 2 msg/s, burst: 10 msg}
rules:
  - id: discovery
    match: {msg: request, path: /.well-known/core}
    limit: few
    over: drop
  - id: try-out
    mode: observe
    match: any
    then: drop
"""
OTHER = GOOD.replace("revision: 7", "revision: 8").replace("try-out", "second-try")
WRONG = GOOD.replace("then: drop", "then: explode")


def until(what, condition):
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain for " + what)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("damperd", timeout=BOUND_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(BOUND_S)
        self.sock.connect(self.path)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="damper")
        os.chmod(self.dir, 0o755)
        self.run_dir = self.sub("run")
        self.state_dir = self.sub("state")
        self.rules = self.write("rules.yaml", GOOD)
        self.log = os.path.join(self.dir, "log")
        self.fake = self.daemon = None

    def tearDown(self):
        code = 0
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.terminate()     # in peace, so that a sanitizer can speak
            code = self.daemon.wait(timeout=BOUND_S)
        if self.fake is not None:
            self.fake.kill()
            self.fake.wait()
            self.close_fake()
        text = self.logged() if os.path.exists(self.log) else ""
        shutil.rmtree(self.dir)
        self.assertEqual((code, "Sanitizer" in text), (0, False), text)

    def sub(self, name):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        return path

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def logged(self):
        with open(self.log) as f:
            return f.read()

    # The processes.

    def start_fake(self):
        self.fake = subprocess.Popen([FAKE, self.run_dir, os.path.join(self.state_dir, "disk.bin")],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.fake.stdout.readline(), "ok\n")

    def close_fake(self):
        self.fake.stdin.close()
        self.fake.stdout.close()

    def stop_fake(self):
        self.fake.kill()
        self.fake.wait()
        self.close_fake()

    def tell(self, command):
        self.fake.stdin.write(command + "\n")
        self.fake.stdin.flush()
        return self.fake.stdout.readline()

    def loads(self):
        return int(self.tell("count load").split()[0])

    def start_daemon(self, *more, wait=True):
        with open(self.log, "a") as log:
            self.daemon = subprocess.Popen([DAMPERD, "--rules", self.rules, "--runtime-dir", self.run_dir,
                                            "--state-dir", self.state_dir, "--metrics", "127.0.0.1:0", *more],
                                           stderr=log, env=self.env())
        until("the API", self.answers)
        if wait:
            until("a first look at the data plane", lambda: self.status()["dataplane"]["up"] and self.settled())

    def settled(self):
        return re.search(r"is loaded|nothing to load|not loaded", self.logged())

    def answers(self):
        if self.daemon.poll() is not None:
            raise AssertionError("damperd ended: " + self.logged())
        try:
            return self.api("GET", "/v1/status")[0] == 200
        except OSError:
            return False

    def env(self):
        env = dict(os.environ)
        for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM", "DAMPER_RUNTIME_DIR"):
            env.pop(name, None)
        return env

    # The ways to ask.

    def api(self, method, path, body=None):
        c = UnixConnection(os.path.join(self.run_dir, "damperd.sock"))
        try:
            c.request(method, path, body)
            r = c.getresponse()
            text = r.read()
            return r.status, json.loads(text) if text else None
        finally:
            c.close()

    def status(self):
        return self.api("GET", "/v1/status")[1]

    def generation(self):
        return self.status()["program"]["generation"]

    def metrics(self):
        host, port = self.status()["damperd"]["metrics"].rsplit(":", 1)
        c = http.client.HTTPConnection(host, int(port), timeout=BOUND_S)
        try:
            c.request("GET", "/metrics")
            r = c.getresponse()
            self.assertEqual(r.status, 200)
            self.assertEqual(r.getheader("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
            return r.read().decode()
        finally:
            c.close()

    def damper(self, *args, code=0, **kw):
        p = subprocess.run([DAMPER, "--runtime-dir", self.run_dir, *args], capture_output=True, text=True,
                           timeout=BOUND_S, env=self.env(), **kw)
        self.assertEqual(p.returncode, code, f"damper {' '.join(args)}\n{p.stdout}\n{p.stderr}")
        return p


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
        self.assertEqual(self.api("POST", "/v1/load", "x" * (5 << 20))[0], 413)
        self.assertEqual(self.generation(), 1)

    def test_text(self):
        out = self.damper("show", "status").stdout
        for part in ("filtering", "generation 1, home revision 7, 2 rules (1 only observing)", "factor 2.25",
                     "outside (net_tap0) up, 19 packets missed", "amplification"):
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
        if shutil.which("promtool"):
            p = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual((p.returncode, p.stdout + p.stderr), (0, ""))

    def test_metrics_only(self):
        host, port = self.status()["damperd"]["metrics"].rsplit(":", 1)
        for method, path, code in (("GET", "/v1/status", 404), ("POST", "/metrics", 405), ("POST", "/v1/load", 405)):
            c = http.client.HTTPConnection(host, int(port), timeout=BOUND_S)
            c.request(method, path, "x" if method == "POST" else None)
            self.assertEqual(c.getresponse().status, code)
            c.close()

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
        self.assertIn('damper_events_total{type="verdict"} 3\n', self.metrics())
        self.valid_events()
        self.assertIn('damper_events_suppressed_total{type="verdict"} 2436\n', self.metrics())

    def test_events_overrun(self):
        self.tell("events 1")
        until("the first event", lambda: [e for e in self.events() if e["type"] == "verdict"])
        self.tell("events 5000")    # in one go: only the newest of the ring are left
        lines = until("the loss", lambda: [e for e in self.events() if e["type"] == "health"])
        self.assertRegex(lines[0]["health"]["text"], r"^\d+ events were overwritten")
        verdicts = [e["record"]["seq"] for e in self.events() if e["type"] == "verdict"]
        self.assertEqual(verdicts[-1], 5000)
        self.assertEqual(verdicts, sorted(set(verdicts)))

    def events(self):
        return [json.loads(line) for line in self.damper("events", "--json").stdout.splitlines()]

    def attacks(self, phase):
        return [e for e in self.events() if e["type"] == "attack" and e["attack"]["phase"] == phase]

    def test_attack(self):
        """Start, update and end of one attack, over a restart of damperd."""
        self.write("rules.yaml", GOOD + "events: {attack: {rate: 30 msg/min, update: 1 s, quiet: 6 s}}\n")
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
        self.start_daemon()
        end = until("the end", lambda: self.attacks("end"))[0]
        self.assertEqual((end["attack"]["id"], end["attack"]["packets"]), (start["attack"]["id"], 600))
        self.assertEqual(self.attacks("start"), [])
        self.assertEqual(self.status()["attacks"], [])
        self.assertIn("ATTACK end on rule discovery: 600 packets", self.damper("events").stdout)
        self.valid_events()

    def valid_events(self):
        """Each event is as docs/event.schema.json says, which allows nothing else."""
        if jsonschema is None:
            self.skipTest("python3-jsonschema is not installed")
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


class Monitoring(Case):
    """The alerts and the dashboard that are shipped, against what is exported."""
    ALERTS = os.path.join(SOURCE, "packaging/prometheus/damper.rules.yml")
    ALERT_TESTS = os.path.join(SOURCE, "tests/unit/control/damper.rules.test.yml")
    DASHBOARD = os.path.join(SOURCE, "packaging/grafana/damper.json")
    # Such a name is a family, or one that Prometheus makes of a summary's or
    # histogram's; we have none of these.
    NAME = re.compile(r"\bdamper_[a-z0-9_]+")

    def exported(self):
        """Names and labels of all families, with an exemption that ends."""
        self.write("rules.yaml", GOOD + "exempt: [{from: 192.0.2.1, about: a test, until: 2099-12-31}]\n")
        self.start_fake()
        self.start_daemon()
        families = {}
        for line in self.metrics().splitlines():
            m = re.match(r"(damper_\w+)(?:{(.*)})? ", line)
            if m:
                families.setdefault(m[1], set()).update(re.findall(r'(\w+)="', m[2] or ""))
        self.assertIn("damper_exempt_expiry_timestamp_seconds", families)
        return families

    def expressions(self):
        """Each expression of the dashboard, with a word that names it."""
        with open(self.DASHBOARD) as f:
            board = json.load(f)
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield panel["title"], target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield "variable " + variable["name"], variable["definition"]
        for note in board["annotations"]["list"]:
            yield "annotation " + note["name"], note["expr"]

    def check(self, what, expr, families):
        names = self.NAME.findall(expr)
        self.assertTrue(names, what)
        for name in names:
            self.assertIn(name, families, f"{what}: {name} is exported by nobody")
        for name, labels in re.findall(r"(damper_\w+){([^}]*)}", expr):
            for label in re.findall(r"(\w+)(?:=~|!=|!~|=)", labels):
                if label != "instance":         # Prometheus' own
                    self.assertIn(label, families[name], f"{what}: {name} has no label {label}")

    def test_dashboard(self):
        families, seen = self.exported(), 0
        for title, expr in self.expressions():
            self.check(title, expr, families)
            seen += 1
        self.assertGreater(seen, 25)

    def test_dashboard_panels(self):
        with open(self.DASHBOARD) as f:
            board = json.load(f)
        ids = [p["id"] for p in board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for p in board["panels"]:
            g = p["gridPos"]
            cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
            self.assertFalse(cells & taken, f"{p['title']} lies on another")
            self.assertLessEqual(g["x"] + g["w"], 24, p["title"])
            taken |= cells

    def alerts(self):
        with open(self.ALERTS) as f:
            return f.read()

    def test_alerts_name_what_is_exported(self):
        families = self.exported()
        found = re.findall(r"(?ms)^ +- alert: (\w+)$.*?^ +expr: (.*?)^ +(?:for|labels):", self.alerts())
        self.assertEqual(len(found), self.alerts().count("- alert:"))
        for name, expr in found:
            self.check(name, expr, families)

    def promtool(self, *args):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian package prometheus)")
        for path in (self.ALERTS, self.ALERT_TESTS):
            shutil.copy(path, self.dir)
        p = subprocess.run(["promtool", *args], cwd=self.dir, capture_output=True, text=True)
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)

    def test_alert_rules(self):
        self.promtool("check", "rules", "damper.rules.yml")

    def test_alerts_fire(self):
        self.promtool("test", "rules", "damper.rules.test.yml")

    def test_each_alert_is_tested(self):
        with open(self.ALERT_TESTS) as f:
            text = f.read()
        for name in re.findall(r"- alert: (\w+)", self.alerts()):
            self.assertRegex(text, rf"alertname: {name}, exp_alerts: \[\]", "no case in which it does not fire")
            self.assertRegex(text, rf"alertname: {name}\n +exp_alerts:", "no case in which it fires")


class Loading(Case):
    """Everything that changes what runs."""

    def test_load(self):
        self.start_fake()
        self.start_daemon()
        other = self.write("other.yaml", OTHER)
        p = self.damper("load", other, "--comment", "ticket 4711 \t& more")
        self.assertIn("generation 2 runs: home, 2 rules (1 only observing)", p.stdout)
        s = self.status()["program"]
        self.assertEqual((s["generation"], s["revision"], s["comment"]), (2, 8, "ticket 4711 ?& more"))
        self.assertEqual(s["file"], other)
        with open(os.path.join(self.state_dir, "rules.last.yaml")) as f:
            self.assertEqual(f.read(), OTHER)
        with open(os.path.join(self.state_dir, "history.json")) as f:
            self.assertEqual(json.load(f)["generation"], 2)
        j = json.loads(self.damper("load", self.rules, "--json").stdout)
        self.assertEqual((j["ok"], j["generation"], j["program"]["revision"]), (True, 3, 7))
        self.assertIn("rules loaded: generation 2", self.damper("events").stdout)

    def test_wrong_changes_nothing(self):
        self.start_fake()
        self.start_daemon()
        wrong = self.write("wrong.yaml", WRONG)
        p = self.damper("load", wrong, code=1)
        self.assertRegex(p.stderr, r"wrong\.yaml:13:\d+: error: ")
        self.assertIn("nothing was loaded", p.stderr)
        j = json.loads(self.damper("load", "--json", wrong, code=1).stdout)
        self.assertEqual((j["ok"], j["errors"]), (False, 1))
        # The same past the check on this side: damperd refuses as well.
        status, j = self.api("POST", "/v1/load?name=w.yaml", WRONG)
        self.assertEqual((status, j["ok"], j["error"], j["errors"]), (422, False, "wrong_rules", 1))
        self.assertEqual((j["diagnostics"][0]["file"], j["diagnostics"][0]["line"]), ("w.yaml", 13))
        self.assertIn("w.yaml:13:", j["report"])
        self.assertEqual((self.generation(), self.loads()), (1, 1))
        s = self.status()
        self.assertFalse(s["last_load"]["ok"])
        self.assertIn('damper_ruleset_reloads_total{result="rejected"} 1\n', self.metrics())
        self.assertIn("damper_ruleset_last_reload_successful 0\n", self.metrics())
        self.assertIn("FAILED", self.damper("show", "status").stdout)

    def test_refused_by_the_data_plane(self):
        self.start_fake()
        self.start_daemon()
        self.tell("fault refuse")
        p = self.damper("load", self.write("other.yaml", OTHER), code=5)
        self.assertIn("row 7 of the classes is out of range", p.stderr)
        self.assertEqual((self.generation(), self.status()["program"]["revision"]), (1, 7))

    def test_one_load_at_a_time(self):
        self.start_fake()
        self.start_daemon()
        self.tell("hold")
        first = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "load", self.rules],
                                 stdout=subprocess.PIPE, text=True, env=self.env())
        until("the first load", lambda: self.loads() == 2)
        p = self.damper("load", self.rules, code=7)
        self.assertIn("another load", p.stderr)
        self.assertEqual(self.damper("show", "status").returncode, 0)   # reading goes on meanwhile
        self.tell("release")
        self.assertIn("generation 2 runs", first.communicate(timeout=BOUND_S)[0])
        self.assertEqual(first.returncode, 0)

    def test_data_plane_goes_silent(self):
        self.start_fake()
        self.start_daemon()
        self.tell("fault silent")
        p = self.damper("bypass", "on", code=8)
        self.assertIn("did not answer in time", p.stderr)
        self.tell("fault none")
        until("the connection to be made again", lambda: self.status()["dataplane"]["up"])
        self.damper("bypass", "off")
        self.tell("fault short")
        self.damper("bypass", "on", code=4)
        self.tell("fault none")
        until("the connection to be made again", lambda: self.status()["dataplane"]["up"])
        self.assertEqual(self.loads(), 1)

    def test_bypass(self):
        self.start_fake()
        self.start_daemon()
        self.assertIn("ON for 10 min", self.damper("bypass", "on").stdout)
        self.assertIn("BYPASS for another", self.damper("show", "status").stdout)
        self.assertIn("\ndamper_bypass_active 1\n", self.metrics())
        j = json.loads(self.damper("bypass", "on", "--for", "1h30min", "--json").stdout)
        self.assertEqual(j, {"schema": 1, "active": True, "remaining_s": 5400})
        self.damper("bypass", "off")
        self.assertFalse(self.status()["bypass"]["active"])
        self.assertIn("\ndamper_bypass_active 0\n", self.metrics())
        self.assertIn("nothing is filtered", self.damper("events").stdout)

    def test_rights(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        self.start_fake()
        self.start_daemon("--admin-group", grp.getgrgid(4).gr_name)
        nobody = {"user": 65534, "group": 65534}
        self.damper("show", "status", **nobody, extra_groups=[])
        os.chmod(self.rules, 0o644)
        for args in (["load", self.rules], ["bypass", "on"], ["bypass", "off"]):
            p = self.damper(*args, code=5, **nobody, extra_groups=[])
            self.assertIn("only root and members of group", p.stderr)
        self.assertEqual(self.generation(), 1)
        self.damper("load", self.rules, **nobody, extra_groups=[4])         # a supplementary group
        self.damper("load", self.rules, user=65534, group=4, extra_groups=[])   # the primary one
        self.assertEqual(self.generation(), 3)
        os.chmod(os.path.join(self.run_dir, "damperd.sock"), 0o600)
        p = self.damper("show", "status", code=5, **nobody, extra_groups=[])
        self.assertIn("no permission", p.stderr)


class Living(Case):
    """Starts, kills, restarts."""

    def test_wrong_file_at_start(self):
        with open(self.rules, "w") as f:
            f.write(WRONG)
        self.start_fake()
        self.start_daemon()
        self.assertIn("rules.yaml:13:", self.logged())
        self.assertEqual(self.loads(), 0)
        s = self.status()
        self.assertTrue(s["dataplane"]["up"])
        self.assertFalse(s["last_load"]["ok"])
        p = self.damper("show", "rules")
        self.assertIn("no rules are known", p.stdout)
        with open(self.rules, "w") as f:
            f.write(GOOD)
        self.daemon.send_signal(signal.SIGHUP)
        until("the corrected file", lambda: (self.status()["program"] or {}).get("generation") == 1)

    def test_kill_and_resume(self):
        self.start_fake()
        self.start_daemon()
        for _ in range(3):
            self.daemon.kill()
            self.daemon.wait()
            os.truncate(self.log, 0)
            self.start_daemon()
            self.assertIn("nothing to load", self.logged())
            s = self.status()["program"]
            self.assertEqual((s["generation"], s["loaded_by"]), (1, "damperd, at its start"))
        self.assertEqual(self.loads(), 1)

    def test_an_operators_load_outlives_damperd(self):
        self.start_fake()
        self.start_daemon()
        self.damper("load", self.write("other.yaml", OTHER), "--comment", "keep me")
        self.daemon.kill()
        self.daemon.wait()
        os.truncate(self.log, 0)
        self.start_daemon()
        s = self.status()["program"]
        self.assertEqual((s["generation"], s["revision"], s["comment"]), (2, 8, "keep me"))
        # But a changed file is what the operator wants now.
        self.daemon.kill()
        self.daemon.wait()
        os.truncate(self.log, 0)
        with open(self.rules, "w") as f:
            f.write(GOOD.replace("revision: 7", "revision: 10"))
        self.start_daemon()
        self.assertEqual(self.status()["program"]["revision"], 10)

    def test_sighup(self):
        self.start_fake()
        self.start_daemon()
        with open(self.rules, "w") as f:
            f.write(OTHER)
        self.daemon.send_signal(signal.SIGHUP)
        until("generation 2", lambda: self.generation() == 2)
        self.assertEqual(self.status()["program"]["loaded_by"], "damperd, on SIGHUP")
        with open(self.rules, "w") as f:
            f.write(WRONG)
        self.daemon.send_signal(signal.SIGHUP)
        until("the complaint", lambda: not self.status()["last_load"]["ok"])
        self.assertEqual((self.generation(), self.status()["program"]["revision"]), (2, 8))

    def test_data_plane_away_at_start(self):
        self.start_daemon(wait=False)
        until("the complaint", lambda: "the data plane is away" in self.logged())
        self.assertIn("\ndamper_up 0\n", "\n" + self.metrics())
        self.assertNotIn("damper_packets_total", self.metrics())
        self.assertIn("DATA PLANE AWAY", self.damper("show", "status", code=1).stdout)
        for args in (["show", "rules"], ["show", "memory"], ["bypass", "on"], ["load", self.rules]):
            self.assertIn("data plane is away", self.damper(*args, code=4).stderr)
        self.start_fake()
        until("the load", lambda: self.loads() == 1 and (self.status()["program"] or {}).get("generation") == 1)
        self.assertEqual(self.logged().count("trying again until it is back"), 1)

    def test_data_plane_restarts(self):
        self.start_fake()
        self.start_daemon()
        self.stop_fake()
        until("damperd to notice", lambda: not self.status()["dataplane"]["up"])
        self.assertIn("\ndamper_up 0\n", "\n" + self.metrics())
        self.assertNotIn("damper_packets_total", self.metrics())    # the file is still there, but stale
        self.start_fake()           # with the same program from its disk
        until("damperd to notice", lambda: self.status()["dataplane"]["up"])
        until("the program", lambda: self.status()["program"])
        self.assertEqual((self.loads(), self.status()["program"]["source"]), (0, "disk"))
        self.stop_fake()
        until("damperd to notice", lambda: not self.status()["dataplane"]["up"])
        os.unlink(os.path.join(self.state_dir, "disk.bin"))
        self.start_fake()           # with nothing: it gets the last good rules again
        until("the load", lambda: self.loads() == 1)
        until("the status", lambda: (self.status()["program"] or {}).get("source") == "loaded")
        self.assertEqual(self.status()["program"]["loaded_by"], "damperd, after a restart of the data plane")

    def test_state_dir_is_not_needed(self):
        shutil.rmtree(self.state_dir)
        self.start_fake()
        self.start_daemon()
        self.assertIn("cannot keep the history", self.logged())
        self.damper("load", self.rules)
        self.assertEqual(self.generation(), 2)

    def test_terminate(self):
        self.start_fake()
        self.start_daemon()
        self.daemon.terminate()
        self.assertEqual(self.daemon.wait(timeout=BOUND_S), 0)
        self.assertFalse(os.path.exists(os.path.join(self.run_dir, "damperd.sock")))

    def test_events_file(self):
        path = os.path.join(self.dir, "events.jsonl")
        self.start_fake()
        self.start_daemon("--events", path)
        self.tell("events 2")

        def lines():
            with open(path) as f:
                return [json.loads(line) for line in f]
        until("the file", lambda: len(lines()) == 3)
        os.rename(path, path + ".1")
        self.daemon.send_signal(signal.SIGHUP)
        until("a new file", lambda: os.path.exists(path) and [e for e in lines() if e["type"] == "ruleset"])

    def test_explain_and_replay_by_what_runs(self):
        self.start_fake()
        self.start_daemon()
        until("the rules", lambda: self.status()["program"]["generation"] > 0)
        asked = ("explain", "--from", "203.0.113.9", "--to", "192.0.2.1", "--msg", "CON GET /.well-known/core", "--json")
        doc = json.loads(self.damper(*asked).stdout)
        self.assertEqual(doc["rules_from"]["from"], "running")
        self.assertEqual((doc["rules_from"]["name"], doc["rules_from"]["revision"]), ("home", 7))
        self.assertEqual([r["id"] for r in doc["rules"]], ["discovery", "try-out"])
        pcap = os.path.join(self.dir, "empty.pcap")
        with open(pcap, "wb") as f:
            f.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
        other = self.write("other.yaml", OTHER)
        doc = json.loads(self.damper("replay", pcap, "--rules", other, "--against", "running", "--json").stdout)
        self.assertEqual(doc["sets"]["against"]["rules_from"]["revision"], 7)
        self.assertEqual(doc["sets"]["new"]["rules_from"]["revision"], 8)
        self.stop_fake()
        until("the news", lambda: not self.status()["dataplane"]["up"])
        self.damper("replay", pcap, "--rules", other, "--against", "12", code=1)

    def test_notify(self):
        path = os.path.join(self.dir, "notify")
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(path)
        s.settimeout(BOUND_S)
        self.start_fake()
        with open(self.log, "a") as log:
            self.daemon = subprocess.Popen([DAMPERD, "--rules", self.rules, "--runtime-dir", self.run_dir,
                                            "--state-dir", self.state_dir, "--metrics", "off"], stderr=log,
                                           env={**self.env(), "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"})
        seen = b""
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end and not (b"READY=1" in seen and b"WATCHDOG=1" in seen
                                              and b"STATUS=generation 1 (home), 2 rules (1 observing)" in seen):
            seen += s.recv(4096) + b"\n"
        self.daemon.terminate()
        while b"STOPPING=1" not in seen and time.monotonic() < end:
            seen += s.recv(4096) + b"\n"
        s.close()
        for part in (b"READY=1", b"WATCHDOG=1", b"STATUS=generation 1 (home), 2 rules (1 observing)", b"STOPPING=1"):
            self.assertIn(part, seen)

    def test_usage_of_damperd(self):
        for args, code in (([], 2), (["--help"], 0), (["--version"], 0), (["--bogus"], 2), (["--rules"], 2),
                           (["--rules", "x", "more"], 2)):
            p = subprocess.run([DAMPERD, *args], capture_output=True, text=True, timeout=BOUND_S)
            self.assertEqual(p.returncode, code, args)
        p = subprocess.run([DAMPERD, "--rules", self.rules, "--runtime-dir", self.run_dir, "--metrics", "nonsense"],
                           capture_output=True, text=True, timeout=BOUND_S)
        self.assertEqual(p.returncode, 1)
        self.assertIn("127.0.0.1:9568", p.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
