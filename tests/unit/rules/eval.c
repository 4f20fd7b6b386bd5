/* SPDX-License-Identifier: BSD-3-Clause */
/* See eval.h: linear searches on purpose. */
#include "eval.h"

#include <hs/hs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const void *eval_section(const struct damp_program_hdr *h, enum damp_section_id s)
{
	return (const char *)h + h->sec[s].off;
}

static const uint64_t *row_of(const struct damp_program_hdr *h, uint32_t row)
{
	assert_true(row < h->nrows);
	return (const uint64_t *)eval_section(h, DAMP_SEC_ROWS) + (size_t)row * h->nwords;
}

static void and_row(const struct damp_program_hdr *h, uint32_t row, uint64_t *out)
{
	for (uint32_t w = 0; w < h->nwords; w++)
		out[w] &= row_of(h, row)[w];
}

static uint64_t number(const uint8_t *b, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *b++;
	return v;
}

unsigned eval_class(const struct damp_program_hdr *h, bool v6, const uint8_t *addr)
{
	const struct damp_range4 *r4 = eval_section(h, DAMP_SEC_RANGES4);
	const struct damp_range6 *r6 = eval_section(h, DAMP_SEC_RANGES6);
	const uint64_t hi = v6 ? number(addr, 8) : 0, lo = v6 ? number(addr + 8, 8) : 0;
	unsigned cls = 0;

	for (size_t i = 0; !v6 && i < h->sec[DAMP_SEC_RANGES4].len / sizeof(*r4); i++)
		if (r4[i].start <= number(addr, 4))
			cls = r4[i].cls;
	for (size_t i = 0; v6 && i < h->sec[DAMP_SEC_RANGES6].len / sizeof(*r6); i++)
		if (r6[i].start_hi < hi || (r6[i].start_hi == hi && r6[i].start_lo <= lo))
			cls = r6[i].cls;
	return cls;
}

static uint32_t interval_row(const struct damp_program_hdr *h, enum damp_section_id s, unsigned v)
{
	const struct damp_interval *iv = eval_section(h, s);
	uint32_t row = UINT32_MAX;

	for (size_t i = 0; i < h->sec[s].len / sizeof(*iv); i++)
		if (iv[i].start <= v)
			row = iv[i].row;
	return row;
}

struct scan {
	const struct damp_program_hdr *h;
	const struct damp_text_rows *t;
	uint64_t *set, *clear;
};

static void take(const struct scan *s, uint32_t row, uint32_t clear_row)
{
	for (uint32_t w = 0; w < s->h->nwords; w++) {
		s->set[w] |= row_of(s->h, row)[w];
		s->clear[w] |= row_of(s->h, clear_row)[w];
	}
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *user)
{
	const struct scan *s = user;

	(void)from;
	(void)to;
	(void)flags;
	take(s, s->t->scan_rows + id, s->t->scan_clear_rows + id);
	return 0;
}

static void run_scan(const struct scan *s, const char *text)
{
	const char *bytes = (const char *)eval_section(s->h, DAMP_SEC_HYPERSCAN) + s->t->hs_off;
	hs_database_t *db = NULL;
	hs_scratch_t *scratch = NULL;

	assert_int_equal(hs_deserialize_database(bytes, s->t->hs_len, &db), HS_SUCCESS);
	assert_int_equal(hs_alloc_scratch(db, &scratch), HS_SUCCESS);
	assert_int_equal(hs_scan(db, text, (unsigned)strlen(text), 0, scratch, on_match, (void *)(uintptr_t)s),
			 HS_SUCCESS);
	hs_free_scratch(scratch);
	hs_free_database(db);
}

static void and_text(const struct damp_program_hdr *h, unsigned which, const char *text, uint64_t *out)
{
	const struct damp_text_rows *t = (const struct damp_text_rows *)eval_section(h, DAMP_SEC_TEXTS) + which;
	const struct damp_text_literal *l = eval_section(h, DAMP_SEC_LITERALS);
	const char *strings = eval_section(h, DAMP_SEC_STRINGS);
	uint64_t set[DAMP_RULES_MAX / 64] = { 0 }, clear[DAMP_RULES_MAX / 64] = { 0 };
	const struct scan s = { .h = h, .t = t, .set = set, .clear = clear };

	for (uint32_t i = t->literals; i < t->literals + t->nliterals; i++)
		if (l[i].text_len == strlen(text) && strcmp(strings + l[i].text_off, text) == 0)
			take(&s, l[i].row, l[i].clear_row);
	for (uint32_t i = t->prefixes; i < t->prefixes + t->nprefixes; i++)
		if (strncmp(strings + l[i].text_off, text, l[i].text_len) == 0)
			take(&s, l[i].row, l[i].clear_row);
	if (t->hs_len)
		run_scan(&s, text);
	for (uint32_t w = 0; w < h->nwords; w++)
		out[w] &= (row_of(h, t->row_none)[w] & ~clear[w]) | set[w];
}

void eval_program(const struct damp_program_hdr *h, const struct probe *p, uint64_t *out)
{
	const struct damp_class *c = eval_section(h, DAMP_SEC_CLASSES);
	const struct damp_option_rows *o = eval_section(h, DAMP_SEC_OPTIONS);

	memset(out, 0xff, h->nwords * sizeof(*out));
	and_row(h, h->row_kind[p->kind], out);
	and_row(h, h->row_type[p->type < 0 ? 4 : p->type], out);
	and_row(h, h->row_code[p->code < 0 ? 256 : p->code], out);
	and_row(h, h->row_truth[p->truths], out);
	if (p->kind == DAMP_KIND_DTLS)
		and_row(h, h->row_hello[p->hello], out);
	and_row(h, c[eval_class(h, p->v6, p->src)].src_row[p->side], out);
	and_row(h, c[eval_class(h, p->v6, p->dst)].dst_row[p->side], out);
	and_row(h, interval_row(h, DAMP_SEC_SIZES, p->size), out);
	and_row(h, interval_row(h, DAMP_SEC_SRC_PORTS, p->sport), out);
	and_row(h, interval_row(h, DAMP_SEC_DST_PORTS, p->dport), out);
	for (size_t i = 0; i < h->sec[DAMP_SEC_OPTIONS].len / sizeof(*o); i++)
		and_row(h, p->options & o[i].mask ? o[i].row_any : o[i].row_none, out);
	and_text(h, 0, p->path, out);
	and_text(h, 1, p->query, out);
	for (uint32_t i = 0; i < h->nrules; i++)
		if (((const struct damp_rule *)eval_section(h, DAMP_SEC_RULES))[i].mode == DAMP_MODE_OFF)
			out[i / 64] &= ~(1ull << i % 64);
}
