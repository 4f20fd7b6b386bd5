/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two charges on each of two lines where the ledger knows nobody: what nearly every
 * challenge of a flood of forged sources pays. Inline, for answer_run.c and ledger_pairs.c.
 *
 * Idea: who is not on his line and finds settled ways (ledger_line.h) owes nothing, so what the
 * charges leave is the same for all of a burst but for the tags, and which ways they take
 * is the two lowest bits of one mask.
 *
 * Invariant: this does what ledger_at_once.c does with the same four charges, or nothing
 * (test_ledger_ways.c). No cost is above its burst.
 */
#ifndef DAMP_CORE_LEDGER_FRESH_H
#define DAMP_CORE_LEDGER_FRESH_H

#include "ledger_wide.h"

#if defined(__x86_64__)
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

/* Words of the line but the first that are settled, and whether one has either tag. */
struct fresh_line { unsigned settled; __m256i met; };

WIDE ALWAYS struct fresh_line fresh_look(const struct line *line, const struct fresh *f, uint64_t hash, damp_tick now)
{
	const __m256i *v = (const __m256i *)(const void *)line;
	const __m256i a = _mm256_load_si256(v), b = _mm256_load_si256(v + 1);
	/* In another order than the words', but the first in its place. */
	const __m256i tags = _mm256_castps_si256(
		_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), UPPER_HALVES));
	const __m256i tag = _mm256_set1_epi32((int)tag_of(hash));
	/* Below 0 where it is settled. */
	const __m256i debts = _mm256_sub_epi32(HALVES(a, b, LOWER_HALVES),
					       _mm256_set1_epi32((int)((uint32_t)now - SETTLED + 1)));

	return (struct fresh_line){
		.settled = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(debts)) & ~1u,
		.met = _mm256_or_si256(
			_mm256_cmpeq_epi32(tags, _mm256_add_epi32(tag, _mm256_set1_epi32((int)f->move[0]))),
			_mm256_cmpeq_epi32(tags, _mm256_add_epi32(tag, _mm256_set1_epi32((int)f->move[1])))),
	};
}

WIDE ALWAYS void fresh_store(struct line *line, const struct fresh *f, uint64_t hash, unsigned settled)
{
	uint64_t *words = (uint64_t *)(void *)line;
	const uint64_t tag = hash & ~(uint64_t)UINT32_MAX;

	__atomic_store_n(&words[__builtin_ctz(settled)], tag + f->word[0], __ATOMIC_RELAXED);
	__atomic_store_n(&words[__builtin_ctz(settled & (settled - 1))], tag + f->word[1], __ATOMIC_RELAXED);
}

/* Once in some minutes. False: it was aged too long ago, or another's clock is further. */
static __attribute__((noinline)) bool fresh_aged(struct line *line, damp_tick now)
{
	if (spans_since(line, now) >= SPANS_PAID_UP)
		return false;
	line_age(line, now);
	return true;
}

/* Is the line of this span, or made so, which changes no debt? */
ALWAYS bool fresh_span(struct line *line, damp_tick now)
{
	return damp_likely(spans_since(line, now) == 0) || fresh_aged(line, now);
}

WIDE ALWAYS bool fresh_both(struct line *const line[2], const struct fresh f[2], const uint64_t hash[2], damp_tick now)
{
	const struct fresh_line one = fresh_look(line[0], &f[0], hash[0], now);
	const struct fresh_line two = fresh_look(line[1], &f[1], hash[1], now);
	const unsigned met = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_or_si256(one.met, two.met))) & ~1u;

	/* Two ways of each. */
	if (damp_unlikely(met != 0) || damp_unlikely((one.settled & (one.settled - 1)) == 0) ||
	    damp_unlikely((two.settled & (two.settled - 1)) == 0) || !fresh_span(line[0], now) ||
	    !fresh_span(line[1], now))
		return false;
	fresh_store(line[0], &f[0], hash[0], one.settled);
	fresh_store(line[1], &f[1], hash[1], two.settled);
	return true;
}

/* False: nothing was done. alone: no other thread writes the ledger, so nothing is locked. */
WIDE ALWAYS bool fresh_charge(struct line *const line[2], const struct fresh f[2], const uint64_t hash[2],
			      damp_tick now, bool alone)
{
	bool done = false;

	if (damp_likely(alone))
		return damp_likely(line[0] != line[1]) && fresh_both(line, f, hash, now);
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
