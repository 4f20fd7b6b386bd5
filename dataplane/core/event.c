/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of single packets: at most one per reason and second and worker, with
 * the number of packets it stands for (see events.h), and those of tell.c.
 *
 * Invariant: the worker never waits for a reader, which finds out by itself what it
 * came too late for (slot.h).
 */
#include "commit.h"
#include "slot.h"

#define UDP_HEADER_LEN 8u

/* The verdict that an action would have had. */
static uint8_t verdict_of(uint8_t action)
{
	static const uint8_t verdict[DAMP_ACT_MAX] = {
		[DAMP_ACT_CONTINUE] = DAMP_VERDICT_ACCEPT,   [DAMP_ACT_ACCEPT] = DAMP_VERDICT_ACCEPT,
		[DAMP_ACT_DROP] = DAMP_VERDICT_DROP,	     [DAMP_ACT_CHALLENGE] = DAMP_VERDICT_CHALLENGE,
		[DAMP_ACT_ANSWER] = DAMP_VERDICT_ANSWER,     [DAMP_ACT_RESET] = DAMP_VERDICT_ANSWER,
		[DAMP_ACT_STRIP_OBSERVE] = DAMP_VERDICT_SHAPE,
	};

	return verdict[action];
}

/* The path of a request that was not answered in its place, cut off at cap bytes. Of one
 * that leaves changed it is read anew: what was taken out before it has moved it. */
static uint8_t put_path(const struct damp_pkt *p, char *path, size_t cap)
{
	const uint8_t *msg = p->data + p->frame.payload_off;
	const struct damp_coap *m = &p->coap;
	struct damp_coap anew;
	int n;

	if (damp_unlikely(p->verdict == DAMP_VERDICT_SHAPE)) {
		damp_coap_scan(msg, damp_get16(p->data + p->frame.l4_off + 4) - UDP_HEADER_LEN, &anew);
		m = &anew;
	}
	n = damp_coap_path_text(msg, m, path, cap);
	/* What does not fit has filled all of it. */
	return (uint8_t)(n < 0 ? cap : (size_t)n);
}

static void put_message(struct damp_event *e, const struct damp_pkt *p)
{
	static const struct damp_coap none;
	/* Of any other frame p still has the message that was there before. */
	const struct damp_coap *coap = p->frame.cls == DAMP_FRAME_COAP ? &p->coap : &none;

	memcpy(e->src, p->frame.src.b, sizeof(e->src));
	memcpy(e->dst, p->frame.dst.b, sizeof(e->dst));
	e->sport = p->frame.sport;
	e->dport = p->frame.dport;
	e->ip_len = (uint16_t)p->frame.ip_len;
	e->side = p->side;
	e->kind = p->kind;
	e->mid = coap->mid;
	e->type = coap->type;
	e->code = coap->code;
	e->tkl = coap->tkl;
	e->verified = p->proved && !p->half;
	e->reason = p->reason;
	e->verdict = p->verdict;
	e->path_len = p->kind == DAMP_KIND_REQUEST && p->fate != DAMP_FATE_BACK ?
			      put_path(p, e->path, sizeof(e->path)) : 0;
}

void damp_event_put(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_told *told)
{
	struct damp_event_ring *ring = c->w->events;
	struct damp_event *e;
	uint64_t seq;

	if (ring == NULL)
		return;
	seq = ring->head;
	e = &ring->slot[seq % DAMP_EVENT_SLOTS];
	damp_slot_open(&e->seq);
	e->wall_us = c->j->wall_s * 1000000 + (uint64_t)(((unsigned __int128)c->now * 1000000) >> 20);
	e->represents = told->represents;
	put_message(e, p);
	e->observed = told->observed;
	e->would = told->observed ? verdict_of(told->would) : p->verdict;
	e->how = (uint8_t)told->how;
	e->used_percent = told->used_percent;
	e->generation = c->v->hdr->generation;
	e->rule_slot = told->rule >= 0 ? c->v->rule_slot[told->rule] : 0;
	e->loud = told->rule >= 0 ? c->v->rules[told->rule].loud : DAMP_LOUD_UNSAID;
	damp_slot_close(&e->seq, &ring->head, seq);
}

void damp_event_offer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	struct damp_judge_worker *w = c->w;
	/* What was done outweighs what would have been. */
	const bool observed = d != NULL && p->observed && p->reason < DAMP_REASON_FIRST_DROP &&
			      d->move == DAMP_MOVE_FORWARD;
	const int32_t rule = d == NULL ? -1 : observed ? d->would_rule : d->rule;

	w->event_skipped[p->reason]++;
	if (c->now < w->event_next[p->reason])
		return;
	w->event_next[p->reason] = c->now + DAMP_TICK_HZ;
	damp_event_put(c, p, &(struct damp_told){ .how = DAMP_TOLD_SAMPLE, .rule = rule, .observed = observed,
						  .would = observed ? d->would : 0,
						  .represents = w->event_skipped[p->reason] });
	w->event_skipped[p->reason] = 0;
}
