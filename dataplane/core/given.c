/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an inside server gave an outside peer to return: DTLS cookies, Echo
 * values. Who returns one has received it (attacks.md 3.2 P5, 6.2).
 *
 * Idea: kept as a keyed hash under the server's endpoint. The value of the entry
 * is a hash of it and the peer together, so that finding one by chance means 64
 * bits, not the 32 of a tag.
 *
 * Invariant: what is shorter than DAMP_GIVEN_MIN bytes is never noted: servers
 * count such up, or draw them from few (attacks.md 6.2). What was given to two
 * peers is worth nothing from either: the one could ask for the other. (Each
 * worker knows of the peers that it owns.)
 */
#include "credit.h"
#include "given.h"

#define SHARED 0u

static uint64_t key_of(const struct damp_pkt *p, enum damp_seen_kind kind, uint64_t hashed)
{
	return damp_mix(p->device_key ^ hashed, kind);
}

static uint64_t value_of(const struct damp_pkt *p, uint64_t hashed)
{
	return damp_mix(p->peer_key ^ hashed, 0) | 1;
}

void damp_note_given(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		     enum damp_seen_kind kind, const struct damp_given *given, uint32_t life_s)
{
	uint64_t hashed, value, before;

	if (given->len < DAMP_GIVEN_MIN)
		return;
	hashed = damp_siphash13(&c->j->k_given, given->bytes, given->len);
	value = value_of(p, hashed);
	if (damp_seen_find(c->w->seen, key_of(p, kind, hashed), c->now, &before) && before != value)
		value = SHARED;
	damp_see(d, key_of(p, kind, hashed), value, life_s);
}

bool damp_given_before(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_seen_kind kind,
		       const struct damp_given *given)
{
	uint64_t hashed, value;

	if (given->len < DAMP_GIVEN_MIN)
		return false;
	hashed = damp_siphash13(&c->j->k_given, given->bytes, given->len);
	return damp_seen_find(c->w->seen, key_of(p, kind, hashed), c->now, &value) &&
	       value == value_of(p, hashed);
}
