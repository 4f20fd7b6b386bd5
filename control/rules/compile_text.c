/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths and queries: literals, prefixes and a Hyperscan database.
 *
 * Idea: each distinct pattern of a text is one entry with the rules it sets
 * and the rules it clears, however many rules use it.
 *
 * Invariant: a rule whose wish is always true (it asks nothing, or for
 * everything) has its bit in row_none and in no entry; one that only asks for
 * an absence has it in row_none and in the clear rows (program.h).
 */
#include "compile.h"
#include "pattern.h"

#include "hash.h"
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

/* Distinct patterns of one text, literals included. */
#define ENTRIES_MAX 65536u

struct entry {
	struct damp_pattern p;
	uint64_t hash;
	uint64_t *set, *clear;
};

struct texts {
	struct damp_build *b;
	enum damp_text_id id;
	struct entry *e;
	size_t n, cap;
	uint32_t *slots;
	size_t nslots;
	struct damp_text_rows out;
	bool full;
};

static struct damp_place nowhere(const struct texts *t)
{
	return (struct damp_place){ .src = t->b->c->src };
}

static size_t find_slot(const struct texts *t, const struct damp_pattern *p, uint64_t hash)
{
	size_t i = (hash ^ p->kind) & (t->nslots - 1);

	while (t->slots[i]) {
		const struct entry *e = &t->e[t->slots[i] - 1];

		if (e->p.kind == p->kind && e->p.len == p->len &&
		    memcmp(e->p.text, p->text, p->len) == 0)
			break;
		i = (i + 1) & (t->nslots - 1);
	}
	return i;
}

static struct entry *entry_of(struct texts *t, const struct damp_pattern *p)
{
	const uint64_t hash = damp_fnv1a(p->text, p->len);
	const size_t slot = find_slot(t, p, hash), words = t->b->hdr.nwords;
	struct entry new = { .p = *p, .hash = hash };

	if (t->slots[slot])
		return &t->e[t->slots[slot] - 1];
	if (t->n == ENTRIES_MAX) {
		if (!t->full)
			damp_diag_error(t->b->c->diags, p->at, "more than %u different patterns",
					ENTRIES_MAX);
		t->full = true;
		return &t->e[0];
	}
	new.set = damp_pool_alloc(t->b->c->pool, 2 * words * sizeof(uint64_t));
	new.clear = new.set + words;
	DAMP_PUSH(t->b->c->pool, t->e, t->n, t->cap, new);
	t->slots[slot] = (uint32_t)t->n;
	return &t->e[t->n - 1];
}

static void add_pattern(struct texts *t, const struct damp_pattern *p, size_t rule, bool clear)
{
	struct damp_pattern self = *p;
	struct entry *e = entry_of(t, p);

	damp_row_set(clear ? e->clear : e->set, rule);
	if (p->kind != DAMP_PATTERN_PREFIX)
		return;
	/* The place the prefix hangs under belongs to it. */
	self.kind = DAMP_PATTERN_LITERAL;
	self.len--;
	e = entry_of(t, &self);
	damp_row_set(clear ? e->clear : e->set, rule);
}

static bool has_all(const struct damp_pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->p[i].kind == DAMP_PATTERN_ALL)
			return true;
	return false;
}

static void add_rule(struct texts *t, size_t rule, uint64_t *none)
{
	const struct damp_text_cond *c = &t->b->c->rules[rule].match.text[t->id];

	if (!c->asked || has_all(&c->want)) {
		damp_row_set(none, rule);
		return;
	}
	for (size_t i = 0; i < c->want.n; i++)
		add_pattern(t, &c->want.p[i], rule, false);
	if (!c->has_not || has_all(&c->unwanted))
		return;
	damp_row_set(none, rule);
	for (size_t i = 0; i < c->unwanted.n; i++)
		add_pattern(t, &c->unwanted.p[i], rule, true);
}

static int by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->p.kind != y->p.kind)
		return x->p.kind < y->p.kind ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->p.len < y->p.len ? -1 : x->p.len > y->p.len;
}

static void put_literals(struct texts *t, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++) {
		const struct entry *e = &t->e[i];
		const struct damp_text_literal l = {
			.hash = e->hash,
			.text_off = damp_build_string(
				t->b, damp_pool_strndup(t->b->c->pool, e->p.text, e->p.len)),
			.text_len = (uint32_t)e->p.len,
			.row = damp_row_add(t->b, e->set),
			.clear_row = damp_row_add(t->b, e->clear),
		};

		damp_build_put(t->b, DAMP_SEC_LITERALS, &l, sizeof(l));
	}
}

static void put_database(struct texts *t, const struct hs_database *db)
{
	static const char zeros[64];
	char *bytes = NULL;
	size_t len = 0;

	if (hs_serialize_database(db, &bytes, &len) != HS_SUCCESS || len > UINT32_MAX) {
		damp_diag_error(t->b->c->diags, nowhere(t),
				"the pattern database cannot be serialised");
		return;
	}
	damp_build_put(t->b, DAMP_SEC_HYPERSCAN, zeros,
		       (64 - t->b->sec[DAMP_SEC_HYPERSCAN].len % 64) % 64);
	t->out.hs_off = (uint32_t)damp_build_put(t->b, DAMP_SEC_HYPERSCAN, bytes, len);
	t->out.hs_len = (uint32_t)len;
	free(bytes);
}

static void compile_database(struct texts *t, const struct entry *e, size_t n)
{
	const char **expr = damp_pool_alloc(t->b->c->pool, n * sizeof(*expr));
	unsigned *flags = damp_pool_alloc(t->b->c->pool, n * sizeof(*flags));
	unsigned *ids = damp_pool_alloc(t->b->c->pool, n * sizeof(*ids));
	hs_compile_error_t *err = NULL;
	hs_database_t *db = NULL;

	for (size_t i = 0; i < n; i++) {
		expr[i] = e[i].p.text;
		flags[i] = DAMP_HS_FLAGS;
		ids[i] = (unsigned)i;
	}
	if (hs_compile_multi(expr, flags, ids, (unsigned)n, HS_MODE_BLOCK, NULL, &db, &err) ==
	    HS_SUCCESS) {
		put_database(t, db);
		hs_free_database(db);
		return;
	}
	damp_diag_error(t->b->c->diags,
			err && err->expression >= 0 ? e[err->expression].p.at : nowhere(t),
			"this pattern cannot be compiled: %s", err ? err->message : "?");
	hs_free_compile_error(err);
}

static bool scans_fit(struct texts *t, const struct entry *e, size_t n)
{
	uint64_t cost = 0;

	if (n > DAMP_PATTERNS_MAX) {
		damp_diag_error(t->b->c->diags, e[DAMP_PATTERNS_MAX].p.at,
				"more than %u patterns that need a scan", DAMP_PATTERNS_MAX);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		cost += damp_regex_cost(e[i].p.text);
		if (cost > DAMP_REGEX_COST_SUM) {
			damp_diag_error(
				t->b->c->diags, e[i].p.at,
				"the patterns up to this one unroll to more than %u positions",
				DAMP_REGEX_COST_SUM);
			return false;
		}
	}
	return true;
}

static void put_head(struct texts *t, const char *text)
{
	const struct damp_text_head h = { .text_off = damp_build_string(t->b, text), .text_len = (uint32_t)strlen(text) };

	damp_build_put(t->b, DAMP_SEC_TEXT_HEADS, &h, sizeof(h));
}

static void put_scans(struct texts *t, size_t from, size_t n)
{
	if (!n || !scans_fit(t, &t->e[from], n))
		return;
	compile_database(t, &t->e[from], n);
	t->out.nscan = (uint32_t)n;
	t->out.heads = (uint32_t)(t->b->sec[DAMP_SEC_TEXT_HEADS].len / sizeof(struct damp_text_head));
	for (size_t i = from; i < from + n; i++)
		put_head(t, t->e[i].p.head);
	t->out.scan_rows = t->b->hdr.nrows;
	for (size_t i = from; i < from + n; i++)
		damp_rows_append(t->b, t->e[i].set, 1);
	t->out.scan_clear_rows = t->b->hdr.nrows;
	for (size_t i = from; i < from + n; i++)
		damp_rows_append(t->b, t->e[i].clear, 1);
}

static void compile_text(struct damp_build *b, enum damp_text_id id)
{
	struct texts t = { .b = b, .id = id, .nslots = 4u * ENTRIES_MAX };
	uint64_t *none = damp_pool_alloc(b->c->pool, b->hdr.nwords * sizeof(*none));
	size_t count[DAMP_PATTERN_ALL] = { 0 };

	t.slots = damp_pool_alloc(b->c->pool, t.nslots * sizeof(*t.slots));
	for (size_t r = 0; r < b->c->nrules; r++) {
		add_rule(&t, r, none);
		t.out.used |= b->c->rules[r].match.text[id].asked;
	}
	if (t.n)
		qsort(t.e, t.n, sizeof(*t.e), by_hash);
	for (size_t i = 0; i < t.n; i++)
		count[t.e[i].p.kind]++;
	t.out.literals = (uint32_t)(b->sec[DAMP_SEC_LITERALS].len /
				    sizeof(struct damp_text_literal));
	t.out.nliterals = (uint32_t)count[DAMP_PATTERN_LITERAL];
	t.out.prefixes = t.out.literals + t.out.nliterals;
	t.out.nprefixes = (uint32_t)count[DAMP_PATTERN_PREFIX];
	put_literals(&t, 0, count[DAMP_PATTERN_LITERAL] + count[DAMP_PATTERN_PREFIX]);
	put_scans(&t, count[DAMP_PATTERN_LITERAL] + count[DAMP_PATTERN_PREFIX],
		  count[DAMP_PATTERN_SCAN]);
	t.out.row_none = damp_row_add(b, none);
	damp_build_put(b, DAMP_SEC_TEXTS, &t.out, sizeof(t.out));
}

void damp_build_texts(struct damp_build *b)
{
	for (int id = 0; id < DAMP_TEXTS; id++)
		compile_text(b, (enum damp_text_id)id);
}
