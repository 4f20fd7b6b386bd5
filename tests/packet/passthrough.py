#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is not CoAP passes byte for byte and in order, with one worker and with two.

Also: frames beyond the MTU, and the order and balance of CoAP that is handed over between
workers.
"""
import random
import struct
import sys

from frames import BROADCAST, MAC_A, coap, eth, get, ip4, ip6, tcp, udp, udp_frame
from plane import Plane, check, main

SEED = 7252
NOT_COAP_UDP = 4000


def hop_by_hop(nxt):
    return struct.pack('!BBBBI', nxt, 0, 1, 4, 0)  # PadN of 4


def link_layer():
    arp = struct.pack('!HHBBH', 1, 0x0800, 6, 4, 1) + MAC_A + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
    vlan, qinq = ((0x8100, 0x600a),), ((0x88a8, 0x0064), (0x8100, 0x000a))
    return [
        eth(0x0806, arp, dst=BROADCAST),
        eth(0x0806, arp, dst=BROADCAST, tags=vlan),
        eth(0x0800, ip4(6, tcp(80, 1024)), tags=vlan),
        eth(0x0800, ip4(6, tcp(80, 1025)), tags=((0x8100, 0x0000),)),        # priority tag
        udp_frame('192.0.2.1', 53, '198.51.100.1', NOT_COAP_UDP, b'q', tags=qinq),
        eth(0x0800, ip4(6, tcp(80, 1026)), tags=qinq + ((0x8100, 1),)),      # three tags
        eth(0x88cc, b'\x02\x07\x04' + MAC_A + b'\0\0'),                      # LLDP
        MAC_A + MAC_A + struct.pack('!H', 38) + b'\x42\x42\x03' + bytes(35),  # 802.3 with LLC (spanning tree)
        eth(0x888e, b'\x01\x01\0\0'),                                        # EAPOL
        eth(0x8847, b'\0\x01\x01\xff' + ip4(6, tcp(1, 2))),                  # MPLS
        eth(0x8864, b'\x11\0\0\x01\0\x04\xc0\x21\x01\x01'),                  # PPPoE
        eth(0x0800, b''),                                                    # headers alone
        eth(0x86dd, b'\x60'),
        eth(0x8100, b''),
    ]


def ipv4():
    unicast = dict(src='192.0.2.1', dst='198.51.100.1')
    good = udp(53, NOT_COAP_UDP, b'answer', **unicast)
    inner = ip4(17, udp(5683, 5683, b'\x40\x01\0\x01', **unicast))
    return [
        eth(0x0800, ip4(6, tcp(5683, 5683, b'CoAP over TCP is not ours'))),
        eth(0x0800, ip4(17, good)),
        eth(0x0800, ip4(17, good[:6] + b'\0\0' + good[8:])),                 # no checksum
        eth(0x0800, ip4(17, good[:6] + b'\x12\x34' + good[8:])),             # wrong checksum
        eth(0x0800, ip4(1, b'\x08\0\xf7\xfe\0\x01\0\0')),                    # ICMP echo
        eth(0x0800, ip4(1, b'\x03\x03\0\0\0\0\0\0' + inner)),                # ICMP error about CoAP
        eth(0x0800, ip4(2, b'\x16\0\t\x04\xe1\x01\x01\xbb', dst='224.0.1.187', options=b'\x94\x04\0\0', ttl=1)),
        eth(0x0800, ip4(6, tcp(1, 2), options=b'\x94\x04\0\0')),             # router alert
        eth(0x0800, ip4(17, good, options=b'\x01' * 40)),                    # longest header
        eth(0x0800, ip4(47, b'\0\0\x08\0' + inner)),                         # GRE around CoAP
        eth(0x0800, ip4(132, bytes(12))),                                    # SCTP
        eth(0x0800, ip4(6, bytes(16), frag=0x2000, ident=9)),                # TCP, first fragment
        eth(0x0800, ip4(6, bytes(16), frag=0x0002, ident=9)),                # and the rest
        eth(0x0800, ip4(6, tcp(1, 2))[:-3]),                                 # cut short
        eth(0x0800, ip4(6, tcp(1, 2)) + b'trailer of the link layer'),
        eth(0x0800, b'\x41' + ip4(6, tcp(1, 2))[1:]),                        # header length 4
        eth(0x0800, b'\x75' + ip4(6, tcp(1, 2))[1:]),                        # version 7
        eth(0x0800, ip4(17, udp(1900, 1900, b'M-SEARCH', '192.0.2.1', '239.255.255.250'), dst='239.255.255.250'),
            dst=bytes.fromhex('01005e7ffffa')),
        eth(0x0800, ip4(17, udp(67, 68, bytes(240), '0.0.0.0', '255.255.255.255'), '0.0.0.0', '255.255.255.255'),
            dst=BROADCAST),
    ]


def ipv6():
    ends = dict(src='2001:db8::1', dst='2001:db8:1::1')
    other = udp(53, NOT_COAP_UDP, b'answer', **ends)
    return [
        eth(0x86dd, ip6(6, tcp(5683, 5683))),
        eth(0x86dd, ip6(17, other)),
        eth(0x86dd, ip6(58, b'\x87\0\0\0' + bytes(20), dst='ff02::1:ff00:1', hops=255),
            dst=bytes.fromhex('3333ff000001')),                              # neighbour solicitation
        eth(0x86dd, ip6(58, b'\x86\0\0\0' + bytes(12), dst='ff02::1', hops=255)),  # router advertisement
        eth(0x86dd, ip6(0, hop_by_hop(58) + b'\x8f\0\0\0' + bytes(4), dst='ff02::16', hops=1)),  # MLDv2
        eth(0x86dd, ip6(0, hop_by_hop(6) + tcp(1, 2))),
        eth(0x86dd, ip6(60, hop_by_hop(17) + other)),                        # destination options
        eth(0x86dd, ip6(43, struct.pack('!BBBBI', 17, 0, 253, 0, 0) + other)),  # routing header
        eth(0x86dd, ip6(44, struct.pack('!BBHI', 6, 0, 1, 7) + tcp(1, 2))),  # TCP, first fragment
        eth(0x86dd, ip6(59, b'')),                                           # no next header
        eth(0x86dd, ip6(50, bytes(24))),                                     # ESP
        eth(0x86dd, ip6(41, ip6(17, udp(5683, 5683, b'\x40\x01\0\x01', **ends)))),
        eth(0x86dd, ip6(6, tcp(1, 2))[:-3]),
    ]


def noise(n):
    """Random bytes behind types that are not IP."""
    r = random.Random(SEED)
    return [eth(r.choice((0x9000, 0x22f0, 0x0842, 0x6003)), r.randbytes(r.randrange(1, 1400))) for _ in range(n)]


def jumbo():
    return [eth(0x0800, ip4(6, tcp(1, 2, bytes(range(256)) * 35)[:8980])),
            udp_frame('192.0.2.1', 53, '198.51.100.1', NOT_COAP_UDP, b'j' * 8972),
            udp_frame('2001:db8::1', 53, '2001:db8:1::1', NOT_COAP_UDP, b'J' * 8952, tags=((0x88a8, 1), (0x8100, 2)))]


def zoo():
    return link_layer() + ipv4() + ipv6() + jumbo() + noise(200)


def number(frames, times):
    """Many copies, each with a serial number behind its end, so that order shows."""
    return [f + struct.pack('!I', i) for i, f in enumerate(frames * times)]


def compare(got, want, what):
    for i, (g, w) in enumerate(zip(got, want)):
        check(g == w, f'{what}: frame {i} differs:\n  sent {w[:96].hex()}\n  got  {g[:96].hex()}')
    check(len(got) == len(want), f'{what}: {len(got)} frames, not {len(want)}')


def pass_through(workers):
    frames = (number(zoo(), 4), number(list(reversed(zoo())), 4))
    with Plane(workers=workers, mtu=9000, frames=frames) as p:
        p.start()
        p.settle()
        p.stop()
        compare(p.out(1), frames[0], 'outside to inside')
        compare(p.out(0), frames[1], 'inside to outside')
        s = p.stats()
        for side in ('outside', 'inside'):
            check(s['counters'].get(f'reason.{side}.not_coap') == len(frames[0]), f'{side}: {s["counters"]}')


def one_worker():
    pass_through(1)


def two_workers():
    pass_through(2)


def beyond_the_mtu():
    """What fits one buffer passes, and CoAP only with room to rewrite it behind. Chains of
    buffers cannot be sent by this device, which is counted."""
    fits = [eth(0x0800, ip4(6, tcp(1, 2, b't' * n))) for n in (1700, 1990)]
    ours = [udp_frame('192.0.2.1', 9999, '198.51.100.1', 5683, get(1) + b'\xff' + b'p' * n) for n in (1985, 8000)]
    with Plane(mtu=1500, frames=(fits + jumbo() + ours + link_layer(), [])) as p:
        p.start()
        p.settle()
        p.stop()
        compare(p.out(1), fits + link_layer(), 'beyond the MTU')
        c = p.stats()['counters']
        check(c.get('reason.outside.ip_malformed') == len(ours), f'CoAP without room: {c}')
        check(c.get('reason.outside.tx_full') == len(jumbo()), f'chains: {c}')


def flow_of(frame):
    """Addresses and ports of an untagged IPv4 UDP frame."""
    return frame[26:38]


def handed_over():
    """With one queue a port and two workers CoAP changes workers; its order and the sums hold."""
    flows = [40000 + i for i in range(32)]
    frames = [udp_frame('192.0.2.1', port, f'198.51.100.{1 + port % 50}', 5683, get(n + 1, con=False))
              for n, port in enumerate(flows * 8)]
    with Plane(workers=2, frames=(frames, number(link_layer(), 3))) as p:
        p.start()
        p.settle()
        p.stop()
        s = p.stats()
        c = s['counters']
        check(c.get('steered_in', 0) > 0 and c.get('steered_in') == c.get('steered_out'), f'nothing steered: {c}')
        check(p.total(s, 'kind.outside.') == len(frames), f'judged: {c}')
        # A request may be shaped or answered; what still is a request keeps its flow's order.
        position = {}
        for frame in p.out(1):
            if frame[12:14] != b'\x08\x00' or frame[23] != 17 or frame[43] != 1:
                continue
            mid = struct.unpack('!H', frame[44:46])[0]
            check(position.get(flow_of(frame), 0) < mid, f'flow {flow_of(frame).hex()} out of order')
            position[flow_of(frame)] = mid
        behind = c.get('reason.outside.tx_full', 0) + c.get('reason.outside.held_expired', 0)
        check(s['sums']['reasons'] == p.total(s, 'rx.') + behind, f'sums: {s}')


def malformed_is_counted_once():
    frames = [udp_frame('192.0.2.9', 1000 + i, '198.51.100.1', 5683, coap(0, 1, i)[:3]) for i in range(300)]
    with Plane(frames=(frames, [])) as p:
        p.start()
        p.settle()
        p.stop()
        check(p.out(1) == [], 'a short CoAP message passed')
        c = p.stats()['counters']
        check(c.get('reason.outside.coap_short') == 300, f'{c}')


if __name__ == '__main__':
    sys.exit(main((one_worker, two_workers, beyond_the_mtu, handed_over, malformed_is_counted_once)))
