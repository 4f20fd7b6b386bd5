/* SPDX-License-Identifier: BSD-3-Clause */
/* See keep.h. */
#include "judge_state.h"
#include "slot.h"

void damp_keep_look(struct damp_keep *k, const struct damp_capture_file *f, damp_tick now)
{
	k->on = damp_unlikely(f != NULL && now < __atomic_load_n(&f->keep_until, __ATOMIC_ACQUIRE));
	if (!k->on)
		return;
	if (now >= k->slice + DAMP_KEEP_SLICE || now < k->slice) {
		k->slice = now;
		k->left = DAMP_KEEP_PER_SLICE;
	}
	k->on = k->left > 0;
}

/* One in so many, evenly. */
static bool its_turn(struct damp_keep *k, uint64_t share)
{
	const uint64_t sum = k->share + share;

	k->share = (uint32_t)sum;
	return sum >> 32 != 0;
}

void damp_keep_drop(const struct damp_ctx *c, const struct damp_pkt *p, uint16_t slot)
{
	struct damp_judge_worker *w = c->w;
	struct damp_capture_ring *ring = w->tap.ring;
	const uint64_t seq = ring->head;
	struct damp_capture_record *r = &ring->slot[seq % DAMP_CAPTURE_SLOTS];

	if (!its_turn(&w->keep, w->tap.file->keep_share))
		return;
	damp_slot_open(&r->seq);
	r->wall_us = damp_wall_us(c);
	r->len = p->len;
	r->caplen = p->len < DAMP_CAPTURE_SNAP ? p->len : DAMP_CAPTURE_SNAP;
	memcpy(r->data, p->data, r->caplen);
	r->rule_slot = slot;
	r->side = p->side;
	r->reason = p->reason;
	r->verdict = p->verdict;
	r->observed = 0;
	r->proved = p->proved;
	r->kept = 1;
	damp_slot_close(&r->seq, &ring->head, seq);
	if (--w->keep.left == 0)
		w->keep.on = false;
}
