# SPDX-License-Identifier: BSD-3-Clause
"""Limits and counters in the running data plane: what a reload must not touch.

Counters are read from the data plane's own segment (damp-stats-dump), so that
nothing in between can smooth them.
"""

import json
import os
import signal
import struct
import subprocess
import time

import coap
from clients import INSIDE_ZONES
from harness import (FIRST_CONTACT, Asking, Echo, Meanwhile, build_folder, damper_ok, expect,
                     expect_no_loss, new_lab, rule_file, samples, scenario, until)
from peer import ONCE, Peer

# One message, and the next one twelve minutes later: a reload that resets the
# limit shows at once.
SCARCE = INSIDE_ZONES + """\
limits:
%s  scarce: {per: source, rate: 5 msg/h, burst: 1 msg}
rules:
%s  - id: scarce
    match: {from: outside, msg: request, path: /time}
    limit: scarce
    over: {answer: 4.29}
"""
PLAIN = SCARCE % ("e2e-scarce", "", "")
SHIFTED = SCARCE % ("e2e-shifted", "  aside: {per: target, rate: 9 msg/s}\n",
                    "  - {id: aside, match: {path: /nowhere}, limit: aside}\n")


def stats(lab):
    """Every counter of the data plane by name."""
    dump = os.path.join(build_folder(), "tests", "packet", "damp-stats-dump")
    done = subprocess.run([dump, os.path.join(lab.runtime, "stats")], check=True,
                          stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    return {**found["counters"], **found["timing"], **found["sums"]}


class Watch(Meanwhile):
    """Looks again and again; remembers every counter that was less than before."""

    def __init__(self, look, period):
        self.look, self.period = look, period
        self.fell, self.looks = [], 0
        super().__init__()

    def body(self):
        before = {}
        while not self.over.is_set():
            now = self.look()
            self.looks += 1
            self.fell += [f"{name} from {value} to {now.get(name, 'nothing')}"
                          for name, value in before.items() if now.get(name, -1) < value]
            before = now
            self.over.wait(self.period)


def metric_totals(lab):
    """The counters that Prometheus would read."""
    return {f"{name}{sorted(labels)}": value
            for (name, labels), value in samples(lab.metrics()).items() if name.endswith("_total")}


@scenario
def reload_under_load():
    """A reload per second, DAMPER_RELOADS of them (20, a minute's worth by 60),
    under load: no packet is lost, no limit forgets, no counter goes backwards."""
    reloads = int(os.environ.get("DAMPER_RELOADS", "20"))
    with new_lab() as lab:
        files = [rule_file(lab, "plain.yaml", PLAIN), rule_file(lab, "shifted.yaml", SHIFTED)]
        damper_ok(lab, "load", files[0])
        asker, limited, refused = Peer(lab, "honest", 4), Peer(lab, "honest", 6), 0
        for _ in range(FIRST_CONTACT):
            expect(limited.get("/") is not None, "no answer to a first GET /")
        expect(limited.get("/time", **ONCE) is not None, "the limit refused its first message")
        with Watch(lambda: stats(lab), 0.1) as raw, Watch(lambda: metric_totals(lab), 1) as told, \
                Echo(lab, rate=500) as echo, Asking(asker, "/") as asking:
            for i in range(reloads):
                at = time.monotonic()
                damper_ok(lab, "load", files[(i + 1) % 2])
                answer = limited.ask(coap.GET, "/time", **ONCE)
                expect(answer is not None, "a limited request stayed without answer")
                refused += answer[1] == 0x9d  # 4.29
                time.sleep(max(0.0, at + 1 - time.monotonic()))
        expect_no_loss(echo, asking)
        expect(refused == reloads, f"{reloads - refused} of {reloads} reloads reset the limit")
        for watch in (raw, told):
            expect(not watch.fell, f"counters went backwards: {watch.fell[:5]}")
        expect(raw.looks > reloads / 2, f"only {raw.looks} looks at the counters")
        expect(told.looks >= 3, f"only {told.looks} looks at the metrics")
        final = stats(lab)
        expect(final.get("rule.scarce.acted") == refused,
               f"{final.get('rule.scarce.acted')} counted, {refused} seen")


DROPS = INSIDE_ZONES % "e2e-drops" + """\
rules:
  - id: no-time
    match: {from: outside, msg: request, path: /time}
    then: drop
  - id: trial
    mode: observe
    match: {from: outside, msg: request, path: /}
    then: drop
"""


def asked_until(lab, name):
    """The tick until which the workers fill the file of a trace or a capture: 0 when
    nobody asks. It is the last that is written of a request."""
    with open(os.path.join(lab.runtime, name), "rb") as file:
        # magic, version and workers, boot, until (include/damper/trace.h, capture.h)
        return struct.unpack("=QQQQ", file.read(32))[3]


def _captured(lab, traffic, *argv):
    """The comments and hex frames of a capture of some traffic."""
    path = os.path.join(lab.folder, f"{len(os.listdir(lab.folder))}.pcapng")
    before = asked_until(lab, "capture")
    with subprocess.Popen([lab.binary("damper"), "--runtime-dir", lab.runtime, "capture", "--for",
                           "10min", "--out", path, *argv], stderr=subprocess.PIPE,
                          text=True) as process:
        until("the capture", lambda: asked_until(lab, "capture") not in (0, before) or process.poll() is not None)
        traffic()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    expect(process.returncode == 0, f"damper capture: exit {process.returncode}: {said}")
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-e",
                           "coap.opt.uri_path", "-e", "frame.interface_name"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@scenario
def capture_of_drops():
    """damper capture has what was dropped, as it came, with its reason; without
    damperd; and nothing that was not asked for."""
    with new_lab() as lab:
        damper_ok(lab, "load", rule_file(lab, "drops.yaml", DROPS))
        lab.end("damperd")
        peer = Peer(lab, "honest", 4)

        def traffic():
            expect(peer.get("/") is not None, "GET / passes")
            expect(peer.get("/time", tries=1) is None, "GET /time is dropped")

        drops = _captured(lab, traffic, "--verdict", "drop")
        expect([frame for frame in drops if frame[0].startswith("drop: rule, rule no-time") and
                frame[1:] == ["time", "outside"]],
               f"the dropped request is missing: {drops}")
        expect(all(frame[0].startswith("drop: ") for frame in drops), f"not only drops: {drops}")
        trial = _captured(lab, traffic, "--rule", "trial")
        expect(trial and all("would have been that of rule trial" in frame[0] for frame in trial),
               f"not what the rule would have decided: {trial}")
        done = lab.damper("capture", "--rule", "nobody", "--out", os.path.join(lab.folder, "none"))
        expect(done.returncode == 5, f"an unknown rule: exit {done.returncode}")
        before = stats(lab)
        traffic()
        expect(stats(lab)["rule.no-time.acted"] == before["rule.no-time.acted"] + 1,
               "a capture changed what the rules do")
        peer.close()
