/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copying frames for a capture; see tap.h.
 *
 * A copy that is not wanted after all leaves its slot marked and the head where
 * it was, so that no reader takes it.
 */
#include "judge_state.h"

struct damp_capture_record *damp_tap_begin(struct damp_tap *t, const struct damp_pkt *p, damp_tick now)
{
	struct damp_capture_record *r = &t->ring->slot[t->ring->head % DAMP_CAPTURE_SLOTS];

	if (now >= t->second + DAMP_TICK_HZ || now < t->second) {
		t->second = now;
		t->left = DAMP_CAPTURE_PER_S;
	}
	__atomic_store_n(&r->seq, ~0ull, __ATOMIC_RELEASE);
	r->len = p->len;
	r->caplen = p->len < DAMP_CAPTURE_SNAP ? p->len : DAMP_CAPTURE_SNAP;
	if (t->left > 0)
		memcpy(r->data, p->data, r->caplen);
	return r;
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

void damp_tap_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		  struct damp_capture_record *r)
{
	struct damp_tap *t = &c->w->tap;
	const uint16_t slot = rule_slot(c, d);
	const uint64_t seq = t->ring->head;

	if (!wanted(t->file, p, slot))
		return;
	if (t->left == 0) {
		__atomic_store_n(&t->ring->missed, t->ring->missed + 1, __ATOMIC_RELAXED);
		return;
	}
	t->left--;
	r->wall_us = c->j->wall_s * 1000000 + (uint64_t)(((unsigned __int128)c->now * 1000000) >> 20);
	r->rule_slot = slot;
	r->side = p->side;
	r->reason = p->reason;
	r->verdict = p->verdict;
	r->observed = p->observed;
	r->proved = p->proved;
	r->kept = 0;
	__atomic_store_n(&r->seq, seq, __ATOMIC_RELEASE);
	__atomic_store_n(&t->ring->head, seq + 1, __ATOMIC_RELEASE);
}
