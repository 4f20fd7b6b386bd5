#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""damperd and damper, loading: everything that changes what runs.

Usage: test_loading.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import fcntl
import grp
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import BOUND_S, DAMPER, OTHER, WRONG, Case, Opens, until  # noqa: E402
import needs  # noqa: E402


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

    def test_what_was_checked_is_what_is_loaded(self):
        """A file is read once: what is put to work, kept and shown is what was
        compiled, whoever writes the file meanwhile."""
        self.start_fake()
        with Opens(self.rules) as at_start:
            self.start_daemon()
        other = self.write("other.yaml", OTHER)
        with Opens(other) as at_load:
            self.damper("load", other)
        self.damper("load", self.rules)
        self.write("rules.yaml", OTHER + "# more\n")
        with Opens(self.rules) as at_reload:
            self.daemon.send_signal(signal.SIGHUP)
            until("the reload", lambda: self.generation() == 4)
        with Opens(other) as at_check:
            self.damper("check", other)
        self.assertEqual([o.count for o in (at_start, at_load, at_reload, at_check)], [1, 1, 1, 1])
        self.assertIn(OTHER + "# more\n", self.damper("show", "rules", "--generation", "4").stdout)

    def test_large_sets(self):
        """Whatever check takes, load takes: many files of up to 4 MiB each."""
        self.start_fake()
        self.start_daemon()
        rules = OTHER + "sets:\n"
        for name in ("one", "two"):
            self.write(name + ".txt", "192.0.2.1\n" + "# who was seen scanning\n" * 90000)
            rules += f"  {name}: {{kind: prefix, source: file, file: {name}.txt}}\n"
        large = self.write("large.yaml", rules)
        self.damper("check", large)
        self.assertIn("generation 2 runs", self.damper("load", large).stdout)
        self.assertEqual(self.damper("diff", large).returncode, 0)
        self.write("two.txt", "# over 4 MiB\n" * 400000)
        p = self.damper("load", large, code=1)
        self.assertIn("two.txt: error: the file has more than 4 MiB", p.stderr)
        self.assertEqual(self.generation(), 2)

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

    def test_a_load_waits_for_one_that_ends(self):
        """A hand-over of moments sends nobody away."""
        self.start_fake()
        self.start_daemon()
        self.tell("hold")
        both = [subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "load", self.rules],
                                 stdout=subprocess.PIPE, text=True, env=self.env()) for _ in range(2)]
        until("the first load", lambda: self.loads() == 2)
        self.tell("release")
        said = sorted(p.communicate(timeout=BOUND_S)[0] for p in both)
        self.assertEqual([p.returncode for p in both], [0, 0])
        self.assertIn("generation 2 runs", said[0])
        self.assertIn("generation 3 runs", said[1])

    def test_two_operators(self):
        """Who was shown the difference to what another has replaced meanwhile is told so.
        The second is held up by a pipe that has no room for all that it shows."""
        self.start_fake()
        self.start_daemon()
        self.assertEqual(json.loads(self.damper("load", self.rules, "--json").stdout)["before"], 1)
        many = OTHER + "".join(f"  - {{id: more-{n}, match: {{path: /more/{n}}}, then: drop}}\n" for n in range(300))
        end, pipe = os.pipe()
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        second = subprocess.Popen([DAMPER, "--runtime-dir", self.run_dir, "load", self.write("many.yaml", many)],
                                  stdout=pipe, stderr=subprocess.PIPE, text=True, env=self.env())
        os.close(pipe)
        with open(end, encoding="utf-8", buffering=1) as shown:
            self.assertIn("--- generation 2, ", shown.readline())
            self.assertIn("generation 3 runs", self.damper("load", self.write("other.yaml", OTHER)).stdout)
            self.assertIn("generation 4 runs", shown.read())
        self.assertIn("the difference above is to generation 2, but 3 ran; see 'damper diff 3 4'",
                      second.communicate(timeout=BOUND_S)[1])
        self.assertEqual(second.returncode, 0)
        p = self.damper("load", self.rules)
        self.assertEqual(p.stderr, "")

    def test_data_plane_goes_silent(self):
        self.start_fake()
        self.start_daemon()
        self.tell("fault silent")
        p = self.damper("bypass", "on", code=8)
        self.assertIn("did not answer in time", p.stderr)
        self.back_again()
        self.damper("bypass", "off")
        self.tell("fault short")
        self.damper("bypass", "on", code=4)
        self.back_again()
        self.assertEqual(self.loads(), 1)

    def back_again(self):
        """End a fault; who met it has closed the connection, which damperd notices a moment later."""
        until("damperd to notice", lambda: not self.status()["dataplane"]["up"])
        self.tell("fault none")
        until("the connection to be made again", lambda: self.status()["dataplane"]["up"])

    def test_what_is_not_there(self):
        """The answer is no, which is no error of damper; a name that is near is named."""
        self.start_fake()
        self.start_daemon()
        until("the rules", lambda: self.status()["program"]["generation"] > 0)
        self.damper("mode", "discovery", "observe")
        self.assertIn("no such rule; did you mean 'discovery'?", self.damper("mode", "discovry", "observe", code=1).stderr)
        self.assertNotIn("mean", self.damper("mode", "else", "observe", code=1).stderr)
        self.assertIn("not blocked", self.damper("unblock", "192.0.2.1", code=1).stderr)
        for given, kept in (("192.0.2.77/24", "192.0.2.0/24"), ("2001:db8:1:2::9/50", "2001:db8:1::/50"),
                            ("192.0.2.9", "192.0.2.9/32"), ("0.0.0.0/0", "0.0.0.0/0")):
            status, j = self.api("POST", "/v1/block", json.dumps({"prefix": given, "for_s": 60}))
            self.assertEqual((status, j["prefix"]), (200, kept))

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

    def test_bypass_that_ends_by_itself(self):
        """Who was told that it began is told that it is over."""
        self.start_fake()
        self.start_daemon()
        self.damper("bypass", "on", "--for", "2s")
        until("its end", lambda: not self.status()["bypass"]["active"])
        until("the event", lambda: "the time of the bypass is over" in self.damper("events").stdout)
        self.damper("bypass", "on", "--for", "1min")
        self.damper("bypass", "off")
        self.assertEqual(self.damper("events").stdout.count("is over"), 1)

    @needs.needs("root")       # to be somebody else
    def test_rights(self):
        self.start_fake()
        self.start_daemon("--admin-group", grp.getgrgid(4).gr_name)
        nobody = {"user": 65534, "group": 65534}
        self.damper("show", "status", **nobody, extra_groups=[])
        os.chmod(self.rules, 0o644)
        large = self.write("large.yaml", OTHER + "# x\n" * 200000)
        for args in (["load", self.rules], ["load", large], ["bypass", "on"], ["bypass", "off"]):
            p = self.damper(*args, code=5, **nobody, extra_groups=[])
            self.assertIn("only root and members of group", p.stderr)
        self.assertEqual(self.generation(), 1)
        self.damper("load", self.rules, **nobody, extra_groups=[4])         # a supplementary group
        self.damper("load", self.rules, user=65534, group=4, extra_groups=[])   # the primary one
        self.assertEqual(self.generation(), 3)
        os.chmod(os.path.join(self.run_dir, "damperd.sock"), 0o600)
        p = self.damper("show", "status", code=5, **nobody, extra_groups=[])
        self.assertIn("no permission", p.stderr)


if __name__ == "__main__":
    needs.main(sys.argv[4:], verbosity=2)
