# SPDX-License-Identifier: BSD-3-Clause
"""What an operator is told by the running gateway: attacks, blocks, copies of
what was dropped."""

import glob
import json
import os
import signal
import subprocess
import time

try:
    import jsonschema
except ImportError:
    jsonschema = None

import coap
import lab as wiring
from clients import INSIDE_ZONES
from harness import (FIRST_CONTACT, ROOT, Meanwhile, damper_ok, expect, new_lab, prove, rule_file, scenario, status,
                     until)
from limits import stats
from peer import Peer


def events(lab, kind):
    """The events of a type, oldest first."""
    lines = damper_ok(lab, "events", "--json").splitlines()
    return [e for e in map(json.loads, lines) if e["type"] == kind]


def expect_valid(lab):
    """All events are as the schema says, which the tests let allow nothing else."""
    if jsonschema is None:
        print("events are not held against their schema: python3-jsonschema is not installed")
        return
    with open(os.path.join(ROOT, "docs", "event.schema.json"), encoding="utf-8") as file:
        check = jsonschema.Draft202012Validator(json.load(file))
    for line in damper_ok(lab, "events", "--json").splitlines():
        wrong = [e.message for e in check.iter_errors(json.loads(line))]
        expect(not wrong, f"{wrong} in {line}")


def pour(peer, path, count, apart=0.002):
    """Requests that nobody waits for."""
    for i in range(count):
        peer.sock.sendto(coap.message(coap.NON, coap.GET, i & 0xffff, b"p", coap.path(path)), peer.target)
        time.sleep(apart)


class Pouring(Meanwhile):
    """The same without an end, ten a second at least, whoever else is slow."""

    def __init__(self, peer, path):
        self.peer, self.path = peer, path
        super().__init__()

    def body(self):
        while not self.over.is_set():
            pour(self.peer, self.path, 1, 0.05)


# Without the time after a start in which small answers that nobody asked for pass.
NO_GRACE = INSIDE_ZONES % "e2e-no-grace" + "guard: {grace: {time: 0 s}}\n"
SMALL_UNASKED = INSIDE_ZONES % "e2e-small-unasked" + "guard: {grace: {time: 0 s}, asymmetric: {unasked: small}}\n"


def sees(lab, peer, what, severity):
    """With requests under way the gateway says so, in its status and by an event."""
    def look():
        pour(peer, "/t", 20)
        return status(lab)["routing"] == what

    def last():
        told = [e for e in events(lab, "health") if e["health"]["what"] == "routing"]
        return told and told[-1]["severity"] == severity
    until(f"routing: {what}", look)
    until(f"the event of {what}", last)


@scenario
def one_direction_is_told():
    """Answers that go past the gateway, and then requests that do: it says so, asks
    for a proof before each request meanwhile, and lets answers that nobody asked
    for pass only where the rules say so. Proved clients are served all along."""
    with new_lab() as lab:
        lab.start_odd_server(4)
        peer = Peer(lab, "honest", 4, wiring.SERVER_ODD)
        until("the server", lambda: peer.get("/t") is not None)
        for _ in range(FIRST_CONTACT):
            expect(peer.get("/t") is not None, "GET /t passes")     # and proves the peer
        expect(status(lab)["routing"] == "both", "one direction is missing from the beginning")

        lab.second_way()
        lab.answers_go_past(True)
        sees(lab, peer, "unanswered", "fault")
        expect("answers take another way" in damper_ok(lab, "show", "status"), "the status does not say so")
        fresh = Peer(lab, "honest", 4, wiring.SERVER_ODD, knows_echo=False)
        expect(fresh.get("/t") is not None, "a new client is served")
        expect(fresh.pings > 0, "and was not asked before its request went in")
        lab.answers_go_past(False)
        sees(lab, peer, "both", "ok")

        damper_ok(lab, "load", rule_file(lab, "no-grace.yaml", NO_GRACE))
        lab.requests_go_past()
        # Nothing of it is on record: all ports that something is of are still open.
        other = Peer(lab, "honest", 4, wiring.SERVER_ODD)
        sees(lab, other, "unasked", "fault")
        expect(other.get("/t", tries=1) is None, "an answer passed that nobody asked for")
        damper_ok(lab, "load", rule_file(lab, "small.yaml", SMALL_UNASKED))
        expect(other.get("/t") is not None, "a small answer does not pass, although the rules say so")
        expect_valid(lab)
        for one in (peer, fresh, other):
            one.close()


ATTACKED = INSIDE_ZONES % "e2e-attacked" + """\
events: {attack: {rate: 2 msg/s, update: 2 s, quiet: 6 s}}
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
capture:
  drops: {ring: 1 MiB, snap: 64 B}
"""
KEPT_AT_ONCE = 64           # DAMP_KEEP_PER_SLICE


def _fields(paths, *names):
    """Fields of the frames in files, by tshark."""
    out = []
    for path in paths:
        argv = ["tshark", "-r", path, "-T", "fields"]
        for name in names:
            argv += ["-e", name]
        done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        out += [line.split("\t") for line in done.stdout.splitlines()]
    return out


@scenario
def attack_is_told_and_kept():
    """An attack on a rule has a start, an update and an end with one id, and what
    the data plane counted; copies of what it dropped lie on disk, and no more
    than there is room for; damperd restarted in between changes none of that."""
    with new_lab(workers=2) as lab:
        damper_ok(lab, "load", rule_file(lab, "attacked.yaml", ATTACKED))
        until("the standing capture", lambda: status(lab)["kept_drops"]["on"])
        until("two looks at the counters", lambda: status(lab)["now"])
        peer = Peer(lab, "honest", 4)
        expect(peer.get("/") is not None, "GET / passes")
        pour(peer, "/time", KEPT_AT_ONCE - 4, 0.01)
        start = until("the start", lambda: events(lab, "attack"))[0]
        expect(start["attack"]["phase"] == "start" and start["rule"] == "no-time", f"not the start: {start}")
        expect(start["attack"]["worst_target"] == wiring.SERVER[4], f"another target: {start['attack']}")
        expect(start["attack"]["sources"][0]["prefix"].startswith(wiring.HONEST[4].rsplit(".", 1)[0]),
               f"another source: {start['attack']}")
        expect([a["id"] for a in status(lab)["attacks"]] == [start["attack"]["id"]], "the status does not name it")
        until("an update", lambda: [e for e in events(lab, "attack") if e["attack"]["phase"] == "update"])
        acted = stats(lab)["rule.no-time.acted"]
        kept = until("all copies", lambda: (k := status(lab)["kept_drops"])["kept"] >= acted and k)
        expect_valid(lab)
        lab.end("damperd", signal.SIGKILL)
        lab.start_damperd()
        end = until("the end", lambda: [e for e in events(lab, "attack") if e["attack"]["phase"] == "end"])[0]
        expect(end["attack"]["id"] == start["attack"]["id"], "the end has another id")
        expect(stats(lab)["rule.no-time.acted"] == acted, "the rule acted on what nobody sent")
        expect(end["attack"]["packets"] == acted, f"{end['attack']['packets']} told, {acted} counted")
        expect(not [e for e in events(lab, "attack") if e["attack"]["phase"] == "start"], "it began a second time")
        expect(status(lab)["attacks"] == [], "the status still names it")

        files = sorted(glob.glob(os.path.join(lab.state_dir, "drops", "drops-*.pcapng")))
        expect(files, "no copies on disk")
        expect(os.stat(files[0]).st_mode & 0o007 == 0, "copies are for everybody")
        frames = _fields(files, "frame.comment", "coap.opt.uri_path", "frame.interface_name", "frame.cap_len")
        ours = [f for f in frames if f[0].startswith("drop: rule, rule no-time") and f[1:3] == ["time", "outside"]]
        # However they came: no more than may be kept in an eighth of a second.
        expect(len(ours) == acted, f"{len(ours)} copies of {acted} dropped messages: {frames[:3]}")
        expect(all(int(f[3]) <= 64 for f in frames), "longer than 'snap'")
        expect(kept["kept"] == len(frames) and kept["lost"] == 0, f"{len(frames)} frames, told of {kept}")

        damper_ok(lab, "load", rule_file(lab, "off.yaml", ATTACKED.split("capture:")[0]))
        until("the end of the capture", lambda: not status(lab)["kept_drops"]["on"])
        pour(peer, "/time", 10)
        time.sleep(0.5)
        expect(len(_fields(files, "frame.number")) == len(frames), "copies go on although the rules say nothing of it")
        peer.close()


BLOCKING = INSIDE_ZONES % "e2e-blocking" + """\
limits: {few: {per: source, rate: 1 msg/s, burst: 2 msg}}
sets:
  guests: {kind: prefix, source: runtime}
rules:
  - id: guests
    match: {from: $guests}
    then: accept
  - id: few
    match: {from: outside, msg: request}
    limit: few
    over: drop
    block: {after: 1 s, for: 2 s, grow: 2x, max: 1 h}
"""


@scenario
def blocks_are_told():
    """A rule's block begins, ends, and grows when it has to begin again; an
    operator's begins and is removed; a member of a set times out. Each with who,
    until when and by which rule."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "blocking.yaml", BLOCKING))
        peer = Peer(lab, "honest", 4)
        prove(lab, peer)                                    # nobody else is blocked
        whom = wiring.HONEST[4] + "/32"

        def told(change):
            return [e for e in events(lab, "block") if e["block"]["change"] == change]

        with Pouring(peer, "/"):
            until("the next block", lambda: told("grow"))
        begun, grown = told("begin")[0], told("grow")[0]
        expect((begun["rule"], begun["block"]["prefix"], begun["block"]["for_s"], begun["block"]["times"]) ==
               ("few", whom, 2, 1), f"another block: {begun}")
        expect(begun["at"].endswith("blocking.yaml:" + str(1 + BLOCKING[:BLOCKING.index("id: few")].count("\n"))),
               f"stands elsewhere: {begun['at']}")
        end = until("its end", lambda: told("end"))[0]
        expect((end["rule"], end["block"]["prefix"]) == ("few", whom), f"another end: {end}")
        expect((grown["block"]["for_s"], grown["block"]["times"]) == (4, 2), f"did not grow: {grown}")
        damper_ok(lab, "block", "203.0.113.0/24", "--for", "1h")
        damper_ok(lab, "unblock", "203.0.113.0/24")
        gone = until("the operator's", lambda: told("removed"))[0]
        expect(gone["block"] == {"change": "removed", "prefix": "203.0.113.0/24", "origin": "operator"}, f"{gone}")
        damper_ok(lab, "set", "add", "guests", "203.0.113.9", "--for", "1s")
        over = until("the member's end", lambda: events(lab, "set"))[0]
        expect(over["set"] == {"change": "expired", "set": "guests", "prefix": "203.0.113.9/32"}, f"{over}")
        lines = damper_ok(lab, "events").splitlines()
        for part in (f"block of {whom} begins: for 2 s, until ", f"block of {whom} ends  rule few",
                     f"block of {whom} grows: for 4 s, until ", "203.0.113.9/32 has timed out of set guests"):
            expect(any(part in line for line in lines), f"no line with '{part}'")
        expect_valid(lab)
        peer.close()
