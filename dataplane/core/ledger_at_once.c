/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Charges on lines of their own, all of them in one pass: what nearly every packet
 * pays. ledger.c has the ways for all the others.
 *
 * Invariant: what this writes is what a view of each line would have written, and a
 * refusal names the same charge; the vectors find what the scalar twin finds
 * (ledger_test.c compares both).
 */
#include "ledger_line.h"

#define AT_ONCE_MAX 8u           /* charges of an ordinary packet */

/* Lines of a charge each, all locked, and what their ways are to hold. */
struct paid {
	struct line *line[AT_ONCE_MAX];
	uint64_t *way[AT_ONCE_MAX];
	uint64_t word[AT_ONCE_MAX];
	uint64_t evicted;
};

static inline void paid_drop(const struct paid *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		damp_bytelock_drop(&p->line[i]->lock);
}

/* Lock them all before any is looked at: the waits of the locks, which nothing
 * passes, are then one behind the other and not each in the way of the next look. */
static inline bool paid_lock(struct paid *p, struct damp_ledger *l, const struct damp_charge *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		p->line[i] = &l->line[line_of(l, c[i].key)];
		/* Whoever holds none may wait for his first. */
		if (damp_likely(damp_bytelock_try(&p->line[i]->lock)) ||
		    (i == 0 && damp_bytelock_take(&p->line[i]->lock)))
			continue;
		paid_drop(p, i);
		return false;
	}
	return true;
}

#define ALWAYS static inline __attribute__((always_inline))

/* What charge i leaves in a way, which a newcomer took. False: it is refused. */
ALWAYS bool paid_put(struct paid *p, unsigned i, unsigned way, bool newcomer, const struct damp_charge *c,
		     damp_tick now)
{
	uint64_t *word = &p->line[i]->way[way];
	const uint32_t before = positive((int32_t)((uint32_t)*word - (uint32_t)now));

	p->way[i] = word;
	p->evicted += newcomer && before > 0;
	p->word[i] = (uint64_t)tag_of(c->key) << 32 | ((uint32_t)now + before + c->cost);
	return (uint64_t)before + c->cost <= c->burst && c->burst <= DAMP_BURST_TICKS_MAX;
}

/* The first refused of n charges, or n; *age: of the line aged longest ago, in spans. */
static unsigned paid_make(struct paid *p, const struct damp_charge *c, unsigned n, damp_tick now, uint32_t *age)
{
	unsigned refused = n;

	p->evicted = 0;
	for (unsigned i = n; i-- > 0;) {
		const struct line *line = p->line[i];
		const uint32_t spans = spans_since(line, now);
		const unsigned found = way_of(line, tag_of(c[i].key));
		const unsigned way = found < WAYS ? found : way_least(line, now);

		*age = spans > *age ? spans : *age;
		refused = paid_put(p, i, way, found == WAYS, &c[i], now) ? refused : i;
	}
	return refused;
}

#if defined(__x86_64__)
#define WITH_AVX2 __attribute__((target("avx2"))) UNSANITIZED

#define LOWER_HALVES _MM_SHUFFLE(2, 0, 2, 0)
#define UPPER_HALVES _MM_SHUFFLE(3, 1, 3, 1)

/* Halves of a line's eight words, in their order. A macro, because `which` must be a
 * constant where nothing is optimised either. */
#define HALVES(a, b, which)                                                           \
	_mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(               \
					 _mm256_castsi256_ps(a), _mm256_castsi256_ps(b), which)), \
				 _MM_SHUFFLE(3, 1, 2, 0))

/* A bit for each word that has the tag, and for each that is paid up soonest; the
 * first word is not a way. */
WITH_AVX2 ALWAYS void wide_find(const struct line *line, uint32_t tag, damp_tick now, unsigned *found,
				unsigned *least)
{
	const __m256i *v = (const __m256i *)(const void *)line, t = _mm256_set1_epi32((int)(uint32_t)now);
	const __m256i a = _mm256_load_si256(v), b = _mm256_load_si256(v + 1);
	const __m256i tags = HALVES(a, b, UPPER_HALVES);
	const __m256i debts = _mm256_sub_epi32(HALVES(a, b, LOWER_HALVES), t);
	const __m256i ways = _mm256_blend_epi32(debts, _mm256_set1_epi32(INT32_MAX), 1);
	__m128i min = _mm_min_epi32(_mm256_castsi256_si128(ways), _mm256_extracti128_si256(ways, 1));

	min = _mm_min_epi32(min, _mm_shuffle_epi32(min, _MM_SHUFFLE(1, 0, 3, 2)));
	min = _mm_min_epi32(min, _mm_shuffle_epi32(min, _MM_SHUFFLE(2, 3, 0, 1)));
	*found = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(
			 _mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag)))) & ~1u;
	*least = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(
			 _mm256_cmpeq_epi32(ways, _mm256_broadcastd_epi32(min))));
}

WITH_AVX2 static unsigned paid_make_wide(struct paid *p, const struct damp_charge *c, unsigned n, damp_tick now,
					 uint32_t *age)
{
	unsigned refused = n;

	p->evicted = 0;
	for (unsigned i = n; i-- > 0;) {
		const uint32_t spans = spans_since(p->line[i], now);
		unsigned found, least;

		wide_find(p->line[i], tag_of(c[i].key), now, &found, &least);
		*age = spans > *age ? spans : *age;
		refused = paid_put(p, i, (unsigned)__builtin_ctz(found ? found : least) - 1, found == 0, &c[i], now) ?
				  refused : i;
	}
	return refused;
}

static bool can_be_wide(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define paid_make_wide paid_make

static bool can_be_wide(void)
{
	return false;
}
#endif

bool damp_ledger_set_wide(struct damp_ledger *l, bool wide)
{
	l->wide = wide && can_be_wide();
	return l->wide;
}

int damp_ledger_charge_at_once(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	unsigned refused;
	uint32_t age = 0;
	struct paid p;

	if (damp_unlikely(n > AT_ONCE_MAX) || damp_unlikely(!paid_lock(&p, l, c, n)))
		return DAMP_LEDGER_NOT_AT_ONCE;
	refused = damp_likely(l->wide) ? paid_make_wide(&p, c, n, now, &age) : paid_make(&p, c, n, now, &age);
	if (damp_unlikely(refused < n || age >= SPANS_PAID_UP)) {
		paid_drop(&p, n);
		return age < SPANS_PAID_UP ? (int)refused : DAMP_LEDGER_NOT_AT_ONCE;
	}
	for (unsigned i = 0; i < n; i++) {
		/* It changes no debt, so nothing that was found before. */
		if (damp_unlikely(age != 0))
			line_age(p.line[i], now);
		__atomic_store_n(p.way[i], p.word[i], __ATOMIC_RELAXED);
	}
	paid_drop(&p, n);
	if (damp_unlikely(p.evicted != 0))
		__atomic_fetch_add(&l->evictions, p.evicted, __ATOMIC_RELAXED);
	return -1;
}
