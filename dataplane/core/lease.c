/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases; see lease.h for the idea and the invariant.
 *
 * A slot is one word of 64 bits, tag and deadline together, so that a reader
 * without the lock sees both of the same lease.
 *
 * An owner of 64 items has ten lines, nearly all of them full of strangers: one
 * compare of a whole line says which of its slots have to be read.
 */
#include "lease.h"

#include "assoc.h"
#include "bytelock.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WAYS 7u

struct lease_line {
	uint8_t lock;
	uint8_t spare[7];
	uint64_t slot[WAYS];        /* owner tag 16, item tag 16, deadline 32 */
};
_Static_assert(sizeof(struct lease_line) == DAMP_CACHE_LINE, "seven leases a line");

struct damp_lease_table { struct damp_assoc assoc; };

static uint32_t tag_of(uint64_t owner, uint64_t item)
{
	return (uint32_t)(owner >> 48) << 16 | (uint32_t)(item >> 48);
}

static bool of_owner(uint64_t slot, uint32_t tag, damp_tick now)
{
	return (uint32_t)(slot >> 48) == tag >> 16 && damp_due_live((uint32_t)slot, now);
}

/* Where the owner's tag may be: bit 2w for slot w. What is being written meanwhile
 * may be read wrongly, so each slot is read again. */
#if defined(__SSE2__)
__attribute__((no_sanitize_thread)) static inline uint32_t candidates(const struct lease_line *line, uint32_t tag)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi16((short)(tag >> 16));
	const __m128i low = _mm_packs_epi32(_mm_srai_epi32(_mm_cmpeq_epi16(v[0], t), 16),
					    _mm_srai_epi32(_mm_cmpeq_epi16(v[1], t), 16));
	const __m128i high = _mm_packs_epi32(_mm_srai_epi32(_mm_cmpeq_epi16(v[2], t), 16),
					     _mm_srai_epi32(_mm_cmpeq_epi16(v[3], t), 16));
	/* 16 bits for the 16 halves of 8 words, the upper ones of slots at odd places. */
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) >> 3 & 0x1555;
}
#else
static inline uint32_t candidates(const struct lease_line *line, uint32_t tag)
{
	uint32_t found = 0;

	for (unsigned w = 0; w < WAYS; w++)
		found |= (uint32_t)((__atomic_load_n(&line->slot[w], __ATOMIC_RELAXED) >> 48) == tag >> 16) << 2 * w;
	return found;
}
#endif

static unsigned lines_for(uint32_t cap)
{
	return (cap + WAYS - 1) / WAYS;
}

/* The lines of one owner follow each other. */
static struct lease_line *line_of(const struct damp_lease_table *t, uint64_t owner, unsigned i)
{
	return damp_assoc_line(&t->assoc, owner + i);
}

/* What one owner holds: this item, and then nothing else matters, or so many others. */
struct held { struct lease_line *line; uint32_t n; };

static struct held look(const struct damp_lease_table *t, uint64_t owner, uint32_t tag, uint32_t cap,
			damp_tick now)
{
	const unsigned n = lines_for(cap);
	struct held h = { .line = NULL };

	for (unsigned i = 0; i < n; i++) {
		struct lease_line *line = line_of(t, owner, i);

		for (uint32_t ways = candidates(line, tag); ways; ways &= ways - 1) {
			const unsigned w = (unsigned)__builtin_ctz(ways) / 2;
			const uint64_t slot = __atomic_load_n(&line->slot[w], __ATOMIC_RELAXED);

			if (!of_owner(slot, tag, now))
				continue;
			h.n++;
			if ((uint32_t)(slot >> 32) == tag) {
				h.line = line;
				return h;
			}
		}
	}
	return h;
}

size_t damp_lease_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_lease_table *damp_lease_init(void *mem, unsigned lines_log2)
{
	return (struct damp_lease_table *)damp_assoc_init(mem, lines_log2);
}

void damp_lease_prefetch(const struct damp_lease_table *t, uint64_t owner)
{
	damp_prefetch(line_of(t, owner, 0));
}

bool damp_lease_room(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now)
{
	const struct held h = look(t, owner, tag_of(owner, item), cap, now);

	return cap == 0 || h.line != NULL || h.n < cap;
}

uint32_t damp_lease_count(const struct damp_lease_table *t, uint64_t owner, uint32_t cap, damp_tick now)
{
	const uint32_t tag = tag_of(owner, 0);
	uint32_t n = 0;

	for (unsigned i = 0; i < lines_for(cap); i++)
		for (unsigned w = 0; w < WAYS; w++)
			n += of_owner(__atomic_load_n(&line_of(t, owner, i)->slot[w], __ATOMIC_RELAXED), tag, now);
	return n;
}

bool damp_lease_held(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now)
{
	return look(t, owner, tag_of(owner, item), cap, now).line != NULL;
}

/* Write the lease where it is, or in the place of the one that ends soonest. */
static void put(struct damp_lease_table *t, struct lease_line *line, uint32_t tag, damp_tick now,
		uint32_t due)
{
	uint32_t dues[WAYS];
	unsigned way = WAYS;

	for (unsigned w = 0; w < WAYS; w++) {
		dues[w] = (uint32_t)line->slot[w];
		if ((uint32_t)(line->slot[w] >> 32) == tag)
			way = w;
	}
	if (way == WAYS) {
		way = damp_assoc_victim(dues, WAYS, now);
		if (damp_due_live(dues[way], now))
			__atomic_fetch_add(&t->assoc.evictions, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&line->slot[way], (uint64_t)tag << 32 | due, __ATOMIC_RELAXED);
}

static bool has_free_way(const struct lease_line *line, damp_tick now)
{
	for (unsigned w = 0; w < WAYS; w++)
		if (!damp_due_live((uint32_t)__atomic_load_n(&line->slot[w], __ATOMIC_RELAXED), now))
			return true;
	return false;
}

void damp_lease_take(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now,
		     damp_tick due)
{
	const uint32_t tag = tag_of(owner, item);
	const struct held h = look(t, owner, tag, cap, now);
	struct lease_line *line = h.line;

	if (cap == 0 || (line == NULL && h.n >= cap))
		return;
	for (unsigned i = 0; line == NULL && i < lines_for(cap); i++)
		if (has_free_way(line_of(t, owner, i), now))
			line = line_of(t, owner, i);
	if (line == NULL)
		line = line_of(t, owner, 0);
	if (!damp_bytelock_take(&line->lock))
		return;
	put(t, line, tag, now, damp_stored_due(due));
	damp_bytelock_drop(&line->lock);
}

void damp_lease_drop(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap)
{
	const uint32_t tag = tag_of(owner, item);

	for (unsigned i = 0; i < lines_for(cap); i++) {
		struct lease_line *line = line_of(t, owner, i);

		for (unsigned w = 0; w < WAYS; w++) {
			uint64_t slot = __atomic_load_n(&line->slot[w], __ATOMIC_RELAXED);

			/* Only the lease itself is ended, whoever wrote it meanwhile. */
			if ((uint32_t)(slot >> 32) == tag)
				__atomic_compare_exchange_n(&line->slot[w], &slot, 0, false, __ATOMIC_RELAXED,
							    __ATOMIC_RELAXED);
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
			n += damp_due_live((uint32_t)__atomic_load_n(&line->slot[w], __ATOMIC_RELAXED), now);
	}
	return n;
}
