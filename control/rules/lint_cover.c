/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rule behind one that decides all its messages; an accept that lets unproved
 * peers past a limit below.
 *
 * Idea: see lint.h. For texts the answer is only given where it is plain: one
 * rule asks nothing of them, or both ask the same. So a shadow may be missed,
 * but none is reported that is not there.
 */
#include "lint_cover.h"

#include "judge.h"
#include "lint_room.h"
#include "lint_when.h"

#include <string.h>

/* A challenge is charged to the peer, its network and all, and its bytes twice (challenge.c). */
#define GUARD_CHARGES 5u

/* Words read for the question "who covers whom"; beyond it is not asked. */
#define COVER_WORK_MAX 200000000ull

struct cover {
	struct damp_ctx *c;
	const struct damp_program_hdr *h;
	const uint64_t *rows;
	uint32_t *row;              /* those of attributes, each once */
	size_t nrow;
	uint64_t *seen;
};

static const void *section(const struct cover *v, enum damp_section_id id)
{
	return (const uint8_t *)v->h + v->h->sec[id].off;
}

static size_t count(const struct cover *v, enum damp_section_id id, size_t item)
{
	return v->h->sec[id].len / item;
}

static bool bit(const uint64_t *words, size_t n)
{
	return (words[n >> 6] >> (n & 63)) & 1;
}

static void take(struct cover *v, uint32_t row)
{
	if (bit(v->seen, row))
		return;
	v->seen[row >> 6] |= 1ull << (row & 63);
	v->row[v->nrow++] = row;
}

static void take_intervals(struct cover *v, enum damp_section_id id)
{
	const struct damp_interval *iv = section(v, id);

	for (size_t i = 0; i < count(v, id, sizeof(*iv)); i++)
		take(v, iv[i].row);
}

/* Of every way the devices may lie: what is said of rules holds for all of them. */
static uint64_t classes(const struct cover *v)
{
	return (uint64_t)v->h->nclasses << v->h->nvariants;
}

static void take_rows(struct cover *v)
{
	const struct damp_program_hdr *h = v->h;
	const struct damp_class *cls = section(v, DAMP_SEC_CLASSES);
	const struct damp_option_rows *o = section(v, DAMP_SEC_OPTIONS);

	for (unsigned i = 0; i < DAMP_KIND_MAX; i++)
		take(v, h->row_kind[i]);
	for (unsigned i = 0; i < 5; i++)
		take(v, h->row_type[i]);
	for (unsigned i = 0; i < 257; i++)
		take(v, h->row_code[i]);
	for (unsigned i = 0; i < DAMP_TRUTHS; i++)
		take(v, h->row_truth[i]);
	for (uint32_t i = 0; i < classes(v); i++)
		for (unsigned s = 0; s < DAMP_SIDE_MAX; s++) {
			take(v, cls[i].src_row[s]);
			take(v, cls[i].dst_row[s]);
		}
	for (size_t i = 0; i < count(v, DAMP_SEC_OPTIONS, sizeof(*o)); i++) {
		take(v, o[i].row_any);
		take(v, o[i].row_none);
	}
	take_intervals(v, DAMP_SEC_SIZES);
	take_intervals(v, DAMP_SEC_SRC_PORTS);
	take_intervals(v, DAMP_SEC_DST_PORTS);
}

static bool same_patterns(const struct damp_pattern_list *a, const struct damp_pattern_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->p[i].kind != b->p[i].kind || a->p[i].len != b->p[i].len ||
		    memcmp(a->p[i].text, b->p[i].text, a->p[i].len) != 0)
			return false;
	return true;
}

static bool same_text(const struct damp_text_cond *a, const struct damp_text_cond *b)
{
	return a->asked == b->asked && a->has_not == b->has_not &&
	       same_patterns(&a->want, &b->want) && same_patterns(&a->unwanted, &b->unwanted);
}

static bool text_covers(const struct damp_rule_model *a, const struct damp_rule_model *b)
{
	for (unsigned t = 0; t < DAMP_TEXTS; t++)
		if (a->match.text[t].asked && !same_text(&a->match.text[t], &b->match.text[t]))
			return false;
	return true;
}

/* Every message it matches ends or passes here. */
static bool is_final(const struct damp_rule_model *r)
{
	return r->mode == DAMP_MODE_ENFORCE && r->then.act.action != DAMP_ACT_CONTINUE && damp_rule_always(r);
}

/* Rules that have all the values of rule b, texts aside. */
static void superset(const struct cover *v, size_t b, uint64_t *out)
{
	memset(out, 0xff, v->h->nwords * sizeof(*out));
	for (size_t i = 0; i < v->nrow; i++) {
		const uint64_t *row = v->rows + (size_t)v->row[i] * v->h->nwords;

		for (uint32_t w = 0; w < v->h->nwords && bit(row, b); w++)
			out[w] &= row[w];
	}
}

/* May one message match both? True unless an attribute says no. */
static bool meet_in(const struct cover *v, const uint32_t *row, size_t n, size_t a, size_t b)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t *words = v->rows + (size_t)row[i] * v->h->nwords;

		if (bit(words, a) && bit(words, b))
			return true;
	}
	return false;
}

static bool meet_in_addresses(const struct cover *v, size_t a, size_t b)
{
	const struct damp_class *cls = section(v, DAMP_SEC_CLASSES);
	bool src = false, dst = false;

	/* Unproved peers are outside. */
	for (uint32_t i = 0; i < classes(v); i++) {
		src = src || meet_in(v, &cls[i].src_row[DAMP_OUTSIDE], 1, a, b);
		dst = dst || meet_in(v, &cls[i].dst_row[DAMP_OUTSIDE], 1, a, b);
	}
	return src && dst;
}

static bool meet_in_texts(const struct damp_rule_model *a, const struct damp_rule_model *b)
{
	for (unsigned t = 0; t < DAMP_TEXTS; t++) {
		const struct damp_text_cond *x = &a->match.text[t], *y = &b->match.text[t];
		bool plain = x->asked && y->asked && !x->has_not && !y->has_not, same = false;

		for (size_t i = 0; plain && i < x->want.n; i++)
			for (size_t j = 0; plain && j < y->want.n; j++) {
				plain = x->want.p[i].kind == DAMP_PATTERN_LITERAL &&
					y->want.p[j].kind == DAMP_PATTERN_LITERAL;
				same |= x->want.p[i].len == y->want.p[j].len &&
					memcmp(x->want.p[i].text, y->want.p[j].text, x->want.p[i].len) == 0;
			}
		if (plain && !same)
			return false;
	}
	return true;
}

static bool meet(const struct cover *v, size_t a, size_t b)
{
	const struct damp_program_hdr *h = v->h;
	const struct damp_interval *to = section(v, DAMP_SEC_DST_PORTS);
	bool port = false;

	for (size_t i = 0; i < count(v, DAMP_SEC_DST_PORTS, sizeof(*to)) && !port; i++)
		port = meet_in(v, &to[i].row, 1, a, b);
	return port && meet_in(v, h->row_kind, DAMP_KIND_MAX, a, b) && meet_in(v, h->row_type, 5, a, b) &&
	       meet_in(v, h->row_code, 257, a, b) &&
	       meet_in(v, h->row_truth, DAMP_TRUTHS, a, b) && meet_in_addresses(v, a, b) &&
	       meet_in_texts(&v->c->rules[a], &v->c->rules[b]);
}

static bool fits_side(const struct cover *v, const struct damp_class *cls, size_t b, unsigned side)
{
	bool src = false, dst = false;

	for (uint32_t i = 0; i < classes(v); i++) {
		src = src || bit(v->rows + (size_t)cls[i].src_row[side] * v->h->nwords, b);
		dst = dst || bit(v->rows + (size_t)cls[i].dst_row[side] * v->h->nwords, b);
	}
	return src && dst;
}

/* No pair of addresses fits it, as `from: inside, source: {not: $inside}`. */
static bool never(const struct cover *v, size_t b)
{
	const struct damp_class *cls = section(v, DAMP_SEC_CLASSES);

	return !fits_side(v, cls, b, DAMP_OUTSIDE) && !fits_side(v, cls, b, DAMP_INSIDE);
}

static bool waits(const struct damp_match *m)
{
	return m->src[0].runtime || m->src[1].runtime || m->dst[0].runtime || m->dst[1].runtime;
}

static void shadows(const struct cover *v, size_t end)
{
	uint64_t *over = damp_pool_alloc(v->c->pool, (v->h->nwords + 1) * sizeof(*over));

	for (size_t b = 0; b < end; b++) {
		const struct damp_rule_model *rb = &v->c->rules[b];

		if (rb->mode == DAMP_MODE_OFF || waits(&rb->match))
			continue;
		if (never(v, b)) {
			damp_diag_warning(v->c->diags, rb->at,
					  "this rule never matches: no pair of addresses fits all that it asks for");
			continue;
		}
		superset(v, b, over);
		for (size_t a = 0; a < b; a++) {
			const struct damp_rule_model *ra = &v->c->rules[a];

			if (!bit(over, a) || !is_final(ra) || !text_covers(ra, rb))
				continue;
			damp_diag_warning(v->c->diags, rb->at, "no message comes this far");
			damp_diag_notice(v->c->diags, ra->at, "rule '%s' decides all of them", ra->id);
			break;
		}
	}
}

static void bypasses(const struct cover *v, size_t end)
{
	for (size_t a = 0; a + 1 < end; a++) {
		const struct damp_rule_model *ra = &v->c->rules[a];

		if (ra->mode != DAMP_MODE_ENFORCE || ra->has_limit ||
		    ra->then.act.action != DAMP_ACT_ACCEPT || !damp_rule_meets_unproved(ra))
			continue;
		for (size_t b = a + 1; b < end; b++) {
			const struct damp_rule_model *rb = &v->c->rules[b];

			if (rb->mode == DAMP_MODE_OFF || !rb->has_limit ||
			    !damp_rule_meets_unproved(rb) || !meet(v, a, b))
				continue;
			damp_diag_warning(v->c->diags, ra->at,
					  "this accept lets unproved peers past the limit of rule '%s'",
					  rb->id);
			damp_diag_notice(v->c->diags, rb->at, "rule '%s' is here", rb->id);
			break;
		}
	}
}

/* Keys that one message of a family is charged for by the limits that are in
 * `limits`: a limit that two rules name is charged once. */
static unsigned charged(const struct cover *v, const bool *limits, bool v6)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->c->nplimits; i++)
		if (limits[i] && damp_limit_is_charged(&v->c->plimits[i].l))
			n += v6 ? v->c->plimits[i].l.nrungs6 : v->c->plimits[i].l.nrungs4;
	return n;
}

/* Add the limits of the rules before b that every message of b meets as well. */
static void collect_limits(const struct cover *v, size_t b, const uint64_t *over, bool *limits)
{
	const struct damp_rule_model *rb = &v->c->rules[b];

	memset(limits, 0, v->c->nplimits * sizeof(*limits));
	for (size_t a = 0; a <= b; a++) {
		const struct damp_rule_model *ra = &v->c->rules[a];

		if (ra->mode == DAMP_MODE_OFF || (a < b && (!bit(over, a) || !text_covers(ra, rb))))
			continue;
		for (size_t i = 0; i < ra->nlimits; i++)
			limits[ra->limit[i]] = true;
	}
}

/* A packet with more charges than the judge keeps is over its limit, always. */
static void crowds(const struct cover *v, size_t end)
{
	uint64_t *over = damp_pool_alloc(v->c->pool, (v->h->nwords + 1) * sizeof(*over));
	bool *limits = damp_pool_alloc(v->c->pool, (v->c->nplimits + 1) * sizeof(*limits));

	for (size_t b = 0; b < end; b++) {
		const struct damp_rule_model *rb = &v->c->rules[b];
		unsigned v4, v6, n;

		if (rb->mode == DAMP_MODE_OFF || !rb->nlimits || waits(&rb->match))
			continue;
		superset(v, b, over);
		collect_limits(v, b, over, limits);
		v4 = charged(v, limits, false);
		v6 = charged(v, limits, true);
		n = v4 > v6 ? v4 : v6;
		if (n + (damp_rule_meets_unproved(rb) ? GUARD_CHARGES : 0) <= DAMP_CHARGES_MAX)
			continue;
		damp_diag_warning(v->c->diags, rb->at,
				  "one message is charged to %u keys of limits up to this rule%s; beyond %u it counts "
				  "as over the limit",
				  n, damp_rule_meets_unproved(rb) ? ", and to 5 of the guard at most" : "",
				  DAMP_CHARGES_MAX);
		return;
	}
}

/* Do both match the same messages, whatever the time? */
static bool alike(const struct cover *v, size_t a, size_t b, uint64_t *over)
{
	superset(v, a, over);
	if (!bit(over, b))
		return false;
	superset(v, b, over);
	return bit(over, a) && text_covers(&v->c->rules[a], &v->c->rules[b]) &&
	       text_covers(&v->c->rules[b], &v->c->rules[a]);
}

/* Rules that only their times tell apart, each group once. */
static void gaps(const struct cover *v, size_t end)
{
	uint64_t *over = damp_pool_alloc(v->c->pool, (v->h->nwords + 1) * sizeof(*over));
	size_t *group = damp_pool_alloc(v->c->pool, (end + 1) * sizeof(*group)), n;
	bool *told = damp_pool_alloc(v->c->pool, (end + 1) * sizeof(*told));

	for (size_t a = 0; a < end; a++) {
		n = 0;
		for (size_t b = a; b < end; b++)
			if (!told[b] && v->c->rules[b].nwhens && v->c->rules[b].mode != DAMP_MODE_OFF &&
			    v->c->rules[a].nwhens && (a == b || alike(v, a, b, over))) {
				told[b] = true;
				group[n++] = b;
			}
		if (n > 1)
			damp_lint_gap(v->c, group, n);
	}
}

/* Rules up to the one that takes everything; model_rules.c tells of the rest. */
static size_t reached(const struct damp_ctx *c)
{
	size_t n = 0;

	while (n < c->nrules && !(c->rules[n].any && is_final(&c->rules[n])))
		n++;
	return n < c->nrules ? n + 1 : n;
}

void damp_lint_cover(struct damp_ctx *c, const struct damp_program_hdr *program)
{
	struct cover v = { .c = c, .h = program };
	const size_t end = reached(c);

	v.rows = section(&v, DAMP_SEC_ROWS);
	v.row = damp_pool_alloc(c->pool, (program->nrows + 1ull) * sizeof(*v.row));
	v.seen = damp_pool_alloc(c->pool, (program->nrows / 64 + 1ull) * sizeof(*v.seen));
	take_rows(&v);
	if ((uint64_t)end * (v.nrow * program->nwords + classes(&v) * 2ull * end) > COVER_WORK_MAX)
		return;
	shadows(&v, end);
	bypasses(&v, end);
	crowds(&v, end);
	if (c->strict)
		gaps(&v, end);
}
