# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet, IPv4, IPv6 and UDP: build frames with any source, read frames back.

All sizes that leave this file are IP bytes: the total length of the IP packet,
as its header says. Ethernet headers and padding are not counted.
"""

import ipaddress
import struct
from collections import namedtuple

ETH_IPV4, ETH_IPV6, ETH_ARP, ETH_VLAN = 0x0800, 0x86DD, 0x0806, 0x8100
PROTO_ICMP, PROTO_TCP, PROTO_UDP, PROTO_ICMPV6 = 1, 6, 17, 58

Packet = namedtuple("Packet", "family length proto src dst sport dport data")


def mac(text):
    """6 bytes of "02:00:...". """
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    """Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(src, dst, sport, dport, data):
    """A UDP datagram with its checksum over the pseudo-header of either family."""
    length = 8 + len(data)
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, PROTO_UDP, length)
    else:
        pseudo = src + dst + struct.pack("!II", length, PROTO_UDP)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    total = checksum(pseudo + head + data) or 0xFFFF
    return struct.pack("!HHHH", sport, dport, length, total) + data


def ip_packet(src, dst, proto, body, ident=0, ttl=64):
    """An IP packet; src and dst are texts of one family."""
    source = ipaddress.ip_address(src).packed
    target = ipaddress.ip_address(dst).packed
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(body), proto, ttl) + source + target + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ident, 0, ttl, proto, 0)
    head += source + target
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def udp_frame(src_mac, dst_mac, src, dst, sport, dport, data):
    """A whole frame from src:sport to dst:dport."""
    source = ipaddress.ip_address(src).packed
    target = ipaddress.ip_address(dst).packed
    packet = ip_packet(src, dst, PROTO_UDP, udp(source, target, sport, dport, data))
    kind = ETH_IPV4 if len(source) == 4 else ETH_IPV6
    return mac(dst_mac) + mac(src_mac) + struct.pack("!H", kind) + packet


def _ports(proto, body):
    if proto not in (PROTO_TCP, PROTO_UDP) or len(body) < 8:
        return 0, 0, body
    sport, dport = struct.unpack("!HH", body[:4])
    return sport, dport, body[8:] if proto == PROTO_UDP else body


def parse(frame):
    """The Packet in an Ethernet frame, or None when it is not whole IP."""
    if len(frame) < 34:
        return None
    kind = struct.unpack("!H", frame[12:14])[0]
    data = frame[14:]
    if kind == ETH_IPV4 and data[0] >> 4 == 4:
        length, head, proto = struct.unpack("!H", data[2:4])[0], (data[0] & 15) * 4, data[9]
        src, dst = data[12:16], data[16:20]
    elif kind == ETH_IPV6 and len(data) >= 40:
        length, head, proto = 40 + struct.unpack("!H", data[4:6])[0], 40, data[6]
        src, dst = data[8:24], data[24:40]
    else:
        return None
    if length > len(data) or head > length:
        return None
    sport, dport, rest = _ports(proto, data[head:length])
    return Packet(4 if kind == ETH_IPV4 else 6, length, proto, str(ipaddress.ip_address(src)),
                  str(ipaddress.ip_address(dst)), sport, dport, rest)
