/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observations: the typed face of a table of pairs (assoc.h).
 *
 * Invariant: as for exchanges (xchg.c). A fresh slot is zero but for key and
 * due: whoever registers starts without any proof of life. Losing a slot makes
 * the next notification unsolicited.
 *
 * Reference: RFC 7641 sections 3.6 and 4.5.
 */
#include "assoc.h"

_Static_assert(offsetof(struct damp_obs, key) == offsetof(struct damp_pair_slot, key) &&
	       offsetof(struct damp_obs, due) == offsetof(struct damp_pair_slot, due),
	       "begins like a slot of a pair");

struct damp_obs_table { struct damp_assoc assoc; };

size_t damp_obs_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_obs_table *damp_obs_init(void *mem, unsigned lines_log2)
{
	return (struct damp_obs_table *)damp_assoc_init(mem, lines_log2);
}

void damp_obs_prefetch(const struct damp_obs_table *t, uint64_t key)
{
	damp_prefetch(damp_assoc_line(&t->assoc, key));
}

struct damp_obs *damp_obs_find(struct damp_obs_table *t, uint64_t key, damp_tick now)
{
	return (struct damp_obs *)damp_pair_find(&t->assoc, key, now);
}

struct damp_obs *damp_obs_open(struct damp_obs_table *t, uint64_t key,
			       damp_tick now, damp_tick due, bool *fresh)
{
	return (struct damp_obs *)damp_pair_open(&t->assoc, key, now, due, fresh);
}

void damp_obs_close(struct damp_obs *o)
{
	damp_pair_close((struct damp_pair_slot *)o);
}

uint64_t damp_obs_evictions(const struct damp_obs_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_obs_live(const struct damp_obs_table *t, damp_tick now)
{
	return damp_pair_live(&t->assoc, now);
}
