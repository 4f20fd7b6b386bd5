# SPDX-License-Identifier: BSD-3-Clause
"""The wall clock steps both ways, is not synchronised, and is wrong after a
restart: what has an end, and what holds at times, stays right in the real data
plane. Its wall clock is turned by clock_shim.c; nobody else's is."""

import json
import os
import signal
import socket
import time

import lab as wiring
from clients import INSIDE_ZONES
from harness import (build_folder, damper_ok, expect, new_lab, rule_file, samples, scenario, total,
                     until)
from peer import ONCE, Peer

HOUR, DAY = 3600, 86400
ATTACKER, SHORTLY = "203.0.113.77", "203.0.113.99"
RULES = INSIDE_ZONES % "e2e-clocks" + """\
sets:
  guests: {kind: prefix, source: runtime}
schedules:
  later: {hours: %(begins)s-%(ends)s, zone: UTC}
rules:
  - {id: guests, match: {source: $guests}, then: drop}
  - {id: later, match: {from: outside, path: /time, when: later}, then: drop}
  - {id: today, match: {from: outside, path: /}, then: drop, until: %(today)s}
"""


FRIEND = INSIDE_ZONES % "e2e-friend" + """\
exempt: [{from: %(friend)s, about: for today, until: %(today)s}]
rules:
  - {id: nothing, match: {from: outside, path: /}, then: drop}
"""


class Clock:
    """The data plane's wall clock, as a file."""

    def __init__(self, lab):
        self.path = os.path.join(lab.folder, "clock")
        self.set(0)

    def set(self, offset, synced=True):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(f"{offset} {int(synced)}\n")
        os.rename(self.path + ".new", self.path)

    def env(self):
        return {"LD_PRELOAD": os.path.join(build_folder(), "tests/e2e/clock_shim.so"),
                "DAMPER_TEST_CLOCK": self.path}


def _metric(lab, name):
    return total(samples(lab.metrics()), name)


def _wait(lab, what, condition):
    lab.wait_for(what, condition, "damperd")


def _rule(lab, name):
    rules = json.loads(damper_ok(lab, "show", "rules", "--json"))["rules"]
    return next(rule for rule in rules if rule["id"] == name)["time"]


def _block(lab, address=ATTACKER):
    """Seconds that it is blocked yet; None when it is not."""
    blocks = json.loads(damper_ok(lab, "show", "blocks", "--json"))["blocks"]
    return next((b["remaining_s"] for b in blocks if b["prefix"].startswith(address)), None)


class Blocked:
    """A block of the attacker, and what must be left of it by the clock that nobody turns."""

    LASTS_S, ROUNDED_S = 600, 5

    def __init__(self, lab):
        self.lab, self.earliest = lab, time.monotonic() + self.LASTS_S
        damper_ok(lab, "block", ATTACKER, "--for", f"{self.LASTS_S}s")
        self.latest = time.monotonic() + self.LASTS_S

    def check(self, when):
        """It is on, and ends neither sooner nor later than it did."""
        asked = time.monotonic()
        left = _block(self.lab)
        expect(left is not None, f"{when}: no block any more")
        least, most = self.earliest - time.monotonic() - self.ROUNDED_S, self.latest - asked + self.ROUNDED_S
        expect(least <= left <= most, f"{when}: {left} s are left of it, not {least:.1f} to {most:.1f}")


def _today(now):
    """The day until whose end a rule holds: for an hour and more, and not in two days."""
    return time.strftime("%Y-%m-%d", time.gmtime(now + HOUR))


def _rules(now):
    """A schedule that begins in two hours, and ends that come with the end of the day."""
    return RULES % {"today": _today(now), "begins": time.strftime("%H:%M", time.gmtime(now + 2 * HOUR)),
                    "ends": time.strftime("%H:%M", time.gmtime(now + 4 * HOUR))}


def _restart(lab):
    lab.restart_dataplane(signal.SIGKILL)
    _wait(lab, "damperd at the new data plane", lambda: _metric(lab, "damper_up") == 1)


@scenario
def clock_steps_and_restarts():
    """Steps forward and back, no network time, a restart with an old clock."""
    lab = new_lab()
    os.makedirs(lab.folder, exist_ok=True)
    clock = Clock(lab)
    lab.dataplane_env = clock.env()
    with lab:
        clock.set(0)
        damper_ok(lab, "load", rule_file(lab, "clocks.yaml", _rules(time.time())))
        _wait(lab, "a clock that is trusted", lambda: _metric(lab, "damper_clock_trusted") == 1)
        peer = Peer(lab, "honest", 4)
        _steps(lab, clock, peer)
        _unsynchronised(lab, clock, peer)
        _exemption(lab, clock, peer)
        _restarts(lab, clock, peer)
        peer.close()


def _steps(lab, clock, peer):
    """Forward into the schedule and beyond the day, and back again."""
    expect(peer.get("/time") is not None, "a schedule holds two hours early")
    expect(peer.get("/", tries=1) is None, "the rule of today does not hold")
    block = Blocked(lab)
    damper_ok(lab, "block", SHORTLY, "--for", "3s")
    clock.set(3 * HOUR)
    _wait(lab, "the schedule", lambda: _rule(lab, "later") == "now")
    expect(peer.get("/time", tries=1) is None, "in its hours the schedule does not hold")
    expect(_metric(lab, "damper_clock_steps_total") == 1, "the step was not counted")
    clock.set(2 * DAY)
    _wait(lab, "the end of the rule", lambda: _rule(lab, "today") == "ended")
    expect(peer.get("/") is not None, "a rule that has ended still drops")
    block.check("after two days of steps")
    clock.set(0)
    _wait(lab, "the rule again", lambda: _rule(lab, "today") == "now")
    expect(peer.get("/time") is not None, "the schedule holds after the step back")
    expect(_metric(lab, "damper_clock_behind") == 0, "a minute of a wrong clock proved something")
    expect(_metric(lab, "damper_clock_steps_total") == 3, "steps were not counted")
    block.check("back again")
    _wait(lab, "the end of a short block", lambda: _block(lab, SHORTLY) is None)


def _unsynchronised(lab, clock, peer):
    """Nobody knows the time: fail: clock_unsynced, closed by default."""
    clock.set(0, synced=False)
    _wait(lab, "a clock that is not trusted", lambda: _metric(lab, "damper_clock_trusted") == 0)
    expect(peer.get("/time", tries=1) is None, "without the time a rule that drops is out of force")
    expect(_rule(lab, "today") == "now", "without the time a rule has ended that has not")
    clock.set(0)
    _wait(lab, "a clock that is trusted again", lambda: _metric(lab, "damper_clock_trusted") == 1)
    expect(peer.get("/time") is not None, "the schedule holds out of its hours")


def _exemption(lab, clock, peer):
    """It ends with its day, and a day that only one wrong clock has seen is not over for good."""
    text = FRIEND % {"friend": wiring.HONEST[4], "today": _today(time.time())}
    damper_ok(lab, "load", rule_file(lab, "friend.yaml", text))
    expect(peer.get("/") is not None, "who is exempt is dropped")
    for offset, passes in ((2 * DAY, False), (0, True)):
        clock.set(offset)
        least = time.time() + offset - 60
        _wait(lab, "the clock", lambda: abs(_metric(lab, "damper_clock_least_timestamp_seconds") - least) < HOUR)
        # Who expects an answer can wait for it.
        expect((peer.get("/", **(ONCE if passes else {"tries": 1})) is not None) == passes,
               f"exemption with the clock at +{offset} s")
    damper_ok(lab, "load", rule_file(lab, "clocks.yaml", _rules(time.time())))


def _kept(lab):
    """How often the attacker stands in what outlives a restart."""
    with open(os.path.join(lab.state_dir, "lists"), "rb") as file:
        return file.read().count(socket.inet_aton(ATTACKER))


def _restarts(lab, clock, peer):
    """The machine starts in 1970, knowing from an earlier run that today is over."""
    block = Blocked(lab)
    damper_ok(lab, "set", "add", "guests", ATTACKER, "--for", "10min")
    until("both on disk", lambda: _kept(lab) == 2)
    with open(os.path.join(lab.state_dir, "time"), "w", encoding="utf-8") as file:
        file.write(f"{int(time.time()) + 2 * DAY}\n")
    clock.set(-int(time.time()) + HOUR, synced=False)
    _restart(lab)
    _wait(lab, "the end of the rule", lambda: _rule(lab, "today") == "ended")
    expect(peer.get("/") is not None, "a restart with an old clock revived a rule")
    expect(_metric(lab, "damper_clock_trusted") == 0, "a clock of 1970 is trusted")
    block.check("after a restart")
    expect(ATTACKER in damper_ok(lab, "show", "sets"), "the set is empty after a restart")
    # The network gives a time that is behind what was proved: it revives nothing either.
    clock.set(0)
    _wait(lab, "a clock that is behind", lambda: _metric(lab, "damper_clock_behind") == 1)
    expect(_metric(lab, "damper_clock_trusted") == 0, "a clock behind what was proved is trusted")
    expect(_rule(lab, "today") == "ended", "a clock behind what was proved revived a rule")
    clock.set(2 * DAY + HOUR)
    _wait(lab, "the right time", lambda: _metric(lab, "damper_clock_trusted") == 1)
    expect(_metric(lab, "damper_clock_least_timestamp_seconds") > time.time() + DAY, "the kept time is lost")
