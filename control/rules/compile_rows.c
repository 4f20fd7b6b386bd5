/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of the attributes with few values: kind, type, code, truths, sizes,
 * ports, options; and the store of rows itself. See compile.h, program.h.
 */
#include "compile.h"

#include "hash.h"
#include <stdlib.h>
#include <string.h>

uint64_t *damp_row_start(struct damp_build *b)
{
	memset(b->scratch, 0, b->hdr.nwords * sizeof(*b->scratch));
	return b->scratch;
}

static const uint64_t *row_at(const struct damp_build *b, uint32_t row)
{
	return (const uint64_t *)(const void *)b->sec[DAMP_SEC_ROWS].data +
	       (size_t)row * b->hdr.nwords;
}

static size_t row_bytes(const struct damp_build *b)
{
	return b->hdr.nwords * sizeof(uint64_t);
}

/* Slot of an equal row, or the free one where it belongs. */
static size_t find_slot(const struct damp_build *b, const uint64_t *row)
{
	size_t i = damp_fnv1a(row, row_bytes(b)) & (b->nslots - 1);

	if (!row_bytes(b))
		return 0; /* no rules: all rows are the same row of no words */
	while (b->row_slots[i] && memcmp(row_at(b, b->row_slots[i] - 1), row, row_bytes(b)) != 0)
		i = (i + 1) & (b->nslots - 1);
	return i;
}

static void grow_slots(struct damp_build *b)
{
	const uint32_t *old = b->row_slots;
	const size_t n = b->nslots;

	b->nslots = n ? n * 2 : 1024;
	b->row_slots = damp_pool_alloc(b->c->pool, b->nslots * sizeof(*b->row_slots));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			b->row_slots[find_slot(b, row_at(b, old[i] - 1))] = old[i];
}

uint32_t damp_rows_append(struct damp_build *b, const uint64_t *rows, size_t n)
{
	const uint32_t first = b->hdr.nrows;

	damp_build_put(b, DAMP_SEC_ROWS, rows, n * row_bytes(b));
	b->hdr.nrows += (uint32_t)n;
	return first;
}

uint32_t damp_row_add(struct damp_build *b, const uint64_t *row)
{
	size_t slot;

	if (b->hdr.nrows * 2ull >= b->nslots)
		grow_slots(b);
	slot = find_slot(b, row);
	if (!b->row_slots[slot])
		b->row_slots[slot] = damp_rows_append(b, row, 1) + 1;
	return b->row_slots[slot] - 1;
}

static bool bit(const struct damp_bits_cond *c, unsigned v)
{
	return !c->asked || ((c->b[v >> 6] >> (v & 63)) & 1);
}

/* The row of value v of the condition that sits at `offset` of a match; v < 0:
 * the message has no such value. */
static uint32_t bits_row(struct damp_build *b, size_t offset, int v)
{
	uint64_t *row = damp_row_start(b);

	for (size_t r = 0; r < b->c->nrules; r++) {
		const struct damp_bits_cond *c =
			(const void *)((const char *)&b->c->rules[r].match + offset);

		if (v < 0 ? !c->asked : bit(c, (unsigned)v))
			damp_row_set(row, r);
	}
	return damp_row_add(b, row);
}

/* Rules that ask for what nothing can tell match nothing: they have no bit in
 * any row of kinds. Those in mode off have one: an operator may turn them on. */
static uint32_t kind_row(struct damp_build *b, unsigned kind)
{
	uint64_t *row = damp_row_start(b);

	for (size_t r = 0; r < b->c->nrules; r++)
		if (kind != DAMP_KIND_NOT_COAP && !b->c->rules[r].off &&
		    bit(&b->c->rules[r].match.kind, kind))
			damp_row_set(row, r);
	return damp_row_add(b, row);
}

static uint32_t truth_row(struct damp_build *b, unsigned truths)
{
	uint64_t *row = damp_row_start(b);

	for (size_t r = 0; r < b->c->nrules; r++) {
		const struct damp_match *m = &b->c->rules[r].match;

		if (bit(&m->verified, (truths & DAMP_TRUTH_VERIFIED) != 0) &&
		    bit(&m->solicited, (truths & DAMP_TRUTH_SOLICITED) != 0))
			damp_row_set(row, r);
	}
	return damp_row_add(b, row);
}

static void add_starts(struct damp_spans *out, struct damp_pool *pool,
		       const struct damp_number_cond *c)
{
	for (size_t i = 0; c->asked && i < c->spans.n; i++) {
		damp_spans_add(pool, out, c->spans.s[i].low, 0);
		damp_spans_add(pool, out, c->spans.s[i].high + 1, 0);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct damp_span *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* Intervals of the number condition at `offset` of a match. */
static void compile_numbers(struct damp_build *b, size_t offset, enum damp_section_id s)
{
	struct damp_spans starts = { 0 };
	uint32_t last = UINT32_MAX;

	damp_spans_add(b->c->pool, &starts, 0, 0);
	for (size_t r = 0; r < b->c->nrules; r++)
		add_starts(&starts, b->c->pool,
			   (const void *)((const char *)&b->c->rules[r].match + offset));
	qsort(starts.s, starts.n, sizeof(*starts.s), by_start);
	for (size_t i = 0; i < starts.n; i++) {
		struct damp_interval iv = { .start = (uint32_t)starts.s[i].low };
		uint64_t *row = damp_row_start(b);

		if (i && starts.s[i].low == starts.s[i - 1].low)
			continue;
		for (size_t r = 0; r < b->c->nrules; r++) {
			const struct damp_number_cond *c =
				(const void *)((const char *)&b->c->rules[r].match + offset);

			if (!c->asked || damp_spans_hold(&c->spans, starts.s[i].low))
				damp_row_set(row, r);
		}
		iv.row = damp_row_add(b, row);
		if (iv.row != last)
			damp_build_put(b, s, &iv, sizeof(iv));
		last = iv.row;
	}
}

/* Does rule r agree when the message has any (or none) of mask? */
static bool option_agrees(const struct damp_match *m, uint64_t mask, bool any)
{
	for (size_t i = 0; i < m->noptions; i++)
		if (m->options[i].mask == mask && m->options[i].any != any)
			return false;
	return true;
}

static void put_option(struct damp_build *b, uint64_t mask)
{
	struct damp_option_rows rows = { .mask = mask };

	for (int any = 0; any < 2; any++) {
		uint64_t *row = damp_row_start(b);
		uint32_t *to = any ? &rows.row_any : &rows.row_none;

		for (size_t r = 0; r < b->c->nrules; r++)
			if (option_agrees(&b->c->rules[r].match, mask, any))
				damp_row_set(row, r);
		*to = damp_row_add(b, row);
	}
	damp_build_put(b, DAMP_SEC_OPTIONS, &rows, sizeof(rows));
}

static void put_option_rows(struct damp_build *b)
{
	uint64_t *masks = NULL;
	size_t n = 0, cap = 0;

	for (size_t r = 0; r < b->c->nrules; r++) {
		const struct damp_match *m = &b->c->rules[r].match;

		for (size_t i = 0; i < m->noptions; i++) {
			size_t j = 0;

			while (j < n && masks[j] != m->options[i].mask)
				j++;
			if (j < n)
				continue;
			if (n == DAMP_OPTION_ROWS_MAX) {
				damp_diag_error(
					b->c->diags, b->c->rules[r].at,
					"more than %u different sets of options in all 'option' "
					"conditions up to this rule",
					DAMP_OPTION_ROWS_MAX);
				return;
			}
			DAMP_PUSH(b->c->pool, masks, n, cap, m->options[i].mask);
			put_option(b, m->options[i].mask);
		}
	}
}

static void compile_options(struct damp_build *b)
{
	damp_build_put(b, DAMP_SEC_OPTION_VALUES, b->c->option_values,
		       b->c->noption_values * sizeof(*b->c->option_values));
	put_option_rows(b);
}

void damp_build_rows(struct damp_build *b)
{
	damp_row_add(b, damp_row_start(b));
	for (unsigned k = 0; k < DAMP_KIND_MAX; k++)
		b->hdr.row_kind[k] = kind_row(b, k);
	for (int t = 0; t < DAMP_COAP_TYPE_MAX; t++)
		b->hdr.row_type[t] = bits_row(b, offsetof(struct damp_match, type), t);
	b->hdr.row_type[DAMP_COAP_TYPE_MAX] = bits_row(b, offsetof(struct damp_match, type), -1);
	for (int v = 0; v < 256; v++)
		b->hdr.row_code[v] = bits_row(b, offsetof(struct damp_match, code), v);
	b->hdr.row_code[256] = bits_row(b, offsetof(struct damp_match, code), -1);
	for (int v = 0; v < DAMP_HELLO_MAX; v++)
		b->hdr.row_hello[v] = bits_row(b, offsetof(struct damp_match, hello), v);
	for (unsigned t = 0; t < DAMP_TRUTHS; t++)
		b->hdr.row_truth[t] = truth_row(b, t);
	compile_numbers(b, offsetof(struct damp_match, size), DAMP_SEC_SIZES);
	compile_numbers(b, offsetof(struct damp_match, from_port), DAMP_SEC_SRC_PORTS);
	compile_numbers(b, offsetof(struct damp_match, to_port), DAMP_SEC_DST_PORTS);
	compile_options(b);
}
