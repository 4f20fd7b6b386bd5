#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A server with what libcoap 4.3.1 has not: Q-Block, conditional attributes,
simple registration, answers in IP fragments, EDHOC, DTLS without cookies, DTLS
connection IDs. As bad as the catalogue says such servers may be: no answer of a
client is needed for anything.

    odd_server.py ADDRESS

/q      60 KiB: ten blocks each 2.3 s for one request with Q-Block2 (AV-27)
/q1     uploads by Q-Block1: when block 2 is there and block 1 is not, it asks for that
        after 4, 8 and 16 s (AV-28)
/t      a value; observed with ?c.pmax=S or ?pmax=S it notifies every S seconds,
        non-confirmable, until a RST or a deregistration (AV-14)
/.well-known/rd   simple registration: asks the registrant for its links, with
        all repetitions, and again when lt (in s) is over (AV-36)
/whole  8000 bytes in one datagram (AV-43)
/.well-known/edhoc   message_2 with a credential by value, 600 bytes (AV-48)

On port 5684, in sizes and times as an outsider sees them, without cryptography:
a ClientHello is answered at once by a flight of 1700 bytes in two datagrams, five
copies in 8 s (AV-45); a record with the connection ID 0x0102 moves that session to
wherever it came from, and its 50 datagrams of 1200 bytes follow (AV-24).
"""

import contextlib
import heapq
import itertools
import os
import random
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import coap  # noqa: E402

BLOCK, MAX_PAYLOADS, BURST_GAP = 1024, 10, 2.3
BODY = bytes(ord("a") + i % 26 for i in range(60 * BLOCK))
REPETITIONS = (0, 2.5, 7.5, 17.5, 37.5)
OPT_CONTENT_FORMAT, OPT_Q_BLOCK2 = 12, 31
CODE_CHANGED, CODE_INCOMPLETE = 0x44, 0x88
NAGS, MISSING_BLOCKS = (4, 12, 28), 272         # seconds after the block; Content-Format of RFC 9177 section 5
DTLS_HANDSHAKE, DTLS_CID, CID, FLIGHT = 22, 25, b"\x01\x02", (1200, 500)


class Dtls:
    """What comes to port 5684, and what goes back."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock

    def send(self, peer, kind, body):
        """One datagram: one record."""
        ident = CID if kind == DTLS_CID else b""
        data = bytes([kind]) + b"\xfe\xfd" + bytes(8) + ident + struct.pack("!H", len(body)) + body
        with contextlib.suppress(OSError):
            self.sock.sendto(data, peer)

    def flight(self, peer):
        """ServerHello to ServerHelloDone."""
        for length in FLIGHT:
            self.send(peer, DTLS_HANDSHAKE, b"\x02" + bytes(length - 14))

    def stream(self, peer, left):
        """One datagram of those under way, and the next 20 ms later."""
        self.send(peer, DTLS_CID, bytes(1200 - 15))
        if left > 1:
            self.server.at(0.02, self.stream, peer, left - 1)

    def receive(self, data, peer):
        """One datagram of anybody."""
        if len(data) > 13 and data[0] == DTLS_HANDSHAKE and data[13] == 1:
            for delay in (0, 1, 2, 4, 8):
                self.server.at(delay, self.flight, peer)
        elif len(data) > 15 and data[0] == DTLS_CID and data[11:13] == CID:
            self.stream(peer, 50)


class Server:
    """Two sockets and a queue of things to send later."""

    def __init__(self, address):
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.socket(kind, socket.SOCK_DGRAM)
        # A member of the group beside us listens to all addresses.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, coap.PORT))
        sealed = socket.socket(kind, socket.SOCK_DGRAM)
        sealed.bind((address, coap.PORT_DTLS))
        self.dtls = Dtls(self, sealed)
        self.later, self.order = [], itertools.count()
        self.mid = random.randrange(1 << 16)
        self.watching = {}          # (peer, token) -> generation

    def at(self, delay, action, *args):
        """Run an action in `delay` seconds."""
        heapq.heappush(self.later, (time.monotonic() + delay, next(self.order), action, args))

    def send(self, peer, data):
        """One datagram; an unreachable peer is not our business."""
        try:
            self.sock.sendto(data, peer)
        except OSError:
            pass

    def fresh(self):
        """A Message ID."""
        self.mid = self.mid + 1 & 0xFFFF
        return self.mid

    def answer(self, peer, request, code, opts=(), payload=b""):
        """In kind: ACK for CON, NON for NON."""
        con = coap.kind_of(request) == coap.CON
        mid = coap.mid_of(request) if con else self.fresh()
        token = request[4:4 + (request[0] & 15)]
        self.send(peer, coap.message(coap.ACK if con else coap.NON, code, mid, token, opts, payload))

    def burst(self, peer, token, first):
        """Ten blocks, and the next ten later, whoever listens."""
        count = len(BODY) // BLOCK
        for n in range(first, min(first + MAX_PAYLOADS, count)):
            value = coap.uint(n << 4 | (8 if n + 1 < count else 0) | 6)
            self.send(peer, coap.message(coap.NON, coap.CODE_CONTENT, self.fresh(), token,
                                         [(OPT_Q_BLOCK2, value)], BODY[n * BLOCK:(n + 1) * BLOCK]))
        if first + MAX_PAYLOADS < count:
            self.at(BURST_GAP, self.burst, peer, token, first + MAX_PAYLOADS)

    def nag(self, peer, token):
        """4.08 that names block 1 as missing (RFC 9177 section 4.3)."""
        self.send(peer, coap.message(coap.NON, CODE_INCOMPLETE, self.fresh(), token,
                                     [(OPT_CONTENT_FORMAT, coap.uint(MISSING_BLOCKS))], b"\x01"))

    def notify(self, peer, token, period, serial):
        """One notification, and the next after a period."""
        if (peer, token) not in self.watching:
            return
        mid = self.fresh()
        self.watching[peer, token] = mid
        self.send(peer, coap.message(coap.NON, coap.CODE_CONTENT, mid, token,
                                     [(coap.OPT_OBSERVE, coap.uint(serial & 0xFFFFFF))], b"21.5"))
        self.at(period, self.notify, peer, token, period, serial + 1)

    def observe(self, peer, request, query):
        """Register when asked to; the period is the query's."""
        token = request[4:4 + (request[0] & 15)]
        wish = coap.option(request, coap.OPT_OBSERVE)
        if wish is None or any(wish):
            self.watching.pop((peer, token), None)
            self.answer(peer, request, coap.CODE_CONTENT, payload=b"21.5")
            return
        period = next((float(q.split("=")[1]) for q in query if q.split("=")[0] in ("c.pmax", "pmax")),
                      60.0)
        self.watching[peer, token] = 0
        self.answer(peer, request, coap.CODE_CONTENT, [(coap.OPT_OBSERVE, b"\x01")], b"21.5")
        self.at(period, self.notify, peer, token, period, 2)

    def ask_links(self, peer, lifetime, rounds):
        """GET /.well-known/core to the registrant, five copies; again each lifetime."""
        data = coap.message(coap.CON, coap.GET, self.fresh(), b"rd", coap.path("/.well-known/core"))
        for delay in REPETITIONS:
            self.at(delay, self.send, peer, data)
        if rounds > 1:
            self.at(lifetime, self.ask_links, peer, lifetime, rounds - 1)

    def request(self, peer, data):
        """Serve one request."""
        found, _ = coap.body_of(data)
        where = "/" + "/".join(v.decode() for n, v in found if n == coap.OPT_URI_PATH)
        query = [v.decode() for n, v in found if n == coap.OPT_URI_QUERY]
        token = data[4:4 + (data[0] & 15)]
        if where == "/q" and coap.option(data, OPT_Q_BLOCK2) is not None:
            self.burst(peer, token, 0)
        elif where == "/q1":
            block = coap.option(data, coap.OPT_Q_BLOCK1)
            if block and int.from_bytes(block, "big") >> 4 > 1:
                for delay in NAGS:
                    self.at(delay, self.nag, peer, token)
        elif where == "/t":
            self.observe(peer, data, query)
        elif where == "/.well-known/rd":
            self.answer(peer, data, 0x44)
            lifetime = next((float(q[3:]) for q in query if q.startswith("lt=")), 90000.0)
            self.ask_links(peer, lifetime, 3)
        elif where == "/.well-known/edhoc":
            self.answer(peer, data, CODE_CHANGED, payload=b"\x59\x02\x50" + BODY[:597])
        elif where == "/whole":
            self.answer(peer, data, coap.CODE_CONTENT, payload=BODY[:8000])
        else:
            self.answer(peer, data, 0x84)

    def receive(self, data, peer):
        """One datagram of anybody."""
        kind = coap.kind_of(data)
        if kind == coap.RST:
            mid = coap.mid_of(data)
            self.watching = {k: v for k, v in self.watching.items() if k[0] != peer or v != mid}
        elif coap.is_request(data) and kind in (coap.CON, coap.NON):
            self.request(peer, data)

    def run(self):
        """Until killed."""
        while True:
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, action, args = heapq.heappop(self.later)
                action(*args)
            left = self.later[0][0] - time.monotonic() if self.later else 1.0
            ready, _, _ = select.select([self.sock, self.dtls.sock], [], [], max(0.001, min(left, 1.0)))
            if self.sock in ready:
                self.receive(*self.sock.recvfrom(65535))
            if self.dtls.sock in ready:
                self.dtls.receive(*self.dtls.sock.recvfrom(65535))


if __name__ == "__main__":
    Server(sys.argv[1]).run()
