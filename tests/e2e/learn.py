# SPDX-License-Identifier: BSD-3-Clause
"""Learning from live traffic, with the real processes."""

import json
import os
import time

from clients import INSIDE_ZONES
from harness import Asking, damper_ok, expect, new_lab, rule_file, scenario, until
from peer import Peer


TENANTS = INSIDE_ZONES % "e2e-learn" + "tenants: {all-of-it: [192.0.2.0/24]}\n"


WINDOW_S = 10               # DAMP_LEARN_WINDOW_S
ENOUGH_S = 120              # for two of them


def _rates(asked_at, begun):
    """The least and the greatest rate of any span as long as a window since the start."""
    at = [t for t in asked_at if t >= begun]
    counts = [sum(t <= other < t + WINDOW_S for other in at) for t in at if t + WINDOW_S <= at[-1]]
    return min(counts) / WINDOW_S, max(counts) / WINDOW_S


def _shape(doc, side, per):
    return next(s for s in doc["shapes"] if (s["side"], s["per"]) == (side, per))


@scenario
def learn():
    """One client asks at a steady rate; that rate is what is learned, and the
    proposal made of it is a rule file that check accepts."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "tenants.yaml", TENANTS))
        done = lab.damper("learn", "show")
        expect(done.returncode == 1, "something is learned before the start")
        peer = Peer(lab, "honest", 4)
        with Asking(peer, "/time", period=0.1) as asking:
            begun = time.monotonic()
            damper_ok(lab, "learn", "start")
            until("two windows", lambda: json.loads(damper_ok(lab, "learn", "show", "--json"))["windows"] >= 2,
                  ENOUGH_S)
        # Nobody asks any more: no window ends, whenever the next lines come.
        peer.close()
        least, most = _rates(asking.asked_at, begun)
        doc = json.loads(damper_ok(lab, "learn", "show", "--json"))
        expect(doc["learning"] and doc["lost"] == 0 and doc["windows"] >= 2, f"{doc}")
        for per in ("peer", "device", "pair", "global", "path", "tenant"):
            shape = _shape(doc, "outside", per)
            found = shape["messages"]["rate"]["max"]
            expect(0.8 * least <= found <= 1.2 * most + 1,
                   f"per {per}: {found} msg/s learned, {least:.1f} to {most:.1f} asked\n{shape}")
        damper_ok(lab, "learn", "stop")
        after = json.loads(damper_ok(lab, "learn", "show", "--json"))
        expect(not after["learning"] and after["windows"] == doc["windows"], "it went on, or was lost")
        path = os.path.join(lab.folder, "proposal.yaml")
        damper_ok(lab, "learn", "propose", "--out", path)
        damper_ok(lab, "check", path)
