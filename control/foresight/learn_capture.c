/* SPDX-License-Identifier: BSD-3-Clause */
/* See learn_capture.h. */
#include "learn_capture.h"

#include "decide.h"

#include <string.h>

static damp_tick ticks(int64_t ns)
{
	return (damp_tick)((unsigned __int128)ns * DAMP_TICK_HZ / 1000000000u);
}

/* Reasons that are about the message itself, whoever sends how much. */
static bool malformed(unsigned reason)
{
	return reason > DAMP_REASON_PROOF_TAKEN && reason <= DAMP_REASON_COAP_MARKER;
}

void damp_learn_frame(struct damp_learn_capture *c, struct damp_learn *l,
		      const struct damp_captured *f)
{
	const struct damp_pkt *p = &c->bench->pkt;
	struct damp_learn_sample s = { .of_peer = true, .of_device = true, .of_path = true,
				       .of_tenant = true, .of_all = true };
	static const struct damp_key nobody_attacks;

	if (c->frames++ == 0)
		c->first_ns = c->last_ns = f->ts_ns;
	if (f->ts_ns > c->last_ns)
		c->last_ns = f->ts_ns;
	if (f->cut || f->len > DAMP_BENCH_FRAME_MAX) {
		c->cut++;
		return;
	}
	damp_bench_advance(c->bench, ticks(c->last_ns - c->first_ns));
	damp_bench_load(c->bench, damp_sides_of(c->sides, f), f->data, f->len);
	s.path = p->kind == DAMP_KIND_REQUEST ? damp_path_hash_by(&nobody_attacks, p) : 0;
	damp_bench_decide(c->bench);
	damp_bench_commit(c->bench);
	if (p->frame.cls == DAMP_FRAME_OTHER || (!c->judged && malformed(p->reason)))
		return;
	s.ms = (uint64_t)(c->last_ns - c->first_ns) / 1000000;
	memcpy(s.peer, damp_peer_addr(p)->b, sizeof(s.peer));
	memcpy(s.device, damp_device_addr(p)->b, sizeof(s.device));
	s.tenant = damp_tenant_of(c->bench->view, p);
	s.bytes = p->frame.ip_len;
	s.side = p->side;
	s.reason = c->judged ? p->reason : DAMP_REASON_ACCEPTED;
	damp_learn_add(l, &s);
}
