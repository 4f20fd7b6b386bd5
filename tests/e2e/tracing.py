# SPDX-License-Identifier: BSD-3-Clause
"""Traces of live packets, and questions to the running judge: damper trace and
damper explain --state live, over real ports."""

import json
import signal
import subprocess
import time
import time

from clients import INSIDE_ZONES
from harness import BOUND_S, FIRST_CONTACT, damper_ok, expect, new_lab, rule_file, scenario, until
from limits import asked_until, stats
from peer import ONCE, Peer

RULES = INSIDE_ZONES % "e2e-trace" + """\
limits:
  polls: {per: source, rate: 1 msg/min, burst: 12 msg}
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
  - id: polls
    match: {from: outside, msg: request, path: /}
    limit: polls
    over: {answer: 4.29}
"""
BURST = 12
OTHER = RULES.replace("then: drop", "then: accept")


class Drained:
    """How many messages a limit of one a minute has let go of since then, at most."""

    def __init__(self):
        self._since = time.monotonic()

    def so_far(self):
        return (time.monotonic() - self._since) / 60 + 0.01


class Tracing:
    """damper trace --json in the background, from when the data plane has heard of it;
    `said` holds its objects at the end."""

    def __init__(self, lab, *argv):
        before = asked_until(lab, "trace")
        self._process = subprocess.Popen(
            [lab.binary("damper"), "--runtime-dir", lab.runtime, "trace", "--json", *argv],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said, self.code, self.err = [], None, ""
        until("the trace", lambda: asked_until(lab, "trace") not in (0, before) or self._process.poll() is not None)

    def enough(self):
        """As an operator who has seen enough."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def kill(self):
        """As an operator's terminal that dies: nobody tells the data plane."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()

    def end(self, timeout=120):
        """Wait for it; the objects it printed."""
        out, self.err = self._process.communicate(timeout=timeout)
        self.code = self._process.returncode
        self.said = [json.loads(line) for line in out.splitlines()]
        return self.said


def _rule(said, rule_id):
    return next(rule for rule in said["rules"] if rule["id"] == rule_id)


def _level(said):
    return _rule(said, "polls")["limits"][0]["rungs"][0]["measured"]


def _ask(lab, peer, path):
    """damper explain --state live for a request of the peer."""
    host, port = peer.sock.getsockname()
    done = lab.damper("explain", "--state", "live", "--from", f"{host}:{port}", "--to",
                      peer.target[0], "--msg", f"CON GET {path}", "--json")
    expect(done.returncode in (0, 1), f"explain --state live: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def _answer(lab, peer, token):
    """The same for an answer of the server with a token."""
    host, port = peer.sock.getsockname()
    done = lab.damper("explain", "--state", "live", "--side", "inside", "--from",
                      f"{peer.target[0]}:5683", "--to", f"{host}:{port}", "--hex",
                      f"54450001{token}", "--json")
    expect(done.returncode in (0, 1), f"explain --state live: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def _ask_many(lab, peer):
    """--hex - beside --state live: a line in, a line out, while the rules change."""
    host, port = peer.sock.getsockname()
    process = subprocess.Popen([lab.binary("damper"), "--runtime-dir", lab.runtime, "explain", "--state", "live",
                                "--hex", "-", "--from", f"{host}:{port}", "--to", peer.target[0]],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(message):
        process.stdin.write(message + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    root = "40010001"  # CON GET /
    said = [ask(root) for _ in range(3)]
    expect([one["verdict"]["rule"] for one in said] == ["polls"] * 3, f"over the limit: {said}")
    empty = ask("")
    expect(empty["reason"] == "coap_short" and empty["verdict"]["verdict"] == "drop", f"an empty message: {empty}")
    lab.start_damperd()
    damper_ok(lab, "load", rule_file(lab, "free.yaml", "version: 1\nrules: [{id: free, match: any, then: accept}]\n"))
    lab.end("damperd")
    after = ask(root)
    expect(after["verdict"]["rule"] == "free", f"not by the new rules: {after}")
    expect(after["verdict"]["generation"] > said[0]["verdict"]["generation"], f"generation {after['verdict']}")
    process.stdin.close()
    expect(process.wait(timeout=60) == 0, "the end of the input")


@scenario
def trace_of_live_packets():
    """damper trace has what passes and what is dropped, with the measured level of
    the limit, by the generation that judged it; and changes no verdict."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "trace.yaml", RULES))
        lab.end("damperd")
        peer = Peer(lab, "honest", 4)
        tracing = Tracing(lab, "msg", "request", "--for", "10min", "--count", "50")
        drained = Drained()
        for _ in range(FIRST_CONTACT):
            expect(peer.get("/") is not None, "GET / passes")
        expect(peer.get("/time", tries=1) is None, "GET /time is dropped")
        said = tracing.enough()
        expect(tracing.code == 0, f"exit {tracing.code}: {tracing.err}")
        drops = [one for one in said if one["verdict"]["verdict"] == "drop"]
        expect(drops and drops[0]["verdict"]["rule"] == "no-time" and drops[0]["accepted"] and
               drops[0]["message"]["path"] == "/time", f"the dropped request is missing: {said}")
        expect(drops[0]["verdict"]["at"].endswith(":%d" % _line("no-time")),
               f"at {drops[0]['verdict']['at']}")
        expect(_rule(drops[0], "no-time")["matched"] and not _rule(drops[0], "polls")["asked"],
               "what came behind the last rule was asked")
        passed = [one for one in said if _rule(one, "polls")["matched"]]
        levels = [_rule(one, "polls")["limits"][0]["rungs"][0]["measured"] for one in passed]
        expect(levels[0] == 0 and 1 - drained.so_far() < levels[1] <= 1 and levels == sorted(levels),
               f"the level of the limit before each packet: {levels}")
        expect(_rule(passed[0], "no-time")["why_not"]["attribute"] == "path", "why not no-time")
        expect(all(one["live"]["how"] == "trace" and one["live"]["program_known"] for one in said),
               "not all of the program that runs")
        peer.close()


def _line(rule_id):
    lines = RULES.splitlines()
    return next(i + 1 for i, text in enumerate(lines) if text.strip() == f"- id: {rule_id}")


@scenario
def trace_that_ends():
    """A trace that is too narrow says so, one at a time is let, and one that is
    killed ends by itself and slows nothing; without any data plane it says so."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "trace.yaml", RULES))
        peer = Peer(lab, "honest", 4)
        narrow = Tracing(lab, "host", "192.0.2.200", "--for", "4s")
        peer.get("/")
        narrow.end()
        expect(narrow.code == 8 and "too narrow" in narrow.err, f"{narrow.code}: {narrow.err}")
        killed = Tracing(lab, "--for", "60s")
        second = lab.damper("trace", "--for", "1s")
        expect(second.returncode == 7 and "another trace" in second.stderr,
               f"a second trace: {second.returncode}: {second.stderr}")
        killed.kill()
        time.sleep(3.5)         # DAMP_TRACE_LEASE_S, of the data plane's clock, and no more
        expect(lab.damper("trace", "rule", "nobody").returncode == 5, "a rule that is none")
        third = Tracing(lab, "verdict", "drop", "--count", "1", "--for", "60s")
        before = stats(lab).get("rule.no-time.acted", 0)
        expect(peer.get("/time", tries=1) is None, "GET /time is dropped")
        third.end()
        expect(third.code == 0 and len(third.said) == 1, f"{third.code}: {third.err}")
        expect(stats(lab)["rule.no-time.acted"] == before + 1, "a trace changed what rules do")
        lab.end("dataplane")
        gone = lab.damper("trace")
        expect(gone.returncode == 4 and "does the data plane run" in gone.stderr,
               f"{gone.returncode}: {gone.stderr}")
        peer.close()


@scenario
def trace_across_a_reload():
    """Each packet is explained by the generation that judged it."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "trace.yaml", RULES))
        peer = Peer(lab, "honest", 4)
        tracing = Tracing(lab, "path", "/time", "--for", "60s", "--count", "2")
        peer.get("/time", tries=1)
        damper_ok(lab, "load", rule_file(lab, "other.yaml", OTHER))
        peer.get("/time", tries=1)
        said = tracing.end()
        expect(len(said) == 2, f"{len(said)} packets: {tracing.err}")
        expect(said[0]["live"]["generation"] + 1 == said[1]["live"]["generation"], "generations")
        expect([_rule(one, "no-time")["action"] for one in said] == ["drop", "accept"],
               f"{[_rule(one, 'no-time')['action'] for one in said]}")
        peer.close()


@scenario
def explain_by_live_state():
    """explain --state live tells the level of the limit, the proof of the peer and
    the exchange, in the tables of the worker that has it, without changing them."""
    with new_lab(workers=2) as lab:
        damper_ok(lab, "load", rule_file(lab, "trace.yaml", RULES))
        lab.end("damperd")
        peer = Peer(lab, "honest", 4)
        first = _ask(lab, peer, "/")
        expect(not first["known"]["proved"], "proved before it came")
        drained = Drained()
        for _ in range(FIRST_CONTACT):
            expect(peer.get("/", **ONCE) is not None, "GET / passes")
        before = stats(lab)
        looks = [_ask(lab, peer, "/") for _ in range(5)]
        levels = [_level(one) for one in looks]
        expect(all(-drained.so_far() < level - levels[0] < 0.01 for level in levels),
               f"looking changed the level: {levels}")
        expect(levels[0] > FIRST_CONTACT - drained.so_far(), f"the level is not that of the data plane: {levels[0]}")
        expect(looks[0]["known"]["proved"], "the proof of the peer is not seen")
        expect(_answer(lab, peer, peer.token.hex())["known"]["exchange"] is not None,
               "the exchange of the peer's own token is not found")
        stray = _answer(lab, peer, "01020304")
        expect(stray["known"]["exchange"] is None and not stray["known"]["solicited"],
               f"an answer that nobody asked for: {stray['known']}")
        after = stats(lab)
        expect(before["rule.polls.matched"] == after["rule.polls.matched"], "looking was counted")

        def full():
            """And half a minute away from letting one through."""
            peer.get("/", **ONCE)
            return _level(_ask(lab, peer, "/")) > BURST - 0.5
        until("the limit to be full", full, 2 * BOUND_S)
        over = _ask(lab, peer, "/")
        expect(over["verdict"]["verdict"] == "answer" and over["verdict"]["rule"] == "polls",
               f"over the limit: {over['verdict']}")
        _ask_many(lab, peer)
        wrong = lab.damper("explain", "--state", "live", "--rules", "x.yaml", "--msg",
                           "CON GET /", "--from", "192.0.2.1", "--to", "192.0.2.2")
        expect(wrong.returncode == 2, "other rules with the live state")
        peer.close()
