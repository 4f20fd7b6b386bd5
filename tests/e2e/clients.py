# SPDX-License-Identifier: BSD-3-Clause
"""Honest clients through the filter: nobody real is locked out."""

import time

import attacks
import coap
import honest
import lab as wiring
import results
from capture import Recorder
from harness import damper_ok, expect, new_lab, rule_file, scenario, status
from peer import ONCE, Peer

INSIDE_ZONES = """\
version: 1
ruleset: {name: %s, revision: 1}
zones:
  inside: {ports: [inside], prefixes: [192.0.2.0/24, "2001:db8:1::/64"]}
  outside: {ports: [outside]}
"""

CHALLENGE = INSIDE_ZONES % "e2e-challenge" + """\
rules:
  - id: challenge-everybody
    match: {from: outside, msg: request, verified: false}
    then: challenge
"""


def _honest_round(family, workers=1):
    """Every kind of honest job once, right after the start."""
    with new_lab(workers=workers) as lab:
        recorder = Recorder()
        try:
            client = recorder.add(lab.ns("honest"), "eth0")
            one = honest.Honest(lab, family)
            for name in honest.Honest.ROUND:
                one.run_job(name)
        finally:
            recorder.close()
    jobs = honest.check_pings(one.jobs, client)
    failed = [f"{job.kind}: {job.output[:200]!r}" for job in jobs if not job.answered]
    expect(not failed, "not answered:\n" + "\n".join(failed))


@scenario
def honest_v4():
    """GET, NON, block-wise PUT, observe, keepalive over IPv4."""
    _honest_round(4)


@scenario
def honest_v6():
    """The same over IPv6."""
    _honest_round(6)


@scenario
def honest_two_workers():
    """The same with two workers, which hand packets over by software."""
    _honest_round(4, workers=2)


# Long enough that a 4.01 with an Echo value is no larger than the request, and
# so short that it is.
LONG, SHORT = "/a-resource-with-a-long-name", "/t"


WITHOUT_HOLDING = "guard: {hold: false}\n"


def _challenged(path, kinds, guard=""):
    """Ask for a path while every unproved request is challenged; the families
    to which a 4.01 with Echo was sent."""
    with new_lab() as lab:
        for family in (4, 6):
            peer = Peer(lab, "attacker", family)
            expect(peer.put(path, b"found: it"), f"PUT {path} over IPv{family}")
            peer.close()
        damper_ok(lab, "load", rule_file(lab, "challenge.yaml", CHALLENGE + guard))
        recorder = Recorder()
        try:
            client = recorder.add(lab.ns("honest"), "eth0")
            for family in (4, 6):
                one = honest.Honest(lab, family)
                for options in kinds:
                    output = one.client(path, *options)
                    expect("found: it" in output, f"IPv{family} {options}: {output!r}")
        finally:
            recorder.close()
    return {r.packet.family for r in client.records(way="in")
            if r.packet.sport == coap.PORT and r.packet.data[1:2] == b"\x81"
            and coap.option(r.packet.data, coap.OPT_ECHO)}


@scenario
def challenged_client():
    """A libcoap client that is challenged by Echo gets its resource, unconfigured."""
    echoes = _challenged(LONG, ((), ("-N",)), WITHOUT_HOLDING)
    expect(echoes == {4, 6}, f"4.01 with Echo was seen for {sorted(echoes)} only")


@scenario
def challenged_small_request():
    """The same where a challenge would be larger than the request: a ping asks
    in its place, and the client's own retransmission is served."""
    echoes = _challenged(SHORT, ((),), WITHOUT_HOLDING)
    expect(echoes == set(), f"a 4.01 larger than its request was sent: {sorted(echoes)}")


@scenario
def held_request():
    """A request waits for the answer to a ping, a NON that nobody repeats too."""
    echoes = _challenged(LONG, ((), ("-N",)))
    expect(echoes == set(), f"a 4.01 was sent: {sorted(echoes)}")
    echoes = _challenged(SHORT, ((), ("-N",)))
    expect(echoes == set(), f"a 4.01 was sent: {sorted(echoes)}")


@scenario
def minimal_client():
    """A client that knows RFC 7252 and nothing else, and sends each request once,
    has a first answer of twenty times its size: it answers one ping."""
    body = b"m" * 900
    with new_lab(workers=2) as lab:
        peers = []          # open until the end: no port comes again, whose endpoint is known
        for family in (4, 6):
            writer = Peer(lab, "attacker", family)
            expect(writer.put("/m", body), f"PUT over IPv{family}")
            writer.close()
            for kind in (coap.CON, coap.NON):
                peer = Peer(lab, "honest", family, knows_echo=False)
                peers.append(peer)
                got = peer.get("/m", kind=kind, **ONCE)
                expect(got == body, f"IPv{family}, type {kind}: {got!r}, {peer.pings} pings")
                expect(peer.pings >= 1, f"IPv{family}, type {kind}: never asked")
        held = status(lab)["challenges"]
        expect(held["held"] >= 4 and held["held_released"] >= 4, f"held: {held}")
        for peer in peers:
            peer.close()


@scenario
def attack_two_workers():
    """The bound holds when the victims' packets are spread over two workers."""
    with new_lab(workers=2) as lab:
        chosen = [(i, v) for i, v in enumerate(attacks.vectors(), 1)
                  if v.number in ("AV-01", "AV-41")]
        for index, vector in chosen:
            vector.start = 0
            for family in (4, 6):
                lab.add_victims(vector.addresses(index, 1, family))
        expect(lab.damper("bypass", "on", "--for", "10min").returncode == 0, "bypass on")
        for family in (4, 6):
            attacks.plant(lab, family)
        expect(lab.damper("bypass", "off").returncode == 0, "bypass off")
        _attack(lab, chosen)


def _attack(lab, chosen):
    recorder = Recorder()
    try:
        victim = recorder.add(lab.ns("victim"), "eth0")
        attacker = attacks.Attacker(lab)
        attacker.run(chosen, 1, (4, 6))
        time.sleep(2)
        attacker.close()
    finally:
        recorder.close()
    for index, vector in chosen:
        for family in (4, 6):
            got = results.at_victims(victim, vector.addresses(index, 1, family), 0)
            peak = results.peak_factor(attacker.sent[vector.number, family], got)
            expect(peak <= results.LIMIT, f"{vector.number} IPv{family}: factor {peak:.2f}")


@scenario
def unsolicited_from_inside():
    """A response that nobody asked for does not leave."""
    import netns
    import packets
    with new_lab() as lab:
        recorder = Recorder()
        try:
            victim = recorder.add(lab.ns("victim"), "eth0")
            for family, target in ((4, "10.99.1.7"), (6, "3fff:199::7")):
                def send(target=target, family=family):
                    import socket
                    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
                        sock.bind(("eth0", 0))
                        for i in range(20):
                            sock.send(packets.udp_frame(
                                wiring.MAC["inside"], wiring.MAC["victim"],
                                wiring.SERVER[family], target, coap.PORT, 40000 + i,
                                coap.message(coap.NON, coap.CODE_CONTENT, i, b"t", (),
                                             b"x" * 900)))
                netns.in_namespace(lab.ns("inside"), send)
            time.sleep(1)
        finally:
            recorder.close()
        got = [r.packet for r in victim.records(way="in") if r.packet.sport == coap.PORT]
        expect(not got, f"{len(got)} packets for nothing reached the victim: {got[:3]}")
