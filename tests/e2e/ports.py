# SPDX-License-Identifier: BSD-3-Clause
"""Zones whose port is named as a device: the data plane knows its ports' names."""

from harness import damper_ok, expect, new_lab, rule_file, scenario, status
from peer import Peer

# d1 is the kernel's interface behind the inside port, net_af_packet0 the outside port.
BY_DEVICE = """\
version: 1
ruleset: {name: "%s", revision: 1}
zones:
  cell: {ports: [%s], prefixes: [192.0.2.0/24, "2001:db8:1::/64"]}
  world: {ports: [%s], prefixes: any}
rules:
  - {id: no-time, match: {from: world, to: cell, msg: request, path: /time}, then: drop}
"""


@scenario
def ports_by_name():
    """A rule acts by the port a device is; a name that no port has is refused
    with the names there are, and what runs goes on running."""
    with new_lab() as lab:
        peer = Peer(lab, "honest", 4)
        damper_ok(lab, "load", rule_file(lab, "right.yaml", BY_DEVICE % ("e2e-right", "d1", "net_af_packet0")))
        expect(peer.get("/time", tries=2) is None, "the rule of a zone by device does not act")
        expect(peer.get("/") is not None, "another path is dropped too")

        called = {port["port"]: port["called"] for port in status(lab)["ports"]}
        expect(called == {"outside": ["d0", "net_af_packet0"], "inside": ["d1", "net_af_packet1"]}, f"{called}")
        expect("outside (d0, net_af_packet0) up" in damper_ok(lab, "show", "status"), "the names are not shown")

        done = lab.damper("load", rule_file(lab, "wrong.yaml", BY_DEVICE % ("e2e-wrong", "d1", "eth7")))
        expect(done.returncode == 5, f"exit {done.returncode}: {done.stderr}")
        for part in ("wrong.yaml:5:", "zone 'world'", "'eth7'", "d0, net_af_packet0 (outside)",
                     "d1, net_af_packet1 (inside)"):
            expect(part in done.stderr, f"nothing of {part}: {done.stderr}")
        expect(status(lab)["program"]["name"] == "e2e-right", "a refused load changed what runs")
        expect(peer.get("/time", tries=1) is None, "a refused load changed what the rules do")

        # The other way round the rule is about requests from inside.
        damper_ok(lab, "load", rule_file(lab, "swapped.yaml", BY_DEVICE % ("e2e-swapped", "d0", "d1")))
        expect(peer.get("/time") is not None, "zones on swapped ports still drop")
        peer.close()
