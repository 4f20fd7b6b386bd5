/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two charges on each of two lines, in the wide registers: what every challenge pays,
 * for its address and for its network.
 *
 * Idea: what of a packet is not alike for all of a burst are two hashes, and all that is
 * found of a line stays in registers until both are known to be admitted.
 *
 * Whom the ledger does not know is charged as ledger_fresh.h does it.
 *
 * Invariant: this does what ledger_at_once.c does with the same four charges, or nothing
 * (test_ledger_ways.c).
 */
#include "ledger_fresh.h"

#if defined(__x86_64__)
/* What two charges leave in two ways of a line. */
struct made {
	uint64_t word[2];
	unsigned way[2];                /* words of the line */
	unsigned evicted;
};

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

/* What the owner of a word, or who takes its place, owes before the charge. */
ALWAYS uint32_t before_of(uint64_t word, damp_tick now)
{
	return positive((int32_t)((uint32_t)word - (uint32_t)now));
}

ALWAYS uint64_t word_of(uint32_t tag, uint32_t debt, damp_tick now)
{
	return (uint64_t)tag << 32 | (uint32_t)((uint32_t)now + debt);
}

/* Charge k of p in one of `found`, or else in the least of `ways`. False: refused. */
WIDE ALWAYS bool one_make(struct made *m, unsigned k, const uint64_t *words, unsigned found, __m256i ways,
			  const struct damp_charge_pair *p, uint32_t tag, damp_tick now)
{
	const unsigned at = (unsigned)__builtin_ctz(found ? found : wide_least(ways));
	const uint32_t before = before_of(words[at], now);
	const uint64_t debt = (uint64_t)before + p->of[k].cost;

	m->way[k] = at;
	m->word[k] = word_of(tag, (uint32_t)debt, now);
	if (damp_unlikely(before > 0) && found == 0) {
		m->evicted++;
		/* The first does not lie below what the second forgets. */
		if (k > 0 && before_of(m->word[0], now) < before)
			m->word[0] = word_of((uint32_t)(m->word[0] >> 32), before, now);
	}
	return debt <= p->of[k].burst;
}

WIDE ALWAYS int pair_make(struct made *m, const struct line *line, const struct damp_charge_pair *p,
			  uint64_t hash, damp_tick now)
{
	const uint64_t *words = (const uint64_t *)(const void *)line;
	const uint32_t tag[2] = { tag_of(hash) + p->of[0].move, tag_of(hash) + p->of[1].move };
	const struct wide v = wide_load(line, now);
	const __m256i ways = leave_out(v.debts, 0);
	const unsigned first = wide_found(&v, tag[0]) & ~1u, second = wide_found(&v, tag[1]) & ~1u;

	m->evicted = 0;
	if (damp_unlikely(!one_make(m, 0, words, first, ways, p, tag[0], now)))
		return 0;
	if (damp_unlikely(!one_make(m, 1, words, second & ~(1u << m->way[0]), leave_out(ways, m->way[0]), p, tag[1],
				    now)))
		return 1;
	return -1;
}

ALWAYS void pair_store(struct line *line, const struct made *m)
{
	uint64_t *words = (uint64_t *)(void *)line;

	__atomic_store_n(&words[m->way[0]], m->word[0], __ATOMIC_RELAXED);
	__atomic_store_n(&words[m->way[1]], m->word[1], __ATOMIC_RELAXED);
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

WIDE ALWAYS int both_make(struct damp_ledger *l, struct line *const line[2],
			  const struct damp_charge_pair pair[2], const uint64_t hash[2], damp_tick now)
{
	const bool aged[2] = { !is_of_now(line[0], now), !is_of_now(line[1], now) };
	struct made made[2];
	struct line copy __attribute__((aligned(DAMP_CACHE_LINE)));

	for (unsigned i = 0; i < 2; i++) {
		const struct line *as = damp_unlikely(aged[i]) ? aged_copy(&copy, line[i], now) : line[i];
		const int refused = pair_make(&made[i], as, &pair[i], hash[i], now);

		if (damp_unlikely(refused >= 0))
			return 2 * (int)i + refused;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (damp_unlikely(aged[i]))
			line_age(line[i], now);
		pair_store(line[i], &made[i]);
	}
	if (damp_unlikely(made[0].evicted + made[1].evicted != 0))
		__atomic_fetch_add(&l->evictions, made[0].evicted + made[1].evicted, __ATOMIC_RELAXED);
	return -1;
}

WIDE static int pairs_wide(struct damp_ledger *l, const struct damp_charge_pair pair[2], const uint64_t hash[2],
			   damp_tick now)
{
	struct line *const line[2] = { &l->line[hash[0] & l->mask], &l->line[hash[1] & l->mask] };
	int got = DAMP_LEDGER_NOT_AT_ONCE;
	struct fresh f[2];
	bool fresh;

	/* Also where both are one line. */
	if (damp_unlikely(!damp_bytelock_try(&line[0]->lock)))
		return got;
	if (damp_likely(damp_bytelock_try(&line[1]->lock))) {
		fresh = fresh_make(&f[0], &pair[0], now) && fresh_make(&f[1], &pair[1], now) &&
			fresh_both(line, f, hash, now);
		got = damp_likely(fresh) ? -1 : both_make(l, line, pair, hash, now);
		damp_bytelock_drop(&line[1]->lock);
	}
	damp_bytelock_drop(&line[0]->lock);
	return got;
}
#else
static int pairs_wide(struct damp_ledger *l, const struct damp_charge_pair pair[2], const uint64_t hash[2],
		      damp_tick now)
{
	(void)l, (void)pair, (void)hash, (void)now;
	return DAMP_LEDGER_NOT_AT_ONCE;
}
#endif

int damp_ledger_charge_pairs(struct damp_ledger *l, const struct damp_charge_pair pair[2], const uint64_t hash[2],
			     damp_tick now)
{
	return damp_likely(l->wide) ? pairs_wide(l, pair, hash, now) : DAMP_LEDGER_NOT_AT_ONCE;
}
