/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copying frames for a capture; see tap.h.
 *
 * A copy that is not wanted after all leaves its slot marked and the head where
 * it was, so that no reader takes it.
 */
#include "decision.h"
#include "slot.h"

bool damp_tap_afford(struct damp_tap_budget *b, damp_tick now, unsigned per_s)
{
	if (now >= b->second + DAMP_TICK_HZ || now < b->second) {
		b->second = now;
		b->left = per_s;
	}
	return b->left > 0;
}

static struct damp_capture_record *copy_frame(struct damp_tap *t, const struct damp_pkt *p, damp_tick now)
{
	struct damp_capture_record *r = &t->ring->slot[t->ring->head % DAMP_CAPTURE_SLOTS];

	damp_slot_open(&r->seq);
	r->len = p->len;
	r->caplen = p->len < DAMP_CAPTURE_SNAP ? p->len : DAMP_CAPTURE_SNAP;
	if (damp_tap_afford(&t->capture_budget, now, DAMP_CAPTURE_PER_S))
		memcpy(r->data, p->data, r->caplen);
	return r;
}

void damp_tap_begin(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		    struct damp_tapped *out)
{
	struct damp_tap *t = &c->w->tap;

	out->copy = t->captures ? copy_frame(t, p, c->now) : NULL;
	if (t->traces)
		damp_trace_begin(c, p, d, out);
}

static uint16_t rule_slot(const struct damp_ctx *c, const struct damp_decision *d)
{
	const int32_t rule = d->rule >= 0 ? d->rule : d->observed ? d->would_rule : -1;

	return rule >= 0 ? c->v->rule_slot[rule] : 0;
}

static bool wanted(const struct damp_capture_file *f, const struct damp_pkt *p, uint16_t slot)
{
	const uint32_t reason = f->want >> 8;

	return (f->want >> p->verdict & 1) && (reason == DAMP_CAPTURE_ANY_REASON || reason == p->reason) &&
	       (f->rule_slot == 0 || f->rule_slot == slot);
}

static void keep_copy(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		      struct damp_capture_record *r)
{
	struct damp_tap *t = &c->w->tap;
	const uint16_t slot = rule_slot(c, d);
	const uint64_t seq = t->ring->head;

	if (!wanted(t->file, p, slot))
		return;
	if (t->capture_budget.left == 0) {
		__atomic_store_n(&t->ring->missed, t->ring->missed + 1, __ATOMIC_RELAXED);
		return;
	}
	t->capture_budget.left--;
	r->wall_us = damp_wall_us(c);
	r->rule_slot = slot;
	r->side = p->side;
	r->reason = p->reason;
	r->verdict = p->verdict;
	r->observed = p->observed;
	r->proved = p->proved;
	r->kept = 0;
	damp_slot_close(&r->seq, &t->ring->head, seq);
}

void damp_tap_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		  const struct damp_tapped *t)
{
	if (t->copy != NULL)
		keep_copy(c, p, d, t->copy);
	if (c->w->tap.traces)
		damp_trace_end(c, p, d, t);
}
