#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what arrives in the cases of tests/packet/cases, from a script that can be read.

After a change here: make_cases.py, then run_case.py --regen on the cases concerned.
"""
import os

from frames import BROADCAST, coap, eth, get, udp_frame
from plane import SIDES, write_pcap

CLIENT, SERVER, STRANGER = '192.0.2.10', '198.51.100.20', '203.0.113.5'
CLIENT6, SERVER6 = '2001:db8::10', '2001:db8:1::20'
PORT, COAP, COAPS = 40000, 5683, 5684
WAIT = eth(0x0806, bytes(28), dst=BROADCAST)    # ARP: nobody's business
OUTSIDE, INSIDE = SIDES


def ask(message, client=CLIENT, server=SERVER, port=PORT):
    return udp_frame(client, port, server, COAP, message)


def tell(message, client=CLIENT, server=SERVER, port=PORT):
    return udp_frame(server, COAP, client, port, message)


def content(mid, payload, token=b'\x4a', mtype=2):
    return coap(mtype, 0x45, mid, token, b'\xff' + payload)


def exchange():
    """A CON request and its small piggybacked answer pass, in both families."""
    for client, server in ((CLIENT, SERVER), (CLIENT6, SERVER6)):
        yield OUTSIDE, ask(get(1), client, server)
        yield INSIDE, tell(content(1, b'21.5'), client, server)


def unsolicited():
    """Answers nobody asked for stay where they are, whichever way they go."""
    yield INSIDE, tell(content(7, b'x' * 400, token=b'\x01\x02'))
    yield OUTSIDE, udp_frame(STRANGER, COAP, SERVER, PORT, content(8, b'y' * 400, token=b'\x03\x04'))
    yield INSIDE, tell(coap(2, 0, 99))          # an ACK to nothing
    yield OUTSIDE, ask(coap(3, 0, 98))          # an RST to nothing


def malformed():
    """One frame for each way a message can be broken that the scan names."""
    for rest in (b'', b'\x40', b'\x40\x01\x00',                 # short
                 b'\x80\x01\x00\x01',                           # version 2
                 b'\x49\x01\x00\x01' + bytes(9),                # token length 9
                 b'\x44\x01\x00\x01\xaa',                       # token cut short
                 b'\x40\x00\x00\x01\x01',                       # Empty with more behind
                 b'\x50\x00\x00\x01',                           # Empty NON
                 b'\x40\x20\x00\x01',                           # class 1
                 b'\x40\xe1\x00\x01',                           # signalling
                 b'\x60\x01\x00\x01',                           # request in an ACK
                 b'\x70\x45\x00\x01',                           # response in an RST
                 b'\x40\x01\x00\x01\xf0',                       # option delta 15
                 b'\x40\x01\x00\x01\xb4tim',                    # option value cut short
                 b'\x40\x01\x00\x01\xff',                       # marker without payload
                 b'\x40\x01\x00\x01\x60\x00\x00',               # Observe twice
                 b'\x40\x01\x00\x01\xd1\x0a\x07'):              # Block2 with SZX 7
        yield OUTSIDE, ask(rest)


def lie(frame, at, value):
    return frame[:at] + value + frame[at + len(value):]


def broken_ip():
    """CoAP by its ports, but not by its headers."""
    good = ask(get(1))
    yield OUTSIDE, lie(good, 16, b'\x00\x10')                   # IP total length below the header's
    yield OUTSIDE, lie(good, 38, b'\x00\x07')                   # UDP length 7
    yield OUTSIDE, lie(good, 38, b'\x01\x00')                   # UDP length beyond the packet
    yield OUTSIDE, lie(good, 24, b'\x00\x00')                   # IPv4 header checksum
    yield OUTSIDE, lie(good, 40, b'\x12\x34')                   # UDP checksum
    yield OUTSIDE, ask(get(2), client='127.0.0.1')              # loopback on the wire
    yield OUTSIDE, ask(get(3), port=0)
    yield OUTSIDE, lie(good, 0, BROADCAST)                      # unicast in a broadcast frame
    yield OUTSIDE, udp_frame(CLIENT, PORT, SERVER, COAPS, b'no DTLS record')


def rules():
    """A drop, a 4.29 in place of the server, a source of the wrong side, in this order."""
    yield OUTSIDE, ask(get(1, path=b'forbidden'))
    yield OUTSIDE, ask(get(2, path=b'busy-busy'))
    yield OUTSIDE, udp_frame('198.51.100.99', PORT, SERVER, COAP, get(3))
    yield INSIDE, udp_frame(STRANGER, COAP, CLIENT, PORT, content(4, b'x'))
    yield OUTSIDE, ask(get(5, path=b'watched'))


CASES = {'exchange': exchange, 'unsolicited': unsolicited, 'malformed': malformed, 'broken-ip': broken_ip, 'rules': rules}


def in_turn(script):
    """Frames for both files: each frame of the script meets a WAIT on the other side."""
    frames = {side: [] for side in SIDES}
    for side, frame in script:
        for s in SIDES:
            frames[s].append(frame if s == side else WAIT)
    return frames


def main():
    base = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cases')
    for name, script in CASES.items():
        os.makedirs(os.path.join(base, name), exist_ok=True)
        for side, frames in in_turn(script()).items():
            write_pcap(os.path.join(base, name, f'case.{side}.in.pcap'), frames)


if __name__ == '__main__':
    main()
