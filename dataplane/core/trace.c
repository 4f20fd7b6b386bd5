/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing down what is judged for a trace; see tap.h.
 *
 * Idea: the filter is asked twice. Before the decision is carried out, when all
 * that was looked at still stands as it did, the record is filled if the
 * decision is one that is wanted; behind it the record is kept if what happened
 * is. The two differ only when another worker has spent a budget in between, or
 * a frame could not be built; what is wanted then and was not filled is counted
 * as missed.
 *
 * Invariant: one record costs a second decision and some hashes, so their number
 * in a second is bounded before any of that is done.
 */
#include "finding.h"
#include "decision.h"
#include "slot.h"

bool damp_trace_look(struct damp_tap *t)
{
	const struct damp_trace_file *f = t->trace_file;

	if (t->session != f->session) {
		t->session = f->session;
		t->traced = 0;
	}
	return t->traced < f->most;
}

static bool is_at(const struct damp_trace_end *e, const struct damp_addr *a)
{
	const unsigned bits = e->bits < 128 ? e->bits : 128, whole = bits / 8;

	if (memcmp(e->addr, a->b, whole) != 0)
		return false;
	return bits % 8 == 0 || ((e->addr[whole] ^ a->b[whole]) & (uint8_t)(0xff00u >> bits % 8)) == 0;
}

static bool ends_agree(const struct damp_trace_filter *f, const struct damp_pkt *p)
{
	const struct damp_frame *m = &p->frame;

	if (f->port != 0 && f->port != m->sport && f->port != m->dport)
		return false;
	return is_at(&f->from, &m->src) && is_at(&f->to, &m->dst) &&
	       (is_at(&f->host, &m->src) || is_at(&f->host, &m->dst));
}

static bool path_agrees(const struct damp_trace_filter *f, const struct damp_pkt *p)
{
	const uint32_t want = f->path_len < sizeof(f->path) ? f->path_len : sizeof(f->path);
	char text[DAMP_TEXT_BYTES_MAX];
	int len;

	if (want == 0)
		return true;
	if (p->kind != DAMP_KIND_REQUEST)
		return false;
	len = damp_coap_path_text(p->data + p->frame.payload_off, &p->coap, text, sizeof(text));
	if (len < (int)want || memcmp(text, f->path, want) != 0)
		return false;
	return len == (int)want || (f->path_prefix && (text[want] == '/' || f->path[want - 1] == '/'));
}

static bool has_code(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE || p->kind == DAMP_KIND_EMPTY;
}

bool damp_trace_wants(const struct damp_trace_filter *f, const struct damp_pkt *p)
{
	if (!(f->sides >> p->side & 1) || !(f->kinds >> p->kind & 1))
		return false;
	if (f->code != DAMP_TRACE_ANY_CODE && (!has_code(p) || f->code != p->coap.code))
		return false;
	return ends_agree(f, p) && path_agrees(f, p);
}

static bool is_of_rule(const struct damp_ctx *c, const struct damp_decision *d, uint32_t slot)
{
	for (unsigned i = 0; i < d->nmatched; i++)
		if (c->v->rule_slot[d->matched[i]] == slot)
			return true;
	return slot == 0;
}

static bool wanted(const struct damp_ctx *c, const struct damp_decision *d, uint8_t verdict, uint8_t reason)
{
	const struct damp_trace_file *t = c->w->tap.trace_file;
	const struct damp_trace_filter *f = &t->filter;

	return (f->verdicts >> verdict & 1) && (f->reason == DAMP_TRACE_ANY_REASON || f->reason == reason) &&
	       is_of_rule(c, d, t->rule_slot);
}

static void count(uint64_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

/* The reason as damp_commit() will have it. */
static uint8_t reason_of(const struct damp_pkt *p, const struct damp_decision *d)
{
	return p->held && d->move == DAMP_MOVE_DROP ? (uint8_t)DAMP_REASON_HELD_EXPIRED : d->reason;
}

void damp_trace_begin(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		      struct damp_tapped *out)
{
	struct damp_tap *t = &c->w->tap;
	struct damp_trace_ring *ring = t->trace_ring;
	struct damp_trace_record *r = &ring->slot[ring->head % DAMP_TRACE_SLOTS];

	count(&ring->looked);
	out->trace = NULL;
	out->trace_fits = t->traced < t->trace_file->most && damp_trace_wants(&t->trace_file->filter, p);
	if (!out->trace_fits || !wanted(c, d, d->verdict, reason_of(p, d)) ||
	    !damp_tap_afford(&t->trace_budget, c->now, DAMP_TRACE_PER_S))
		return;
	damp_slot_open(&r->seq);
	r->side = p->side;
	r->len = p->len;
	r->caplen = p->len < DAMP_TRACE_SNAP ? p->len : DAMP_TRACE_SNAP;
	memcpy(r->data, p->data, r->caplen);
	damp_finding_open(c, p, d, &r->found);
	out->trace = r;
}

static void copy_sent(const struct damp_pkt *p, struct damp_trace_record *r)
{
	r->sent_len = r->found.changed ? p->out_len : 0;
	r->sent_caplen = r->sent_len < DAMP_TRACE_SENT ? r->sent_len : DAMP_TRACE_SENT;
	memcpy(r->sent, p->data, r->sent_caplen);
}

void damp_trace_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		    const struct damp_tapped *copies)
{
	struct damp_tap *t = &c->w->tap;
	struct damp_trace_ring *ring = t->trace_ring;
	struct damp_trace_record *r = copies->trace;
	const uint64_t seq = ring->head;

	if (!copies->trace_fits || !wanted(c, d, p->verdict, p->reason))
		return;
	if (r == NULL) {
		count(&ring->missed);
		return;
	}
	t->trace_budget.left--;
	t->traced++;
	damp_finding_close(p, d, &r->found);
	copy_sent(p, r);
	r->wall_us = damp_wall_us(c);
	damp_slot_close(&r->seq, &ring->head, seq);
}
