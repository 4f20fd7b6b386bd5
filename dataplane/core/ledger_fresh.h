/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two charges on each of two lines where the ledger knows nobody: what nearly every
 * challenge of a flood of forged sources pays. Inline, for answer_run.c and ledger_pairs.c.
 *
 * Idea: who is not on his line and finds two ways that are paid up owes nothing, so what
 * the charges leave is the same for all of a burst but for the tags. The ways are still the
 * two that are paid up soonest, or a clock that is a little behind would find debts
 * forgotten (ledger.c).
 *
 * Invariant: this does what ledger_at_once.c does with the same four charges, or nothing
 * (test_ledger_ways.c). No cost is above its burst.
 */
#ifndef DAMP_CORE_LEDGER_FRESH_H
#define DAMP_CORE_LEDGER_FRESH_H

#include "ledger_wide.h"

#if defined(__x86_64__)
/* A line's debts but that of one word. */
static const int32_t without[8][8] __attribute__((aligned(32))) = {
	[0] = { INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN },
	[1] = { INT32_MIN, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN },
	[2] = { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN },
	[3] = { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN },
	[4] = { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MIN },
	[5] = { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MIN },
	[6] = { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MIN },
	[7] = { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX },
};

WIDE ALWAYS __m256i leave_out(__m256i debts, unsigned word)
{
	return _mm256_max_epi32(debts, *(const __m256i *)(const void *)without[word]);
}

/* Of a pair, what does not depend on who is charged. */
struct fresh {
	uint32_t move[2];               /* from the hash to the tag */
	uint64_t word[2];               /* from the hash's upper half to what is written */
};

/* False: they are not to be charged so. */
static inline bool fresh_make(struct fresh *f, const struct damp_charge_pair *pair, damp_tick now)
{
	for (unsigned i = 0; i < 2; i++) {
		f->move[i] = pair->of[i].move;
		f->word[i] = (uint64_t)pair->of[i].move << 32 | (uint32_t)((uint32_t)now + pair->of[i].cost);
		if (pair->of[i].cost > pair->of[i].burst)
			return false;
	}
	return true;
}

/* The two words that are paid up soonest (below 0: they are), and whether one has either
 * tag. */
struct fresh_line { unsigned way[2]; int32_t paid_up; __m256i met; };

WIDE ALWAYS struct fresh_line fresh_look(const struct line *line, const struct fresh *f, uint64_t hash, damp_tick now)
{
	const __m256i *v = (const __m256i *)(const void *)line;
	const __m256i a = _mm256_load_si256(v), b = _mm256_load_si256(v + 1);
	/* In another order than the words', but the first in its place. */
	const __m256i tags = _mm256_castps_si256(
		_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), UPPER_HALVES));
	const __m256i tag = _mm256_set1_epi32((int)tag_of(hash));
	const __m256i debts = _mm256_sub_epi32(HALVES(a, b, LOWER_HALVES), _mm256_set1_epi32((int)(uint32_t)now));
	const __m256i ways = leave_out(debts, 0);
	const unsigned one = (unsigned)__builtin_ctz(wide_least(ways));
	const unsigned two = (unsigned)__builtin_ctz(wide_least(leave_out(ways, one)));

	return (struct fresh_line){
		.way = { one, two },
		/* What the second owes the first does not. */
		.paid_up = (int32_t)((uint32_t)line->way[two - 1] - ((uint32_t)now + 1)),
		.met = _mm256_or_si256(
			_mm256_cmpeq_epi32(tags, _mm256_add_epi32(tag, _mm256_set1_epi32((int)f->move[0]))),
			_mm256_cmpeq_epi32(tags, _mm256_add_epi32(tag, _mm256_set1_epi32((int)f->move[1])))),
	};
}

WIDE ALWAYS void fresh_store(struct line *line, const struct fresh *f, uint64_t hash, const unsigned way[2])
{
	uint64_t *words = (uint64_t *)(void *)line;
	const uint64_t tag = hash & ~(uint64_t)UINT32_MAX;

	__atomic_store_n(&words[way[0]], tag + f->word[0], __ATOMIC_RELAXED);
	__atomic_store_n(&words[way[1]], tag + f->word[1], __ATOMIC_RELAXED);
}

/* A line as aging it would leave it: itself, or a copy, once in some minutes. */
static __attribute__((noinline)) const struct line *aged_copy(struct line *copy, const struct line *line, damp_tick now)
{
	/* Not the lock, which others try meanwhile. */
	copy->epoch = line->epoch;
	for (unsigned w = 0; w < WAYS; w++)
		copy->way[w] = line->way[w];
	line_age(copy, now);
	return copy;
}

/* Of this span, or of the one that another's clock is in already. */
ALWAYS bool is_of_now(const struct line *line, damp_tick now)
{
	return spans_since(line, now) + 1 <= 1;
}

WIDE ALWAYS bool fresh_both(struct line *const line[2], const struct fresh f[2], const uint64_t hash[2], damp_tick now)
{
	const bool aged[2] = { !is_of_now(line[0], now), !is_of_now(line[1], now) };
	struct line copy[2] __attribute__((aligned(DAMP_CACHE_LINE)));
	const struct fresh_line one = fresh_look(damp_unlikely(aged[0]) ? aged_copy(&copy[0], line[0], now) : line[0],
						 &f[0], hash[0], now);
	const struct fresh_line two = fresh_look(damp_unlikely(aged[1]) ? aged_copy(&copy[1], line[1], now) : line[1],
						 &f[1], hash[1], now);
	const unsigned met = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_or_si256(one.met, two.met))) & ~1u;

	/* Two ways of each. */
	if (damp_unlikely(met != 0) || damp_unlikely((one.paid_up & two.paid_up) >= 0))
		return false;
	if (damp_unlikely(aged[0]))
		line_age(line[0], now);
	if (damp_unlikely(aged[1]))
		line_age(line[1], now);
	fresh_store(line[0], &f[0], hash[0], one.way);
	fresh_store(line[1], &f[1], hash[1], two.way);
	return true;
}

/* False: nothing was done. */
WIDE ALWAYS bool fresh_charge(struct line *const line[2], const struct fresh f[2], const uint64_t hash[2],
			      damp_tick now)
{
	bool done = false;

	/* Also where both are one line. */
	if (damp_unlikely(!damp_bytelock_try(&line[0]->lock)))
		return false;
	if (damp_likely(damp_bytelock_try(&line[1]->lock))) {
		done = fresh_both(line, f, hash, now);
		damp_bytelock_drop(&line[1]->lock);
	}
	damp_bytelock_drop(&line[0]->lock);
	return done;
}
#endif

#endif
