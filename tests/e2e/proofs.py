# SPDX-License-Identifier: BSD-3-Clause
"""Proofs that cost nothing but watching, with libcoap at both ends."""

import os
import subprocess

import lab as wiring
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
