/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What pass 1 asks of flood.c, inline: will this request be settled by the short
 * way, in all likelihood? See flood.c for the idea and the invariant.
 */
#ifndef DAMP_CORE_FLOOD_H
#define DAMP_CORE_FLOOD_H

#include "short_way.h"

/* Found spent lately, by which to guess; the truth is asked for in pass 2, when
 * the line of whoever was not is there. */
#define DAMP_FLOOD_LATELY 64u

static inline bool damp_flood_refused_lately(const struct damp_judge_worker *w)
{
	return w->nbursts < w->refused_until;
}

static inline bool damp_flood_stranger_lately(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_judge_worker *w = c->w;
	const struct damp_stranger *s = &w->stranger[p->peer_whole % DAMP_FLOOD_STRANGERS];

	return damp_unlikely(damp_flood_refused_lately(w)) && s->peer == p->peer_whole &&
	       w->nbursts - s->burst < DAMP_FLOOD_LATELY;
}

/* What look_up(), decide_block.c and decide_observe.c have a say in. */
#define DAMP_FLOOD_MORE (1ull << DAMP_OPTBIT_ECHO | 1ull << DAMP_OPTBIT_BLOCK1 | 1ull << DAMP_OPTBIT_OBSERVE)

/* A server is guessed to be spent for so long after it was. */
#define DAMP_FLOOD_SPENT_AFTER (DAMP_TICK_HZ / 16)

static inline bool damp_flood_server_lately(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_spent *s = damp_spent_of(c, p);

	return s->device == p->device_whole &&
	       s->until + DAMP_FLOOD_SPENT_AFTER - c->now - 1 < DAMP_FLOOD_SPENT_MAX + DAMP_FLOOD_SPENT_AFTER;
}

/* The two say nothing alone: read at once. */
_Static_assert(offsetof(struct damp_frame, dst_group) == offsetof(struct damp_frame, l2_group) + 1, "side by side");
static inline bool damp_to_group(const struct damp_frame *f)
{
	uint16_t either;

	memcpy(&either, &f->l2_group, sizeof(either));
	return either != 0;
}

/* A request from outside, to where nothing special holds, and with none of the options of
 * more? */
static inline bool damp_flood_usual(const struct damp_pkt *p, uint64_t more)
{
	return !p->held && !damp_to_group(&p->frame) && !(p->coap.options & more) &&
	       (p->coap.code != DAMP_COAP_PUT || p->coap.nquery == 0);
}

/* Nor anything about where it comes from? */
static inline bool damp_flood_class(const struct damp_view *v, const struct damp_pkt *p)
{
	return v->classes[p->src_class].flags == 0;
}

/* What becomes of a request from outside, in all likelihood: refused, or challenged
 * in the short way of answer.c, or neither. Takes its challenge from those left. Not where
 * the short ways are off, nor of a class with flags. */
enum damp_flood_guess { DAMP_FLOOD_NO, DAMP_FLOOD_REFUSED, DAMP_FLOOD_ASKED };

static inline enum damp_flood_guess damp_flood_guess(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_flood *f = c->flood;

	p->plain = damp_flood_usual(p, DAMP_FLOOD_MORE) ? DAMP_PLAIN_YES : DAMP_PLAIN_NO;
	if (!p->plain)
		return DAMP_FLOOD_NO;
	if (!damp_flood_server_lately(c, p))
		return damp_flood_stranger_lately(c, p) ? DAMP_FLOOD_REFUSED : DAMP_FLOOD_NO;
	if (damp_likely(f->may_ask == 0))
		return DAMP_FLOOD_REFUSED;
	f->may_ask--;
	f->asks = true;
	p->plain = DAMP_PLAIN_ASKED;
	p->asked_key = 0;
	return DAMP_FLOOD_ASKED;
}

#endif
