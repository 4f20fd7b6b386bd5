/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gathering rows and walking matches; see classify.h.
 *
 * Texts are asked of requests only (program.h); literals and prefixes are
 * looked up by hash, prefixes once per separator; only real patterns are
 * scanned.
 *
 * Reference: program.h; Hyperscan block mode, one report per pattern.
 */
#include "classify.h"

#include "live.h"
#include "memo.h"

#include <hs.h>

static uint32_t interval_row(const struct damp_interval *v, uint32_t n, uint32_t x)
{
	uint32_t lo = 0, hi = n - 1;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo + 1) / 2;

		if (v[mid].start <= x)
			lo = mid;
		else
			hi = mid - 1;
	}
	return v[lo].row;
}

struct text_match {
	const struct damp_view *view;
	const struct damp_text_rows *rows;
	uint64_t *set;
	uint64_t *clear;
};

static void apply(const struct text_match *t, uint32_t row, uint32_t clear_row)
{
	const uint64_t *s = damp_view_row(t->view, row), *c = damp_view_row(t->view, clear_row);

	for (uint32_t w = 0; w < t->view->hdr->nwords; w++) {
		t->set[w] |= s[w];
		t->clear[w] |= c[w];
	}
}

static void match_hashed(const struct text_match *t, uint32_t first, uint32_t n, uint64_t hash,
			 const char *text, uint32_t len)
{
	const struct damp_text_literal *l = t->view->literals + first;
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;

		if (l[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && l[lo].hash == hash; lo++)
		if (l[lo].text_len == len && memcmp(t->view->strings + l[lo].text_off, text, len) == 0)
			apply(t, l[lo].row, l[lo].clear_row);
}

/* A prefix ends in the separator, so only the places right behind one count. */
static void match_prefixes(const struct text_match *t, char separator, const char *text, uint32_t len)
{
	uint64_t h = damp_fnv1a("", 0);

	for (uint32_t i = 0; i < len; i++) {
		h = (h ^ (uint8_t)text[i]) * DAMP_FNV1A_PRIME;
		if (text[i] == separator)
			match_hashed(t, t->rows->prefixes, t->rows->nprefixes, h, text, i + 1);
	}
}

static int on_pattern(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	const struct text_match *t = ctx;

	(void)from;
	(void)to;
	(void)flags;
	if (id < t->rows->nscan)
		apply(t, t->rows->scan_rows + id, t->rows->scan_clear_rows + id);
	return 0;
}

/* out: the head of a row, and its words behind it. */
static void match_text(const struct damp_view *v, unsigned which, unsigned worker, const char *text, uint32_t len,
		       uint64_t *head, struct damp_text_cost *cost)
{
	const uint32_t nwords = v->hdr->nwords, skip = damp_view_skip(v);
	uint64_t clear[DAMP_RULES_MAX / 64], *const out = head + skip;
	struct text_match t = { .view = v, .rows = &v->texts[which], .set = out, .clear = clear };
	const uint64_t *none = damp_view_row(v, t.rows->row_none);

	memset(out, 0, nwords * sizeof(*out));
	memset(clear, 0, nwords * sizeof(*clear));
	if (t.rows->nliterals)
		match_hashed(&t, t.rows->literals, t.rows->nliterals, damp_fnv1a(text, len), text, len);
	if (t.rows->nprefixes)
		match_prefixes(&t, which ? '&' : '/', text, len);
	if (t.rows->nscan) {
		cost->hs_scans++;
		hs_scan(v->hs[which], text, len, 0, v->scratch[worker], on_pattern, &t);
	}
	for (uint32_t w = 0; w < nwords; w++)
		out[w] |= none[w] & ~clear[w];
	if (skip)
		head[0] = damp_row_head(out, nwords);
}

/* Rules that agree with the path (which 0) or query (1) of p, from the memo or
 * by matching. */
static const uint64_t *text_row(const struct damp_view *v, unsigned which, unsigned worker,
				const struct damp_pkt *p, struct damp_text_cost *cost)
{
	const struct damp_coap *m = &p->coap;
	const uint8_t *msg = p->data + p->frame.payload_off;
	const uint16_t off = which ? m->query_off : m->path_off, end = which ? m->query_end : m->path_end;
	const uint64_t abbrev = !which && damp_coap_has(m, DAMP_OPTBIT_URI_PATH_ABBREV) ? m->abbrev + 1ull : 0;
	const uint64_t *hit;
	char text[DAMP_TEXT_BYTES_MAX];
	uint64_t key, *row;
	int len;

	if (off == end && abbrev == 0)
		return v->empty[which];
	key = damp_mix(damp_siphash13(&v->memo_key, msg + off, end - off), abbrev << 1 | which);
	hit = damp_memo_find(v->memo[worker], key);
	if (hit != NULL) {
		cost->memo_hits++;
		return hit;
	}
	cost->memo_misses++;
	len = which ? damp_coap_query_text(msg, m, text, sizeof(text)) : damp_coap_path_text(msg, m, text, sizeof(text));
	row = damp_memo_put(v->memo[worker], key);
	/* A text beyond the bound matches no pattern, as an absent one would not. */
	match_text(v, which, worker, text, len < 0 ? 0 : (uint32_t)len, row, cost);
	return row;
}

void damp_view_match_empty(struct damp_view *v)
{
	static const char *const text[] = { "/", "" };
	struct damp_text_cost cost = { 0 };

	for (unsigned t = 0; t < 2; t++)
		match_text(v, t, 0, text[t], (uint32_t)strlen(text[t]), v->empty[t], &cost);
}

/* The head of a row of one word is that word, so that alive holds rules then,
 * and words else. */
static void add_head(struct damp_matches *m, const uint64_t *head)
{
	m->row[m->nrows++] = head;
	m->alive &= head[0];
}

/* A row that holds every rule has nothing to say. */
static void add_row(struct damp_matches *m, uint32_t row)
{
	if (row != m->view->row_all)
		add_head(m, damp_view_head(m->view, row));
}

static void add_coap(struct damp_matches *m, const struct damp_view *v, const struct damp_pkt *p)
{
	add_row(m, v->hdr->row_type[p->coap.type & 3]);
	add_row(m, v->hdr->row_code[p->coap.code]);
	for (uint32_t i = 0; i < v->noptions; i++)
		add_row(m, p->coap.options & v->options[i].mask ? v->options[i].row_any : v->options[i].row_none);
}

static void add_no_coap(struct damp_matches *m, const struct damp_view *v)
{
	add_row(m, v->hdr->row_type[4]);
	add_row(m, v->hdr->row_code[256]);
	for (uint32_t i = 0; i < v->noptions; i++)
		add_row(m, v->options[i].row_none);
}

/* From the last row to the first: texts and addresses leave the fewest rules. */
static uint64_t and_word(const struct damp_matches *m, uint32_t word)
{
	uint64_t bits = ~0ull;

	for (uint32_t i = m->nrows; i > 0 && bits; i--)
		bits &= m->row[i - 1][1 + word];
	return bits;
}

typedef uint64_t two_words __attribute__((vector_size(16)));
#define BLOCK_WORDS 8u
#define BLOCK_PAIRS (BLOCK_WORDS / 2)

/* Has any of the BLOCK_WORDS words from `word` on a rule in all rows? */
static bool block_left(const struct damp_matches *m, uint32_t word)
{
	two_words bits[BLOCK_PAIRS], row[BLOCK_PAIRS], any;

	memset(bits, 0xff, sizeof(bits));
	for (uint32_t i = m->nrows; i > 0; i--) {
		memcpy(row, m->row[i - 1] + 1 + word, sizeof(row));
		for (unsigned k = 0; k < BLOCK_PAIRS; k++)
			bits[k] &= row[k];
		any = (bits[0] | bits[1]) | (bits[2] | bits[3]);
		if ((any[0] | any[1]) == 0)
			return false;
	}
	return true;
}

/* Words that are not alive in truth, found out by the block: of a thousand rules
 * nearly all are ruled out so, and a word by itself costs four times as much. */
static void drop_blocks(struct damp_matches *m)
{
	for (uint32_t word = 0; word + BLOCK_WORDS <= m->view->hdr->nwords; word += BLOCK_WORDS) {
		const uint64_t of = ((1ull << BLOCK_WORDS) - 1) << word;

		if ((m->alive & of) && !block_left(m, word))
			m->alive &= ~of;
	}
}

/* Go to the next word that has a rule in all rows. False: there is none. */
static bool next_word(struct damp_matches *m)
{
	while (m->alive && m->bits == 0) {
		m->word = (uint32_t)__builtin_ctzll(m->alive);
		m->alive &= m->alive - 1;
		m->bits = and_word(m, m->word) & damp_live_mask(m->view, m->word);
	}
	return m->bits != 0;
}

/* Does a rule agree with all rows so far? */
static bool any_left(struct damp_matches *m)
{
	if (!damp_view_skip(m->view))
		return m->alive != 0;
	drop_blocks(m);
	for (uint64_t words = m->alive; words; words &= words - 1)
		if (and_word(m, (uint32_t)__builtin_ctzll(words)))
			return true;
	return false;
}

static void add_texts(struct damp_matches *m, unsigned worker, const struct damp_pkt *p, struct damp_text_cost *cost)
{
	const struct damp_text_rows *texts = m->view->texts;

	if (p->kind != DAMP_KIND_REQUEST || (!texts[0].used && !texts[1].used))
		return;
	if (!any_left(m)) {
		m->alive = 0;
		return;
	}
	for (unsigned t = 0; t < 2; t++) {
		if (texts[t].used)
			add_head(m, text_row(m->view, t, worker, p, cost));
	}
}

void damp_matches_begin(struct damp_matches *m, const struct damp_view *v, unsigned worker,
			const struct damp_pkt *p, struct damp_text_cost *cost)
{
	const bool coap = p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE || p->kind == DAMP_KIND_EMPTY;

	m->view = v;
	m->nrows = 0;
	m->word = 0;
	m->bits = 0;
	m->alive = v->hdr->nwords ? ~0ull : 0;
	if (v->hdr->nwords == 0)
		return;
	/* In any case one row: no bit but a rule's may be left. */
	add_head(m, damp_view_head(v, v->hdr->row_kind[p->kind]));
	add_row(m, v->hdr->row_truth[p->truths]);
	add_row(m, interval_row(v->sizes, v->nsizes, p->frame.payload_len));
	add_row(m, interval_row(v->src_ports, v->nsrc_ports, p->frame.sport));
	add_row(m, interval_row(v->dst_ports, v->ndst_ports, p->frame.dport));
	if (p->kind == DAMP_KIND_DTLS)
		add_row(m, v->hdr->row_hello[p->hello]);
	if (coap)
		add_coap(m, v, p);
	else
		add_no_coap(m, v);
	add_row(m, damp_view_src_row(v, p->src_class, p->src_sets, p->side));
	add_row(m, damp_view_dst_row(v, p->dst_class, p->dst_sets, p->side));
	add_texts(m, worker, p, cost);
	if (damp_view_skip(v)) {
		drop_blocks(m);
	} else {
		m->bits = m->alive & damp_live_mask(v, 0);
		m->alive = 0;
	}
}

bool damp_matches_any(struct damp_matches *m)
{
	return m->bits != 0 || next_word(m);
}

int32_t damp_matches_next(struct damp_matches *m)
{
	int32_t at;

	if (m->bits == 0 && !next_word(m))
		return -1;
	at = __builtin_ctzll(m->bits);
	m->bits &= m->bits - 1;
	return (int32_t)(m->word * 64) + at;
}
