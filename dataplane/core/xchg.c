/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exchanges: the typed face of a table of pairs (assoc.h).
 *
 * Invariant: a slot is handed out only while its deadline lies ahead, and only
 * under its full 64-bit key; a fresh one is zero but for key and due, so that
 * no credit of an evicted exchange is inherited. Losing a slot makes a response
 * unsolicited, which is never more bytes.
 *
 * Reference: RFC 7252 sections 4.8.2 (EXCHANGE_LIFETIME) and 5.3.2.
 */
#include "assoc.h"

_Static_assert(offsetof(struct damp_xchg, key) == offsetof(struct damp_pair_slot, key) &&
	       offsetof(struct damp_xchg, due) == offsetof(struct damp_pair_slot, due),
	       "begins like a slot of a pair");

struct damp_xchg_table { struct damp_assoc assoc; };

size_t damp_xchg_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_xchg_table *damp_xchg_init(void *mem, unsigned lines_log2)
{
	return (struct damp_xchg_table *)damp_assoc_init(mem, lines_log2);
}

void damp_xchg_prefetch(const struct damp_xchg_table *t, uint64_t key)
{
	damp_prefetch(damp_assoc_line(&t->assoc, key));
}

struct damp_xchg *damp_xchg_find(struct damp_xchg_table *t, uint64_t key, damp_tick now)
{
	return (struct damp_xchg *)damp_pair_find(&t->assoc, key, now);
}

bool damp_xchg_full(const struct damp_xchg_table *t, uint64_t key, damp_tick now)
{
	return damp_pair_full(&t->assoc, key, now);
}

struct damp_xchg *damp_xchg_open(struct damp_xchg_table *t, uint64_t key,
				 damp_tick now, damp_tick due, bool *fresh)
{
	return (struct damp_xchg *)damp_pair_open(&t->assoc, key, now, due, fresh);
}

struct damp_xchg *damp_xchg_put(struct damp_xchg_table *t, uint64_t key, damp_tick now, damp_tick due)
{
	return (struct damp_xchg *)damp_pair_put(&t->assoc, key, now, due);
}

uint64_t damp_xchg_evictions(const struct damp_xchg_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_xchg_live(const struct damp_xchg_table *t, damp_tick now)
{
	return damp_pair_live(&t->assoc, now);
}
