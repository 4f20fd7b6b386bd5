# SPDX-License-Identifier: BSD-3-Clause
"""Frames for packet tests, built field by field."""
import socket
import struct

MAC_A = bytes.fromhex('020000000001')
MAC_B = bytes.fromhex('020000000002')
BROADCAST = b'\xff' * 6


def csum(data):
    if len(data) % 2:
        data += b'\0'
    s = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def eth(kind, payload, dst=MAC_B, src=MAC_A, tags=()):
    """tags: (TPID, TCI) from the outside in."""
    return dst + src + b''.join(struct.pack('!HH', *t) for t in tags) + struct.pack('!H', kind) + payload


def ip4(proto, payload, src='192.0.2.1', dst='198.51.100.1', options=b'', frag=0, ident=0, ttl=64):
    hlen = 20 + len(options)
    head = struct.pack('!BBHHHBBH4s4s', 0x40 | hlen // 4, 0, hlen + len(payload), ident, frag, ttl, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + options
    return head[:10] + struct.pack('!H', csum(head)) + head[12:] + payload


def ip6(nxt, payload, src='2001:db8::1', dst='2001:db8:1::1', hops=64):
    return struct.pack('!IHBB', 0x60000000, len(payload), nxt, hops) + \
        socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + payload


def pseudo(src, dst, proto, length):
    family = socket.AF_INET6 if ':' in src else socket.AF_INET
    a, b = socket.inet_pton(family, src), socket.inet_pton(family, dst)
    if family == socket.AF_INET6:
        return a + b + struct.pack('!IHBB', length, 0, 0, proto)
    return a + b + struct.pack('!BBH', 0, proto, length)


def udp(sport, dport, payload, src, dst):
    head = struct.pack('!HHHH', sport, dport, 8 + len(payload), 0)
    c = csum(pseudo(src, dst, 17, 8 + len(payload)) + head + payload) or 0xffff
    return head[:6] + struct.pack('!H', c) + payload


def udp_frame(src, sport, dst, dport, payload, **link):
    datagram = udp(sport, dport, payload, src, dst)
    if ':' in src:
        return eth(0x86dd, ip6(17, datagram, src, dst), **link)
    return eth(0x0800, ip4(17, datagram, src, dst), **link)


def tcp(sport, dport, payload=b''):
    return struct.pack('!HHIIBBHHH', sport, dport, 1, 2, 0x50, 0x18, 1024, 0xbeef, 0) + payload


def coap(mtype, code, mid, token=b'', rest=b''):
    return struct.pack('!BBH', 0x40 | mtype << 4 | len(token), code, mid) + token + rest


def get(mid, token=b'\x4a', path=b'time', con=True):
    return coap(0 if con else 1, 1, mid, token, bytes([0xb0 | len(path)]) + path)
