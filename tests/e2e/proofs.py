# SPDX-License-Identifier: BSD-3-Clause
"""Proofs that cost nothing but watching, with libcoap at both ends."""

import os
import subprocess
from collections import Counter

import coap
import honest
import lab as wiring
from capture import Recorder
from harness import expect, new_lab, scenario, status, until

PSK = ("-k", "a-shared-secret", "-u", "someone")


def _coaps(lab, family, path, *options):
    """What a libcoap client prints of a request over DTLS."""
    done = subprocess.run(
        ["ip", "netns", "exec", lab.ns("honest"), "coap-client-openssl", *PSK, "-B", "40", *options,
         wiring.url(family, path).replace("coap:", "coaps:")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.stdout.decode(errors="replace")


def _has_cookie(packet):
    """Is this a ClientHello with a cookie (RFC 6347 section 4.2.1)?"""
    data, session = packet.data, 13 + 12 + 2 + 32      # behind record, handshake, version and random
    if packet.dport != coap.PORT_DTLS or len(data) < session + 1 or data[0] != 22 or data[13] != 1:
        return False
    cookie = session + 1 + data[session]
    return len(data) > cookie and data[cookie] > 0


@scenario
def dtls_session():
    """A DTLS client is proved by its handshake, and then served in bulk."""
    body = "0123456789" * 1000
    with new_lab() as lab:
        upload = os.path.join(lab.folder, "body")
        with open(upload, "w", encoding="ascii") as file:
            file.write(body)
        for family in (4, 6):
            lab.end(f"coap-{family}")
            lab.spawn(f"coaps-{family}", "coap-server-openssl", "-A", wiring.SERVER[family],
                      "-d", "100", "-v", "3", *PSK[:2], ns="inside")
            lab.wait_for("DTLS server", lambda family=family: "libcoap" in
                         _coaps(lab, family, "/", "-B", "2"), f"coaps-{family}")
            recorder = Recorder()
            try:
                outside = recorder.add(lab.ns("honest"), "eth0")
                before = status(lab)["challenges"]["proofs_cookie"]
                _coaps(lab, family, "/large", "-m", "put", "-f", upload)
                got = _coaps(lab, family, "/large")
                proofs = status(lab)["challenges"]["proofs_cookie"] - before
            finally:
                recorder.close()
            expect(body in got, f"IPv{family}: {len(got)} bytes: {got[:200]!r}")
            # A client may repeat its hello, when the answer is late: then both prove it.
            hellos = sum(_has_cookie(r.packet) for r in outside.records(way="out"))
            expect(2 <= proofs <= hellos, f"IPv{family}: {proofs} proofs by {hellos} cookies for 2 sessions")


CON_CONTENT, EMPTY_ACK = 0x40, b"\x60\x00"
ENOUGH = 5              # notifications that have to be acknowledged


def _confirmed(capture, to_client, to_server):
    """Message IDs of confirmable responses, oldest first, with how often each was
    sent, and those of empty ACKs, as seen at one end."""
    sent = Counter(coap.mid_of(r.packet.data) for r in capture.records(way=to_client)
                   if r.packet.sport == coap.PORT and r.packet.data[:1]
                   and r.packet.data[0] & 0xF0 == CON_CONTENT
                   and r.packet.data[1] == coap.CODE_CONTENT)
    acked = {coap.mid_of(r.packet.data) for r in capture.records(way=to_server)
             if r.packet.dport == coap.PORT and r.packet.data[:2] == EMPTY_ACK}
    return sent, acked


def _enough(capture, to_client, to_server):
    """The first notifications at one end, when all of them are acknowledged there."""
    sent, acked = _confirmed(capture, to_client, to_server)
    first = list(sent)[:ENOUGH]
    return first if len(first) == ENOUGH and set(first) <= acked else None


def _proved_by_ack(lab, inside):
    """Proofs by ACK, and the ACKs that reached the server meanwhile, of a client that
    is wholly proved: before that some are no news."""
    def proofs(kind="proofs_ack"):
        return status(lab)["challenges"][kind]

    def acks():
        return len(_confirmed(inside, "out", "in")[1])
    until("the whole proof", lambda: proofs("proofs_second") > 0)
    first, so_far = proofs(), acks()
    until("more ACKs", lambda: acks() >= so_far + ENOUGH)
    seen = acks() - so_far
    return proofs() - first, seen


@scenario
def notifications_are_acknowledged():
    """Confirmable notifications of a libcoap server reach a libcoap client under
    other Message IDs, its ACKs bring the server's own back and prove that it is
    there, and nothing that arrived is repeated. The first may come again: it may have
    come too early, while the client was still being asked whether it is there."""
    for family in (4, 6):
        with new_lab() as lab:
            _notified(lab, family)


def _notified(lab, family):
    recorder = Recorder()
    try:
        outside = recorder.add(lab.ns("honest"), "eth0")
        inside = recorder.add(lab.ns("inside"), "eth0")
        with honest.Watching(lab, family, "/time") as client:
            proofs, acks = _proved_by_ack(lab, inside)
            wire = until("ACKs outside", lambda: _enough(outside, "in", "out"))
            own = until("ACKs inside", lambda: _enough(inside, "out", "in"))
            # What is under way when the client ends is nobody's.
            (sent, _), (kept, _) = _confirmed(outside, "in", "out"), _confirmed(inside, "out", "in")
            output = client.end()
    finally:
        recorder.close()
    where = f"IPv{family}: outside {sent}, inside {kept}"
    expect(output.count(":") // 2 >= ENOUGH, f"IPv{family}: few notifications: {output!r}")
    expect(set(wire) != set(own), "the IDs are the server's own: " + where)
    expect(all(sent[mid] == 1 for mid in wire), "repeated: " + where)
    repeats = sorted(kept[mid] for mid in own)
    expect(repeats[:-1] == [1] * (ENOUGH - 1) and repeats[-1] <= 2, "repeated: " + where)
    # One may have been counted between the two looks.
    expect(proofs >= acks - 1, f"{proofs} proofs by {acks} ACKs: {where}")
