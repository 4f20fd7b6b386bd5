/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling about single packets: at most one record per reason and second and
 * worker, with the number of packets it stands for; see events.h.
 *
 * Invariant: the worker never waits for a reader. A record's seq is written
 * last and the head after it, both with release order; the partner is the
 * reader in the control plane, which loads head, copies, and loads head again.
 */
#include "judge_state.h"

void damp_event_offer(const struct damp_ctx *c, const struct damp_pkt *p, uint16_t rule_slot)
{
	struct damp_judge_worker *w = c->w;
	struct damp_event_ring *ring = w->events;
	struct damp_event *e;
	uint64_t seq;

	if (ring == NULL)
		return;
	w->event_skipped[p->reason]++;
	if (c->now < w->event_next[p->reason])
		return;
	w->event_next[p->reason] = c->now + DAMP_TICK_HZ;
	seq = ring->head;
	e = &ring->slot[seq % DAMP_EVENT_SLOTS];
	__atomic_store_n(&e->seq, ~0ull, __ATOMIC_RELEASE);
	e->wall_us = c->j->wall_s * 1000000 + (uint64_t)(((unsigned __int128)c->now * 1000000) >> 20);
	e->represents = w->event_skipped[p->reason];
	w->event_skipped[p->reason] = 0;
	memcpy(e->src, p->frame.src.b, sizeof(e->src));
	memcpy(e->dst, p->frame.dst.b, sizeof(e->dst));
	e->sport = p->frame.sport;
	e->dport = p->frame.dport;
	e->ip_len = (uint16_t)p->frame.ip_len;
	e->side = p->side;
	e->kind = p->kind;
	e->mid = p->coap.mid;
	e->type = p->coap.type;
	e->code = p->coap.code;
	e->tkl = p->coap.tkl;
	e->verified = p->proved;
	e->reason = p->reason;
	e->verdict = p->verdict;
	e->observed = p->observed;
	e->generation = c->v->hdr->generation;
	e->rule_slot = rule_slot;
	e->path_len = 0;
	if (p->kind == DAMP_KIND_REQUEST && p->fate != DAMP_FATE_BACK) {
		const int n = damp_coap_path_text(p->data + p->frame.payload_off, &p->coap, e->path, sizeof(e->path));

		e->path_len = n < 0 ? 0 : (uint8_t)n;
	}
	__atomic_store_n(&e->seq, seq, __ATOMIC_RELEASE);
	__atomic_store_n(&ring->head, seq + 1, __ATOMIC_RELEASE);
}
