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

#include "compiled.h"
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
	const struct damp_rows *r = &t->view->rows;
	const uint64_t *s = damp_row(r, row), *c = damp_row(r, clear_row);

	for (uint32_t w = 0; w < r->nwords; w++) {
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

/* head: a text's row as rows.h has it. */
static void match_text(const struct damp_view *v, unsigned which, unsigned worker, const char *text,
		       uint32_t len, uint64_t *head, struct damp_text_cost *cost)
{
	const uint32_t nwords = v->rows.nwords, skip = damp_text_row_skip(&v->rows);
	uint64_t clear[DAMP_ROW_WORDS_MAX], *const out = head + skip;
	struct text_match t = { .view = v, .rows = &v->texts[which], .set = out, .clear = clear };
	const uint64_t *none = damp_row(&v->rows, t.rows->row_none);

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

/* A text as it lies in a message. */
struct raw_text { uint32_t off, end; uint64_t abbrev; };

ALWAYS struct raw_text raw_text(unsigned which, const struct damp_pkt *p)
{
	const struct damp_coap *m = &p->coap;

	if (which)
		return (struct raw_text){ m->query_off, m->query_end, 0 };
	return (struct raw_text){ m->path_off, m->path_end,
				  damp_coap_has(m, DAMP_OPTBIT_URI_PATH_ABBREV) ? m->abbrev + 1ull : 0 };
}

/* Rules that agree with the path (which 0) or query (1) of p, from the memo or by
 * matching. */
static __attribute__((noinline)) const uint64_t *text_row(const struct damp_view *v, unsigned which,
							  unsigned worker, const struct damp_pkt *p,
							  struct damp_text_cost *cost)
{
	const uint8_t *msg = p->data + p->frame.payload_off;
	const struct raw_text raw = raw_text(which, p);
	const uint64_t *hit;
	char text[DAMP_TEXT_BYTES_MAX];
	uint64_t key, *row;
	int len;

	key = damp_mix(damp_siphash13(&v->memo_key, msg + raw.off, raw.end - raw.off),
		       raw.abbrev << 1 | which);
	hit = damp_memo_find(v->memo[worker], key);
	if (hit != NULL) {
		cost->memo_hits++;
		return hit;
	}
	cost->memo_misses++;
	len = which ? damp_coap_query_text(msg, &p->coap, text, sizeof(text))
		    : damp_coap_path_text(msg, &p->coap, text, sizeof(text));
	row = damp_memo_put(v->memo[worker], key);
	/* A text beyond the bound matches no pattern, as an absent one would not. */
	match_text(v, which, worker, text, len < 0 ? 0 : (uint32_t)len, row, cost);
	return row;
}

void damp_view_match_empty(struct damp_view *v)
{
	static const char *const text[] = { "/", "" };
	const struct damp_rows *r = &v->rows;
	struct damp_text_cost cost = { 0 };
	uint64_t left;

	if (r->nwords == 0)
		return;
	left = r->heads[v->hdr->row_kind[DAMP_KIND_REQUEST]];
	for (unsigned t = 0; t < 2; t++) {
		match_text(v, t, 0, text[t], (uint32_t)strlen(text[t]), v->empty[t], &cost);
		v->empty_is_none[t] = memcmp(v->empty[t] + damp_text_row_skip(r),
					     damp_row(r, v->texts[t].row_none),
					     r->nwords * sizeof(*r->words)) == 0;
		left &= r->heads[v->texts[t].row_none];
	}
	v->only_by_text = left == 0;
}

/* The rows gathered so far, in registers. */
struct gather {
	const uint64_t *heads;
	uint64_t alive;
	uint32_t *to;
	uint32_t all, asked;
};

#define ASKED(d) (1u << DAMP_DIM_##d)
#define OF_FRAME (ASKED(TRUTH) | ASKED(SIZE) | ASKED(SRC_PORT) | ASKED(DST_PORT))
#define OF_ADDRESSES (ASKED(SRC) | ASKED(DST))
#define OF_MESSAGE (ASKED(TYPE) | ASKED(CODE) | ASKED(OPTIONS) | ASKED(HELLO))

/* A row that holds every rule has nothing to say. */
ALWAYS void add_row(struct gather *g, uint32_t row)
{
	if (row == g->all)
		return;
	*g->to++ = row;
	g->alive &= g->heads[row];
}

static inline uint32_t size_row(const struct damp_view *v, uint32_t size)
{
	return damp_likely(size < DAMP_SIZE_ROWS) ? v->size_row[size] :
						    interval_row(v->sizes, v->nsizes, size);
}

/* What no rule asks for is not even looked up. */
ALWAYS void add_frame(struct gather *g, const struct damp_view *v, const struct damp_pkt *p)
{
	if (g->asked & ASKED(TRUTH))
		add_row(g, v->hdr->row_truth[p->truths]);
	if (g->asked & ASKED(SIZE))
		add_row(g, size_row(v, p->frame.payload_len));
	if (g->asked & ASKED(SRC_PORT))
		add_row(g, interval_row(v->src_ports, v->nsrc_ports, p->frame.sport));
	if (g->asked & ASKED(DST_PORT))
		add_row(g, interval_row(v->dst_ports, v->ndst_ports, p->frame.dport));
}

ALWAYS void add_addresses(struct gather *g, const struct damp_view *v, const struct damp_pkt *p)
{
	if (g->asked & ASKED(SRC))
		add_row(g, damp_view_src_row(v, p->src_class, p->src_sets, p->side));
	if (g->asked & ASKED(DST))
		add_row(g, damp_view_dst_row(v, p->dst_class, p->dst_sets, p->side));
}

ALWAYS void add_options(struct gather *g, const struct damp_view *v, uint64_t options)
{
	for (uint32_t i = 0; i < v->noptions; i++)
		add_row(g, options & v->options[i].mask ? v->options[i].row_any : v->options[i].row_none);
}

ALWAYS void add_message(struct gather *g, const struct damp_view *v, const struct damp_pkt *p)
{
	const bool coap = p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE ||
			  p->kind == DAMP_KIND_EMPTY;

	if (g->asked & ASKED(TYPE))
		add_row(g, v->hdr->row_type[coap ? p->coap.type & 3 : 4]);
	if (g->asked & ASKED(CODE))
		add_row(g, v->hdr->row_code[coap ? p->coap.code : 256]);
	if (g->asked & ASKED(OPTIONS))
		add_options(g, v, !coap ? 0 : damp_unlikely(v->noption_values) ? damp_options_and_values(v, p) : p->coap.options);
	if (p->kind == DAMP_KIND_DTLS && (g->asked & ASKED(HELLO)))
		add_row(g, v->hdr->row_hello[p->hello]);
}

/* All but the texts. */
ALWAYS void gather(struct damp_matches *m, const struct damp_view *v, const struct damp_pkt *p)
{
	struct gather g = {
		.heads = v->rows.heads, .to = m->row, .all = v->rows.all, .asked = v->rows.asked
	};

	/* Whatever is in the rows, no bit is left but a rule's, or a word's. */
	g.alive = v->rows.nwords == 1 ? damp_live_mask(v, 0) : v->rows.whole;
	add_row(&g, v->hdr->row_kind[p->kind]);
	if (g.asked & OF_FRAME)
		add_frame(&g, v, p);
	if (g.asked & OF_ADDRESSES)
		add_addresses(&g, v, p);
	if (g.asked & OF_MESSAGE)
		add_message(&g, v, p);
	m->nrows = (uint32_t)(g.to - m->row);
	m->alive = g.alive;
}

/* From the last row to the first: texts and addresses leave the fewest rules. */
static uint64_t and_word(const struct damp_matches *m, uint32_t word)
{
	const struct damp_rows *r = &m->view->rows;
	uint64_t bits = damp_live_mask(m->view, word);

	for (uint32_t i = 0; i < m->ntexts; i++)
		bits &= m->text[i][word];
	for (uint32_t i = m->nrows; i > 0 && bits; i--)
		bits &= damp_row(r, m->row[i - 1])[word];
	return bits;
}

/* Has a text a say in a rule that agrees with all rows so far? Words without such a
 * rule are alive no more. */
static __attribute__((noinline)) bool text_matters(struct damp_matches *m, uint64_t asking)
{
	for (uint64_t words = asking; words; words &= words - 1) {
		if (and_word(m, (uint32_t)__builtin_ctzll(words)))
			return true;
		m->alive &= ~(words & -words);
	}
	return false;
}

/* The row of a text that no pattern matches. */
ALWAYS void add_none(struct damp_matches *m, unsigned text)
{
	const uint32_t row = m->view->texts[text].row_none;

	m->row[m->nrows++] = row;
	m->alive &= m->view->rows.heads[row];
}

/* Is it known, without making the text, that no pattern matches it? */
ALWAYS bool no_pattern(const struct damp_view *v, unsigned text, const struct damp_pkt *p)
{
	const struct raw_text raw = raw_text(text, p);

	if (raw.abbrev != 0)
		return false;
	if (raw.off == raw.end)
		return v->empty_is_none[text];
	return !damp_sieve_lets_by(&v->sieve[text], p->data, p->frame.payload_off + raw.off,
				   p->frame.payload_off + raw.end);
}

/* let_by: the sieve was asked, and a pattern may match. */
ALWAYS void add_text(struct damp_matches *m, unsigned text, unsigned worker, const struct damp_pkt *p,
		     bool let_by, struct damp_text_cost *cost)
{
	const struct damp_view *v = m->view;
	const uint64_t asking = m->alive & v->rows.asks_text[text], *row;
	const struct raw_text raw = raw_text(text, p);

	if (asking == 0)
		return;
	if (!let_by && no_pattern(v, text, p)) {
		add_none(m, text);
		return;
	}
	if (raw.off == raw.end && raw.abbrev == 0)
		row = v->empty[text];
	else if (v->rows.nwords > 1 && !text_matters(m, asking))
		return;
	else
		row = text_row(v, text, worker, p, cost);
	m->alive &= row[0];
	m->text[m->ntexts++] = row + damp_text_row_skip(&v->rows);
}

static __attribute__((noinline)) void begin(struct damp_matches *m, const struct damp_view *v,
					    unsigned worker, const struct damp_pkt *p, bool path_let_by,
					    struct damp_text_cost *cost)
{
	m->view = v;
	m->nrows = m->ntexts = 0;
	gather(m, v, p);
	if (p->kind == DAMP_KIND_REQUEST) {
		add_text(m, 0, worker, p, path_let_by, cost);
		add_text(m, 1, worker, p, false, cost);
	}
	m->fresh = m->alive;
}

static void begin_empty(struct damp_matches *m, const struct damp_view *v)
{
	m->view = v;
	m->alive = m->fresh = 0;
}

/* Where every rule asks for a path or query, a request whose texts match no pattern
 * need not be looked at further. */
void damp_matches_begin(struct damp_matches *m, const struct damp_view *v, unsigned worker,
			const struct damp_pkt *p, struct damp_text_cost *cost)
{
	if (v->rows.nwords == 0) {
		begin_empty(m, v);
	} else if (!v->only_by_text || p->kind != DAMP_KIND_REQUEST) {
		begin(m, v, worker, p, false, cost);
	} else if (!no_pattern(v, 0, p)) {
		begin(m, v, worker, p, true, cost);
	} else if (!no_pattern(v, 1, p)) {
		begin(m, v, worker, p, false, cost);
	} else {
		begin_empty(m, v);
	}
}

/* The rules left of a word that is alive. */
static uint64_t left_of(struct damp_matches *m, uint32_t word)
{
	const uint64_t bit = 1ull << word;

	if (m->fresh & bit) {
		m->fresh &= ~bit;
		m->bits[word] = and_word(m, word);
		if (m->bits[word] == 0)
			m->alive &= ~bit;
	}
	return m->bits[word];
}

bool damp_matches_any(struct damp_matches *m)
{
	if (m->view->rows.nwords <= 1)
		return m->alive != 0;
	for (uint64_t words = m->alive; words; words &= words - 1)
		if (left_of(m, (uint32_t)__builtin_ctzll(words)))
			return true;
	return false;
}

/* The first rule of all words: a word whose first rule comes later than one that was
 * found need not be looked at. */
static int32_t next_of_words(struct damp_matches *m)
{
	const uint16_t *rule_at = m->view->rows.rule_at;
	uint32_t first = DAMP_NO_RULE, at = 0;

	for (uint64_t words = m->alive; words; words &= words - 1) {
		const uint32_t word = (uint32_t)__builtin_ctzll(words);
		const uint64_t bits = rule_at[word * 64] < first ? left_of(m, word) : 0;
		const uint32_t rule = bits ? rule_at[word * 64 + (uint32_t)__builtin_ctzll(bits)] :
					     DAMP_NO_RULE;

		if (rule < first) {
			first = rule;
			at = word;
		}
	}
	if (first == DAMP_NO_RULE)
		return -1;
	m->bits[at] &= m->bits[at] - 1;
	if (m->bits[at] == 0)
		m->alive &= ~(1ull << at);
	return (int32_t)first;
}

int32_t damp_matches_next(struct damp_matches *m)
{
	int32_t at;

	if (m->view->rows.nwords > 1)
		return next_of_words(m);
	if (m->alive == 0)
		return -1;
	at = __builtin_ctzll(m->alive);
	m->alive &= m->alive - 1;
	return at;
}
