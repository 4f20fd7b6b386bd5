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

static void match_text(const struct damp_view *v, unsigned which, unsigned worker, const char *text, uint32_t len,
		       uint64_t *out, struct damp_text_cost *cost)
{
	uint64_t clear[DAMP_RULES_MAX / 64] = { 0 };
	struct text_match t = { .view = v, .rows = &v->texts[which], .set = out, .clear = clear };
	const uint64_t *none = damp_view_row(v, t.rows->row_none);

	memset(out, 0, v->hdr->nwords * sizeof(*out));
	if (t.rows->nliterals)
		match_hashed(&t, t.rows->literals, t.rows->nliterals, damp_fnv1a(text, len), text, len);
	if (t.rows->nprefixes)
		match_prefixes(&t, which ? '&' : '/', text, len);
	if (t.rows->nscan) {
		cost->hs_scans++;
		hs_scan(v->hs[which], text, len, 0, v->scratch[worker], on_pattern, &t);
	}
	for (uint32_t w = 0; w < v->hdr->nwords; w++)
		out[w] |= none[w] & ~clear[w];
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
	const uint64_t raw = damp_siphash13(&v->memo_key, msg + off, end - off);
	const uint64_t key = damp_hash2(&v->memo_key, raw, abbrev << 1 | which);
	const uint64_t *hit = damp_memo_find(v->memo[worker], key);
	char text[DAMP_TEXT_BYTES_MAX];
	uint64_t *row;
	int len;

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

static void add_row(struct damp_matches *m, uint32_t row)
{
	m->row[m->nrows++] = damp_view_row(m->view, row);
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

static bool any_left(const struct damp_matches *m)
{
	for (uint32_t w = 0; w < m->view->hdr->nwords; w++) {
		uint64_t b = m->row[0][w];

		for (uint32_t i = 1; i < m->nrows && b; i++)
			b &= m->row[i][w];
		if (b)
			return true;
	}
	return false;
}

void damp_matches_begin(struct damp_matches *m, const struct damp_view *v, unsigned worker,
			const struct damp_pkt *p, struct damp_text_cost *cost)
{
	const bool coap = p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE || p->kind == DAMP_KIND_EMPTY;

	m->view = v;
	m->nrows = 0;
	m->word = 0;
	m->bits = 0;
	if (v->hdr->nwords == 0)
		return;
	add_row(m, v->hdr->row_kind[p->kind]);
	add_row(m, v->classes[p->src_class].src_row[p->side]);
	add_row(m, v->classes[p->dst_class].dst_row[p->side]);
	add_row(m, v->hdr->row_truth[p->truths]);
	add_row(m, interval_row(v->sizes, v->nsizes, p->frame.payload_len));
	add_row(m, interval_row(v->src_ports, v->nsrc_ports, p->frame.sport));
	add_row(m, interval_row(v->dst_ports, v->ndst_ports, p->frame.dport));
	if (coap)
		add_coap(m, v, p);
	else
		add_no_coap(m, v);
	if (p->kind != DAMP_KIND_REQUEST || (!v->texts[0].used && !v->texts[1].used))
		return;
	if (!any_left(m)) {
		m->word = v->hdr->nwords;
		return;
	}
	for (unsigned t = 0; t < 2; t++) {
		if (v->texts[t].used)
			m->row[m->nrows++] = text_row(v, t, worker, p, cost);
	}
}

int32_t damp_matches_next(struct damp_matches *m)
{
	int32_t at;

	while (m->bits == 0) {
		if (m->word >= m->view->hdr->nwords)
			return -1;
		m->bits = m->row[0][m->word];
		for (uint32_t i = 1; i < m->nrows && m->bits; i++)
			m->bits &= m->row[i][m->word];
		m->bits &= damp_live_mask(m->view, m->word);
		m->word++;
	}
	at = __builtin_ctzll(m->bits);
	m->bits &= m->bits - 1;
	return (int32_t)((m->word - 1) * 64) + at;
}
