/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages kept back while a ping asks whether their peer is there.
 *
 * Idea: the judge knows slots, whoever runs it keeps the frames (judge.h). A
 * slot is taken for one message, and given back when its peer proves itself or
 * when its time is up, whichever comes first; then the message is judged again.
 * All wait equally long, so a list in the order of arrival is one in the order
 * of time.
 *
 * Invariant: memory is fixed; a slot in use is never taken away, so whoever
 * fills the table keeps others out of it for DAMP_HOLD_TIME and loses nothing
 * that they had without it. Requests, which cost an attacker one packet each,
 * have half of the table at most; responses, which cost him a request that a
 * server was let to see, can have all of it.
 *
 * Reference: attacks.md 3.2 P2 (dropped or held), 3.4; RFC 7252 section 4.8
 * (ACK_TIMEOUT of 2 s, which the time stays below).
 */
#ifndef DAMP_CORE_HOLD_H
#define DAMP_CORE_HOLD_H

#include "types.h"

#define DAMP_HOLDS_LOG2 9u
#define DAMP_HOLDS (1u << DAMP_HOLDS_LOG2)
#define DAMP_HOLD_REQUESTS (DAMP_HOLDS / 2)
#define DAMP_HOLD_NONE UINT16_MAX
#define DAMP_HOLD_TIME (DAMP_TICK_HZ * 3 / 2)

struct damp_hold_slot {
	uint64_t peer_key;
	damp_tick due;
	uint16_t prev, next;            /* in its list */
	uint16_t bucket_next;           /* of those with the same low bits of the peer's key */
	uint8_t request;
};

struct damp_hold_list { uint16_t first, last; };

struct damp_hold {
	struct damp_hold_list idle, waiting, ready;
	uint16_t bucket[DAMP_HOLDS];
	unsigned used, requests;
	struct damp_hold_slot slot[DAMP_HOLDS];
};

void damp_hold_init(struct damp_hold *h);
/* Is there a slot for one more? Writes nothing. */
static inline bool damp_hold_room(const struct damp_hold *h, bool request)
{
	return (!request || h->requests < DAMP_HOLD_REQUESTS) && h->idle.first != DAMP_HOLD_NONE;
}
/* Is less than half in use, so that nobody needs to be sparing? */
static inline bool damp_hold_calm(const struct damp_hold *h)
{
	return h->used < DAMP_HOLDS / 2;
}
/* Take a slot until due; there must be room. due never goes back. */
unsigned damp_hold_take(struct damp_hold *h, uint64_t peer_key, bool request, damp_tick due);
/* The peer has proved itself: what is kept for it may go. */
void damp_hold_release(struct damp_hold *h, uint64_t peer_key);
/* Give back the next slot that may go at now. False: none. */
bool damp_hold_next(struct damp_hold *h, damp_tick now, unsigned *slot);
/* When the next one goes at the latest; 0 when it may at once. False: none is kept. */
bool damp_hold_due(const struct damp_hold *h, damp_tick *due);

#endif
