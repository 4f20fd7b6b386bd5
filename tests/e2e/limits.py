# SPDX-License-Identifier: BSD-3-Clause
"""Limits and counters in the running data plane: what a reload must not touch.

Counters are read from the data plane's own segment (damp-stats-dump), so that
nothing in between can smooth them.
"""

import json
import os
import subprocess
import threading
import time

import coap
from clients import INSIDE_ZONES
from harness import (FIRST_CONTACT, Asking, Echo, build_folder, damper_ok, expect,
                     expect_no_loss, new_lab, rule_file, samples, scenario)
from peer import Peer

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


class Watch:
    """Looks again and again; remembers every counter that was less than before."""

    def __init__(self, look, period):
        self.look, self.period = look, period
        self.fell, self.looks = [], 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._body)

    def _body(self):
        before = {}
        while not self._stop.is_set():
            now = self.look()
            self.looks += 1
            self.fell += [f"{name} from {value} to {now.get(name, 'nothing')}"
                          for name, value in before.items() if now.get(name, -1) < value]
            before = now
            self._stop.wait(self.period)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._thread.join()


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
        expect(limited.get("/time") is not None, "the limit refused its first message")
        with Watch(lambda: stats(lab), 0.1) as raw, Watch(lambda: metric_totals(lab), 1) as told, \
                Echo(lab, rate=500) as echo, Asking(asker, "/") as asking:
            for i in range(reloads):
                at = time.monotonic()
                damper_ok(lab, "load", files[(i + 1) % 2])
                answer = limited.ask(coap.GET, "/time")
                expect(answer is not None, "a limited request stayed without answer")
                refused += answer[1] == 0x9d  # 4.29
                time.sleep(max(0.0, at + 1 - time.monotonic()))
        expect_no_loss(echo, asking)
        expect(refused == reloads, f"{reloads - refused} of {reloads} reloads reset the limit")
        for watch in (raw, told):
            expect(watch.looks > reloads / 2, f"only {watch.looks} looks at the counters")
            expect(not watch.fell, f"counters went backwards: {watch.fell[:5]}")
        final = stats(lab)
        expect(final["rule.scarce.acted"] == refused,
               f"{final['rule.scarce.acted']} counted, {refused} seen")
