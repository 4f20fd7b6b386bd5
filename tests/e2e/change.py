# SPDX-License-Identifier: BSD-3-Clause
"""Changing rules so that it can be undone, with the real processes: a load that
nobody confirms goes back, whoever dies in between."""

import signal
import time

from clients import INSIDE_ZONES
from harness import (Asking, Echo, damper_ok, expect, expect_no_loss, new_lab, rule_file, scenario,
                     status)
from peer import Peer

BASE = INSIDE_ZONES % "e2e-base"
# One reads /time as long as the rules before run.
STRICT = INSIDE_ZONES % "e2e-strict" + """\
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
"""
TRIAL_S, LATE = 15, 15        # seconds; a busy machine may need some to go back


def _reads_time(lab):
    peer = Peer(lab, "honest", 4)
    try:
        return peer.get("/time", tries=2) is not None
    finally:
        peer.close()


def _name(lab):
    return status(lab)["program"]["name"]


def _wait_name(lab, name):
    lab.wait_for(f"the rules {name}", lambda: _name(lab) == name, "damperd")


@scenario
def change():
    """Load on trial under traffic, kill -9 damperd while it waits, and see the
    rules before come back in time; then confirm, roll back, and restart."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "base.yaml", BASE))
        strict = rule_file(lab, "strict.yaml", STRICT)
        peer = Peer(lab, "honest", 4)
        with Echo(lab) as echo, Asking(peer, "/") as asking:
            _killed_while_waiting(lab, strict)
            _confirmed_after_a_kill(lab, strict)
            damper_ok(lab, "rollback", "--comment", "as it was")
            expect(_name(lab) == "e2e-base", f"after rollback {_name(lab)} runs")
        peer.close()
        expect_no_loss(echo, asking)
        expect(_reads_time(lab), "the rules before do not serve /time")
        _dataplane_restarts(lab, strict)


def _killed_while_waiting(lab, strict):
    began = time.monotonic()
    damper_ok(lab, "load", strict, "--confirm", f"{TRIAL_S}s")
    lab.end("damperd", signal.SIGKILL)
    expect(not _reads_time(lab), "the rules on trial do not hold without damperd")
    lab.start_damperd()
    confirm = status(lab)["confirm"]
    expect(confirm and 0 <= confirm["remaining_s"] <= TRIAL_S, f"after the kill: {confirm}")
    _wait_name(lab, "e2e-base")
    took = time.monotonic() - began
    expect(TRIAL_S - 1 <= took < TRIAL_S + LATE, f"back after {took:.1f} s")
    expect(_reads_time(lab), "what came back are not the rules before")


def _confirmed_after_a_kill(lab, strict):
    damper_ok(lab, "load", strict, "--confirm", "60s")
    lab.end("damperd", signal.SIGKILL)
    lab.start_damperd()
    damper_ok(lab, "confirm")
    expect(_name(lab) == "e2e-strict" and status(lab)["confirm"] is None, "not confirmed")


def _dataplane_restarts(lab, strict):
    """What was not confirmed is not what the data plane starts with."""
    damper_ok(lab, "load", strict, "--confirm", "10min")
    lab.end("damperd", signal.SIGKILL)
    lab.restart_dataplane(signal.SIGKILL)
    expect(_reads_time(lab), "the data plane started with rules that nobody confirmed")
    lab.start_damperd()
    lab.wait_for("the end of the trial", lambda: status(lab)["confirm"] is None, "damperd")
    expect(_name(lab) == "e2e-base", f"{_name(lab)} runs")
