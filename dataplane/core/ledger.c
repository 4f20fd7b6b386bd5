/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger; the idea and the promise are in ledger.h, here is how they hold.
 *
 * A way is one 64-bit word {tag, tat}, so that a reader without the lock never
 * sees the tat of one key beside the tag of another. Every call works on a view:
 * a copy of the line with each tat turned into a debt (tat - now). A peek throws
 * its views away; a charge makes one per line, under the locks of all of them,
 * and writes them back only when no charge was refused.
 *
 * Invariant of a line: no way has a tat less than the true tat of any key that
 * is not in the line. Inserting takes the least way and starts from its tat, so
 * every way stays at or above what was forgotten; nothing else lowers a tat.
 * With several charges on one line the newcomers get different ways, and each
 * way taken earlier is raised to the tat that is forgotten now.
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
#include "ledger.h"

#include "bytelock.h"
#include <damper/program.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WAYS DAMP_LEDGER_WAYS
#define ALL_WAYS ((1u << WAYS) - 1)
#define CHARGES_MAX 24u
#define AT_ONCE_MAX 8u           /* charges of an ordinary packet */
#define LINES_LOG2_MIN 4u
#define LINES_LOG2_MAX 26u

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
	uint64_t mask;
	bool wide;                  /* several charges at once are made with AVX2 */
	uint8_t pad0[DAMP_CACHE_LINE - sizeof(uint64_t) - sizeof(bool)];
	uint64_t evictions;         /* written by all workers: a line of its own */
	uint8_t pad1[DAMP_CACHE_LINE - sizeof(uint64_t)];
	struct line line[];
};
_Static_assert(offsetof(struct damp_ledger, line) % DAMP_CACHE_LINE == 0, "lines are aligned");

/* A line at one moment, and what was done to it since. */
struct view {
	int32_t debt[WAYS];         /* tat - now; not above 0: paid up */
	uint32_t tag[WAYS];
	uint32_t taken;             /* bit per way: charged */
	uint32_t evicted;           /* live ways that went to a newcomer */
	bool aged;                  /* all ways are to be written, and the epoch */
};

/* The charges in the order of their lines, equal lines in the caller's order. */
struct plan {
	unsigned n;
	uint8_t charge[CHARGES_MAX];
	uint32_t line[CHARGES_MAX];
};

static inline uint32_t line_of(const struct damp_ledger *l, uint64_t key)
{
	return (uint32_t)(key & l->mask);
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

/* Spans since the line was last aged. */
static inline uint32_t spans_since(const struct line *line, damp_tick now)
{
	/* Acquire pairs with line_age() and view_store(): whoever sees an epoch sees its ways. */
	return epoch_of(now) - __atomic_load_n(&line->epoch, __ATOMIC_ACQUIRE);
}

static void view_load(struct view *v, const struct line *line, damp_tick now)
{
	const uint32_t spans = spans_since(line, now);
	const bool known = spans < SPANS_PAID_UP || spans == SPAN_BEFORE;
	const bool aged = spans != 0 && spans != SPAN_BEFORE;
	const int32_t oldest = aged ? -SPAN : INT32_MIN;

	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t word = __atomic_load_n(&line->way[w], __ATOMIC_RELAXED);
		const int32_t debt = (int32_t)((uint32_t)word - (uint32_t)now);

		v->tag[w] = (uint32_t)(word >> 32);
		v->debt[w] = debt > oldest ? debt : oldest;
	}
	for (unsigned w = 0; damp_unlikely(!known) && w < WAYS; w++) {
		v->tag[w] = 0;
		v->debt[w] = -SPAN;
	}
	v->taken = 0;
	v->evicted = 0;
	v->aged = aged;
}

static void view_store(const struct view *v, struct line *line, damp_tick now)
{
	uint32_t ways = v->aged ? ALL_WAYS : v->taken;

	for (; ways != 0; ways &= ways - 1) {
		const unsigned w = (unsigned)__builtin_ctz(ways);
		const uint32_t tat = (uint32_t)now + (uint32_t)v->debt[w];

		__atomic_store_n(&line->way[w], (uint64_t)v->tag[w] << 32 | tat, __ATOMIC_RELAXED);
	}
	if (v->aged)
		__atomic_store_n(&line->epoch, epoch_of(now), __ATOMIC_RELEASE);
}

/* The way of tag, or WAYS. An empty way has tag 0 and no debt, which is the
 * right answer for a key whose tag is 0 too. No branch: which way it is cannot
 * be foretold. */
static inline unsigned view_find(const struct view *v, uint32_t tag)
{
	uint32_t found = 1u << WAYS;

	for (unsigned w = 0; w < WAYS; w++)
		found |= (uint32_t)(v->tag[w] == tag) << w;
	return (unsigned)__builtin_ctz(found);
}

/* The way paid up soonest, of those not taken if there are any: the least of
 * {taken, debt, way} as one number, debt moved up to be unsigned. */
static inline unsigned view_least(const struct view *v)
{
	uint64_t least = UINT64_MAX;

	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t taken = v->taken >> w & 1;
		const uint64_t debt = (uint32_t)v->debt[w] ^ (1u << 31);
		const uint64_t rank = taken << 35 | debt << 3 | w;

		least = rank < least ? rank : least;
	}
	return (unsigned)(least & 7);
}

/* Forget who is in way w. What this transaction took before must not lie below
 * what is forgotten (the invariant at the top). */
static inline void view_evict(struct view *v, unsigned w)
{
	v->evicted += v->debt[w] > 0;
	for (unsigned i = 0; i < WAYS; i++)
		if ((v->taken >> i & 1) && v->debt[i] < v->debt[w])
			v->debt[i] = v->debt[w];
}

static bool view_charge(struct view *v, const struct damp_charge *c)
{
	unsigned w = view_find(v, tag_of(c->key));
	const bool newcomer = w == WAYS;
	uint64_t debt;

	if (newcomer)
		w = view_least(v);
	debt = (uint64_t)positive(v->debt[w]) + c->cost;
	if (debt > c->burst || c->burst > DAMP_BURST_TICKS_MAX)
		return false;
	if (newcomer)
		view_evict(v, w);
	v->tag[w] = tag_of(c->key);
	v->debt[w] = (int32_t)debt;
	v->taken |= 1u << w;
	return true;
}

static void plan_make(struct plan *p, const struct damp_ledger *l, const struct damp_charge *c,
		      unsigned n)
{
	p->n = n;
	for (unsigned i = 0; i < n; i++) {
		const uint32_t line = line_of(l, c[i].key);
		unsigned at = i;

		for (; at > 0 && p->line[at - 1] > line; at--) {
			p->line[at] = p->line[at - 1];
			p->charge[at] = p->charge[at - 1];
		}
		p->line[at] = line;
		p->charge[at] = (uint8_t)i;
	}
}

/* One past the last charge on the line of charge `from`. */
static inline unsigned plan_end(const struct plan *p, unsigned from)
{
	unsigned to = from + 1;

	while (to < p->n && p->line[to] == p->line[from])
		to++;
	return to;
}

/* Charge [from, to) on the view of their line; the caller's index of the first
 * refused, or `none`. */
static unsigned plan_charge(const struct plan *p, unsigned from, unsigned to,
			    const struct damp_charge *c, struct view *v, unsigned none)
{
	for (unsigned i = from; i < to; i++)
		if (!view_charge(v, &c[p->charge[i]]))
			return p->charge[i];
	return none;
}

static void plan_unlock(const struct plan *p, struct damp_ledger *l, unsigned to)
{
	for (unsigned i = 0; i < to; i = plan_end(p, i))
		damp_bytelock_drop(&l->line[p->line[i]].lock);
}

/* All lines in address order, so that no two workers wait for each other.
 * The number of charges whose lines are locked: less than n if one was not to
 * be had, and then none is held. */
static unsigned plan_lock(const struct plan *p, struct damp_ledger *l)
{
	for (unsigned i = 0; i < p->n; i = plan_end(p, i)) {
		if (damp_likely(damp_bytelock_take(&l->line[p->line[i]].lock)))
			continue;
		plan_unlock(p, l, i);
		return i;
	}
	return p->n;
}

/* Under the locks. The views are in the places of the first charge of each line. */
static void plan_store(const struct plan *p, struct damp_ledger *l, const struct view *v, damp_tick now)
{
	uint64_t evicted = 0;

	for (unsigned i = 0; i < p->n; i = plan_end(p, i)) {
		view_store(&v[i], &l->line[p->line[i]], now);
		evicted += v[i].evicted;
	}
	if (evicted != 0)
		__atomic_fetch_add(&l->evictions, evicted, __ATOMIC_RELAXED);
}

size_t damp_ledger_bytes(unsigned lines_log2)
{
	if (lines_log2 < LINES_LOG2_MIN || lines_log2 > LINES_LOG2_MAX)
		return 0;
	return sizeof(struct damp_ledger) + (sizeof(struct line) << lines_log2);
}

struct damp_ledger *damp_ledger_init(void *mem, unsigned lines_log2)
{
	struct damp_ledger *l = mem;
	const size_t bytes = damp_ledger_bytes(lines_log2);

	if (bytes == 0)
		return NULL;
	memset(mem, 0, bytes);
	l->mask = (1ull << lines_log2) - 1;
	damp_ledger_set_wide(l, true);
	return l;
}

void damp_ledger_prefetch(const struct damp_ledger *l, uint64_t key)
{
	damp_prefetch(&l->line[line_of(l, key)]);
}

/* A vector holds the lock's byte as well, which others try meanwhile; it is masked out. */
#define UNSANITIZED __attribute__((no_sanitize_thread))

/* The way of tag, or WAYS. No branch: which way it is cannot be foretold. Without
 * the lock a line that is being written may be read wrongly: look again. */
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

/* A line that was aged too long ago is empty; of any other a debt is what it
 * looks like, since what aging would lift is paid up before and after. */
static uint32_t line_debt(const struct line *line, uint64_t key, damp_tick now)
{
	const uint32_t spans = spans_since(line, now), tag = tag_of(key);
	const unsigned way = way_of(line, tag);
	int32_t least = INT32_MAX;
	uint64_t word;

	if (damp_unlikely(spans >= SPANS_PAID_UP && spans != SPAN_BEFORE))
		return 0;
	if (way < WAYS) {
		word = __atomic_load_n(&line->way[way], __ATOMIC_RELAXED);
		if (damp_likely((uint32_t)(word >> 32) == tag))
			return positive((int32_t)((uint32_t)word - (uint32_t)now));
	}
	for (unsigned w = 0; w < WAYS; w++) {
		const int32_t debt =
			(int32_t)((uint32_t)__atomic_load_n(&line->way[w], __ATOMIC_RELAXED) - (uint32_t)now);

		least = debt < least ? debt : least;
	}
	return positive(least);
}

uint32_t damp_ledger_debt(const struct damp_ledger *l, uint64_t key, damp_tick now)
{
	return line_debt(&l->line[line_of(l, key)], key, now);
}

/* What view_charge() says of a charge that no other has touched the line of. */
static bool line_admits(const struct line *line, const struct damp_charge *c, damp_tick now)
{
	return c->burst <= DAMP_BURST_TICKS_MAX && (uint64_t)line_debt(line, c->key, now) + c->cost <= c->burst;
}

bool damp_ledger_admits(const struct damp_ledger *l, const struct damp_charge *c, damp_tick now)
{
	return line_admits(&l->line[line_of(l, c->key)], c, now);
}

/* Is the line of charge i that of an earlier one too? */
static bool shares_line(const struct damp_ledger *l, const struct damp_charge *c, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (line_of(l, c[k].key) == line_of(l, c[i].key))
			return true;
	return false;
}

static int peek_planned(const struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	unsigned refused = n, to;
	struct plan p;

	plan_make(&p, l, c, n);
	for (unsigned i = 0; i < n && refused != 0; i = to) {
		struct view v;
		unsigned first;

		to = plan_end(&p, i);
		view_load(&v, &l->line[p.line[i]], now);
		first = plan_charge(&p, i, to, c, &v, n);
		refused = first < refused ? first : refused;
	}
	return refused == n ? -1 : (int)refused;
}

int damp_ledger_peek(const struct damp_ledger *l, const struct damp_charge *c,
		     unsigned n, damp_tick now)
{
	if (damp_unlikely(n > CHARGES_MAX))
		return CHARGES_MAX;
	for (unsigned i = 0; i < n; i++) {
		if (damp_unlikely(shares_line(l, c, i)))
			return peek_planned(l, c, n, now);
		if (!line_admits(&l->line[line_of(l, c[i].key)], &c[i], now))
			return (int)i;
	}
	return -1;
}

/* What one charge does to a line that no other one of its set touches. */
struct touch {
	struct line *line;
	unsigned way;
	uint64_t word;
	bool admitted, evicts;
};

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

/* The way paid up soonest, the first of several. Under the lock. No branch. */
#if defined(__SSE2__)
static inline __m128i least_of(__m128i a, __m128i b)
{
	const __m128i more = _mm_cmpgt_epi32(a, b);

	return _mm_or_si128(_mm_and_si128(more, b), _mm_andnot_si128(more, a));
}

/* The lower halves of four words, from an address with their order kept. */
UNSANITIZED static inline __m128i lower_halves(const __m128i *v)
{
	const __m128 a = _mm_castsi128_ps(v[0]), b = _mm_castsi128_ps(v[1]);

	return _mm_castps_si128(_mm_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
}

UNSANITIZED static inline unsigned way_least(const struct line *line, damp_tick now)
{
	const __m128i *v = (const __m128i *)(const void *)line, t = _mm_set1_epi32((int)(uint32_t)now);
	/* The line's first word is not a way, and comes last. */
	const __m128i first = _mm_set_epi32(0, 0, 0, -1), last = _mm_set_epi32(0, 0, 0, INT32_MAX);
	const __m128i low = _mm_or_si128(_mm_andnot_si128(first, _mm_sub_epi32(lower_halves(v), t)), last);
	const __m128i high = _mm_sub_epi32(lower_halves(v + 2), t);
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
		const uint64_t rank = (uint64_t)(((uint32_t)line->way[w] - (uint32_t)now) ^ 1u << 31) << 3 | w;

		least = rank < least ? rank : least;
	}
	return (unsigned)(least & 7);
}
#endif

/* As view_charge() of an untouched view would choose and write. Under the lock. Of a
 * line that is not aged yet, which changes no debt and is done when it is written. */
static inline void touch_make(struct touch *t, struct line *line, const struct damp_charge *c, damp_tick now)
{
	const uint32_t tag = tag_of(c->key);
	const uint32_t spans = spans_since(line, now);
	const bool known = spans < SPANS_PAID_UP || spans == SPAN_BEFORE;
	const unsigned way = way_of(line, tag);
	uint32_t before;
	uint64_t debt;

	t->line = line;
	t->way = damp_likely(way < WAYS) ? way : way_least(line, now);
	before = damp_likely(known) ? positive((int32_t)((uint32_t)line->way[t->way] - (uint32_t)now)) : 0;
	debt = (uint64_t)before + c->cost;
	t->admitted = debt <= c->burst && c->burst <= DAMP_BURST_TICKS_MAX;
	t->evicts = way == WAYS && before > 0;
	t->word = (uint64_t)tag << 32 | (uint32_t)((uint32_t)now + debt);
}

static inline void touch_store(struct damp_ledger *l, const struct touch *t, damp_tick now)
{
	line_age(t->line, now);
	__atomic_store_n(&t->line->way[t->way], t->word, __ATOMIC_RELAXED);
	if (damp_unlikely(t->evicts))
		__atomic_fetch_add(&l->evictions, 1, __ATOMIC_RELAXED);
}

static bool charge_one(struct damp_ledger *l, const struct damp_charge *c, damp_tick now)
{
	struct line *line = &l->line[line_of(l, c->key)];
	struct touch t;

	if (damp_unlikely(!damp_bytelock_take(&line->lock)))
		return false;
	touch_make(&t, line, c, now);
	if (t.admitted)
		touch_store(l, &t, now);
	damp_bytelock_drop(&line->lock);
	return t.admitted;
}

/* Is each line of one charge? */
static bool all_apart(const struct plan *p)
{
	for (unsigned i = 1; i < p->n; i++)
		if (p->line[i] == p->line[i - 1])
			return false;
	return true;
}

/* The first refused in the caller's order, or n; then all are written. */
static unsigned charge_apart(const struct plan *p, struct damp_ledger *l, const struct damp_charge *c,
			     damp_tick now)
{
	struct touch t[CHARGES_MAX];
	unsigned refused = p->n;

	for (unsigned i = 0; i < p->n; i++) {
		touch_make(&t[i], &l->line[p->line[i]], &c[p->charge[i]], now);
		if (!t[i].admitted && p->charge[i] < refused)
			refused = p->charge[i];
	}
	for (unsigned i = 0; refused == p->n && i < p->n; i++)
		touch_store(l, &t[i], now);
	return refused;
}

/* With views: two charges meet on a line. */
static unsigned charge_viewed(const struct plan *p, struct damp_ledger *l, const struct damp_charge *c,
			      damp_tick now)
{
	struct view v[CHARGES_MAX];
	unsigned refused = p->n, to;

	for (unsigned i = 0; i < p->n && refused != 0; i = to) {
		unsigned first;

		to = plan_end(p, i);
		view_load(&v[i], &l->line[p->line[i]], now);
		first = plan_charge(p, i, to, c, &v[i], p->n);
		refused = first < refused ? first : refused;
	}
	if (refused == p->n)
		plan_store(p, l, v, now);
	return refused;
}

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

int damp_ledger_charge(struct damp_ledger *l, const struct damp_charge *c,
		       unsigned n, damp_tick now)
{
	unsigned refused, to;
	struct plan p;
	int quick;

	if (n == 1)
		return charge_one(l, c, now) ? -1 : 0;
	quick = damp_ledger_charge_at_once(l, c, n, now);
	if (damp_likely(quick != DAMP_LEDGER_NOT_AT_ONCE))
		return quick;
	if (damp_unlikely(n > CHARGES_MAX))
		return CHARGES_MAX;
	plan_make(&p, l, c, n);
	to = plan_lock(&p, l);
	if (damp_unlikely(to < n))
		return p.charge[to];
	refused = all_apart(&p) ? charge_apart(&p, l, c, now) : charge_viewed(&p, l, c, now);
	plan_unlock(&p, l, n);
	return refused == n ? -1 : (int)refused;
}

uint64_t damp_ledger_live(const struct damp_ledger *l, damp_tick now, size_t first, size_t lines)
{
	uint64_t n = 0;
	struct view v;

	for (size_t i = 0; i < lines; i++) {
		view_load(&v, &l->line[(first + i) & l->mask], now);
		for (unsigned w = 0; w < WAYS; w++)
			n += v.debt[w] > 0;
	}
	return n;
}

size_t damp_ledger_lines(const struct damp_ledger *l)
{
	return (size_t)l->mask + 1;
}

uint64_t damp_ledger_evictions(const struct damp_ledger *l)
{
	return __atomic_load_n(&l->evictions, __ATOMIC_RELAXED);
}
