/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exchange that a message belongs to, and what its request has earned: how many
 * bytes may go toward a peer that has not proved itself.
 */
#ifndef DAMP_CORE_CREDIT_H
#define DAMP_CORE_CREDIT_H

#include "decision.h"

/* What an exchange that p opens may cost toward its unproved peer. */
static inline uint32_t damp_credit(const struct damp_ctx *c, const struct damp_pkt *p,
				   const struct damp_decision *d)
{
	const uint64_t most = ((uint64_t)c->g->alpha_q8 * p->frame.ip_len) >> 8;
	const uint64_t credit = (((uint64_t)d->alpha_q8 * p->frame.ip_len) >> 8) + d->floor_bytes;

	return (uint32_t)(credit < most ? credit : most);
}

static inline void damp_note_window(const struct damp_pkt *p, struct damp_decision *d)
{
	if (d->window_s == 0)
		return;
	d->xchg_flags |= DAMP_XCHG_WINDOW;
	damp_see(d, damp_key_window(p->xchg_key), 0, d->window_s);
}

/* Credit whose window is over is gone. */
static inline void damp_credit_age(const struct damp_ctx *c, struct damp_xchg *x)
{
	uint64_t value;

	if (damp_unlikely(x->flags & DAMP_XCHG_WINDOW) &&
	    !damp_seen_find(c->w->seen, damp_key_window(x->key), c->now, &value))
		x->credit = 0;
}

/* The live exchange of key as it is now, or NULL. */
static inline struct damp_xchg *damp_xchg_of(const struct damp_ctx *c, uint64_t key)
{
	struct damp_xchg *x = damp_xchg_find(c->w->xchg, key, c->now);

	if (x == NULL)
		return NULL;
	if (damp_unlikely(c->aside != NULL)) {
		*c->aside = *x;
		x = c->aside;
	}
	damp_credit_age(c, x);
	return x;
}

#endif
