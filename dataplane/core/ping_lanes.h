/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pings of a burst made ready side by side: all that will stand in their frames
 * behind the MACs.
 *
 * Idea: what a flood is answered with depends on the packet alone and not on what the
 * packets before it did, so it can be made before anybody decides. Eight at once, their
 * Message IDs, both sums and the four words of each cost a third of what they cost one by
 * one, and who answers has one vector to store.
 *
 * Invariant: each is, byte by byte, what damp_reply_ping() would write behind the
 * MACs with the Message ID of damp_ping_mid() (ping_lanes_test.c).
 */
#ifndef DAMP_CORE_PING_LANES_H
#define DAMP_CORE_PING_LANES_H

#include "echo.h"
#include "reply_v4.h"

struct damp_ping_v4 { uint8_t b[EMPTY_V4_LEN]; } __attribute__((aligned(EMPTY_V4_LEN)));

/* Its Message ID. */
static inline uint16_t damp_ping_v4_mid(const struct damp_ping_v4 *ping)
{
	return (uint16_t)(ping->b[EMPTY_V4_LEN - 2] << 8 | ping->b[EMPTY_V4_LEN - 1]);
}

/* The pings back to who sent these IPv4 frames. For machines with damp_has_avx2(). */
void damp_ping_lanes(const struct damp_ping_moment *m, const struct damp_frame *const f[DAMP_SIP_LANES],
		     struct damp_ping_v4 out[DAMP_SIP_LANES]);

#endif
