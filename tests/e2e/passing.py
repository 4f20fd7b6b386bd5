# SPDX-License-Identifier: BSD-3-Clause
"""What is not CoAP passes as it came."""

import hashlib
import os
import socket
import struct
import threading

import coap
import lab as wiring
import netns
import packets
from harness import LATE_S, Echo, expect, new_lab, scenario

_SOL_PACKET, _PACKET_AUXDATA = 263, 8
VLAN = 5


@scenario
def tcp_passes():
    """A TCP transfer of 300 kB, both families, arrives whole."""
    body = os.urandom(300_000)
    with new_lab() as lab:
        for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            digest = _tcp(lab, family, kind, body)
            expect(digest == hashlib.sha256(body).digest(), f"IPv{family}: body differs")


def _tcp(lab, family, kind, body):
    listener = netns.in_namespace(lab.ns("inside"),
                                  lambda: socket.socket(kind, socket.SOCK_STREAM))
    listener.settimeout(20)
    listener.bind((wiring.SERVER[family], 8080))
    listener.listen()

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(body)

    thread = threading.Thread(target=serve)
    thread.start()
    client = netns.in_namespace(lab.ns("honest"), lambda: socket.socket(kind, socket.SOCK_STREAM))
    client.settimeout(20)
    client.connect((wiring.SERVER[family], 8080))
    digest = hashlib.sha256()
    while data := client.recv(65536):
        digest.update(data)
    thread.join()
    client.close()
    listener.close()
    return digest.digest()


@scenario
def icmp_passes():
    """Echo requests of both families are answered."""
    with new_lab() as lab:
        for family, kind, proto, request, reply in (
                (4, socket.AF_INET, socket.IPPROTO_ICMP, 8, 0),
                (6, socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129)):
            sock = netns.in_namespace(
                lab.ns("honest"),
                lambda kind=kind, proto=proto: socket.socket(kind, socket.SOCK_RAW, proto))
            sock.settimeout(LATE_S)
            head = struct.pack("!BBHHH", request, 0, 0, 77, 1)
            total = packets.checksum(head + b"echo")  # the kernel fills in that of ICMPv6
            sock.sendto(head[:2] + struct.pack("!H", total) + head[4:] + b"echo",
                        (wiring.SERVER[family], 0))
            expect(_icmp_reply(sock, family, reply), f"no echo reply over IPv{family}")
            sock.close()


def _icmp_reply(sock, family, wanted):
    for _ in range(20):
        try:
            data = sock.recv(2048)
        except TimeoutError:
            return False
        data = data[(data[0] & 15) * 4:] if family == 4 else data
        if data[0] == wanted and data[4:6] == b"\x00\x4d":
            return True
    return False


@scenario
def neighbours_resolve():
    """ARP and neighbour discovery work through the filter."""
    with new_lab() as lab:
        for family in (4, 6):
            netns.ip(lab.ns("honest"), "neigh", "flush", "dev", "eth0")
            with Echo(lab, family, rate=20) as echo:
                lab.wait_for("echo", lambda echo=echo: len(echo.seen) > 3)
            table = netns.ip(lab.ns("honest"), f"-{family}", "neigh", "show",
                             wiring.SERVER[family])
            expect(wiring.MAC["inside"] in table, f"IPv{family}: {table!r}")


@scenario
def vlan_passes_and_is_judged():
    """A tagged datagram keeps its tag; malformed CoAP in a VLAN is dropped."""
    good, bad = b"not coap", b"\x80\x01\x00\x07"
    with new_lab() as lab:
        sock = netns.in_namespace(lab.ns("inside"), _tagged_listener)

        def send():
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
                out.bind(("eth0", 0))
                for port, data in ((coap.PORT, bad), (7777, good)):
                    frame = packets.udp_frame(wiring.MAC["attacker"], wiring.MAC["inside"],
                                              wiring.ATTACKER[4], wiring.SERVER[4], 46000, port,
                                              data)
                    tag = struct.pack("!HH", packets.ETH_VLAN, VLAN)
                    out.send(frame[:12] + tag + frame[12:])
        netns.in_namespace(lab.ns("attacker"), send)
        tags = _tagged(sock)
        sock.close()
    expect(tags == {7777: VLAN}, f"destination ports and tags seen inside: {tags}")


def _tagged_listener():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    sock.bind(("eth0", 3))
    sock.settimeout(LATE_S)
    return sock


def _tagged(sock):
    """{destination port: VLAN id} of datagrams from port 46000, up to the good one,
    which was sent last."""
    found = {}
    try:
        while 7777 not in found:
            frame, ancillary, _, _ = sock.recvmsg(4096, 256)
            packet = packets.parse(frame)
            if packet and packet.sport == 46000:
                # struct tpacket_auxdata: five fields of 4, 4, 4, 2, 2 bytes, then the tag
                found[packet.dport] = struct.unpack_from("@H", ancillary[0][2], 16)[0] & 0xFFF
    except TimeoutError:
        pass
    return found
