# SPDX-License-Identifier: BSD-3-Clause
"""fail: overload, with a worker that does nothing any more.

The second of two workers is stopped as a debugger stops a thread: the first one
still reads the outside port and hands over what the other one owns, until the
ring between them is full. What then happens is the policy's.
"""

import ctypes
import os
import time

import coap
from clients import INSIDE_ZONES
from harness import damper_ok, expect, new_lab, rule_file, samples, scenario, status, total, until
from limits import stats
from peer import Peer
from told import events, expect_valid

RING = 512              # DAMP_RING_SIZE of dataplane/steer.h
SOCKETS = 32            # ports of the client: half of them are the other worker's
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

RULES = INSIDE_ZONES % "e2e-overload" + """\
fail: {overload: %s}
rules:
  - {id: no-time, match: {from: outside, msg: request, path: /time}, then: drop}
"""
LIBC = ctypes.CDLL(None, use_errno=True)


class Stopped:
    """The thread of a worker, standing still."""

    def __init__(self, pid, number):
        found = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
                if "worker" in file.read():
                    found.append(int(task))
        self.task = sorted(found)[number]

    def _ptrace(self, request):
        if LIBC.ptrace(request, self.task, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {self.task}")

    def __enter__(self):
        self._ptrace(PTRACE_SEIZE)
        self._ptrace(PTRACE_INTERRUPT)
        os.waitpid(self.task, WALL)
        return self

    def __exit__(self, *unused):
        self._ptrace(PTRACE_DETACH)


def _pour(peers, path, count):
    """Requests from each, that nobody waits for."""
    for i in range(count):
        for peer in peers:
            peer.sock.sendto(coap.message(coap.NON, coap.GET, i & 0xffff, b"o", coap.path(path)), peer.target)
        time.sleep(0.001)


def _active(lab, policy):
    """Is the condition told of under this policy: status, metric and event?"""
    held = {c["condition"]: c["policy"] for c in status(lab)["conditions"]}
    metric = total(samples(lab.metrics()), "damper_fail_active", 'condition="overload"', f'policy="{policy}"')
    told = [e["severity"] for e in events(lab, "health") if e["health"]["what"] == "overload"]
    return held.get("overload") == policy and metric == 1 and told and told[-1] == "fault"


def _over(lab):
    told = [e["severity"] for e in events(lab, "health") if e["health"]["what"] == "overload"]
    return told[-1] == "ok" and "overload" not in {c["condition"] for c in status(lab)["conditions"]}


def _settled(lab):
    """The counters when all that was sent has been read."""
    last = [stats(lab)]

    def look():
        time.sleep(0.5)
        last.append(stats(lab))
        return last[-1] if last[-1]["rx.outside"] == last[-2]["rx.outside"] else None
    return until("the end of what was sent", look)


def _press(lab, peers, policy):
    """What became of the packets in the time of it: counters that have moved."""
    damper_ok(lab, "load", rule_file(lab, f"{policy}.yaml", RULES % policy))
    before, passed = _settled(lab), _passed(lab)
    with Stopped(status(lab)["dataplane"]["pid"], 1):
        # Again and again: the kernel may lose some while the first worker waits for its core.
        until(f"overload under {policy}", lambda: _pour(peers, "/time", 2 * RING // SOCKETS) or _active(lab, policy))
        expect(f"(fail: overload is {policy})" in damper_ok(lab, "show", "status"), "the status does not say so")
        after = _settled(lab)
    until(f"the end of it under {policy}", lambda: _over(lab))
    return {name: after.get(name, 0) - before.get(name, 0) for name in after}, _passed(lab) - passed


def _sent_on(moved):
    """Messages; what is no CoAP (neighbours look for each other) passes at any time."""
    return moved["tx.inside"] - moved["kind.outside.not_coap"]


def _passed(lab):
    return total(samples(lab.metrics()), "damper_overload_passed_total")


@scenario
def overload_goes_by_its_policy():
    """closed: what the stopped worker owns is dropped and counted; open: it goes on
    unjudged, past a rule that would drop it. The other worker judges all along."""
    with new_lab(workers=2) as lab:
        peers = [Peer(lab, "honest", 4) for _ in range(SOCKETS)]
        moved, passed = _press(lab, peers, "closed")
        full = moved.get("reason.outside.steer_full", 0)
        expect(full > 0, f"nothing found the ring full: {moved}")
        expect(moved["rule.no-time.acted"] > 0, "the worker that runs has not judged")
        expect(passed == 0 and _sent_on(moved) == 0, f"{_sent_on(moved)} passed under closed, {passed} unjudged")
        moved, passed = _press(lab, peers, "open")
        expect(moved.get("reason.outside.steer_full", 0) == 0, "dropped under open")
        expect(0 < passed == _sent_on(moved), f"{passed} told as unjudged, {_sent_on(moved)} sent")
        expect(moved["rule.no-time.acted"] > 0, "the worker that runs has not judged")
        expect(peers[0].get("/") is not None and peers[0].get("/time", tries=1) is None, "not as before when it is over")
        expect_valid(lab)
        for peer in peers:
            peer.close()
