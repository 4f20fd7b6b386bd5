/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of a pair of endpoints that was asked for a proof: one value in the
 * table of Message IDs (DAMP_SEEN_ASKED).
 *
 * Idea: whether a request was challenged before and whether a ping is out are asked
 * together and noted together, so they are one word of one slot: the last two Message
 * IDs that were challenged, and until when an answer to a ping counts. A client has
 * one request under way as a rule (RFC 7252 section 4.7).
 *
 * Invariant: nothing is found that was not noted for this pair less than
 * DAMP_CHALLENGED_LIFE_S ago, an answer to a ping for no longer than DAMP_PING_LIFE_S.
 * A ping that was late is forgotten at the next note, long before its 16 bits wrap.
 */
#ifndef DAMP_CORE_ASKED_H
#define DAMP_CORE_ASKED_H

#include "echo.h"
#include "tables.h"

#define DAMP_PING_LIFE_S (2u * DAMP_PING_EPOCH_S)
/* Of the note as a whole. */
#define DAMP_CHALLENGED_LIFE_S 60u

/* From below: the last Message ID and the one before, the low half of a damp_due(),
 * how many there are of both. */
#define DAMP_ASKED_PING_SHIFT 32
#define DAMP_ASKED_LAST (1ull << 48)
#define DAMP_ASKED_TWO (1ull << 49)
#define DAMP_ASKED_PING (1ull << 50)
#define DAMP_ASKED_PINGS (DAMP_ASKED_PING | 0xffffull << DAMP_ASKED_PING_SHIFT)

/* Was a request of this Message ID challenged? value: 0 where nothing is known. */
static inline bool damp_asked_about(uint64_t value, uint16_t mid)
{
	return ((value & DAMP_ASKED_LAST) && (uint16_t)value == mid) ||
	       ((value & DAMP_ASKED_TWO) && (uint16_t)(value >> 16) == mid);
}

/* May an answer to a ping come? */
static inline bool damp_asked_by_ping(uint64_t value, damp_tick now)
{
	return (value & DAMP_ASKED_PING) &&
	       (int16_t)(uint16_t)((uint16_t)(value >> DAMP_ASKED_PING_SHIFT) - (uint16_t)damp_due(now)) > 0;
}

/* The same after a request of this Message ID was challenged, */
static inline uint64_t damp_asked_once_more(uint64_t value, uint16_t mid, damp_tick now)
{
	uint64_t ping;

	if (damp_likely(value == 0))
		return DAMP_ASKED_LAST | mid;
	ping = damp_asked_by_ping(value, now) ? value & DAMP_ASKED_PINGS : 0;

	if (damp_asked_about(value, mid))
		return ping | (value & (DAMP_ASKED_LAST | DAMP_ASKED_TWO | UINT32_MAX));
	return ping | DAMP_ASKED_LAST | (value & DAMP_ASKED_LAST) << 1 | (uint64_t)(uint16_t)value << 16 | mid;
}

/* and after a ping went out. */
static inline uint64_t damp_asked_ping_out(uint64_t value, damp_tick now)
{
	const uint16_t due = (uint16_t)damp_due(now + DAMP_SECONDS(DAMP_PING_LIFE_S));

	return (value & ~DAMP_ASKED_PINGS) | DAMP_ASKED_PING | (uint64_t)due << DAMP_ASKED_PING_SHIFT;
}

#endif
