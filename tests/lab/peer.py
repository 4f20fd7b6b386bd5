# SPDX-License-Identifier: BSD-3-Clause
"""A CoAP endpoint of our own: a socket, one request at a time.

It does what RFC 7252 asks of every endpoint and no more: it repeats a
confirmable request, answers an Empty CON with RST, and (RFC 9175), unless it is
told not to know of that, returns an Echo value that came with a 4.01. Tests use it where coap-client is too slow to
start or does not say enough.
"""

import socket
import struct
import time

import coap
import lab as wiring
import netns

TIMEOUT, REPEAT = 1.5, 6
ONCE = {"tries": 1, "wait": 30.0}   # for who counts: an answer that is late is no answer that was lost


class Peer:
    """An endpoint in a namespace of the lab, talking to one server."""

    def __init__(self, lab, role, family, server=None, knows_echo=True):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        own = {"honest": wiring.HONEST, "attacker": wiring.ATTACKER}[role][family]
        self.sock = netns.in_namespace(lab.ns(role),
                                       lambda: socket.socket(kind, socket.SOCK_DGRAM))
        self.sock.bind((own, 0))
        self.target = ((server or wiring.SERVER)[family], coap.PORT)
        self.family, self.mid = family, 0x7000
        self.knows_echo = knows_echo
        self.token = b""            # of the last request; each has one of its own
        self.sent = self.pings = self.challenges = 0

    def ask(self, code, path, options=(), payload=b"", kind=coap.CON, tries=REPEAT, wait=TIMEOUT):
        """The response (bytes), or None when there was none. Another answer to an
        earlier request, which was repeated, is not taken for it."""
        options = coap.path(path) + list(options)
        self.mid += 1
        self.token = token = struct.pack("!2sH", b"pe", self.mid & 0xFFFF)
        data = coap.message(kind, code, self.mid, token, options, payload)
        for _ in range(tries):
            self.sent += 1
            self.sock.sendto(data, self.target)
            answer = self._answer(token, wait)
            if answer is None:
                continue
            echo = coap.option(answer, coap.OPT_ECHO)
            if answer[1] != coap.CODE_UNAUTHORIZED or echo is None or not self.knows_echo:
                return answer
            self.challenges += 1
            self.mid += 1
            data = coap.message(kind, code, self.mid, token,
                                options + [(coap.OPT_ECHO, echo)], payload)
        return None

    def _answer(self, token, wait):
        """Next response with our token, within `wait` seconds."""
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(4096)
            except (TimeoutError, ConnectionRefusedError):
                return None
            if data[:2] == b"\x40\x00":
                self.pings += 1
                self.sock.sendto(b"\x70\x00" + data[2:4], self.target)
            elif len(data) >= 8 and data[1] and data[4:4 + (data[0] & 15)] == token:
                return data
        return None

    def get(self, path, **how):
        """Payload of a 2.05, or None."""
        answer = self.ask(coap.GET, path, **how)
        return coap.body_of(answer)[1] if answer and answer[1] == coap.CODE_CONTENT else None

    def put(self, path, body):
        """Store a body: in one datagram when it fits, else in blocks of 1024."""
        if len(body) <= 1024:
            return self._stored(self.ask(coap.PUT, path, payload=body))
        last = (len(body) - 1) // 1024
        return all(self._stored(self.ask(
            coap.PUT, path,
            [(coap.OPT_BLOCK1, coap.uint(n << 4 | (8 if n < last else 0) | 6))],
            body[n * 1024:(n + 1) * 1024])) for n in range(last + 1))

    @staticmethod
    def _stored(answer):
        return answer is not None and answer[1] >> 5 == 2

    def close(self):
        """Give the socket back."""
        self.sock.close()
