/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of the table of Message IDs: its slots, and the look at all four at once with
 * the wide registers. For seen.c and answer_run.c.
 *
 * Invariant: seen_wide() finds what look() of seen.c finds (flood_test.c, answer_test.c).
 */
#ifndef DAMP_CORE_SEEN_LINE_H
#define DAMP_CORE_SEEN_LINE_H

#include "assoc.h"
#include "compiled.h"

#define SEEN_WAYS 4u

struct seen_slot {
	uint64_t value;
	uint32_t tag;
	uint32_t due;
};
_Static_assert(sizeof(struct seen_slot) * SEEN_WAYS == DAMP_CACHE_LINE, "four slots a line");

struct damp_seen_table { struct damp_assoc assoc; };

#if defined(__x86_64__)
#include <immintrin.h>

/* Where a key that is not there would be noted; met: it is there. */
struct seen_wide { unsigned slot; bool evicts, met; };

WITH_AVX2 ALWAYS struct seen_wide seen_wide(const struct seen_slot *s, uint64_t key, damp_tick now)
{
	const __m256i *v = (const __m256i *)(const void *)s;
	/* Slots 0, 2, 1 and 3, of each tag and due; then all tags, all dues. */
	const __m256i halves = _mm256_unpackhi_epi64(_mm256_load_si256(v), _mm256_load_si256(v + 1));
	const __m256i parts = _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 4, 2, 6, 1, 5, 3, 7));
	const __m128i tags = _mm256_castsi256_si128(parts), due = _mm256_extracti128_si256(parts, 1);
	const __m128i zero = _mm_setzero_si128();
	const __m128i ahead = _mm_sub_epi32(due, _mm_set1_epi32((int)damp_due(now)));
	const __m128i left = _mm_max_epi32(_mm_andnot_si128(_mm_cmpeq_epi32(due, zero), ahead), zero);
	const __m128i same = _mm_cmpeq_epi32(tags, _mm_set1_epi32((int)(uint32_t)(key >> 32)));
	__m128i least = _mm_min_epi32(left, _mm_shuffle_epi32(left, _MM_SHUFFLE(1, 0, 3, 2)));

	least = _mm_min_epi32(least, _mm_shuffle_epi32(least, _MM_SHUFFLE(2, 3, 0, 1)));
	return (struct seen_wide){
		.slot = (unsigned)__builtin_ctz(
			(unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(left, least)))),
		.evicts = _mm_cvtsi128_si32(least) != 0,
		/* A slot with the tag that is not over. */
		.met = !_mm_testc_si128(_mm_cmpeq_epi32(left, zero), same),
	};
}
#endif

#endif
