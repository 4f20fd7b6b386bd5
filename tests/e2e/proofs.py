# SPDX-License-Identifier: BSD-3-Clause
"""Proofs that cost nothing but watching, with libcoap at both ends."""

import os
import subprocess
import time
from collections import Counter

import coap
import honest
import lab as wiring
from capture import Recorder
from harness import expect, new_lab, scenario, status

PSK = ("-k", "a-shared-secret", "-u", "someone")


def _coaps(lab, family, path, *options):
    """What a libcoap client prints of a request over DTLS."""
    done = subprocess.run(
        ["ip", "netns", "exec", lab.ns("honest"), "coap-client-openssl", *PSK, "-B", "20", *options,
         wiring.url(family, path).replace("coap:", "coaps:")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
    return done.stdout.decode(errors="replace")


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
            before = status(lab)["challenges"]["proofs_cookie"]
            _coaps(lab, family, "/large", "-m", "put", "-f", upload)
            got = _coaps(lab, family, "/large")
            expect(body in got, f"IPv{family}: {len(got)} bytes: {got[:200]!r}")
            proofs = status(lab)["challenges"]["proofs_cookie"] - before
            expect(proofs == 2, f"IPv{family}: {proofs} proofs by cookie for 2 sessions")


CON_CONTENT, EMPTY_ACK = 0x40, b"\x60\x00"


def _confirmed(capture, to_client, to_server):
    """Message IDs of confirmable responses and how often each was sent, and
    those of empty ACKs, as seen at one end."""
    sent = Counter(coap.mid_of(r.packet.data) for r in capture.records(way=to_client)
                   if r.packet.sport == coap.PORT and r.packet.data[:1]
                   and r.packet.data[0] & 0xF0 == CON_CONTENT
                   and r.packet.data[1] == coap.CODE_CONTENT)
    acked = {coap.mid_of(r.packet.data) for r in capture.records(way=to_server)
             if r.packet.dport == coap.PORT and r.packet.data[:2] == EMPTY_ACK}
    return sent, acked


@scenario
def notifications_are_acknowledged():
    """Confirmable notifications of a libcoap server reach a libcoap client under
    other Message IDs, its ACKs bring the server's own back, and nothing that
    arrived is repeated. The first may come again: it may have come too early,
    while the client was still being asked whether it is there. And one ACK may come
    between the two pings, when it is no news."""
    with new_lab() as lab:
        for family in (4, 6):
            recorder = Recorder()
            try:
                outside = recorder.add(lab.ns("honest"), "eth0")
                inside = recorder.add(lab.ns("inside"), "eth0")
                before = status(lab)["challenges"]["proofs_ack"]
                output = honest.Honest(lab, family).client("/time", "-s", "8", wait=20)
                time.sleep(0.2)
                proofs = status(lab)["challenges"]["proofs_ack"] - before
                wire, wire_acks = _confirmed(outside, "in", "out")
                own, own_acks = _confirmed(inside, "out", "in")
            finally:
                recorder.close()
            where = f"IPv{family}: outside {wire}, ACKs {wire_acks}; inside {own}, ACKs {own_acks}"
            expect(output.count(":") // 2 >= 6, f"IPv{family}: few notifications: {output!r}")
            expect(len(own) >= 1 and len(wire) == len(own), where)
            expect(set(wire) != set(own), "the IDs are the server's own: " + where)
            repeats = sorted(own.values())
            expect(set(wire.values()) == {1}, "repeated: " + where)
            expect(repeats[:-1] == [1] * (len(own) - 1) and repeats[-1] <= 2,
                   "repeated: " + where)
            expect(wire_acks == set(wire) and own_acks == set(own), "not acknowledged: " + where)
            expect(proofs >= len(own) - 1, f"{proofs} proofs by ACK: {where}")
