/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tickets of the tally that exchanges hold: the typed face of a table of pairs
 * (assoc.h).
 *
 * Invariant: as for exchanges (xchg.c). Losing a slot loses tickets: what they
 * stand for counts as open until its time is over, never shorter.
 */
#include "assoc.h"

_Static_assert(offsetof(struct damp_held, key) == offsetof(struct damp_pair_slot, key) &&
	       offsetof(struct damp_held, due) == offsetof(struct damp_pair_slot, due),
	       "begins like a slot of a pair");

struct damp_held_table { struct damp_assoc assoc; };

size_t damp_held_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_held_table *damp_held_init(void *mem, unsigned lines_log2)
{
	return (struct damp_held_table *)damp_assoc_init(mem, lines_log2);
}

struct damp_held *damp_held_find(struct damp_held_table *t, uint64_t key, damp_tick now)
{
	return (struct damp_held *)damp_pair_find(&t->assoc, key, now);
}

struct damp_held *damp_held_open(struct damp_held_table *t, uint64_t key, damp_tick now, damp_tick due)
{
	bool fresh;

	return (struct damp_held *)damp_pair_open(&t->assoc, key, now, due, &fresh);
}

void damp_held_close(struct damp_held *h)
{
	damp_pair_close((struct damp_pair_slot *)h);
}

uint64_t damp_held_live(const struct damp_held_table *t, damp_tick now)
{
	return damp_pair_live(&t->assoc, now);
}

uint64_t damp_held_evictions(const struct damp_held_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}
