# SPDX-License-Identifier: BSD-3-Clause
"""What an operator is told by the running gateway: attacks, blocks, copies of
what was dropped."""

import glob
import json
import os
import signal
import subprocess
import time

import coap
import lab as wiring
from clients import INSIDE_ZONES
from harness import damper_ok, expect, new_lab, rule_file, scenario, status
from limits import stats
from peer import Peer

BOUND_S = 20


def until(what, look, bound=BOUND_S):
    """What look() returns, once that is true."""
    end = time.monotonic() + bound
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    expect(False, f"waited in vain for {what}")


def events(lab, kind):
    """The events of a type, oldest first."""
    lines = damper_ok(lab, "events", "--json").splitlines()
    return [e for e in map(json.loads, lines) if e["type"] == kind]


def pour(peer, path, count):
    """Requests that nobody waits for."""
    for i in range(count):
        peer.sock.sendto(coap.message(coap.NON, coap.GET, i & 0xffff, b"p", coap.path(path)), peer.target)
        time.sleep(0.002)


ATTACKED = INSIDE_ZONES % "e2e-attacked" + """\
events: {attack: {rate: 5 msg/s, update: 2 s, quiet: 6 s}}
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
capture:
  drops: {ring: 1 MiB, snap: 64 B}
"""


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
        pour(peer, "/time", 300)
        start = until("the start", lambda: events(lab, "attack"))[0]
        expect(start["attack"]["phase"] == "start" and start["rule"] == "no-time", f"not the start: {start}")
        expect(start["attack"]["worst_target"] == wiring.SERVER[4], f"another target: {start['attack']}")
        expect(start["attack"]["sources"][0]["prefix"].startswith(wiring.HONEST[4].rsplit(".", 1)[0]),
               f"another source: {start['attack']}")
        expect([a["id"] for a in status(lab)["attacks"]] == [start["attack"]["id"]], "the status does not name it")
        until("an update", lambda: [e for e in events(lab, "attack") if e["attack"]["phase"] == "update"])
        kept = status(lab)["kept_drops"]
        lab.end("damperd", signal.SIGKILL)
        lab.start_damperd()
        end = until("the end", lambda: [e for e in events(lab, "attack") if e["attack"]["phase"] == "end"])[0]
        expect(end["attack"]["id"] == start["attack"]["id"], "the end has another id")
        acted = stats(lab)["rule.no-time.acted"]
        expect(end["attack"]["packets"] == acted, f"{end['attack']['packets']} told, {acted} counted")
        expect(not [e for e in events(lab, "attack") if e["attack"]["phase"] == "start"], "it began a second time")
        expect(status(lab)["attacks"] == [], "the status still names it")

        files = sorted(glob.glob(os.path.join(lab.state_dir, "drops", "drops-*.pcapng")))
        expect(files, "no copies on disk")
        expect(os.stat(files[0]).st_mode & 0o007 == 0, "copies are for everybody")
        frames = _fields(files, "frame.comment", "coap.opt.uri_path", "frame.interface_name", "frame.cap_len")
        ours = [f for f in frames if f[0].startswith("drop: rule, rule no-time") and f[1:3] == ["time", "outside"]]
        # 300 in 0.6 s over two workers are within the budget of 64 in an eighth of a second.
        expect(len(ours) == acted, f"{len(ours)} copies of {acted} dropped messages: {frames[:3]}")
        expect(all(int(f[3]) <= 64 for f in frames), "longer than 'snap'")
        expect(kept["kept"] == len(frames) and kept["lost"] == 0, f"{len(frames)} frames, told of {kept}")

        damper_ok(lab, "load", rule_file(lab, "off.yaml", ATTACKED.split("capture:")[0]))
        until("the end of the capture", lambda: not status(lab)["kept_drops"]["on"])
        pour(peer, "/time", 10)
        time.sleep(0.5)
        expect(len(_fields(files, "frame.number")) == len(frames), "copies go on although the rules say nothing of it")
        peer.close()
