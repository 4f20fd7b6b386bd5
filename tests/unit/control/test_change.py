#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loads that can be undone: generations, confirm, rollback, through kills and
restarts of either process.

Usage: test_change.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import BOUND_S, DAMPER, GOOD, Case, until  # noqa: E402

TEST = """version: 1
rules: rules.yaml
tests:
  - name: discovery %(what)s
    send: [{from: 203.0.113.9, to: 192.0.2.7, msg: "CON GET /.well-known/core"}]
    expect: {verdict: %(what)s}
"""


def revision(n):
    """GOOD with another revision."""
    return GOOD.replace("revision: 7", f"revision: {n}")


class Change(Case):
    def setUp(self):
        super().setUp()
        self.start_fake()
        self.start_daemon()

    def load(self, text, *more, code=0, name="new.yaml"):
        return self.damper("load", self.write(name, text), *more, code=code)

    def history(self):
        return json.loads(self.damper("history", "--json").stdout)

    def newest(self):
        return self.history()["generations"][0]

    def revision(self):
        program = self.status()["program"]
        return program and program["revision"]

    def on_disk(self):
        """Revision of what the data plane would start with, by the digest of its text."""
        with open(os.path.join(self.state_dir, "disk.bin"), "rb") as file:
            block = file.read()
        return [n for n in range(7, 21)
                if hashlib.blake2b(revision(n).encode(), digest_size=32).hexdigest().encode() in block]

    def trial_file(self):
        return os.path.join(self.state_dir, "confirm.json")

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def events(self):
        found = self.api("GET", "/v1/events")[1]["events"]
        return [e["ruleset"]["result"] for e in found if e["type"] == "ruleset"]

    def wait_event(self, what):
        until(f"the event '{what}'", lambda: self.events()[-1:] == [what])

    def wait_back(self, to=7):
        until("the rules before", lambda: self.revision() == to and not os.path.exists(self.trial_file()))

    def time_is_over(self):
        """What waits to be confirmed has waited long enough: so it is written down, where
        the next damperd reads it. To be called while none runs."""
        self.change_trial(deadline_ms=int(time.monotonic() * 1000) - 1)

    # Confirming.

    def test_what_waits_is_shown(self):
        out = self.load(revision(8), "--confirm", "10min").stdout
        self.assertIn("goes back by itself in 10 min 0 s", out)
        self.assertEqual((self.revision(), self.on_disk()), (8, [7]))
        confirm = self.status()["confirm"]
        self.assertEqual((confirm["generation"], confirm["base"], confirm["overdue"]), (2, 1, False))
        self.assertIn(confirm["remaining_s"], range(400, 601))
        self.assertIn("TO BE CONFIRMED", self.damper("show", "status").stdout)
        self.assertRegex(self.metrics(), r"damper_ruleset_confirm_remaining_seconds (?:[45]\d\d|600)\n")
        self.assertEqual(self.newest()["state"], "pending")

    def test_goes_back_by_itself(self):
        self.assertIn("goes back by itself in 1 s", self.load(revision(8), "--confirm", "1s").stdout)
        self.wait_back()
        self.assertIsNone(self.status()["confirm"])
        self.assertNotIn("confirm_remaining", self.metrics())
        back, tried = self.history()["generations"][:2]
        self.assertEqual((back["how"], back["of"], back["generation"]), ("back", 1, 3))
        self.assertEqual((tried["state"], tried["state_by"]), ("gone_back", "nobody confirmed in time"))
        self.assertEqual(self.on_disk(), [7])
        self.wait_event("gone_back")
        self.assertIn("nothing", json.dumps(self.api("POST", "/v1/confirm")[1]))
        self.damper("confirm", code=1)

    def test_confirmed(self):
        self.load(revision(8), "--confirm", "1h")
        self.assertIn("generation 2 is confirmed", self.damper("confirm").stdout)
        self.assertEqual((self.revision(), self.on_disk()), (8, [8]))
        self.assertFalse(os.path.exists(self.trial_file()))
        self.assertEqual((self.newest()["state"], self.newest()["running"]), ("confirmed", True))
        self.wait_event("confirmed")
        self.damper("confirm", code=1)

    def test_key_of_the_file(self):
        self.load(GOOD.replace("revision: 7", "revision: 8, confirm: 10 min"))
        self.assertIn(self.status()["confirm"]["remaining_s"], range(400, 601))
        self.damper("rollback")
        self.load(GOOD.replace("revision: 7", "revision: 9, confirm: 1 s"))
        self.wait_back()

    def test_the_command_overrules_the_file(self):
        self.load(GOOD.replace("revision: 7", "revision: 8, confirm: 1 s"), "--confirm", "5min")
        self.assertGreater(self.status()["confirm"]["remaining_s"], 200)

    def test_killed_while_it_waits(self):
        self.load(revision(8), "--confirm", "10min")
        loads = self.loads()
        self.kill()
        self.start_daemon()
        self.assertEqual((self.revision(), self.loads()), (8, loads))
        self.assertIn(self.status()["confirm"]["remaining_s"], range(400, 601))
        self.damper("confirm")
        self.kill()
        self.start_daemon()
        self.assertEqual((self.revision(), self.loads()), (8, loads))

    def test_killed_and_too_late(self):
        self.load(revision(8), "--confirm", "1h")
        self.kill()
        self.time_is_over()
        self.assertEqual(self.on_disk(), [7])
        self.start_daemon()
        self.wait_back()

    def test_killed_while_it_is_handed_over(self):
        """The data plane has the rules, and damperd dies before it hears so."""
        self.load(revision(8))      # not the rule file, which would come back by itself
        self.tell("hold")
        new = self.write("new.yaml", revision(9))
        asking = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "load", new, "--confirm", "2s"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("the hand-over", lambda: self.loads() == 3)
        self.kill()
        asking.wait(timeout=BOUND_S)
        self.tell("release")
        self.start_daemon()
        self.wait_back(8)

    def test_killed_before_it_is_handed_over(self):
        """Written down, but never arrived: nothing to go back from."""
        self.load(revision(8))
        self.load(revision(9), "--confirm", "1h")
        self.edit_trial(generation=0, digest="00", base_digest="11")
        until("the end of the trial", lambda: not os.path.exists(self.trial_file()))
        self.assertEqual((self.revision(), self.status()["confirm"]), (9, None))

    def test_another_boot(self):
        """Another boot id: the time that is left is worth nothing."""
        self.load(revision(8), "--confirm", "1h")
        self.edit_trial(boot="00000000-0000-0000-0000-000000000000")
        self.wait_back()

    def test_clock_before_the_beginning(self):
        self.load(revision(8), "--confirm", "1h")
        self.edit_trial(began_ms=1 << 50, deadline_ms=1 << 51)
        self.wait_back()

    def test_wall_clock_means_nothing(self):
        self.load(revision(8), "--confirm", "1h")
        self.edit_trial(wall=1)
        self.assertEqual((self.revision(), self.status()["confirm"]["overdue"]), (8, False))

    def change_trial(self, **values):
        with open(self.trial_file(), encoding="utf-8") as file:
            trial = json.load(file)
        with open(self.trial_file(), "w", encoding="utf-8") as file:
            json.dump({**trial, **values}, file)

    def edit_trial(self, **values):
        self.kill()
        self.change_trial(**values)
        self.start_daemon()

    def test_damaged_file(self):
        self.load(revision(8), "--confirm", "1h")
        self.kill()
        with open(self.trial_file(), "w", encoding="utf-8") as file:
            file.write("{")
        self.start_daemon()
        self.wait_back()

    def test_dataplane_restarts(self):
        """It starts with what was confirmed; that ends the trial."""
        self.load(revision(8), "--confirm", "1h")
        loads = self.loads()
        self.stop_fake()
        self.start_fake()
        self.wait_back()
        self.assertEqual((self.loads(), loads), (0, 2))
        self.assertEqual(self.newest()["state"], "gone_back")
        self.wait_event("gone_back")
        # The next one goes back to what runs, which is not the newest.
        self.load(revision(9), "--confirm", "1h", name="third.yaml")
        self.assertEqual(self.status()["confirm"]["base"], 1)
        self.damper("rollback")
        self.assertEqual(self.revision(), 7)

    def test_an_operators_rules_outlive_a_trial(self):
        """What was loaded before the trial stays, though the rule file is another."""
        self.load(revision(8))
        self.load(revision(9), "--confirm", "1h")
        self.stop_fake()
        self.start_fake()
        self.wait_back(8)
        self.kill()
        self.start_daemon()
        self.assertEqual(self.revision(), 8)

    def test_what_to_go_back_to_is_never_dropped(self):
        """Trials that end by a restart leave no newer generation with the rules
        before; ten of them would push these out."""
        for n in range(8, 19):
            self.load(revision(n), "--confirm", "1h")
            self.stop_fake()
            self.start_fake()
            self.wait_back()
        self.load(revision(20), "--confirm", "1s")
        self.wait_back()
        self.assertEqual((self.newest()["how"], self.newest()["of"]), ("back", 1))

    def test_both_restart(self):
        self.load(revision(8), "--confirm", "1h")
        self.kill()
        self.stop_fake()
        self.start_fake()
        self.start_daemon()
        self.wait_back()

    def test_dataplane_away_at_the_deadline(self):
        self.tell("after load fault close")
        self.load(revision(8), "--confirm", "1s")
        until("the end of the time", lambda: self.status()["confirm"]["overdue"])
        self.tell("fault none")
        self.wait_back()

    def test_refused_on_the_way_back(self):
        self.tell("after load fault refuse")
        self.load(revision(8), "--confirm", "1s")
        until("a try", lambda: "refused" in self.events())
        self.assertEqual(self.revision(), 8)
        self.assertTrue(self.status()["confirm"]["overdue"])
        self.tell("fault none")
        self.wait_back()

    def test_refused_on_the_way_there(self):
        self.tell("fault refuse")
        self.load(revision(8), "--confirm", "1h", code=5)
        self.assertFalse(os.path.exists(self.trial_file()))
        self.assertIsNone(self.status()["confirm"])

    def test_other_loads_wait(self):
        self.load(revision(8), "--confirm", "1h")
        p = self.load(revision(9), code=7, name="third.yaml")
        self.assertIn("waits to be confirmed", p.stderr)
        self.write("rules.yaml", revision(10))
        self.daemon.send_signal(signal.SIGHUP)
        until("the refusal", lambda: "waits to be confirmed" in self.logged())
        self.assertEqual(self.revision(), 8)
        self.damper("rollback")
        self.assertEqual((self.revision(), self.on_disk()), (7, [7]))
        self.assertIsNone(self.status()["confirm"])
        self.assertEqual([g["state"] for g in self.history()["generations"]][:2], ["loaded", "gone_back"])
        self.load(revision(9), name="third.yaml")
        self.assertEqual(self.revision(), 9)

    def test_not_loaded_when_it_could_not_be_undone(self):
        self.kill()
        generations = os.path.join(self.state_dir, "generations")
        os.rename(generations, generations + ".away")
        with open(generations, "w", encoding="utf-8"):
            pass
        self.start_daemon()
        p = self.load(revision(8), "--confirm", "1h", code=5)
        self.assertIn("could not be undone", p.stderr)
        self.assertEqual(self.revision(), 7)
        p = self.load(revision(8))
        self.assertIn("'damper rollback' will not know them", p.stderr)
        self.assertEqual(self.revision(), 8)

    def test_confirmed_too_late(self):
        self.load(revision(8), "--confirm", "1s")
        until("the rules before", lambda: self.status()["confirm"] is None and self.revision() == 7)
        p = self.damper("confirm", code=1)
        self.assertIn("too late: the rules before run again", p.stderr)
        self.assertIn("as generation 3", p.stderr)
        self.load(revision(9), "--confirm", "1h")
        self.damper("confirm")
        self.assertIn("generation 4 is confirmed already", self.damper("confirm", code=1).stderr)

    def test_the_same_rules_have_nothing_to_confirm(self):
        self.load(revision(8))
        p = self.load(revision(8), "--confirm", "1h")
        self.assertIn("nothing to go back to, and nothing to confirm", p.stderr)
        self.assertNotIn("it goes back by itself", p.stdout)
        self.assertIsNone(self.status()["confirm"])

    # Generations.

    def test_ten_are_kept(self):
        for n in range(8, 21):
            self.load(revision(n), "--comment", f"step {n}")
        doc = self.history()["generations"]
        self.assertEqual([g["generation"] for g in doc], list(range(14, 4, -1)))
        self.assertEqual([g["revision"] for g in doc], list(range(20, 10, -1)))
        self.assertEqual((doc[0]["comment"], doc[0]["how"], doc[0]["tests"]), ("step 20", "load", "there are none"))
        self.kill()
        self.start_daemon()
        self.assertEqual(self.history()["generations"], doc)
        self.assertEqual(len(os.listdir(os.path.join(self.state_dir, "generations"))), 30)

    def test_first_is_the_file(self):
        first, = self.history()["generations"]
        self.assertEqual((first["how"], first["by"], first["file"]), ("file", "damperd, at its start", self.rules))

    def test_a_file_that_includes_is_kept_whole(self):
        """With all it includes, and as it was when it was read: the data plane comes later."""
        self.kill()
        self.stop_fake()
        shutil.rmtree(os.path.join(self.state_dir, "generations"))
        os.unlink(os.path.join(self.state_dir, "disk.bin"))
        self.write("more.yaml", "version: 1\nrules:\n  - {id: more, match: {code: GET}, then: drop}\n")
        with open(self.rules, "w", encoding="utf-8") as file:
            file.write(revision(8).replace("rules:\n", "include: more.yaml\nrules:\n"))
        self.start_daemon(wait=False)
        until("a wanted program", lambda: "is away" in self.logged())
        self.write("more.yaml", "version: 1\nrules: []\n")
        self.start_fake()
        # They run a moment before they are written down.
        first = until("the rules", lambda: [g for g in self.history()["generations"] if g["revision"] == 8])[0]
        self.assertTrue(first["has_source"])
        self.assertIn("id: more", self.damper("show", "rules", "--generation", str(first["generation"])).stdout)
        self.load(revision(9))
        self.damper("rollback")
        self.assertIn("id: more", self.damper("show", "rules", "--generation", str(self.newest()["generation"])).stdout)
        # Again by a data plane that has forgotten all: the text goes with the program.
        self.stop_fake()
        os.unlink(os.path.join(self.state_dir, "disk.bin"))
        before = self.newest()["generation"]
        self.start_fake()
        until("the rules again", lambda: self.newest()["generation"] > before)
        self.assertIn("id: more", self.damper("show", "rules", "--generation", str(self.newest()["generation"])).stdout)

    def test_what_runs_already_is_written_down(self):
        """A damperd that has no record yet finds its rule file at work."""
        self.kill()
        shutil.rmtree(os.path.join(self.state_dir, "generations"))
        self.start_daemon()
        found, = until("a record", lambda: self.history()["generations"])
        self.assertEqual((found["how"], found["file"], found["running"], found["has_source"]),
                         ("found", self.rules, True, True))
        self.assertEqual(self.loads(), 1)
        self.damper("diff", self.rules)

    def test_rollback(self):
        self.load(revision(8))
        self.load(revision(9))
        self.assertIn("generation 4 runs", self.damper("rollback").stdout)
        self.assertEqual(self.revision(), 8)
        self.damper("rollback", "1", "--comment", "as it was")
        self.assertEqual((self.revision(), self.newest()["of"], self.newest()["comment"]), (7, 1, "as it was"))
        self.assertIn("not kept", self.damper("rollback", "99", code=1).stderr)
        self.damper("rollback", "x", code=2)
        self.damper("rollback", "3", "--confirm", "1s")
        self.wait_back()
        back, tried = self.history()["generations"][:2]
        self.assertEqual((tried["of"], tried["revision"], tried["state"]), (3, 9, "gone_back"))
        self.assertEqual((back["how"], back["revision"]), ("back", 7))

    def test_nothing_to_go_back_to(self):
        self.assertIn("no generation to go back to", self.damper("rollback", code=1).stderr)

    def test_a_damaged_program_is_made_anew(self):
        self.load(revision(8))
        path = os.path.join(self.state_dir, "generations", "0000000001.program")
        with open(path, "r+b") as file:
            file.seek(100)
            file.write(b"\xff\xff\xff\xff")
        self.damper("rollback")
        self.assertEqual(self.revision(), 7)

    def test_a_damaged_text_is_not_shown(self):
        path = os.path.join(self.state_dir, "generations", "0000000001.rules")
        with open(path, "a", encoding="utf-8") as file:
            file.write("# not what was loaded\n")
        self.assertIn("not known", self.damper("show", "rules", "--generation", "1", code=1).stderr)

    def test_interrupted_writes(self):
        """A kill between any two files of a generation leaves no half of one."""
        folder = os.path.join(self.state_dir, "generations")
        self.kill()
        for name in ("0000000002.rules", "0000000002.program", ".0000000003.json.new", "0000000004.json"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write("{")
        self.start_daemon()
        self.assertEqual([g["generation"] for g in self.history()["generations"]], [1])
        self.assertEqual(sorted(os.listdir(folder)), [f"0000000001.{w}" for w in ("json", "program", "rules")])

    def test_numbers_never_come_twice(self):
        """A data plane that has lost its disk counts from one again."""
        self.load(revision(8))
        self.stop_fake()
        os.unlink(os.path.join(self.state_dir, "disk.bin"))
        self.start_fake()
        until("the rules again", lambda: self.revision() == 8)
        new = self.write("new.yaml", revision(9))
        # The load of our own that gave them back may not have ended yet.
        until("a load", lambda: subprocess.run([DAMPER, "--runtime-dir", self.run_dir, "load", new],
                                               capture_output=True, check=False).returncode == 0)
        numbers = [g["generation"] for g in self.history()["generations"]]
        self.assertEqual(numbers, sorted(set(numbers), reverse=True))
        self.assertGreater(self.generation(), 2)

    def test_show_and_diff(self):
        folder = self.sub("several")
        with open(os.path.join(folder, "more.yaml"), "w", encoding="utf-8") as file:
            file.write("version: 1\nrules:\n  - {id: more, match: {code: GET}, then: drop}\n")
        with open(os.path.join(folder, "root.yaml"), "w", encoding="utf-8") as file:
            file.write(revision(8).replace("rules:\n", "include: more.yaml\nrules:\n"))
        out = self.damper("load", os.path.join(folder, "root.yaml")).stdout
        self.assertIn("+ rule more", out)
        self.assertIn("compiled", out)
        text = self.damper("show", "rules", "--generation", "2").stdout
        self.assertIn("# file root.yaml", text)
        self.assertIn("# file more.yaml\nversion: 1\n", text)
        self.assertEqual(self.damper("show", "rules", "--generation", "1").stdout,
                         f"# file {self.rules}\n{GOOD}")
        out = self.damper("diff", "1", "2", code=1).stdout
        self.assertIn("revision: 7 -> 8", out)
        self.assertIn("+ rule more", out)
        self.assertIn("- rule more", self.damper("diff", "running", "1", code=1).stdout)
        self.damper("diff", "running", "2")
        self.damper("diff", os.path.join(folder, "root.yaml"))
        self.assertIn("not kept", self.damper("diff", "1", "99", code=1).stderr)

    def test_replay_and_explain_by_a_generation(self):
        self.load(GOOD.replace("mode: observe\n    ", ""))
        ask = ["explain", "--msg", "CON GET /x", "--from", "203.0.113.9", "--to", "192.0.2.7", "--json", "--rules"]
        self.assertEqual(json.loads(self.damper(*ask, "2", code=1).stdout)["verdict"]["verdict"], "drop")
        doc = json.loads(self.damper(*ask, "1").stdout)
        self.assertEqual((doc["verdict"]["verdict"], doc["rules_from"]["file"]), ("accept", "generation 1"))

    # Tests first.

    def test_red_tests_stop_a_load(self):
        self.write("new.test.yaml", (TEST % {"what": "accept"}).replace("rules.yaml", "new.yaml"))
        self.write("other.test.yaml", TEST % {"what": "drop"})      # of another rule file
        self.load(revision(8))
        self.assertEqual(self.newest()["tests"], "1 passed")
        self.write("new.test.yaml", (TEST % {"what": "drop"}).replace("rules.yaml", "new.yaml"))
        p = self.load(revision(9), code=1)
        self.assertIn("test 'discovery drop' is red", p.stderr)
        self.assertIn("nothing was loaded", p.stderr)
        self.assertEqual(self.revision(), 8)
        self.load(revision(9), "--no-tests")
        self.assertEqual((self.revision(), self.newest()["tests"]), (9, "left out"))

    def test_json_of_a_load(self):
        doc = json.loads(self.load(revision(8), "--json", "--confirm", "1min").stdout)
        self.assertEqual((doc["ok"], doc["generation"], doc["confirm_s"], doc["tests"]), (True, 2, 60, "there are none"))
        self.assertEqual([c["kind"] for c in doc["diff"]["changes"]], ["ruleset"])

    def test_usage(self):
        for args in (["load", self.rules, "--confirm", "0"], ["load", self.rules, "--confirm", "2d"],
                     ["load", self.rules, "--confirm", "120"], ["load", "--confirm", self.rules],
                     ["rollback", "0"], ["rollback", "00"], ["rollback", "--confirm", "x"], ["diff"], ["diff", "a", "b", "c"],
                     ["show", "rules", "--generation", "x"], ["confirm", "7"]):
            with self.subTest(args=args):
                self.damper(*args, code=2)
        for path in ("/v1/load?confirm=x", "/v1/load?confirm=86401", "/v1/rollback?to=-1", "/v1/rollback?confirm=x"):
            with self.subTest(path=path):
                self.assertEqual(self.api("POST", path, "x")[0], 400)
        self.assertEqual(self.api("GET", "/v1/generation?number=x")[0], 400)
        self.assertEqual(self.api("GET", "/v1/program?number=99")[0], 409)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
