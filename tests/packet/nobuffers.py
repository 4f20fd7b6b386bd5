#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No packet buffer for a message of our own: counted as no_mbuf, and everything still adds up.

A pool of few buffers, all of them in messages that are held: then the pings that go out after 0.4 s
have none. What the port could not take in is the port's loss, not ours.
"""
import sys

from frames import coap, udp_frame
from plane import Plane, check, main

BUFFERS = 127
UPLOADS = 250            # held requests have half of 512 places (core/hold.h)


def upload(i):
    """CON PUT /x, Block1 0/more/16: needs a proof first, and waits for it."""
    rest = b'\xb1x' + b'\xd1\x03\x08' + b'\xff' + bytes(16)
    return udp_frame(f'203.0.{i}.9', 40000, '198.51.100.1', 5683, coap(0, 3, i, bytes([i]), rest))


def sums(p):
    """Left and right of the two identities of stats.h."""
    s = p.stats()
    c = s['counters']
    lost = sum(p.total(s, f'reason.outside.{why}') for why in ('no_mbuf', 'tx_full', 'held_expired'))
    return (p.total(s, 'rx.') + c.get('emitted', 0), p.total(s, 'tx.') + s['sums']['drops'],
            s['sums']['reasons'], p.total(s, 'rx.') + lost)


def nothing_is_held(c):
    """What was held has gone on, or has waited long enough; and with it its pings have an end."""
    return c.get('held', 0) == c.get('held_released', 0) + c.get('reason.outside.held_expired', 0)


def no_buffer_is_counted():
    frames = [[upload(i) for i in range(UPLOADS)], []]
    with Plane(frames=frames, settings=f'buffers = {BUFFERS}\n') as p:
        p.start()
        p.wait(lambda: p.total(p.stats(), 'reason.outside.no_mbuf') > 0, 'message without a buffer')
        p.wait(lambda: nothing_is_held(p.stats()['counters']), 'end of what is held')
        p.stop()
        came, went, reasons, judged = sums(p)
        s = p.stats()
    check(p.total(s, 'reason.outside.held') > 0, f'nothing was held: {s["counters"]}')
    check(came == went, f'{came} came or were made, {went} left or were dropped: {s["counters"]}')
    check(reasons == judged, f'{reasons} reasons for {judged}: {s["counters"]}')


if __name__ == '__main__':
    sys.exit(main([no_buffer_is_counted]))
