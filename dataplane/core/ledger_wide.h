/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of the ledger in the wide registers, for the charges that are made with them
 * (ledger_at_once.c, ledger_pairs.c).
 *
 * Invariant: what they find is what way_of() and way_least() find (test_ledger_ways.c).
 */
#ifndef DAMP_CORE_LEDGER_WIDE_H
#define DAMP_CORE_LEDGER_WIDE_H

#include "compiled.h"
#include "ledger_line.h"

/* So its words are numbered as the vectors have them. */
_Static_assert(offsetof(struct line, way) == sizeof(uint64_t), "the first word of a line is not a way");

#if defined(__x86_64__)
#define WIDE WITH_AVX2 UNSANITIZED

#define LOWER_HALVES _MM_SHUFFLE(2, 0, 2, 0)
#define UPPER_HALVES _MM_SHUFFLE(3, 1, 3, 1)

/* Halves of a line's eight words, in their order. A macro, because `which` must be a
 * constant where nothing is optimised either. */
#define HALVES(a, b, which)                                                           \
	_mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(               \
					 _mm256_castsi256_ps(a), _mm256_castsi256_ps(b), which)), \
				 _MM_SHUFFLE(3, 1, 2, 0))

/* A line's tags and debts, word by word; the first word is not a way. */
struct wide { __m256i tags, debts; };

WIDE ALWAYS struct wide wide_load(const struct line *line, damp_tick now)
{
	const __m256i *v = (const __m256i *)(const void *)line, t = _mm256_set1_epi32((int)(uint32_t)now);
	const __m256i a = _mm256_load_si256(v), b = _mm256_load_si256(v + 1);

	return (struct wide){ HALVES(a, b, UPPER_HALVES), _mm256_sub_epi32(HALVES(a, b, LOWER_HALVES), t) };
}

/* Of a line's words as bits, those that have the tag. */
WIDE ALWAYS unsigned wide_found(const struct wide *v, uint32_t tag)
{
	return (unsigned)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_cmpeq_epi32(v->tags, _mm256_set1_epi32((int)tag))));
}

/* Those that may be taken and are settled, or will be soonest. */
WIDE ALWAYS unsigned wide_least(__m256i debts)
{
	const __m256i ways = _mm256_max_epi32(debts, _mm256_set1_epi32(-SETTLED));
	__m128i min = _mm_min_epi32(_mm256_castsi256_si128(ways), _mm256_extracti128_si256(ways, 1));

	min = _mm_min_epi32(min, _mm_shuffle_epi32(min, _MM_SHUFFLE(1, 0, 3, 2)));
	min = _mm_min_epi32(min, _mm_shuffle_epi32(min, _MM_SHUFFLE(2, 3, 0, 1)));
	return (unsigned)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_cmpeq_epi32(ways, _mm256_broadcastd_epi32(min))));
}
#endif

#endif
