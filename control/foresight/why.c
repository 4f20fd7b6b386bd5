/* SPDX-License-Identifier: BSD-3-Clause */
/* See why.h. */
#include "why.h"

#include "live.h"

#include <hs.h>

/* One rule and one packet. */
struct question {
	const struct damp_view *v;
	const struct damp_pkt *p;
	uint32_t rule;
};

const char *damp_why_key(enum damp_why why)
{
	static const char *const key[] = {
		"",
#define X(id, text) text,
		DAMP_WHYS(X)
#undef X
	};

	return key[why];
}

static bool in_row(const struct question *q, uint32_t row)
{
	return damp_row_has(&q->v->rows, damp_row(&q->v->rows, row), q->rule);
}

static bool number_agrees(const struct question *q, const struct damp_interval *iv, uint32_t n,
			  uint32_t value)
{
	uint32_t row = iv[0].row;

	for (uint32_t i = 0; i < n; i++)
		if (iv[i].start <= value)
			row = iv[i].row;
	return in_row(q, row);
}

/* The class of the last range that does not begin behind the address. */
static uint16_t class_of(const struct damp_view *v, const struct damp_addr *a)
{
	const uint64_t hi = damp_get64(a->b), lo = damp_get64(a->b + 8);
	uint16_t cls = 0;

	if (damp_addr_is_v4(a)) {
		for (uint32_t i = 0; i < v->nranges4; i++)
			if (v->ranges4[i].start <= damp_addr_v4(a))
				cls = v->ranges4[i].cls;
		return cls;
	}
	for (uint32_t i = 0; i < v->nranges6; i++) {
		const struct damp_range6 *r = &v->ranges6[i];

		if (r->start_hi < hi || (r->start_hi == hi && r->start_lo <= lo))
			cls = r->cls;
	}
	return cls;
}

static bool address_agrees(const struct question *q, bool source, struct damp_why_not *out)
{
	const uint16_t cls = class_of(q->v, source ? &q->p->frame.src : &q->p->frame.dst);
	uint32_t row[DAMP_SIDE_MAX];

	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
		row[side] = source ? damp_view_src_row(q->v, cls, q->p->src_sets, side)
				   : damp_view_dst_row(q->v, cls, q->p->dst_sets, side);

	out->only_side = in_row(q, row[!q->p->side]);
	return in_row(q, row[q->p->side]);
}

static bool has_content(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE ||
	       p->kind == DAMP_KIND_EMPTY;
}

static bool options_agree(const struct question *q, struct damp_why_not *out)
{
	const uint64_t present = has_content(q->p) ? damp_options_and_values(q->v, q->p) : 0;

	for (uint32_t i = 0; i < q->v->noptions; i++) {
		const struct damp_option_rows *o = &q->v->options[i];
		const bool any = present & o->mask;

		if (in_row(q, any ? o->row_any : o->row_none))
			continue;
		out->options = o->mask;
		out->options_wanted = !any;
		return false;
	}
	return true;
}

uint32_t damp_why_text(const struct damp_pkt *p, unsigned which, char *out)
{
	const uint8_t *msg = p->data + p->frame.payload_off;
	const int n = which ? damp_coap_query_text(msg, &p->coap, out, DAMP_TEXT_BYTES_MAX)
			    : damp_coap_path_text(msg, &p->coap, out, DAMP_TEXT_BYTES_MAX);

	return n < 0 ? 0 : (uint32_t)n;
}

/* What the patterns that match a text say about the rule. */
struct said {
	const struct question *q;
	const struct damp_text_rows *t;
	bool set, clear;
};

static void say(struct said *s, uint32_t row, uint32_t clear_row)
{
	s->set |= in_row(s->q, row);
	s->clear |= in_row(s->q, clear_row);
}

static int on_scan(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		   void *ctx)
{
	struct said *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	if (id < s->t->nscan)
		say(s, s->t->scan_rows + id, s->t->scan_clear_rows + id);
	return 0;
}

static bool text_agrees(const struct question *q, unsigned which)
{
	const struct damp_view *v = q->v;
	struct said s = { .q = q, .t = &v->texts[which] };
	char text[DAMP_TEXT_BYTES_MAX];
	uint32_t len;

	if (q->p->kind != DAMP_KIND_REQUEST || !s.t->used)
		return true;
	len = damp_why_text(q->p, which, text);
	for (uint32_t i = 0; i < s.t->nliterals + s.t->nprefixes; i++) {
		const bool prefix = i >= s.t->nliterals;
		const struct damp_text_literal *l = v->literals +
						    (prefix ? s.t->prefixes + i - s.t->nliterals
							    : s.t->literals + i);

		if ((prefix ? l->text_len <= len : l->text_len == len) &&
		    memcmp(v->strings + l->text_off, text, l->text_len) == 0)
			say(&s, l->row, l->clear_row);
	}
	if (s.t->nscan)
		hs_scan(v->hs[which], text, len, 0, v->scratch[0], on_scan, &s);
	return s.set || (in_row(q, s.t->row_none) && !s.clear);
}

/* Of the two truths that rules ask for, the one that disagrees. */
static enum damp_why truth_agrees(const struct question *q)
{
	const uint32_t *row = q->v->hdr->row_truth;

	if (in_row(q, row[q->p->truths]))
		return DAMP_WHY_MATCHES;
	if (in_row(q, row[q->p->truths ^ DAMP_TRUTH_SOLICITED]))
		return DAMP_WHY_SOLICITED;
	return DAMP_WHY_VERIFIED;
}

static bool header_agrees(const struct question *q, bool type)
{
	const struct damp_program_hdr *h = q->v->hdr;
	const bool there = has_content(q->p);

	if (type)
		return in_row(q, h->row_type[there ? q->p->coap.type & 3u : 4u]);
	return in_row(q, h->row_code[there ? q->p->coap.code : 256u]);
}

/* Asked of DTLS only: a rule that asks for it is of no other kind. */
static enum damp_why hello_agrees(const struct question *q)
{
	if (q->p->kind != DAMP_KIND_DTLS || in_row(q, q->v->hdr->row_hello[q->p->hello]))
		return DAMP_WHY_MATCHES;
	return q->p->hello == DAMP_HELLO_NONE ? DAMP_WHY_DTLS : DAMP_WHY_COOKIE;
}

/* What the last evaluation said; its end before its schedules, as it does. */
static enum damp_why time_agrees(const struct question *q)
{
	if (damp_row_has(&q->v->rows, q->v->live.mask, q->rule))
		return DAMP_WHY_MATCHES;
	return q->v->rules[q->rule].until_s <= q->v->live.least_s ? DAMP_WHY_UNTIL : DAMP_WHY_WHEN;
}

struct damp_why_not damp_why_not(const struct damp_view *v, const struct damp_pkt *p, uint32_t rule)
{
	const struct question q = { .v = v, .p = p, .rule = rule };
	struct damp_why_not out = { .why = DAMP_WHY_MATCHES };

	if (damp_live_mode(v, rule) == DAMP_MODE_OFF)
		out.why = DAMP_WHY_OFF;
	else if ((out.why = time_agrees(&q)) != DAMP_WHY_MATCHES)
		return out;
	else if (!address_agrees(&q, true, &out))
		out.why = DAMP_WHY_FROM;
	else if (!address_agrees(&q, false, &out))
		out.why = DAMP_WHY_TO;
	else if (!number_agrees(&q, v->src_ports, v->nsrc_ports, p->frame.sport))
		out.why = DAMP_WHY_FROM_PORT;
	else if (!number_agrees(&q, v->dst_ports, v->ndst_ports, p->frame.dport))
		out.why = DAMP_WHY_TO_PORT;
	else if (!in_row(&q, v->hdr->row_kind[p->kind]))
		out.why = DAMP_WHY_MSG;
	else if (!header_agrees(&q, true))
		out.why = DAMP_WHY_TYPE;
	else if (!header_agrees(&q, false))
		out.why = DAMP_WHY_CODE;
	else if (!text_agrees(&q, 0))
		out.why = DAMP_WHY_PATH;
	else if (!text_agrees(&q, 1))
		out.why = DAMP_WHY_QUERY;
	else if (!options_agree(&q, &out))
		out.why = DAMP_WHY_OPTION;
	else if (!number_agrees(&q, v->sizes, v->nsizes, p->frame.payload_len))
		out.why = DAMP_WHY_SIZE;
	else
		out.why = truth_agrees(&q);
	if (out.why == DAMP_WHY_MATCHES)
		out.why = hello_agrees(&q);
	return out;
}
