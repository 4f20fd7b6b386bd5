/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who asks for what, where each rule's bit goes, and the rows written anew; see rows.h.
 *
 * Idea: neighbouring rows of a program differ in few rules, so each is made from the
 * one before it by the bits that differ: a program of a thousand rules and as many
 * rows is laid out in a few milliseconds.
 */
#include "rows.h"

#include "view.h"

#include <stdlib.h>

/* Who is left out by some row of each dimension, as bits in the program's order. */
struct asking {
	const struct damp_view *v;
	const uint64_t *rows;           /* the program's */
	uint32_t nrules, nwords;
	uint64_t by[DAMP_DIMS][DAMP_ROW_WORDS_MAX];
	uint64_t text[2][DAMP_ROW_WORDS_MAX];   /* a text has a say in them, if only by its absence */
};

/* The rules of one word: what the program has behind the last one means nothing. */
static uint64_t valid(const struct asking *a, uint32_t word)
{
	return a->nrules - word * 64 >= 64 ? ~0ull : (1ull << (a->nrules - word * 64)) - 1;
}

static const uint64_t *row_of(const struct asking *a, uint32_t row)
{
	return a->rows + (size_t)row * a->nwords;
}

static void leaves_out(struct asking *a, enum damp_dimension d, uint32_t row)
{
	for (uint32_t w = 0; w < a->nwords; w++)
		a->by[d][w] |= ~row_of(a, row)[w] & valid(a, w);
}

static void holds(struct asking *a, unsigned text, uint32_t row)
{
	for (uint32_t w = 0; w < a->nwords; w++)
		a->text[text][w] |= row_of(a, row)[w] & valid(a, w);
}

static void ask_header(struct asking *a)
{
	const struct damp_program_hdr *h = a->v->hdr;

	for (unsigned i = 0; i < DAMP_KIND_MAX; i++)
		if (i != DAMP_KIND_NOT_COAP)
			leaves_out(a, DAMP_DIM_KIND, h->row_kind[i]);
	for (unsigned i = 0; i < sizeof(h->row_type) / sizeof(h->row_type[0]); i++)
		leaves_out(a, DAMP_DIM_TYPE, h->row_type[i]);
	for (unsigned i = 0; i < DAMP_TRUTHS; i++)
		leaves_out(a, DAMP_DIM_TRUTH, h->row_truth[i]);
	for (unsigned i = 0; i < sizeof(h->row_code) / sizeof(h->row_code[0]); i++)
		leaves_out(a, DAMP_DIM_CODE, h->row_code[i]);
	for (unsigned i = 0; i < DAMP_HELLO_MAX; i++)
		leaves_out(a, DAMP_DIM_HELLO, h->row_hello[i]);
}

static void ask_numbers(struct asking *a, enum damp_dimension d, const struct damp_interval *iv, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		leaves_out(a, d, iv[i].row);
}

static void ask_addresses(struct asking *a)
{
	const struct damp_program_hdr *h = a->v->hdr;
	const size_t classes = (size_t)h->nclasses << h->nvariants, combinations = (1u << h->nsets) - 1;

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		for (size_t i = 0; i < classes; i++) {
			leaves_out(a, DAMP_DIM_SRC, a->v->classes[i].src_row[side]);
			leaves_out(a, DAMP_DIM_DST, a->v->classes[i].dst_row[side]);
		}
		for (size_t i = 0; i < classes * combinations; i++) {
			leaves_out(a, DAMP_DIM_SRC, a->v->set_classes[i].src_row[side]);
			leaves_out(a, DAMP_DIM_DST, a->v->set_classes[i].dst_row[side]);
		}
	}
}

static void ask_text(struct asking *a, unsigned text)
{
	const struct damp_text_rows *t = &a->v->texts[text];
	const struct damp_text_literal *l = a->v->literals;
	const enum damp_dimension d = text ? DAMP_DIM_QUERY : DAMP_DIM_PATH;

	leaves_out(a, d, t->row_none);
	memcpy(a->text[text], a->by[d], sizeof(a->text[text]));
	for (uint32_t i = 0; i < t->nliterals; i++) {
		holds(a, text, l[t->literals + i].row);
		holds(a, text, l[t->literals + i].clear_row);
	}
	for (uint32_t i = 0; i < t->nprefixes; i++) {
		holds(a, text, l[t->prefixes + i].row);
		holds(a, text, l[t->prefixes + i].clear_row);
	}
	for (uint32_t i = 0; i < t->nscan; i++) {
		holds(a, text, t->scan_rows + i);
		holds(a, text, t->scan_clear_rows + i);
	}
}

static void ask_all(struct asking *a)
{
	const struct damp_view *v = a->v;

	ask_header(a);
	ask_numbers(a, DAMP_DIM_SIZE, v->sizes, v->nsizes);
	ask_numbers(a, DAMP_DIM_SRC_PORT, v->src_ports, v->nsrc_ports);
	ask_numbers(a, DAMP_DIM_DST_PORT, v->dst_ports, v->ndst_ports);
	for (uint32_t i = 0; i < v->noptions; i++) {
		leaves_out(a, DAMP_DIM_OPTIONS, v->options[i].row_any);
		leaves_out(a, DAMP_DIM_OPTIONS, v->options[i].row_none);
	}
	ask_addresses(a);
	ask_text(a, 0);
	ask_text(a, 1);
}

/* What a rule asks for, the first dimension in the highest bit. */
static uint32_t wishes(const struct asking *a, uint32_t rule)
{
	uint32_t w = 0;

	for (unsigned d = 0; d < DAMP_DIMS; d++)
		w = w << 1 | (a->by[d][rule / 64] >> rule % 64 & 1);
	return w;
}

struct place { uint32_t wishes, rule; };

static int by_wishes(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->wishes != b->wishes)
		return a->wishes > b->wishes ? -1 : 1;
	return a->rule < b->rule ? -1 : 1;
}

static int by_rule(const void *x, const void *y)
{
	return *(const uint16_t *)x - *(const uint16_t *)y;
}

static unsigned group(const struct place *p)
{
	return p->wishes ? 32u - (unsigned)__builtin_clz(p->wishes) : 0;
}

/* Does a group begin at i, and with it a word? */
static bool turns(const struct place *p, uint32_t i)
{
	return i > 0 && group(&p[i]) != group(&p[i - 1]);
}

/* Words that the rules take when every group begins one; without that when those
 * are too many. */
static uint32_t count_words(const struct place *p, uint32_t n, bool *apart)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++)
		at = (turns(p, i) ? (at + 63) / 64 * 64 : at) + 1;
	*apart = (at + 63) / 64 <= DAMP_ROW_WORDS_MAX;
	return *apart ? (at + 63) / 64 : (n + 63) / 64;
}

static void settle(struct damp_rows *r, const struct place *p, uint32_t n, bool apart)
{
	uint32_t at = 0;

	memset(r->rule_at, 0xff, (size_t)r->nwords * 64 * sizeof(*r->rule_at));
	for (uint32_t i = 0; i < n; i++) {
		if (apart && turns(p, i))
			at = (at + 63) / 64 * 64;
		r->rule_at[at++] = (uint16_t)p[i].rule;
	}
	for (uint32_t w = 0; w < r->nwords; w++)
		qsort(r->rule_at + (size_t)w * 64, 64, sizeof(*r->rule_at), by_rule);
	for (uint32_t i = 0; i < r->nwords * 64; i++)
		if (r->rule_at[i] != DAMP_NO_RULE)
			r->bit_of[r->rule_at[i]] = (uint16_t)i;
}

static bool place_rules(struct damp_rows *r, const struct asking *a)
{
	struct place *p = malloc((a->nrules + 1) * sizeof(*p));
	bool apart = false;

	if (p == NULL)
		return false;
	for (uint32_t i = 0; i < a->nrules; i++)
		p[i] = (struct place){ wishes(a, i), i };
	if (a->nwords > 1)
		qsort(p, a->nrules, sizeof(*p), by_wishes);
	r->nwords = a->nwords > 1 ? count_words(p, a->nrules, &apart) : a->nwords;
	r->rule_at = malloc(((size_t)r->nwords * 64 + 1) * sizeof(*r->rule_at));
	r->bit_of = malloc((a->nrules + 1) * sizeof(*r->bit_of));
	if (r->rule_at != NULL && r->bit_of != NULL)
		settle(r, p, a->nrules, apart);
	free(p);
	return r->rule_at != NULL && r->bit_of != NULL;
}

static void toggle(const struct damp_rows *r, uint64_t *words, uint32_t first, uint64_t rules)
{
	for (; rules; rules &= rules - 1) {
		const uint32_t bit = r->bit_of[first + (uint32_t)__builtin_ctzll(rules)];

		words[bit / 64] ^= 1ull << bit % 64;
	}
}

static bool write_rows(struct damp_rows *r, const struct asking *a)
{
	const uint32_t n = a->v->hdr->nrows;
	const uint64_t *old = NULL;
	uint64_t *heads = malloc((n + 1ull) * sizeof(*heads));
	uint64_t *words = calloc((size_t)n * r->nwords + 1, sizeof(*words)), *to = words;

	r->owned[0] = heads;
	r->owned[1] = words;
	if (heads == NULL || words == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++, to += r->nwords) {
		const uint64_t *now = row_of(a, i);

		if (old != NULL)
			memcpy(to, to - r->nwords, r->nwords * sizeof(*to));
		for (uint32_t w = 0; w < a->nwords; w++)
			toggle(r, to, w * 64, (now[w] ^ (old ? old[w] : 0)) & valid(a, w));
		heads[i] = damp_row_head(to, r->nwords);
		old = now;
	}
	r->heads = heads;
	r->words = words;
	return true;
}

/* Equal rows are one row, so there is at most one that holds every rule. */
static uint32_t find_all(const struct damp_rows *r, uint32_t nrows, uint32_t nrules)
{
	for (uint32_t row = 0; nrules && row < nrows; row++) {
		uint32_t held = 0;

		for (uint32_t w = 0; w < r->nwords; w++)
			held += (uint32_t)__builtin_popcountll(damp_row(r, row)[w]);
		if (held == nrules)
			return row;
	}
	return UINT32_MAX;
}

/* The same rules in the order of our bits, as rules (one word) or words. */
static uint64_t sum(const struct damp_rows *r, const struct asking *a, const uint64_t *rules)
{
	uint64_t words[DAMP_ROW_WORDS_MAX] = { 0 };

	for (uint32_t w = 0; w < a->nwords; w++)
		toggle(r, words, w * 64, rules[w]);
	return r->nwords > 1 ? damp_row_head(words, DAMP_ROW_WORDS_MAX) : words[0];
}

static bool anybody(const struct asking *a, enum damp_dimension d)
{
	for (uint32_t w = 0; w < a->nwords; w++)
		if (a->by[d][w])
			return true;
	return false;
}

static bool open_with(struct damp_rows *r, struct asking *a)
{
	ask_all(a);
	if (!place_rules(r, a))
		return false;
	r->whole = ~0ull >> (DAMP_ROW_WORDS_MAX - r->nwords) % DAMP_ROW_WORDS_MAX;
	r->heads = r->words = a->rows;
	if (r->nwords > 1 && !write_rows(r, a))
		return false;
	r->all = find_all(r, a->v->hdr->nrows, a->nrules);
	for (unsigned d = 0; d < DAMP_DIMS; d++)
		r->asked |= (uint32_t)anybody(a, d) << d;
	for (unsigned t = 0; t < 2; t++)
		r->asks_text[t] = sum(r, a, a->text[t]);
	return true;
}

bool damp_rows_open(struct damp_rows *r, const struct damp_view *v)
{
	struct asking *a = calloc(1, sizeof(*a));
	bool done;

	memset(r, 0, sizeof(*r));
	if (a == NULL)
		return false;
	a->v = v;
	a->rows = (const void *)((const uint8_t *)v->block + v->hdr->sec[DAMP_SEC_ROWS].off);
	a->nrules = v->hdr->nrules;
	a->nwords = v->hdr->nwords;
	done = open_with(r, a);
	free(a);
	return done;
}

void damp_rows_close(struct damp_rows *r)
{
	free(r->rule_at);
	free(r->bit_of);
	free(r->owned[0]);
	free(r->owned[1]);
}
