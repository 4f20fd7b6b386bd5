/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A few charges, all of them in one pass: what nearly every packet pays. ledger.c has
 * the way for more, and the views by which all is explained.
 *
 * Idea: budgets that are asked together lie on one line (judge_keys.h), so the charges
 * of a packet are many and its lines few. Neighbours on one line are charged in turn:
 * what each leaves is a word aside, written when all are admitted; the next one sees the
 * ways that were taken before it, and nothing else of its line has changed.
 *
 * Invariant: what this writes is what a view of each line would have written, and a
 * refusal names the same charge; the vectors find what the scalar twin finds
 * (test_ledger_ways.c compares all three).
 */
#include "ledger_wide.h"

#define AT_ONCE_MAX 8u           /* charges of an ordinary packet */

/* Charges in runs of one line each, which is locked, and what their ways are to hold. */
struct paid {
	struct line *line[AT_ONCE_MAX];         /* of a run */
	uint8_t end[AT_ONCE_MAX];               /* of a run: one past its last charge */
	uint64_t *way[AT_ONCE_MAX];
	uint64_t word[AT_ONCE_MAX];
	unsigned runs;
	unsigned evicted;
	bool aged;                              /* some line is of an earlier span */
};

static inline void paid_drop(const struct paid *p)
{
	for (unsigned r = 0; r < p->runs; r++)
		damp_bytelock_drop(&p->line[r]->lock);
}

/* Lock them all before any is looked at: the waits of the locks, which nothing
 * passes, are then one behind the other and not each in the way of the next look. A line
 * that comes back behind another is found locked, by us. */
static inline bool paid_lock(struct paid *p, struct damp_ledger *l, const struct damp_charge *c, unsigned n)
{
	struct line *last = NULL;
	unsigned runs = 0;

	for (unsigned i = 0; i < n; i++) {
		struct line *line = &l->line[line_of(l, c[i].key)];

		if (line != last) {
			/* Whoever holds none may wait for his first. */
			if (damp_unlikely(!damp_bytelock_try(&line->lock)) &&
			    (runs > 0 || !damp_bytelock_take(&line->lock))) {
				p->runs = runs;
				paid_drop(p);
				return false;
			}
			p->line[runs++] = last = line;
		}
		p->end[runs - 1] = (uint8_t)(i + 1);
	}
	p->runs = runs;
	p->evicted = 0;
	p->aged = false;
	return true;
}

/* Has one of the charges from `from` to i, which are on one line, the tag of i? Only a
 * view tells them apart. */
ALWAYS bool met_before(const struct paid *p, unsigned from, unsigned i, uint32_t tag)
{
	for (unsigned k = from; k < i; k++)
		if (damp_unlikely((uint32_t)(p->word[k] >> 32) == tag))
			return true;
	return false;
}

/* The charges from `from` to i, on its line, are not to lie below a debt that is
 * forgotten now. */
static __attribute__((noinline)) void paid_raise(struct paid *p, unsigned from, unsigned i, uint32_t debt,
						 damp_tick now)
{
	for (unsigned k = from; k < i; k++)
		if ((uint32_t)p->word[k] - (uint32_t)now < debt)
			p->word[k] = (p->word[k] & ~(uint64_t)UINT32_MAX) | (uint32_t)((uint32_t)now + debt);
}

/* Ages of a line that matter. */
struct age {
	bool any;                       /* of an earlier span: what is written ages it */
	bool empty;                     /* of so early a span that nobody owes anything */
};

ALWAYS struct age age_of(const struct line *line, damp_tick now)
{
	const uint32_t spans = spans_since(line, now);

	if (damp_likely(spans == 0) || spans == SPAN_BEFORE)
		return (struct age){ false, false };
	return (struct age){ true, spans >= SPANS_PAID_UP };
}

/* What charge i of the run that begins at `from` leaves in a way, which a newcomer took.
 * False: it is refused. */
ALWAYS bool paid_put(struct paid *p, unsigned from, unsigned i, uint64_t *way, bool newcomer, struct age age,
		     const struct damp_charge *c, damp_tick now)
{
	const uint32_t before = damp_unlikely(age.empty) ? 0 : positive((int32_t)((uint32_t)*way - (uint32_t)now));
	const uint64_t debt = (uint64_t)before + c->cost;

	if (newcomer && damp_unlikely(before > 0)) {
		p->evicted++;
		paid_raise(p, from, i, before, now);
	}
	p->way[i] = way;
	p->word[i] = (uint64_t)tag_of(c->key) << 32 | (uint32_t)((uint32_t)now + debt);
	return debt <= c->burst && c->burst <= DAMP_BURST_TICKS_MAX;
}

/* The way of tag but those taken, or WAYS; and the first that is settled, or will be
 * soonest. */
static unsigned way_among(const struct line *line, uint32_t tag, unsigned taken)
{
	for (unsigned w = 0; w < WAYS; w++)
		if (!(taken >> w & 1) && (uint32_t)(line->way[w] >> 32) == tag)
			return w;
	return WAYS;
}

static unsigned least_among(const struct line *line, unsigned taken, damp_tick now)
{
	unsigned way = WAYS;
	uint32_t least = 0;

	for (unsigned w = 0; w < WAYS; w++) {
		const uint32_t debt = unsettled((int32_t)((uint32_t)line->way[w] - (uint32_t)now));

		if ((taken >> w & 1) || (way != WAYS && debt >= least))
			continue;
		least = debt;
		way = w;
	}
	return way;
}

/* Of a run: the first refused, or its end; NOT_MADE: only views can tell. */
#define NOT_MADE UINT32_MAX

static __attribute__((noinline)) unsigned run_make(struct paid *p, unsigned run, unsigned from,
						   const struct damp_charge *c, damp_tick now)
{
	struct line *line = p->line[run];
	const struct age age = age_of(line, now);
	unsigned taken = 0, i;

	p->aged |= age.any;
	for (i = from; i < p->end[run]; i++) {
		const uint32_t tag = tag_of(c[i].key);
		unsigned way = WAYS;
		bool newcomer;

		if (taken == ALL_WAYS || met_before(p, from, i, tag))
			return NOT_MADE;
		if (!age.empty)
			way = taken ? way_among(line, tag, taken) : way_of(line, tag);
		newcomer = way == WAYS;
		if (age.empty)
			way = (unsigned)__builtin_ctz(~taken);
		else if (newcomer)
			way = taken ? least_among(line, taken, now) : way_least(line, now);
		if (!paid_put(p, from, i, &line->way[way], newcomer, age, &c[i], now))
			return i;
		taken |= 1u << way;
	}
	return i;
}

#if defined(__x86_64__)
/* A line's debts without the words that are taken. */
WIDE ALWAYS __m256i wide_rest(__m256i debts, unsigned taken)
{
	const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
	const __m256i out = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)taken), bit), bit);

	return _mm256_blendv_epi8(debts, _mm256_set1_epi32(INT32_MAX), out);
}

WIDE ALWAYS unsigned run_make_wide(struct paid *p, unsigned run, unsigned from, const struct damp_charge *c,
				   damp_tick now)
{
	uint64_t *words = (uint64_t *)(void *)p->line[run];
	const struct wide v = wide_load(p->line[run], now);
	__m256i ways = _mm256_blend_epi32(v.debts, _mm256_set1_epi32(INT32_MAX), 1);
	unsigned taken = 1, i = from;

	/* Once in some minutes. */
	if (damp_unlikely(age_of(p->line[run], now).any))
		return run_make(p, run, from, c, now);
	for (;;) {
		const unsigned found = wide_found(&v, tag_of(c[i].key)) & ~taken;
		const unsigned bits = found ? found : wide_least(ways);

		if (damp_unlikely(!paid_put(p, from, i, &words[__builtin_ctz(bits)], found == 0, (struct age){ false },
					    &c[i], now)))
			return i;
		if (++i == p->end[run])
			return i;
		taken |= bits & -bits;
		if (damp_unlikely(taken == UINT8_MAX || met_before(p, from, i, tag_of(c[i].key))))
			return NOT_MADE;
		ways = wide_rest(ways, taken);
	}
}
#endif

bool damp_ledger_set_wide(struct damp_ledger *l, bool wide)
{
	l->wide = wide && damp_has_avx2();
	return l->wide;
}

/* The first refused of n charges, or n, or NOT_MADE. */
#define MAKE(run_make_as)                                                             \
	unsigned i = 0, got;                                                          \
                                                                                      \
	for (unsigned run = 0; run < p->runs; run++, i = got) {                       \
		got = run_make_as(p, run, i, c, now);                                 \
		if (damp_unlikely(got != p->end[run]))                                \
			return got;                                                   \
	}                                                                             \
	return i

static unsigned paid_make(struct paid *p, const struct damp_charge *c, damp_tick now)
{
	MAKE(run_make);
}

#if defined(__x86_64__)
WIDE static unsigned paid_make_wide(struct paid *p, const struct damp_charge *c, damp_tick now)
{
	MAKE(run_make_wide);
}
#else
#define paid_make_wide paid_make
#endif

static void paid_store(const struct paid *p, unsigned n, damp_tick now)
{
	/* It changes no debt, so nothing that was found before. */
	for (unsigned r = 0; damp_unlikely(p->aged) && r < p->runs; r++)
		line_age(p->line[r], now);
	for (unsigned i = 0; i < n; i++)
		__atomic_store_n(p->way[i], p->word[i], __ATOMIC_RELAXED);
}

int damp_ledger_charge_at_once(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	struct paid p;
	unsigned refused;

	if (damp_unlikely(n > AT_ONCE_MAX) || damp_unlikely(!paid_lock(&p, l, c, n)))
		return DAMP_LEDGER_NOT_AT_ONCE;
	refused = damp_likely(l->wide) ? paid_make_wide(&p, c, now) : paid_make(&p, c, now);
	if (damp_likely(refused == n))
		paid_store(&p, n, now);
	paid_drop(&p);
	if (damp_unlikely(refused < n))
		return (int)refused;
	if (damp_unlikely(refused == NOT_MADE))
		return DAMP_LEDGER_NOT_AT_ONCE;
	if (damp_unlikely(p.evicted != 0))
		__atomic_fetch_add(&l->evictions, p.evicted, __ATOMIC_RELAXED);
	return -1;
}
