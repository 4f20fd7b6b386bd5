#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Starts, kills and restarts of damperd and of the data plane.

Usage: test_living.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import BOUND_S, DAMPERD, GOOD, OTHER, WRONG, Case, until  # noqa: E402
import needs  # noqa: E402


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
            with open(path) as f:       # its last line may be half written
                return [json.loads(line) for line in f if line.endswith("\n")]
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
        # A data plane that gives no answer: a line out for each line in all the same.
        p = self.damper("explain", "--hex", "-", "--state", "live", input="40010001\nno hex\n\n", code=70)
        self.assertEqual([json.loads(line).get("verdict", "none") for line in p.stdout.splitlines()],
                         [None, "none", None])
        self.assertEqual(p.stderr.count("lacks what was asked for"), 1)
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
    needs.main(sys.argv[4:], verbosity=2)
