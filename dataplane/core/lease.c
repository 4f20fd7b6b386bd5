/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases; see lease.h for the idea and the invariant.
 *
 * A slot is one word of 64 bits, tag and deadline together, so that a reader sees
 * both of the same lease, and a writer changes both in one step or, when somebody
 * was faster, neither: nothing is locked.
 *
 * An owner of 64 items has eight lines, nearly all of them full of strangers: one
 * compare of a whole line says whether any of its slots has to be read.
 */
#include "lease.h"

#include "assoc.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WAYS DAMP_LEASE_WAYS

struct lease_line {
	uint64_t slot[WAYS];        /* owner tag 16, item tag 16, deadline 32 */
};
_Static_assert(sizeof(struct lease_line) == DAMP_CACHE_LINE, "eight leases a line");

struct damp_lease_table { struct damp_assoc assoc; };

static uint32_t tag_of(uint64_t owner, uint64_t item)
{
	return (uint32_t)(owner >> 48) << 16 | (uint32_t)(item >> 48);
}

static bool of_owner(uint64_t slot, uint32_t tag, damp_tick now)
{
	return (uint32_t)(slot >> 48) == tag >> 16 && damp_due_live((uint32_t)slot, now);
}

static uint64_t read_slot(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

static bool swap(uint64_t *slot, uint64_t was, uint64_t is)
{
	return __atomic_compare_exchange_n(slot, &was, is, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Where the owner's tag may be: bit 2w for slot w. What is being written meanwhile
 * may be read wrongly, so each slot is read again. */
#if defined(__SSE2__)
__attribute__((no_sanitize_thread)) static inline uint32_t candidates(const struct lease_line *line, uint32_t tag)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi16((short)(tag >> 16));
	const __m128i a = _mm_cmpeq_epi16(v[0], t), b = _mm_cmpeq_epi16(v[1], t);
	const __m128i c = _mm_cmpeq_epi16(v[2], t), d = _mm_cmpeq_epi16(v[3], t);
	__m128i low, high;

	/* The tag is the highest of a slot's four parts; other parts are like it by chance. */
	if (damp_likely(!(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) & 0x8080)))
		return 0;
	low = _mm_packs_epi32(_mm_srai_epi32(a, 16), _mm_srai_epi32(b, 16));
	high = _mm_packs_epi32(_mm_srai_epi32(c, 16), _mm_srai_epi32(d, 16));
	/* 16 bits for the 16 halves of 8 words, the upper ones of slots at odd places. */
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) >> 1 & 0x5555;
}
#else
static inline uint32_t candidates(const struct lease_line *line, uint32_t tag)
{
	uint32_t found = 0;

	for (unsigned w = 0; w < WAYS; w++)
		found |= (uint32_t)((read_slot(&line->slot[w]) >> 48) == tag >> 16) << 2 * w;
	return found;
}
#endif

static unsigned lines_for(uint32_t cap)
{
	return (cap + WAYS - 1) / WAYS;
}

/* The lines of one owner follow each other. */
static inline struct lease_line *line_of(const struct damp_lease_table *t, uint64_t owner, unsigned i)
{
	return damp_assoc_line(&t->assoc, owner + i);
}

struct damp_lease_look damp_lease_look(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
				       damp_tick now)
{
	const uint32_t tag = tag_of(owner, item);
	const unsigned n = lines_for(cap);
	struct damp_lease_look seen = { .slot = NULL };

	for (unsigned i = 0; i < n; i++) {
		struct lease_line *line = line_of(t, owner, i);

		for (uint32_t ways = candidates(line, tag); ways; ways &= ways - 1) {
			uint64_t *slot = &line->slot[(unsigned)__builtin_ctz(ways) / 2];
			const uint64_t is = read_slot(slot);

			if (!of_owner(is, tag, now))
				continue;
			if ((uint32_t)(is >> 32) == tag)
				return (struct damp_lease_look){ .slot = slot, .was = is };
			seen.others++;
		}
	}
	return seen;
}

size_t damp_lease_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_lease_table *damp_lease_init(void *mem, unsigned lines_log2)
{
	return (struct damp_lease_table *)damp_assoc_init(mem, lines_log2);
}

void damp_lease_prefetch(const struct damp_lease_table *t, uint64_t owner, uint32_t cap)
{
	for (unsigned i = 0; i < lines_for(cap); i++)
		damp_prefetch(line_of(t, owner, i));
}

bool damp_lease_room(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now)
{
	const struct damp_lease_look seen = damp_lease_look(t, owner, item, cap, now);

	return damp_lease_fits(&seen, cap);
}

uint32_t damp_lease_count(const struct damp_lease_table *t, uint64_t owner, uint32_t cap, damp_tick now)
{
	const uint32_t tag = tag_of(owner, 0);
	uint32_t n = 0;

	for (unsigned i = 0; i < lines_for(cap); i++)
		for (unsigned w = 0; w < WAYS; w++)
			n += of_owner(read_slot(&line_of(t, owner, i)->slot[w]), tag, now);
	return n;
}

bool damp_lease_held(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now)
{
	return damp_lease_look(t, owner, item, cap, now).slot != NULL;
}

static bool put_free(struct lease_line *line, uint64_t is, damp_tick now)
{
	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t was = read_slot(&line->slot[w]);

		if (!damp_due_live((uint32_t)was, now) && swap(&line->slot[w], was, is))
			return true;
	}
	return false;
}

/* In the place of the one that ends soonest. Who is overtaken here has no lease. */
static void put_over(struct damp_lease_table *t, struct lease_line *line, uint64_t is, damp_tick now)
{
	uint64_t slot[WAYS];
	uint32_t dues[WAYS];
	unsigned way;

	for (unsigned w = 0; w < WAYS; w++) {
		slot[w] = read_slot(&line->slot[w]);
		dues[w] = (uint32_t)slot[w];
	}
	way = damp_assoc_victim(dues, WAYS, now);
	if (swap(&line->slot[way], slot[way], is))
		__atomic_fetch_add(&t->assoc.evictions, 1, __ATOMIC_RELAXED);
}

void damp_lease_take_seen(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now,
			  damp_tick due, const struct damp_lease_look *seen)
{
	const uint64_t is = (uint64_t)tag_of(owner, item) << 32 | damp_stored_due(due);

	if (cap == 0 || !damp_lease_fits(seen, cap))
		return;
	if (seen->slot != NULL && swap(seen->slot, seen->was, is))
		return;
	for (unsigned i = 0; i < lines_for(cap); i++)
		if (put_free(line_of(t, owner, i), is, now))
			return;
	put_over(t, line_of(t, owner, 0), is, now);
}

void damp_lease_take(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now,
		     damp_tick due)
{
	const struct damp_lease_look seen = damp_lease_look(t, owner, item, cap, now);

	damp_lease_take_seen(t, owner, item, cap, now, due, &seen);
}

void damp_lease_drop(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap)
{
	const uint32_t tag = tag_of(owner, item);

	for (unsigned i = 0; i < lines_for(cap); i++) {
		struct lease_line *line = line_of(t, owner, i);

		for (unsigned w = 0; w < WAYS; w++) {
			const uint64_t was = read_slot(&line->slot[w]);

			/* Only the lease itself is ended, whoever wrote it meanwhile. */
			if ((uint32_t)(was >> 32) == tag)
				swap(&line->slot[w], was, 0);
		}
	}
}

uint64_t damp_lease_evictions(const struct damp_lease_table *t)
{
	return damp_assoc_evictions(&t->assoc);
}

uint64_t damp_lease_live(const struct damp_lease_table *t, damp_tick now)
{
	uint64_t n = 0;

	for (size_t i = 0; i < damp_assoc_lines(&t->assoc); i++) {
		const struct lease_line *line = damp_assoc_line(&t->assoc, i);

		for (unsigned w = 0; w < WAYS; w++)
			n += damp_due_live((uint32_t)read_slot(&line->slot[w]), now);
	}
	return n;
}
