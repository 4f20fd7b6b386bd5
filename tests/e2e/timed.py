# SPDX-License-Identifier: BSD-3-Clause
"""What has an end: modes for a while, blocks, members of sets, schedules. The
data plane keeps them by itself, and ends them by itself."""

import json
import signal

import lab as wiring
from clients import INSIDE_ZONES
from harness import damper_ok, expect, new_lab, rule_file, samples, scenario, status, total, until
from peer import Peer

TIMED = INSIDE_ZONES % "e2e-timed" + """\
schedules:
  always: {hours: 00:00-24:00, zone: Europe/Berlin}
sets:
  bad: {kind: prefix, source: runtime}
rules:
  - {id: bad, match: {source: $bad}, then: drop}
  - {id: no-time, match: {from: outside, path: /time, when: always}, then: drop}
  - {id: ended, match: {from: outside, path: /}, then: drop, until: 2001-01-01}
"""


def _rule(lab, name):
    """The rule as the data plane goes by it now."""
    rules = json.loads(damper_ok(lab, "show", "rules", "--json"))["rules"]
    return next(rule for rule in rules if rule["id"] == name)


def _counted(lab, rule, outcome):
    return total(samples(lab.metrics()), "damper_rule_packets_total", f'rule="{rule}"',
                 f'outcome="{outcome}"')


@scenario
def what_has_an_end():
    """Modes, blocks and members of sets act, outlive damperd and reloads, and
    end on time; a rule whose day is past does nothing."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "timed.yaml", TIMED))
        peer = Peer(lab, "honest", 4)
        address = wiring.HONEST[4]
        expect(peer.get("/time", tries=2) is None, "the rule with a schedule does not hold")
        expect(peer.get("/") is not None, "the rule that ended still drops")
        expect(_rule(lab, "ended")["time"] == "ended", _rule(lab, "ended"))
        # Whether this machine's clock is trusted or not, this schedule holds; say which.
        clock = status(lab)["clock"]
        expect(_rule(lab, "no-time")["time"] == "now", f"{clock} {_rule(lab, 'no-time')}")

        # A mode for a while: observed, it drops nothing and counts what it would do.
        acted = _counted(lab, "no-time", "acted")
        damper_ok(lab, "mode", "no-time", "observe", "--for", "10min")
        expect(peer.get("/time") is not None, "mode observe dropped a request")
        expect(_rule(lab, "no-time")["mode"] == "observe", "the mode is not shown")
        expect(_counted(lab, "no-time", "acted") == acted, "mode observe acted")
        expect(_counted(lab, "no-time", "would") > 0, "mode observe counted nothing")
        done = lab.damper("mode", "no-such-rule", "off")
        expect(done.returncode != 0 and "no-such-rule" in done.stderr, done.stderr)

        # Damperd dies: the mode ends all the same.
        damper_ok(lab, "mode", "no-time", "observe", "--for", "4s")
        lab.end("damperd", signal.SIGKILL)
        until("the end of the mode without damperd", lambda: peer.get("/time", tries=1) is None)
        lab.start_damperd()

        # A set that is filled at run time, kept across a reload.
        damper_ok(lab, "set", "add", "bad", address + "/32", "--for", "10min")
        expect(peer.get("/", tries=2) is None, "a member of the set got through")
        damper_ok(lab, "load", rule_file(lab, "again.yaml", TIMED + "# again\n"))
        expect(peer.get("/", tries=1) is None, "a reload emptied the set")
        expect(address in damper_ok(lab, "show", "sets"), "the member is not shown")
        damper_ok(lab, "set", "add", "bad", address + "/32", "--for", "4s")
        damper_ok(lab, "load", rule_file(lab, "once-more.yaml", TIMED + "# once more\n"))
        until("the end of the member", lambda: peer.get("/", tries=1) is not None)

        # A block by an operator, and its end.
        damper_ok(lab, "block", address, "--for", "1min")
        expect(peer.get("/", tries=2) is None, "a blocked address got through")
        expect(address in damper_ok(lab, "show", "blocks"), "the block is not shown")
        metrics = samples(lab.metrics())
        expect(total(metrics, "damper_drops_total", 'reason="blocked"') >= 2, "not counted")
        damper_ok(lab, "unblock", address)
        expect(peer.get("/") is not None, "unblocked, and still dropped")
        peer.close()
