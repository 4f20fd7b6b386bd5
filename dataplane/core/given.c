/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an inside server gave an outside peer to return: DTLS cookies, Echo
 * values. Who returns one has received it (attacks.md 3.2 P5, 6.2).
 *
 * Idea: kept as a keyed hash for the pair of endpoints it was given to. The
 * hash is the value of the entry as well as part of its key, so that finding
 * one by chance means 64 bits, not the 32 of a tag.
 *
 * Invariant: what is shorter than DAMP_GIVEN_MIN bytes is never noted. Servers
 * count such up, or draw them from few (attacks.md 6.2).
 */
#include "judge_state.h"

static uint64_t hash(const struct damp_judge *j, const struct damp_given *given)
{
	return damp_siphash13(&j->k_given, given->bytes, given->len);
}

static uint64_t key_of(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_seen_kind kind, uint64_t hashed)
{
	return damp_mix(damp_key_seen(c->j, p, kind, 0) ^ hashed, kind);
}

void damp_note_given(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		     enum damp_seen_kind kind, const struct damp_given *given, uint32_t life_s)
{
	uint64_t hashed;

	if (given->len < DAMP_GIVEN_MIN)
		return;
	hashed = hash(c->j, given);
	damp_see(d, key_of(c, p, kind, hashed), hashed, life_s);
}

bool damp_given_before(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_seen_kind kind,
		       const struct damp_given *given)
{
	uint64_t hashed, value;

	if (given->len < DAMP_GIVEN_MIN)
		return false;
	hashed = hash(c->j, given);
	return damp_seen_find(c->w->seen, key_of(c, p, kind, hashed), c->now, &value) && value == hashed;
}
