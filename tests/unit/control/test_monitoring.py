#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The alerts and the dashboard that are shipped, against what is exported.

Usage: test_monitoring.py DAMPERD DAMPER FAKE_DATAPLANE
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemon_case import GOOD, SOURCE, Case  # noqa: E402
import needs  # noqa: E402


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
        for path in (self.ALERTS, self.ALERT_TESTS):
            shutil.copy(path, self.dir)
        p = subprocess.run(["promtool", *args], cwd=self.dir, capture_output=True, text=True)
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)

    @needs.needs("promtool")
    def test_alert_rules(self):
        self.promtool("check", "rules", "damper.rules.yml")

    @needs.needs("promtool")
    def test_alerts_fire(self):
        self.promtool("test", "rules", "damper.rules.test.yml")

    def test_each_alert_is_tested(self):
        with open(self.ALERT_TESTS) as f:
            text = f.read()
        for name in re.findall(r"- alert: (\w+)", self.alerts()):
            self.assertRegex(text, rf"alertname: {name}, exp_alerts: \[\]", "no case in which it does not fire")
            self.assertRegex(text, rf"alertname: {name}\n +exp_alerts:", "no case in which it fires")


if __name__ == "__main__":
    needs.main(sys.argv[4:], verbosity=2)
