/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message IDs seen: 16-byte slots, four a line.
 *
 * Idea: the value must be kept whole (it is a key of another table), so the
 * slot affords 32 bits of the key as its tag. The tag is the high half, the
 * line number the low bits: they share no bit, and a false match has odds of
 * 4 in 2^32 for each look-up.
 *
 * Invariant: found means that a key of this line and tag was added and its
 * deadline has not passed. A false match or a loss costs a message, and what an
 * ACK pays for is still bounded by the exchange named in the value.
 *
 * Reference: RFC 7252 sections 4.2 to 4.4.
 */
#include "seen_line.h"

static inline uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static inline struct seen_slot *slot_find(struct seen_slot *s, uint32_t tag, damp_tick now)
{
	for (unsigned i = 0; i < SEEN_WAYS; i++)
		if (s[i].tag == tag && damp_due_live(s[i].due, now))
			return &s[i];
	return NULL;
}

static inline uint32_t positive(int32_t left)
{
	return left > 0 ? (uint32_t)left : 0;
}

/* The value of key and its slot, or the one to use for it (the first that is over, else
 * the one that will be soonest): in one pass, since every challenge asks and notes. */
ALWAYS void look(const struct damp_seen_table *t, uint64_t key, damp_tick now, struct damp_seen_place *at)
{
	struct seen_slot *s = damp_assoc_line(&t->assoc, key), *victim = s;
	uint32_t soonest = UINT32_MAX;

	for (unsigned i = 0; i < SEEN_WAYS; i++) {
		const int32_t left = damp_due_left(s[i].due, now);

		if (s[i].tag == tag_of(key) && left > 0) {
			*at = (struct damp_seen_place){ .value = s[i].value, .slot = &s[i] };
			return;
		}
		victim = positive(left) < soonest ? &s[i] : victim;
		soonest = positive(left) < soonest ? positive(left) : soonest;
	}
	*at = (struct damp_seen_place){ .slot = victim, .evicts = soonest > 0 };
}

ALWAYS void note(struct damp_seen_table *t, const struct damp_seen_place *at, uint64_t key, uint64_t value,
		 damp_tick due)
{
	struct seen_slot *s = at->slot;

	if (damp_unlikely(at->evicts))
		damp_assoc_evicted(&t->assoc);
	s->value = value;
	s->tag = tag_of(key);
	__atomic_store_n(&s->due, damp_stored_due(due), __ATOMIC_RELAXED);
}

size_t damp_seen_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_seen_table *damp_seen_init(void *mem, unsigned lines_log2)
{
	return (struct damp_seen_table *)damp_assoc_init(mem, lines_log2);
}

void damp_seen_prefetch(const struct damp_seen_table *t, uint64_t key)
{
	damp_prefetch(damp_assoc_line(&t->assoc, key));
}

void damp_seen_look(struct damp_seen_table *t, uint64_t key, damp_tick now, struct damp_seen_place *at)
{
	look(t, key, now, at);
}

void damp_seen_note(struct damp_seen_table *t, const struct damp_seen_place *at, uint64_t key, uint64_t value,
		    damp_tick due)
{
	note(t, at, key, value, due);
}

void damp_seen_add(struct damp_seen_table *t, uint64_t key, uint64_t value,
		   damp_tick now, damp_tick due)
{
	struct damp_seen_place at;

	look(t, key, now, &at);
	note(t, &at, key, value, due);
}

bool damp_seen_find(const struct damp_seen_table *t, uint64_t key, damp_tick now, uint64_t *value)
{
	const struct seen_slot *s = slot_find(damp_assoc_line(&t->assoc, key), tag_of(key), now);

	if (s == NULL)
		return false;
	*value = s->value;
	return true;
}

uint64_t damp_seen_evictions(const struct damp_seen_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_seen_live(const struct damp_seen_table *t, damp_tick now)
{
	const struct seen_slot *s = damp_assoc_line(&t->assoc, 0);
	uint64_t n = 0;

	for (size_t i = 0; i < damp_assoc_lines(&t->assoc) * SEEN_WAYS; i++)
		n += damp_due_live(__atomic_load_n(&s[i].due, __ATOMIC_RELAXED), now);
	return n;
}
