/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limits: rates, bursts and ladders into rungs.
 *
 * Idea: a limit of the file becomes up to three of the program (messages,
 * bytes, ratio). A ladder's factor divides the cost of a unit; as it multiplies
 * the burst as well, the burst in ticks is the same on every rung.
 *
 * Invariant: a burst of one unit or more fits, and drains within
 * DAMP_BURST_TICKS_MAX, which is what a 32-bit debt can hold.
 *
 * References: anchors.md 3.4, 5; operators.md 3.4; RFC 9175 section 2.4.
 */
#include "limit.h"
#include "read.h"
#include "tables.h"

#include <string.h>

#define BURST_BYTES_MIN 1500u
#define AMPLIFICATION_MAX 255u
#define STEP_FACTOR_MAX 65536u
#define FLOOR_MAX 65535u
#define WINDOW_MAX_S 3600u

/* A packet's cost is rounded up to a whole tick; below these costs the rounding
 * would be most of it: 1 msg per tick, and 128 MiB/s, where a packet of 64
 * bytes costs half a tick. */
#define MESSAGE_COST_MIN (1u << 16)
#define BYTE_COST_MIN (1u << 9)

static const struct damp_steps no_steps;

static bool read_step(struct damp_ctx *c, const struct damp_pair *p, unsigned bits,
		      struct damp_steps *s)
{
	struct damp_quantity q;
	uint64_t plen;
	unsigned at = s->n;

	if (!damp_read_integer(c, p->key, 0, bits, &plen) ||
	    !damp_read_quantity(c, p->value, DAMP_WANT(TIMES), &q))
		return false;
	if (q.micro < DAMP_MICRO || q.micro > STEP_FACTOR_MAX * DAMP_MICRO) {
		damp_diag_error(c->diags, p->value->at,
				"'%s' is out of range; a step goes from 1x to %ux", p->value->text,
				STEP_FACTOR_MAX);
		return false;
	}
	for (; at > 0 && s->plen[at - 1] < plen; at--) {
		s->plen[at] = s->plen[at - 1];
		s->factor_micro[at] = s->factor_micro[at - 1];
	}
	s->plen[at] = (uint8_t)plen;
	s->factor_micro[at] = q.micro;
	s->n++;
	return true;
}

/* Longest prefix first, as they now are, factors may only grow. */
static bool check_steps(struct damp_ctx *c, const struct damp_node *n, const struct damp_steps *s)
{
	for (unsigned i = 1; i < s->n; i++) {
		if (s->plen[i] == s->plen[i - 1])
			damp_diag_error(c->diags, n->at, "two steps of the length %u", s->plen[i]);
		else if (s->factor_micro[i] < s->factor_micro[i - 1])
			damp_diag_error(c->diags, n->at,
					"the step of length %u holds more addresses than that of "
					"length %u and "
					"cannot have a smaller factor",
					s->plen[i], s->plen[i - 1]);
		else
			continue;
		return false;
	}
	return true;
}

static bool read_steps(struct damp_ctx *c, const struct damp_node *n, unsigned bits,
		       struct damp_steps *out)
{
	bool good = true;

	n = damp_read_deref(c, n);
	if (!n)
		return false;
	if (n->kind != DAMP_NODE_MAP || !n->n) {
		damp_diag_error(c->diags, n->at,
				"steps are a mapping of prefix lengths, like {%u: 1x, %u: 8x}",
				bits, bits * 3 / 4);
		return false;
	}
	if (n->n > DAMP_RUNGS_MAX) {
		damp_diag_error(c->diags, n->pairs[DAMP_RUNGS_MAX].key->at,
				"a ladder has at most %u steps", DAMP_RUNGS_MAX);
		return false;
	}
	for (size_t i = 0; i < n->n; i++)
		good = read_step(c, &n->pairs[i], bits, out) && good;
	return good && check_steps(c, n, out);
}

struct ladder_walk {
	struct damp_steps *out;
	bool good;
};

static void ladder_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		       void *user)
{
	struct ladder_walk *w = user;
	const enum damp_family f = key == DAMP_KEY_LADDER_IPV4 ? DAMP_V4 : DAMP_V6;

	w->out[f] = no_steps;
	if (!read_steps(c, p->value, f == DAMP_V4 ? 32 : 128, &w->out[f]))
		w->good = false;
}

bool damp_ladder_read(struct damp_ctx *c, const struct damp_node *n,
		      struct damp_steps out[DAMP_FAMILIES])
{
	struct ladder_walk w = { .out = out, .good = true };
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_LADDER, n, ladder_key, &w);
	return w.good && c->diags->errors == before;
}

struct damp_steps damp_step_one(uint8_t plen)
{
	return (struct damp_steps){ .factor_micro = { DAMP_MICRO }, .plen = { plen }, .n = 1 };
}

/* Ticks that a burst of `units` takes at this cost. A message is charged its
 * cost rounded up, so a burst of n must hold n rounded costs, or the last of
 * them would never fit. */
static unsigned __int128 burst_ticks(const struct damp_quantity *rate, uint64_t cost_q16,
				     unsigned __int128 micro)
{
	if (rate->unit == DAMP_UNIT_MESSAGE_RATE)
		return (unsigned __int128)((cost_q16 + 0xffff) >> 16) * micro / DAMP_MICRO;
	return (micro * cost_q16 / DAMP_MICRO + 0xffff) >> 16;
}

static uint64_t least_cost(const struct damp_quantity *rate)
{
	return rate->unit == DAMP_UNIT_MESSAGE_RATE ? MESSAGE_COST_MIN : BYTE_COST_MIN;
}

bool damp_rung_make(struct damp_ctx *c, const struct damp_quantity *rate,
		    const struct damp_quantity *burst, struct damp_place at, struct damp_rung *out)
{
	const uint64_t cost = damp_cost_q16(rate, DAMP_MICRO);
	const char *unit = rate->unit == DAMP_UNIT_MESSAGE_RATE ? "msg" : "B";
	unsigned __int128 ticks;

	if (!rate->micro) {
		damp_diag_error(c->diags, at,
				"a rate of nothing; to forbid, write a rule with 'then: drop'");
		return false;
	}
	if (burst->micro < DAMP_MICRO) {
		damp_diag_error(c->diags, at, "a burst below 1 %s lets nothing through", unit);
		return false;
	}
	if (cost < least_cost(rate)) {
		damp_diag_error(
			c->diags, at,
			"this rate is too high to be counted; at most 1000000 msg/s or 1 Gbit/s");
		return false;
	}
	ticks = burst_ticks(rate, cost, burst->micro);
	if (ticks >= DAMP_BURST_TICKS_MAX) {
		damp_diag_error(
			c->diags, at,
			"a burst of %llu %s takes %llu s to drain at this rate; at most 1023 s",
			(unsigned long long)(burst->micro / DAMP_MICRO), unit,
			(unsigned long long)(ticks / DAMP_TICKS_PER_S));
		return false;
	}
	*out = (struct damp_rung){ .cost_q16 = cost, .burst_ticks = (uint32_t)ticks };
	return true;
}

unsigned damp_rungs_make(struct damp_ctx *c, const struct damp_quantity *rate,
			 const struct damp_quantity *burst, struct damp_place at,
			 const struct damp_steps *s, struct damp_rung out[DAMP_RUNGS_MAX])
{
	for (unsigned i = 0; i < s->n; i++) {
		const uint64_t cost = damp_cost_q16(rate, s->factor_micro[i]);
		const unsigned __int128 more = (unsigned __int128)burst->micro * s->factor_micro[i];
		const unsigned __int128 ticks = burst_ticks(rate, cost, more / DAMP_MICRO);

		if (cost < least_cost(rate)) {
			damp_diag_error(
				c->diags, at,
				"this rate is too high to be counted on the step of length %u; at "
				"most 1000000 msg/s or 1 Gbit/s",
				s->plen[i]);
			return 0;
		}
		out[i] = (struct damp_rung){ .cost_q16 = cost, .plen = s->plen[i] };
		/* Rounding may lift a long burst over the bound that the base kept. */
		out[i].burst_ticks = ticks < DAMP_BURST_TICKS_MAX ? (uint32_t)ticks
								  : DAMP_BURST_TICKS_MAX;
	}
	return s->n;
}

struct limit_walk {
	struct damp_ctx *c;
	const char *name;
	struct damp_place at;
	const struct damp_node *per, *rate, *burst, *bytes, *ladder, *amplification, *concurrent, *count;
	int counts;                 /* enum damp_count, -1: not said */
};

static void limit_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	struct limit_walk *w = user;

	switch (key) {
	case DAMP_KEY_LIMIT_ABOUT: damp_about_check(c, p->value); break;
	case DAMP_KEY_LIMIT_PER: w->per = p->value; break;
	case DAMP_KEY_LIMIT_RATE: w->rate = p->value; break;
	case DAMP_KEY_LIMIT_BURST: w->burst = p->value; break;
	case DAMP_KEY_LIMIT_BYTES: w->bytes = p->value; break;
	case DAMP_KEY_LIMIT_LADDER: w->ladder = p->value; break;
	case DAMP_KEY_LIMIT_AMPLIFICATION: w->amplification = p->value; break;
	case DAMP_KEY_LIMIT_CONCURRENT:
		w->concurrent = p->value;
		break;
	case DAMP_KEY_LIMIT_COUNT:
		w->count = p->value;
		break;
	default: break;
	}
}

static void add_limit(struct damp_ctx *c, const char *name, const struct damp_limit *l)
{
	const struct damp_program_limit p = { .name = name, .l = *l };

	DAMP_PUSH(c->pool, c->plimits, c->nplimits, c->plimits_cap, p);
}

/* One second of the rate, but room for one message or packet. */
static struct damp_quantity default_burst(const struct damp_quantity *rate)
{
	const bool bytes = rate->unit == DAMP_UNIT_BYTE_RATE;
	const uint64_t least = bytes ? BURST_BYTES_MIN * DAMP_MICRO : DAMP_MICRO;
	struct damp_quantity q = { .unit = bytes ? DAMP_UNIT_BYTES : DAMP_UNIT_MESSAGES,
				   .per_s = 1 };

	q.micro = rate->micro / rate->per_s > least ? rate->micro / rate->per_s : least;
	return q;
}

static bool fits(int count, enum damp_limit_kind kind)
{
	static const uint8_t of[] = {
#define X(name, word, kind) DAMP_LIMIT_##kind,
		DAMP_COUNTS(X)
#undef X
	};

	return count >= 0 && of[count] == kind;
}

/* What a part of this kind counts. */
static uint8_t count_of(const struct limit_walk *w, enum damp_limit_kind kind)
{
	if (fits(w->counts, kind))
		return (uint8_t)w->counts;
	return kind == DAMP_LIMIT_CONCURRENT ? DAMP_COUNT_EXCHANGES : DAMP_COUNT_MESSAGES;
}

/* The judge plans one thing to be counted for each step. */
static bool few_steps(const struct limit_walk *w, enum damp_count count, const struct damp_steps steps[DAMP_FAMILIES])
{
	if (count == DAMP_COUNT_MESSAGES || (steps[DAMP_V4].n <= DAMP_TICKETS && steps[DAMP_V6].n <= DAMP_TICKETS))
		return true;
	damp_diag_error(w->c->diags, w->ladder->at, "with this 'count' a ladder has at most %u steps", DAMP_TICKETS);
	return false;
}

static void read_rate(struct limit_walk *w, const struct damp_node *rate_node,
		      const struct damp_node *burst_node, unsigned want,
		      const struct damp_steps steps[DAMP_FAMILIES], struct damp_limit l)
{
	struct damp_quantity rate, burst;
	struct damp_rung base;
	const char *name = w->name;

	if (!damp_read_quantity(w->c, rate_node, want, &rate)) {
		if (burst_node)
			damp_read_quantity(w->c, burst_node, DAMP_WANT(BYTES) | DAMP_WANT(MESSAGES), &burst);
		return;
	}
	burst = default_burst(&rate);
	if (burst_node &&
	    !damp_read_quantity(w->c, burst_node,
				rate.unit == DAMP_UNIT_BYTE_RATE ? DAMP_WANT(BYTES)
								 : DAMP_WANT(MESSAGES),
				&burst))
		return;
	if (!damp_rung_make(w->c, &rate, &burst, burst_node ? burst_node->at : rate_node->at,
			    &base))
		return;
	l.kind = rate.unit == DAMP_UNIT_BYTE_RATE ? DAMP_LIMIT_BYTES : DAMP_LIMIT_MESSAGES;
	if (rate_node == w->rate && l.kind == DAMP_LIMIT_BYTES && fits(w->counts, DAMP_LIMIT_MESSAGES) &&
	    w->counts != DAMP_COUNT_MESSAGES)
		damp_diag_error(w->c->diags, w->count->at, "'%s' needs a 'rate' of messages", w->count->text);
	l.count = count_of(w, l.kind);
	if (!few_steps(w, l.count, steps))
		return;
	l.nrungs4 = (uint8_t)damp_rungs_make(w->c, &rate, &burst, rate_node->at, &steps[DAMP_V4],
					     l.rung4);
	l.nrungs6 = (uint8_t)damp_rungs_make(w->c, &rate, &burst, rate_node->at, &steps[DAMP_V6],
					     l.rung6);
	if (rate_node == w->bytes)
		name = damp_pool_printf(w->c->pool, "%s.bytes", name);
	add_limit(w->c, name, &l);
}

/* How many may be open on a step; false after a report. */
static bool open_rungs(struct limit_walk *w, uint64_t most, const struct damp_steps *s,
		       struct damp_rung out[DAMP_RUNGS_MAX], uint8_t *n)
{
	for (unsigned i = 0; i < s->n; i++) {
		const uint64_t here = most * s->factor_micro[i] / DAMP_MICRO;

		if (i == DAMP_TICKETS || here > DAMP_CONCURRENT_MAX) {
			damp_diag_error(w->c->diags, w->ladder->at,
					"what is open at once is counted on at most %u steps of at most %u",
					DAMP_TICKETS, DAMP_CONCURRENT_MAX);
			return false;
		}
		out[i] = (struct damp_rung){ .burst_ticks = (uint32_t)here, .plen = s->plen[i] };
	}
	*n = (uint8_t)s->n;
	return true;
}

static bool registrations_fit(const struct limit_walk *w, const struct damp_limit *l)
{
	for (unsigned i = 0; l->count == DAMP_COUNT_REGISTRATIONS && i < DAMP_RUNGS_MAX; i++)
		if (l->rung4[i].burst_ticks > DAMP_REGISTRATIONS_MAX || l->rung6[i].burst_ticks > DAMP_REGISTRATIONS_MAX) {
			damp_diag_error(w->c->diags, w->concurrent->at,
					"at most %u registrations can be counted, on any step", DAMP_REGISTRATIONS_MAX);
			return false;
		}
	return true;
}

static void read_concurrent(struct limit_walk *w, const struct damp_steps steps[DAMP_FAMILIES], struct damp_limit l)
{
	const bool alone = !w->rate && !w->bytes && !w->amplification;
	uint64_t most;

	l.kind = DAMP_LIMIT_CONCURRENT;
	l.count = count_of(w, l.kind);
	if (damp_read_integer(w->c, w->concurrent, 1, DAMP_CONCURRENT_MAX, &most) &&
	    open_rungs(w, most, &steps[DAMP_V4], l.rung4, &l.nrungs4) &&
	    open_rungs(w, most, &steps[DAMP_V6], l.rung6, &l.nrungs6) && registrations_fit(w, &l))
		add_limit(w->c, alone ? w->name : damp_pool_printf(w->c->pool, "%s.concurrent", w->name), &l);
}

struct ratio_walk {
	const struct damp_node *max, *floor, *window;
};

static void ratio_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	struct ratio_walk *w = user;

	(void)c;
	if (key == DAMP_KEY_AMPLIFICATION_MAX)
		w->max = p->value;
	else if (key == DAMP_KEY_AMPLIFICATION_FLOOR)
		w->floor = p->value;
	else
		w->window = p->value;
}

bool damp_alpha_read(struct damp_ctx *c, const struct damp_node *n, uint16_t *alpha_q8)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, DAMP_WANT(TIMES), &q))
		return false;
	*alpha_q8 = (uint16_t)(q.micro * 256 / DAMP_MICRO);
	if (q.micro <= AMPLIFICATION_MAX * DAMP_MICRO && *alpha_q8)
		return true;
	damp_diag_error(c->diags, n->at,
			"'%s' is out of range; an amplification goes from 0.01x to %ux", n->text,
			AMPLIFICATION_MAX);
	return false;
}

static void read_floor(struct damp_ctx *c, const struct damp_node *n, struct damp_limit *l)
{
	struct damp_quantity q;

	if (!n || !damp_read_quantity(c, n, DAMP_WANT(BYTES), &q))
		return;
	if (q.micro / DAMP_MICRO > FLOOR_MAX)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; at most %u B", n->text, FLOOR_MAX);
	else
		l->floor_bytes = (uint32_t)(q.micro / DAMP_MICRO);
}

static void read_window(struct damp_ctx *c, const struct damp_node *n, struct damp_limit *l)
{
	struct damp_quantity q;

	if (!n || !damp_read_quantity(c, n, DAMP_WANT(MS), &q))
		return;
	if (q.micro / DAMP_MICRO < 1000 || q.micro / DAMP_MICRO > WINDOW_MAX_S * 1000ull)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; a window has 1 s to %u s", n->text,
				WINDOW_MAX_S);
	else
		l->window_s = (uint32_t)(q.micro / DAMP_MICRO / 1000);
}

static void read_ratio(struct limit_walk *w, struct damp_limit l)
{
	struct ratio_walk r = { NULL, NULL, NULL };
	const unsigned before = w->c->diags->errors;

	damp_read_keys(w->c, DAMP_SECTION_AMPLIFICATION, w->amplification, ratio_key, &r);
	if (!r.max && w->c->diags->errors == before)
		damp_diag_error(w->c->diags, w->amplification->at,
				"'amplification' has no 'max'; write {max: 3x}");
	read_floor(w->c, r.floor, &l);
	read_window(w->c, r.window, &l);
	if (l.per != DAMP_PER_PEER)
		damp_diag_error(w->c->diags, w->per->at,
				"an amplification is counted per peer; write 'per: peer'");
	l.kind = DAMP_LIMIT_AMPLIFICATION;
	if (r.max && damp_alpha_read(w->c, r.max, &l.alpha_q8))
		add_limit(w->c,
			  w->rate || w->bytes
				  ? damp_pool_printf(w->c->pool, "%s.amplification", w->name)
				  : w->name,
			  &l);
}

static int read_per(struct damp_ctx *c, const struct limit_walk *w)
{
	static const char *const words[] = {
		[DAMP_PER_SOURCE] = "source",
		[DAMP_PER_TARGET] = "target",
		[DAMP_PER_PEER] = "peer",
		[DAMP_PER_DEVICE] = "device",
		[DAMP_PER_PAIR] = "pair",
		[DAMP_PER_GLOBAL] = "global",
		[DAMP_PER_TENANT] = "tenant",
		[DAMP_PER_PATH] = "path",
		NULL,
	};

	if (!w->per) {
		damp_diag_error(c->diags, w->at,
				"limit '%s' does not say whose it is; write 'per:' with %s",
				w->name, damp_read_words(c, words));
		return -1;
	}
	if (w->per->kind == DAMP_NODE_SCALAR && strchr(w->per->text, '/')) {
		damp_diag_error(c->diags, w->per->at,
				"'%s': a network is a step of the 'ladder', like 'ladder: {ipv4: {32: 1x, 24: 8x}}'",
				w->per->text);
		return -1;
	}
	return damp_read_word(c, w->per, "owner of a limit", words);
}

/* What is counted; reports what nothing of this limit can count. */
static int read_count(struct damp_ctx *c, const struct limit_walk *w)
{
	static const char *const words[] = {
#define X(name, word, kind) word,
		DAMP_COUNTS(X)
#undef X
		NULL,
	};
	int count;

	if (!w->count)
		return -1;
	count = damp_read_word(c, w->count, "count of a limit", words);
	if (count >= 0 && fits(count, DAMP_LIMIT_MESSAGES) && !w->rate)
		damp_diag_error(c->diags, w->count->at, "'%s' needs a 'rate' of messages", words[count]);
	if (count >= 0 && fits(count, DAMP_LIMIT_CONCURRENT) && !w->concurrent)
		damp_diag_error(c->diags, w->count->at, "'%s' needs 'concurrent'", words[count]);
	return count;
}

/* Without a ladder: one budget for each address; a peer is an outside end and
 * owns its /64 (AV-44). A global budget has no address at all. */
static bool steps_of(struct damp_ctx *c, const struct limit_walk *w, int per,
		     struct damp_steps steps[DAMP_FAMILIES])
{
	const bool one = per == DAMP_PER_GLOBAL || per == DAMP_PER_TENANT || per == DAMP_PER_PATH;

	steps[DAMP_V4] = damp_step_one(one ? 0 : 32);
	steps[DAMP_V6] = damp_step_one(one ? 0 : per == DAMP_PER_PEER ? 64 : 128);
	if (!w->ladder)
		return true;
	if (one) {
		damp_diag_error(c->diags, w->ladder->at, "a limit per '%s' has no addresses, hence no ladder",
				w->per->text);
		return false;
	}
	if (!w->rate && !w->bytes && !w->concurrent)
		damp_diag_warning(c->diags, w->ladder->at,
				  "a ladder does nothing without a 'rate', 'bytes' or 'concurrent'");
	return damp_ladder_read(c, w->ladder, steps);
}

/* fresh: nothing was wrong with the keys of this limit. */
static void read_parts(struct damp_ctx *c, struct limit_walk *w, bool fresh)
{
	struct damp_steps steps[DAMP_FAMILIES];
	const int per = read_per(c, w);
	struct damp_limit l = { .per = (uint8_t)(per < 0 ? 0 : per) };
	const size_t before = c->nplimits;

	if (fresh && !w->rate && !w->bytes && !w->amplification && !w->concurrent)
		damp_diag_error(
			c->diags, w->at,
			"limit '%s' limits nothing; write 'rate', 'bytes', 'amplification' or 'concurrent'",
			w->name);
	if (w->burst && !w->rate)
		damp_diag_error(c->diags, w->burst->at, "'burst' without a 'rate'");
	w->counts = read_count(c, w);
	if (per < 0 || !steps_of(c, w, per, steps))
		return;
	if (w->rate)
		read_rate(w, w->rate, w->burst,
			  w->bytes ? DAMP_WANT(MESSAGE_RATE)
				   : DAMP_WANT(MESSAGE_RATE) | DAMP_WANT(BYTE_RATE),
			  steps, l);
	if (w->bytes)
		read_rate(w, w->bytes, NULL, DAMP_WANT(BYTE_RATE), steps, l);
	if (w->amplification)
		read_ratio(w, l);
	if (w->concurrent)
		read_concurrent(w, steps, l);
	c->counts_tenants |= per == DAMP_PER_TENANT;
	if (c->nplimits > DAMP_LIMITS_MAX && before <= DAMP_LIMITS_MAX)
		damp_diag_error(c->diags, w->at, "more than %u limits", DAMP_LIMITS_MAX);
}

void damp_limits_read(struct damp_ctx *c, const struct damp_node *map)
{
	if (map->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, map->at, "'limits' is a mapping of names");
		return;
	}
	for (size_t i = 0; i < map->n; i++) {
		const struct damp_pair *p = &map->pairs[i];
		struct limit_walk w = { .c = c, .name = p->key->text, .at = p->key->at };
		struct damp_limit_model l = { .name = w.name,
					      .at = w.at,
					      .first = (uint16_t)c->nplimits };

		const unsigned before = c->diags->errors;

		if (p->key->kind != DAMP_NODE_SCALAR || !damp_name_check(c, p->key, "limit"))
			continue;
		if (p->value->empty) {
			damp_diag_error(c->diags, p->key->at, "limit '%s' is empty", p->key->text);
		} else {
			const struct damp_node *map_of = damp_read_deref(c, p->value);

			if (map_of)
				damp_read_keys(c, DAMP_SECTION_LIMIT, map_of, limit_key, &w);
			if (map_of && map_of->kind == DAMP_NODE_MAP)
				read_parts(c, &w, c->diags->errors == before);
		}
		l.count = (uint16_t)(c->nplimits - l.first);
		DAMP_PUSH(c->pool, c->limits, c->nlimits, c->limits_cap, l);
	}
}
