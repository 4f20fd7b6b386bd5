/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of the ledger, for ledger.c and ledger_at_once.c alone: its words, how they
 * age, and the search for a way, with vectors where there are any.
 *
 * The 32-bit wrap: a tat read at now must lie within 2^31 ticks of it, eight
 * spans of 2^28 (256 s). `epoch` is the span in which the line was last aged. The
 * first charge in a new span lifts every tat that is more than one span old to
 * one span ago. Six spans after the last aging the youngest charge is five old, so
 * the longest debt is paid up for a span: whatever a tat looks like, the line
 * reads as empty. So a tat is never more than seven spans old, nor further ahead
 * than the four of DAMP_BURST_TICKS_MAX and what clocks differ. The span of grace
 * is for those: a clock a little behind must find neither debts that were lifted
 * nor a debt that was cut short. A clock more than a span behind (a step back,
 * which no bound survives) reads empty. Spans wrap after 34 000 years.
 */
#ifndef DAMP_CORE_LEDGER_LINE_H
#define DAMP_CORE_LEDGER_LINE_H

#include "ledger.h"

#include "bytelock.h"
#include "compiled.h"

#include <damper/program.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WAYS DAMP_LEDGER_WAYS
#define ALL_WAYS ((1u << WAYS) - 1)

#define LINES_LOG2_MIN 4u
#define LINES_LOG2_MAX 26u
/* Kept lines for all lines, and the fewest of them. */
#define KEPT_SHIFT 4u
#define KEPT_LOG2_MIN 2u

#define SPAN_SHIFT 28
#define SPAN (1 << SPAN_SHIFT)
/* The longest debt, the span in which it was made, the span of grace. */
#define SPANS_PAID_UP (4u + 1u + 1u)
_Static_assert(DAMP_BURST_TICKS_MAX == 4u << SPAN_SHIFT, "the longest debt is four spans");
/* -1: another worker's clock is past the turn already. */
#define SPAN_BEFORE UINT32_MAX

struct line {
	uint32_t epoch;
	uint8_t lock;
	uint8_t spare[3];
	uint64_t way[WAYS];         /* tag above, tat below */
};
_Static_assert(sizeof(struct line) == DAMP_CACHE_LINE, "one line a look-up");

struct damp_ledger {
	uint32_t mask;
	uint32_t kept_mask, kept;   /* of the kept lines: the mask, the first */
	bool wide;                  /* several charges at once are made with AVX2 */
	uint8_t pad0[DAMP_CACHE_LINE - 3 * sizeof(uint32_t) - sizeof(bool)];
	uint64_t evictions;         /* written by all workers: a line of its own */
	uint8_t pad1[DAMP_CACHE_LINE - sizeof(uint64_t)];
	struct line line[];
};
_Static_assert(offsetof(struct damp_ledger, line) % DAMP_CACHE_LINE == 0, "lines are aligned");

_Static_assert(DAMP_LEDGER_KEPT >> LINES_LOG2_MAX != 0, "the mark is no part of a line's number");

static inline uint32_t line_of(const struct damp_ledger *l, uint64_t key)
{
	/* A branch, since who asks for what is known ahead: foretold, it costs nothing. */
	if (key & DAMP_LEDGER_KEPT)
		return l->kept + ((uint32_t)key & l->kept_mask);
	return (uint32_t)key & l->mask;
}

static inline uint32_t tag_of(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static inline uint32_t epoch_of(damp_tick now)
{
	return (uint32_t)(now >> SPAN_SHIFT);
}

static inline uint32_t positive(int32_t debt)
{
	return debt > 0 ? (uint32_t)debt : 0;
}

/* Ticks for which a way must have been paid up to be as good as any other (4 ms): by the
 * clock of a worker that is behind, one that was paid up just now is not. */
#define SETTLED (1 << 12)

/* How soon a way gives way to a newcomer, by what it owes: 0 is at once. */
static inline uint32_t unsettled(int32_t debt)
{
	return debt > -SETTLED ? (uint32_t)(debt + SETTLED) : 0;
}

/* Spans since the line was last aged. */
static inline uint32_t spans_since(const struct line *line, damp_tick now)
{
	/* Acquire pairs with line_age() and view_store(): whoever sees an epoch sees its ways. */
	return epoch_of(now) - __atomic_load_n(&line->epoch, __ATOMIC_ACQUIRE);
}

/* The way of tag, or WAYS. No branch: which way it is cannot be foretold. Without
 * the lock a line that is being written may be read wrongly: look again. A vector holds
 * the lock's byte as well, which others try meanwhile; it is masked out. */
#if defined(__SSE2__)
UNSANITIZED static inline unsigned way_of(const struct line *line, uint32_t tag)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi32((int)tag);
	const __m128i low = _mm_packs_epi32(_mm_cmpeq_epi32(v[0], t), _mm_cmpeq_epi32(v[1], t));
	const __m128i high = _mm_packs_epi32(_mm_cmpeq_epi32(v[2], t), _mm_cmpeq_epi32(v[3], t));
	/* Two bits a word, of which the line's first is not a way, and tags are the upper halves. */
	const unsigned found = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high)) >> 2 & 0x2aaa;

	return (unsigned)__builtin_ctz(found | 1u << 2 * WAYS) / 2;
}
#else
static inline unsigned way_of(const struct line *line, uint32_t tag)
{
	uint32_t found = 1u << WAYS;

	for (unsigned w = 0; w < WAYS; w++)
		found |= (uint32_t)((uint32_t)(__atomic_load_n(&line->way[w], __ATOMIC_RELAXED) >> 32) == tag) << w;
	return (unsigned)__builtin_ctz(found);
}
#endif

/* Under the lock: age the line, as a view of it would be written back. No debt
 * changes by it. */
static inline void line_age(struct line *line, damp_tick now)
{
	const uint32_t spans = spans_since(line, now);
	const bool known = spans < SPANS_PAID_UP;

	if (damp_likely(spans == 0) || spans == SPAN_BEFORE)
		return;
	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t word = line->way[w], tag = known ? word & ~(uint64_t)UINT32_MAX : 0;
		const int32_t debt = (int32_t)((uint32_t)word - (uint32_t)now);
		const uint32_t tat = known && debt > -SPAN ? (uint32_t)word : (uint32_t)now - SPAN;

		__atomic_store_n(&line->way[w], tag | tat, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&line->epoch, epoch_of(now), __ATOMIC_RELEASE);
}

/* The first way that is settled, else the one that will be soonest. Under the lock. No
 * branch. Who owes nothing loses nothing, so which of those gives way is no matter; that it
 * is the first lets several be found by one look (ledger_fresh.h). */
#if defined(__SSE2__)
static inline __m128i least_of(__m128i a, __m128i b)
{
	const __m128i more = _mm_cmpgt_epi32(a, b);

	return _mm_or_si128(_mm_and_si128(more, b), _mm_andnot_si128(more, a));
}

static inline __m128i not_below_0(__m128i a)
{
	return _mm_andnot_si128(_mm_srai_epi32(a, 31), a);
}

/* The lower halves of four words, from an address with their order kept. */
UNSANITIZED static inline __m128i lower_halves(const __m128i *v)
{
	const __m128 a = _mm_castsi128_ps(v[0]), b = _mm_castsi128_ps(v[1]);

	return _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
}

UNSANITIZED static inline unsigned way_least(const struct line *line, damp_tick now)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi32((int)((uint32_t)now - SETTLED));
	/* The line's first word is not a way, and comes last. */
	const __m128i first = _mm_set_epi32(0, 0, 0, -1), last = _mm_set_epi32(0, 0, 0, INT32_MAX);
	const __m128i debts = not_below_0(_mm_sub_epi32(lower_halves(v), t));
	const __m128i low = _mm_or_si128(_mm_andnot_si128(first, debts), last);
	const __m128i high = not_below_0(_mm_sub_epi32(lower_halves(v + 2), t));
	__m128i least = least_of(low, high);
	unsigned found;

	least = least_of(least, _mm_shuffle_epi32(least, _MM_SHUFFLE(1, 0, 3, 2)));
	least = least_of(least, _mm_shuffle_epi32(least, _MM_SHUFFLE(2, 3, 0, 1)));
	found = (unsigned)_mm_movemask_epi8(_mm_packs_epi32(_mm_cmpeq_epi32(low, least), _mm_cmpeq_epi32(high, least)));
	return (unsigned)__builtin_ctz(found) / 2 - 1;
}
#else
static inline unsigned way_least(const struct line *line, damp_tick now)
{
	uint64_t least = UINT64_MAX;

	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t rank = (uint64_t)unsettled((int32_t)((uint32_t)line->way[w] - (uint32_t)now)) << 3 | w;

		least = rank < least ? rank : least;
	}
	return (unsigned)(least & 7);
}
#endif

#endif
