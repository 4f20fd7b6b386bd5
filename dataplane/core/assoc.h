/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the small tables (tables.h) have in common: memory, the line of a key,
 * when a slot is free, and which slot has to go. Private to the core.
 *
 * Idea: a table is a head of one cache line and then 2^n lines of slots. The
 * line number is the low bits of a keyed hash; a slot is free when its end has
 * passed: a newcomer takes the first that is, else the one that ends soonest.
 *
 * Invariant: due 0 marks a slot that was never used or was closed. A deadline
 * that happens to come out as 0 (every 8.5 years) is stored as 1, a sixteenth
 * of a second later; a key that comes out as 0 is stored as 1. A slot that
 * nobody reuses for 4.25 years after its end looks live again: run times are
 * shorter.
 *
 * Threads: key and due are stored and loaded relaxed, because the slow loop
 * counts live slots while the owner works; all the rest is the owner's.
 */
#ifndef DAMP_CORE_ASSOC_H
#define DAMP_CORE_ASSOC_H

#include "tables.h"

#define DAMP_ASSOC_LINES_LOG2_MAX 26u

struct damp_assoc {
	uint64_t mask;
	bool wide;                  /* of leases: looked through with AVX2 */
	uint8_t pad0[DAMP_CACHE_LINE - sizeof(uint64_t) - sizeof(bool)];
	uint64_t evictions;         /* of a line of its own: peers are shared */
	uint8_t pad1[DAMP_CACHE_LINE - sizeof(uint64_t)];
};
_Static_assert(sizeof(struct damp_assoc) == 2 * DAMP_CACHE_LINE, "lines follow aligned");

/* 0 when lines_log2 is out of range. */
static inline size_t damp_assoc_bytes(unsigned lines_log2)
{
	if (lines_log2 > DAMP_ASSOC_LINES_LOG2_MAX)
		return 0;
	return sizeof(struct damp_assoc) + ((size_t)DAMP_CACHE_LINE << lines_log2);
}

/* NULL when lines_log2 is out of range. */
static inline struct damp_assoc *damp_assoc_init(void *mem, unsigned lines_log2)
{
	struct damp_assoc *t = mem;

	if (lines_log2 > DAMP_ASSOC_LINES_LOG2_MAX)
		return NULL;
	memset(mem, 0, damp_assoc_bytes(lines_log2));
	t->mask = (1ull << lines_log2) - 1;
	return t;
}

static inline size_t damp_assoc_lines(const struct damp_assoc *t)
{
	return (size_t)t->mask + 1;
}

static inline void *damp_assoc_line(const struct damp_assoc *t, uint64_t number)
{
	return (uint8_t *)(uintptr_t)(t + 1) + (number & t->mask) * DAMP_CACHE_LINE;
}

static inline uint64_t damp_assoc_evictions(const struct damp_assoc *t)
{
	return __atomic_load_n(&t->evictions, __ATOMIC_RELAXED);
}

/* For tables of one writer; the load and store need not be one. */
static inline void damp_assoc_evicted(struct damp_assoc *t)
{
	__atomic_store_n(&t->evictions, t->evictions + 1, __ATOMIC_RELAXED);
}

/* Likewise, so many. */
static inline void damp_assoc_evicted_more(struct damp_assoc *t, uint64_t n)
{
	__atomic_store_n(&t->evictions, t->evictions + n, __ATOMIC_RELAXED);
}

static inline uint64_t damp_stored_key(uint64_t key)
{
	return key != 0 ? key : 1;
}

static inline uint32_t damp_stored_due(damp_tick t)
{
	const uint32_t due = damp_due(t);

	return due != 0 ? due : 1;
}

/* Sixteenths of a second until due; not above 0 when the slot is free. */
static inline int32_t damp_due_left(uint32_t due, damp_tick now)
{
	return due != 0 ? (int32_t)(due - damp_due(now)) : INT32_MIN;
}

static inline bool damp_due_live(uint32_t due, damp_tick now)
{
	return damp_due_left(due, now) > 0;
}

/* The slot to use for a newcomer, by the deadlines of a line's slots: the first free
 * one, else the one that ends soonest. */
static inline unsigned damp_assoc_victim(const uint32_t *due, unsigned ways, damp_tick now)
{
	unsigned soonest = 0;

	for (unsigned i = 0; i < ways; i++)
		if (!damp_due_live(due[i], now))
			return i;
	for (unsigned i = 1; i < ways; i++)
		if (damp_due_left(due[i], now) < damp_due_left(due[soonest], now))
			soonest = i;
	return soonest;
}

/*
 * Exchanges and observations: 32-byte slots, two a line, that begin alike. The
 * functions below know only that beginning.
 */
#define DAMP_PAIR_WAYS 2u

struct damp_pair_slot {
	uint64_t key;
	uint32_t due;
	uint8_t rest[20];
};
_Static_assert(sizeof(struct damp_pair_slot) * DAMP_PAIR_WAYS == DAMP_CACHE_LINE, "two slots a line");

static inline struct damp_pair_slot *damp_pair_find(const struct damp_assoc *t, uint64_t key,
						    damp_tick now)
{
	struct damp_pair_slot *s = damp_assoc_line(t, key);
	const uint64_t stored = damp_stored_key(key);

	for (unsigned i = 0; i < DAMP_PAIR_WAYS; i++)
		if (s[i].key == stored && damp_due_live(s[i].due, now))
			return &s[i];
	return NULL;
}

/* Would a newcomer have to push out a live slot? */
static inline bool damp_pair_full(const struct damp_assoc *t, uint64_t key, damp_tick now)
{
	const struct damp_pair_slot *line = damp_assoc_line(t, key);

	return damp_pair_find(t, key, now) == NULL && damp_due_live(line[0].due, now) &&
	       damp_due_live(line[1].due, now);
}

static inline void damp_pair_close(struct damp_pair_slot *s)
{
	__atomic_store_n(&s->due, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->key, 0, __ATOMIC_RELAXED);
}

/* A slot for key, which is in none. */
static inline struct damp_pair_slot *damp_pair_put(struct damp_assoc *t, uint64_t key, damp_tick now,
						   damp_tick due)
{
	struct damp_pair_slot *line = damp_assoc_line(t, key), *s;
	const uint32_t dues[DAMP_PAIR_WAYS] = { line[0].due, line[1].due };

	s = &line[damp_assoc_victim(dues, DAMP_PAIR_WAYS, now)];
	if (damp_due_live(s->due, now))
		damp_assoc_evicted(t);
	__atomic_store_n(&s->key, damp_stored_key(key), __ATOMIC_RELAXED);
	__atomic_store_n(&s->due, damp_stored_due(due), __ATOMIC_RELAXED);
	memset(s->rest, 0, sizeof(s->rest));
	return s;
}

static inline struct damp_pair_slot *damp_pair_open(struct damp_assoc *t, uint64_t key, damp_tick now,
						     damp_tick due, bool *fresh)
{
	struct damp_pair_slot *s = damp_pair_find(t, key, now);

	*fresh = s == NULL;
	return s != NULL ? s : damp_pair_put(t, key, now, due);
}

static inline uint64_t damp_pair_live(const struct damp_assoc *t, damp_tick now)
{
	const struct damp_pair_slot *s = damp_assoc_line(t, 0);
	uint64_t n = 0;

	for (size_t i = 0; i < damp_assoc_lines(t) * DAMP_PAIR_WAYS; i++)
		n += damp_due_live(__atomic_load_n(&s[i].due, __ATOMIC_RELAXED), now);
	return n;
}

#endif
