/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases; see lease.h for the idea and the invariant.
 *
 * A slot is one word of 64 bits, tag and deadline together, so that a reader sees
 * both of the same lease, and a writer changes both in one step or, when somebody
 * was faster, neither: nothing is locked.
 *
 * An owner of 64 items has eight lines, nearly all of them full of strangers: one
 * compare of a whole line says whether any of its slots has to be read. The loop over
 * the lines is compiled once with AVX2 and once without; both find the same.
 */
#include "lease.h"

#include "assoc.h"
#include "compiled.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__SSE2__)
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

/* Where the owner's tag may be: bit w for slot w. The tag is the highest of a slot's
 * four parts; the mask of a vector has the highest bit of each slot. */
#if defined(__SSE2__)
static inline uint32_t highest(__m128i v)
{
	return (uint32_t)_mm_movemask_pd(_mm_castsi128_pd(v));
}

/* What is being written meanwhile may be read wrongly, so each slot is read again. */
UNSANITIZED static inline uint32_t ways_of(const struct lease_line *line, uint32_t tag)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi16((short)(tag >> 16));
	const __m128i a = _mm_cmpeq_epi16(v[0], t), b = _mm_cmpeq_epi16(v[1], t);
	const __m128i c = _mm_cmpeq_epi16(v[2], t), d = _mm_cmpeq_epi16(v[3], t);

	if (damp_likely(highest(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0))
		return 0;
	return highest(a) | highest(b) << 2 | highest(c) << 4 | highest(d) << 6;
}
#else
static inline uint32_t ways_of(const struct lease_line *line, uint32_t tag)
{
	uint32_t found = 0;

	for (unsigned w = 0; w < WAYS; w++)
		found |= (uint32_t)((read_slot(&line->slot[w]) >> 48) == tag >> 16) << w;
	return found;
}
#endif

typedef uint32_t ways_fn(const struct lease_line *line, uint32_t tag);

static inline unsigned lines_for(uint32_t cap)
{
	return (cap + WAYS - 1) / WAYS;
}

/* The lines of one owner follow each other. */
static inline struct lease_line *line_of(const struct damp_lease_table *t, uint64_t owner, unsigned i)
{
	return damp_assoc_line(&t->assoc, owner + i);
}

ALWAYS void look(const struct damp_lease_table *t, struct damp_lease_place *p, uint64_t item, damp_tick now,
		 ways_fn *ways_in)
{
	struct lease_line *line = line_of(t, p->owner, 0);
	struct lease_line *const end = line_of(t, 0, 0) + damp_assoc_lines(&t->assoc);
	const uint32_t tag = tag_of(p->owner, item);

	p->slot = NULL;
	p->others = 0;
	for (unsigned left = lines_for(p->cap); left > 0; left--) {
		for (uint32_t ways = ways_in(line, tag); damp_unlikely(ways != 0); ways &= ways - 1) {
			uint64_t *slot = &line->slot[__builtin_ctz(ways)];
			const uint64_t is = read_slot(slot);

			if (!of_owner(is, tag, now))
				continue;
			if ((uint32_t)(is >> 32) == tag) {
				p->slot = slot;
				p->was = is;
				return;
			}
			p->others++;
		}
		if (damp_unlikely(++line == end))
			line = line_of(t, 0, 0);
	}
}

static inline bool fits(const struct damp_lease_place *p)
{
	return p->cap == 0 || p->slot != NULL || p->others < p->cap;
}

ALWAYS bool look_all(const struct damp_lease_table *t, struct damp_lease_place *p, unsigned n, uint64_t item,
		     damp_tick now, ways_fn *ways_in)
{
	bool all = true;

	for (unsigned i = 0; i < n; i++) {
		look(t, &p[i], item, now, ways_in);
		all = all && fits(&p[i]);
	}
	return all;
}

#if defined(__x86_64__)
WITH_AVX2 static inline uint32_t highest_wide(__m256i v)
{
	return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(v));
}

WITH_AVX2 UNSANITIZED static inline uint32_t ways_wide(const struct lease_line *line, uint32_t tag)
{
	const __m256i *v = (const __m256i *)(const void *)line, t = _mm256_set1_epi16((short)(tag >> 16));
	const __m256i a = _mm256_cmpeq_epi16(v[0], t), b = _mm256_cmpeq_epi16(v[1], t);

	if (damp_likely(highest_wide(_mm256_or_si256(a, b)) == 0))
		return 0;
	return highest_wide(a) | highest_wide(b) << 4;
}

WITH_AVX2 static bool look_wide(const struct damp_lease_table *t, struct damp_lease_place *p, unsigned n,
				uint64_t item, damp_tick now)
{
	return look_all(t, p, n, item, now, ways_wide);
}
#else
static bool look_wide(const struct damp_lease_table *t, struct damp_lease_place *p, unsigned n, uint64_t item,
		      damp_tick now)
{
	return look_all(t, p, n, item, now, ways_of);
}
#endif

bool damp_lease_look(const struct damp_lease_table *t, struct damp_lease_place *p, unsigned n, uint64_t item,
		     damp_tick now)
{
	if (damp_likely(t->assoc.wide))
		return look_wide(t, p, n, item, now);
	return look_all(t, p, n, item, now, ways_of);
}

bool damp_lease_set_wide(struct damp_lease_table *t, bool wide)
{
	t->assoc.wide = wide && damp_has_avx2();
	return t->assoc.wide;
}

size_t damp_lease_bytes(unsigned lines_log2)
{
	return damp_assoc_bytes(lines_log2);
}

struct damp_lease_table *damp_lease_init(void *mem, unsigned lines_log2)
{
	struct damp_lease_table *t = (struct damp_lease_table *)damp_assoc_init(mem, lines_log2);

	if (t != NULL)
		damp_lease_set_wide(t, true);
	return t;
}

void damp_lease_prefetch(const struct damp_lease_table *t, const struct damp_lease_place *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct lease_line *line = line_of(t, p[i].owner, 0);

		/* Over the end there are few, and nothing is lost but time. */
		for (const struct lease_line *end = line + lines_for(p[i].cap); line < end; line++)
			damp_prefetch(line);
	}
}

bool damp_lease_room(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now)
{
	struct damp_lease_place one = { .owner = owner, .cap = cap };

	return damp_lease_look(t, &one, 1, item, now);
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

bool damp_lease_held(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now)
{
	struct damp_lease_place one = { .owner = owner, .cap = cap };

	damp_lease_look(t, &one, 1, item, now);
	return one.slot != NULL;
}

static inline bool put_free(struct lease_line *line, uint64_t is, damp_tick now)
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

static inline void take(struct damp_lease_table *t, const struct damp_lease_place *p, uint64_t is,
			damp_tick now)
{
	if (p->slot != NULL && damp_likely(swap(p->slot, p->was, is)))
		return;
	for (unsigned i = 0; i < lines_for(p->cap); i++)
		if (damp_likely(put_free(line_of(t, p->owner, i), is, now)))
			return;
	put_over(t, line_of(t, p->owner, 0), is, now);
}

void damp_lease_take_seen(struct damp_lease_table *t, const struct damp_lease_place *p, unsigned n,
			  uint64_t item, damp_tick now, damp_tick due)
{
	const uint32_t stored = damp_stored_due(due);

	for (unsigned i = 0; i < n; i++)
		if (p[i].cap != 0 && fits(&p[i]))
			take(t, &p[i], (uint64_t)tag_of(p[i].owner, item) << 32 | stored, now);
}

void damp_lease_take(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now,
		     damp_tick due)
{
	struct damp_lease_place one = { .owner = owner, .cap = cap };

	damp_lease_look(t, &one, 1, item, now);
	damp_lease_take_seen(t, &one, 1, item, now, due);
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
