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
 */
#include "ledger_line.h"

#define CHARGES_MAX 24u

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

/* The first way that is settled, else the one that will be soonest, of those not taken if
 * there are any: the least of {taken, debt, way} as one number. */
static inline unsigned view_least(const struct view *v)
{
	uint64_t least = UINT64_MAX;

	for (unsigned w = 0; w < WAYS; w++) {
		const uint64_t taken = v->taken >> w & 1;
		const uint64_t debt = unsettled(v->debt[w]);
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

static unsigned kept_log2(unsigned lines_log2)
{
	return lines_log2 < KEPT_SHIFT + KEPT_LOG2_MIN ? KEPT_LOG2_MIN : lines_log2 - KEPT_SHIFT;
}

size_t damp_ledger_bytes(unsigned lines_log2)
{
	if (lines_log2 < LINES_LOG2_MIN || lines_log2 > LINES_LOG2_MAX)
		return 0;
	return sizeof(struct damp_ledger) + (sizeof(struct line) << lines_log2) +
	       (sizeof(struct line) << kept_log2(lines_log2));
}

struct damp_ledger *damp_ledger_init(void *mem, unsigned lines_log2)
{
	struct damp_ledger *l = mem;
	const size_t bytes = damp_ledger_bytes(lines_log2);

	if (bytes == 0)
		return NULL;
	memset(mem, 0, bytes);
	l->mask = (1u << lines_log2) - 1;
	l->kept = 1u << lines_log2;
	l->kept_mask = (1u << kept_log2(lines_log2)) - 1;
	damp_ledger_set_wide(l, true);
	return l;
}

void damp_ledger_prefetch(const struct damp_ledger *l, uint64_t key)
{
	damp_prefetch(&l->line[line_of(l, key)]);
}

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

/* Ways whose owners have paid up. */
static unsigned free_ways(const struct line *line, damp_tick now)
{
	const uint32_t spans = spans_since(line, now);
	unsigned n = 0;

	if (spans >= SPANS_PAID_UP && spans != SPAN_BEFORE)
		return WAYS;
	for (unsigned w = 0; w < WAYS; w++)
		n += (int32_t)((uint32_t)__atomic_load_n(&line->way[w], __ATOMIC_RELAXED) - (uint32_t)now) <= 0;
	return n;
}

/* May an earlier charge change what the line says of charge i? Not where each of them
 * has a free way to take: those who owe something stay. */
static bool in_the_way(const struct damp_ledger *l, const struct damp_charge *c, unsigned i, damp_tick now)
{
	unsigned before = 0;

	for (unsigned k = 0; k < i; k++) {
		if (damp_likely(line_of(l, c[k].key) != line_of(l, c[i].key)))
			continue;
		if (tag_of(c[k].key) == tag_of(c[i].key))
			return true;
		before++;
	}
	return before > 0 && free_ways(&l->line[line_of(l, c[i].key)], now) <= before;
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
		if (damp_unlikely(in_the_way(l, c, i, now)))
			return peek_planned(l, c, n, now);
		if (!line_admits(&l->line[line_of(l, c[i].key)], &c[i], now))
			return (int)i;
	}
	return -1;
}

/* What one charge alone does to a line. */
struct touch {
	struct line *line;
	unsigned way;
	uint64_t word;
	bool admitted, evicts;
};

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

/* Under the locks. The first refused in the caller's order, or n; then all are written. */
static unsigned charge_views(const struct plan *p, struct damp_ledger *l, const struct damp_charge *c, damp_tick now)
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

int damp_ledger_charge_viewed(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	unsigned refused, to;
	struct plan p;

	if (damp_unlikely(n > CHARGES_MAX))
		return CHARGES_MAX;
	plan_make(&p, l, c, n);
	to = plan_lock(&p, l);
	if (damp_unlikely(to < n))
		return p.charge[to];
	refused = charge_views(&p, l, c, now);
	plan_unlock(&p, l, n);
	return refused == n ? -1 : (int)refused;
}

int damp_ledger_charge(struct damp_ledger *l, const struct damp_charge *c, unsigned n, damp_tick now)
{
	int quick;

	if (n == 1)
		return charge_one(l, c, now) ? -1 : 0;
	quick = damp_ledger_charge_at_once(l, c, n, now);
	return damp_likely(quick != DAMP_LEDGER_NOT_AT_ONCE) ? quick : damp_ledger_charge_viewed(l, c, n, now);
}

bool damp_ledger_owe(struct damp_ledger *l, uint64_t key, uint32_t cost, damp_tick now)
{
	const uint32_t most = DAMP_BURST_TICKS_MAX, debt = damp_ledger_debt(l, key, now);
	const uint32_t room = debt < most ? most - debt : 0;
	const struct damp_charge c = { key, cost < room ? cost : room, most };

	return damp_ledger_charge(l, &c, 1, now) == -1;
}

uint64_t damp_ledger_live(const struct damp_ledger *l, damp_tick now, size_t first, size_t lines)
{
	uint64_t n = 0;
	struct view v;

	for (size_t i = 0; i < lines; i++) {
		view_load(&v, &l->line[(first + i) % damp_ledger_lines(l)], now);
		for (unsigned w = 0; w < WAYS; w++)
			n += v.debt[w] > 0;
	}
	return n;
}

size_t damp_ledger_lines(const struct damp_ledger *l)
{
	return (size_t)l->kept + l->kept_mask + 1;
}

uint64_t damp_ledger_evictions(const struct damp_ledger *l)
{
	return __atomic_load_n(&l->evictions, __ATOMIC_RELAXED);
}
