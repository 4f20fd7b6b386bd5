# SPDX-License-Identifier: BSD-3-Clause
"""Messages of the inside that leave in IP fragments (AV-43): under another Message
ID, whole again for the kernel that puts them together, and acknowledged. With two
workers: fragments go to one by their addresses, ACKs by their ports as well."""

import os
import socket
import time
from collections import Counter

import coap
import honest
import lab as wiring
import netns
from capture import Recorder
from harness import LATE_S, Meanwhile, expect, new_lab, scenario, until
from peer import Peer

LARGE = 3000            # bytes of body: three packets
MIDS = (0x1001, 0x1002, 0x2000, 0xFFFF)
LINK = 600              # MTU of the way from the server: below one block of 1024 bytes
PORT = 20001            # none that the kernel gives to others
ROUNDS = 3
TRUSTED = 60            # more requests than an address is served unproved, where others are known


class Server(Meanwhile):
    """Answers every request with "here" at once; what else comes is kept."""

    def __init__(self, lab, family):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        self.sock = netns.in_namespace(lab.ns("inside"), lambda: socket.socket(kind, socket.SOCK_DGRAM))
        self.sock.bind((wiring.SERVER_ODD[family], coap.PORT))
        self.sock.settimeout(0.2)
        self.kept = []
        super().__init__()

    def body(self):
        while not self.over.is_set():
            try:
                data, peer = self.sock.recvfrom(2048)
            except TimeoutError:
                continue
            if not coap.is_request(data):
                self.kept.append(data)
                continue
            token = data[4:4 + (data[0] & 15)]
            self.sock.sendto(coap.message(coap.ACK, coap.CODE_CONTENT, coap.mid_of(data), token, payload=b"here"), peer)

    def answers(self, least=0):
        """What came since the last time: so many at least, and what a moment later brings."""
        end = time.monotonic() + LATE_S
        while len(self.kept) < least and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.2)
        kept, self.kept = self.kept, []
        return kept

    def __exit__(self, *unused):
        super().__exit__()
        self.sock.close()


def _prove(peer, path):
    """Ask until what is served on trust is used up, and the gateway asks back: twice."""
    for _ in range(TRUSTED):
        expect(peer.get(path) is not None, "no answer to a small request")
        if peer.pings > 1:
            return
    expect(False, "the gateway never asked")


def _received(peer):
    """The next datagram of the server, put together by the kernel, or None. Pings of the
    gateway are answered."""
    peer.sock.settimeout(LATE_S)
    try:
        while (data := peer.sock.recv(65535))[:2] == b"\x40\x00":
            peer.sock.sendto(b"\x70\x00" + data[2:4], peer.target)
        return data
    except TimeoutError:
        return None


def _fragmented(lab, family):
    """A scripted server and peer: every CON arrives, is acknowledged, and the ACK
    names the server's own number."""
    body, moved = os.urandom(LARGE), 0
    with Server(lab, family) as server:
        peer = Peer(lab, "honest", family, server=wiring.SERVER_ODD)
        _prove(peer, "/p")
        to = peer.sock.getsockname()[:2]
        server.answers()
        for number, mid in enumerate(MIDS):
            where = f"IPv{family}, Message ID {mid:#06x}"
            sent = coap.message(coap.CON, coap.CODE_CONTENT, mid, peer.token, payload=body)
            wire = set()
            for _ in range(2):
                server.sock.sendto(sent, to)
                data = _received(peer)
                expect(data is not None, f"{where}: nothing came")
                expect(data[:2] + data[4:] == sent[:2] + sent[4:], f"{where}: {len(data)} bytes, other than were sent")
                wire.add(data[2:4])
            expect(len(wire) == 1, f"{where}: a copy has another number")
            moved += wire != {sent[2:4]}
            kind = b"\x60\x00" if number % 2 == 0 else b"\x70\x00"
            peer.sock.sendto(kind + wire.pop(), peer.target)
            answers = server.answers(1)
            expect(answers == [kind + sent[2:4]], f"{where}: its server was told {answers}")
        peer.close()
    expect(moved >= len(MIDS) - 1, f"IPv{family}: only {moved} of {len(MIDS)} numbers were permuted")


def _notified(lab):
    """A libcoap server behind a narrow link notifies a libcoap client in fragments:
    each notification is sent once."""
    writer, reader = Peer(lab, "honest", 4), Peer(lab, "honest", 4)
    reader.sock.close()
    reader.sock = netns.in_namespace(lab.ns("honest"), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    reader.sock.bind((wiring.HONEST[4], PORT))
    for peer in (writer, reader):
        _prove(peer, "/time")
    reader.close()
    bodies = [f"{n:04d}".encode() * 220 for n in range(ROUNDS + 1)]
    expect(writer.put("/wide", bodies[0]), "PUT failed")
    for net in wiring.OUTSIDE_NETS[4]:
        netns.ip(lab.ns("inside"), "route", "replace", net, "dev", "eth0", "mtu", "lock", str(LINK))
    recorder = Recorder()
    try:
        inside = recorder.add(lab.ns("inside"), "eth0")
        outside = recorder.add(lab.ns("honest"), "eth0")
        with honest.Watching(lab, 4, "/wide", PORT) as client:
            until("the observation", lambda: _large(outside))
            for n, body in enumerate(bodies[1:], 1):
                expect(writer.put("/wide", body), "PUT failed")
                # The next one waits until this one is known to have come.
                until(f"notification {n}", lambda n=n: len(_cons(inside, "out")) >= n
                      and set(_cons(inside, "out")) == _acks(inside))
            own, wire, acks = _cons(inside, "out"), _cons(outside, "in"), _acks(inside)
            output = client.end()
    finally:
        recorder.close()
    where = f"inside {own}, outside {wire}, ACKs {acks}"
    expect(all(body.decode() in output for body in bodies), f"the client saw {len(output)} bytes: {where}")
    expect(set(own.values()) == {1} and set(wire.values()) == {1}, "repeated: " + where)
    expect(set(own) != set(wire), "the server's own numbers: " + where)
    expect(acks == set(own), "not acknowledged: " + where)


def _large(capture):
    """Is there a first packet of an answer to the client?"""
    return any(r.packet.sport == coap.PORT and r.packet.dport == PORT for r in capture.records(way="in")
               if len(r.packet.data) > LINK // 2)


def _acks(capture):
    """Message IDs that the client has acknowledged, as their server knows them."""
    return {coap.mid_of(r.packet.data) for r in capture.records(way="in")
            if r.packet.sport == PORT and r.packet.data[:2] == b"\x60\x00"}


def _cons(capture, way):
    """Message IDs of CONs of more than one packet toward the client, and how often."""
    return Counter(coap.mid_of(r.packet.data) for r in capture.records(way=way)
                   if r.packet.sport == coap.PORT and r.packet.dport == PORT and len(r.packet.data) > LINK // 2
                   and coap.kind_of(r.packet.data) == coap.CON)


@scenario
def fragments_are_acknowledged():
    """What the inside sends in fragments is as any other message to its peer."""
    lab = new_lab(workers=2)
    lab.fragments = True
    with lab:
        for family in (4, 6):
            _fragmented(lab, family)
        _notified(lab)
