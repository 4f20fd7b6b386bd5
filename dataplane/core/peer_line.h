/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line of a proved peer, for peer.c and for who asks about whole bursts of peers
 * that are not proved: what a flood consists of.
 *
 * Invariant: who finds no slot here is not proved; who finds one may be, and asks
 * damp_peer_proved().
 */
#ifndef DAMP_CORE_PEER_LINE_H
#define DAMP_CORE_PEER_LINE_H

#include "assoc.h"

#define DAMP_PEER_WAYS 3u

struct damp_peer_slot {
	uint64_t key;
	uint64_t dues;
};

struct damp_peer_line {
	uint8_t lock;
	uint8_t spare[15];
	struct damp_peer_slot slot[DAMP_PEER_WAYS];
};
_Static_assert(sizeof(struct damp_peer_line) == DAMP_CACHE_LINE, "one line a look-up");

struct damp_peer_table { struct damp_assoc assoc; };

static inline struct damp_peer_line *damp_peer_line(const struct damp_peer_table *t, uint64_t key)
{
	return damp_assoc_line(&t->assoc, key);
}

/* Has key a slot, whatever its deadlines? Any thread. */
static inline bool damp_peer_listed(const struct damp_peer_table *t, uint64_t key)
{
	const struct damp_peer_slot *s = damp_peer_line(t, key)->slot;
	const uint64_t stored = damp_stored_key(key);

#pragma GCC unroll 3
	for (unsigned i = 0; i < DAMP_PEER_WAYS; i++)
		if (damp_unlikely(__atomic_load_n(&s[i].key, __ATOMIC_RELAXED) == stored))
			return true;
	return false;
}

#endif
