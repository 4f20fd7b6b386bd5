/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of what is open at once: requests without an answer yet, observations.
 *
 * Idea: a request that a `concurrent` limit lets pass takes tickets of the tally
 * (tally.h), one for each step of the limit's ladder, and its exchange holds them
 * (struct damp_held). A plain answer, or a reset, gives them back; a notification
 * turns them into the observation's, for as long as that may live. Who repeats a
 * request, or registers again under the same token, holds its tickets already.
 *
 * Invariant: what ends without a word gives its tickets back by time alone. A
 * cancellation (Observe 1) is never counted: it makes less.
 */
#include "charges.h"

static bool cancels(const struct damp_pkt *p)
{
	return damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && p->coap.observe != 0;
}

static bool holds(const struct damp_ctx *c, const struct damp_held *h, uint64_t key)
{
	for (unsigned i = 0; h != NULL && i < DAMP_TICKETS; i++)
		if (h->ticket[i] != 0 && damp_tally_is(c->j->tally, h->ticket[i], key))
			return true;
	return false;
}

static bool listed(const struct damp_decision *d, uint64_t key)
{
	for (unsigned i = 0; i < d->nholds; i++)
		if (d->hold_key[i] == key)
			return true;
	return false;
}

bool damp_concurrent_within(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			    struct damp_decision *d)
{
	const struct damp_rung *r = p->frame.v6 ? l->rung6 : l->rung4;
	const unsigned n = p->frame.v6 ? l->nrungs6 : l->nrungs4, before = d->nholds;
	const struct damp_held *held;

	if (p->kind != DAMP_KIND_REQUEST || cancels(p))
		return true;
	if (l->count == DAMP_COUNT_OBSERVATIONS && !damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE))
		return true;
	held = damp_held_find(c->w->held, p->xchg_key, c->now);
	for (unsigned i = 0; i < n; i++) {
		const uint64_t key = damp_limit_key(c, p, l, &r[i], i);

		if (holds(c, held, key) || listed(d, key))
			continue;
		if (d->nholds == DAMP_TICKETS ||
		    damp_tally_count(c->j->tally, key, c->now) >= r[i].burst_ticks) {
			d->nholds = before;
			return false;
		}
		d->hold_key[d->nholds] = key;
		d->hold_most[d->nholds++] = r[i].burst_ticks;
	}
	return true;
}

bool damp_tickets_take(const struct damp_ctx *c, struct damp_decision *d)
{
	const damp_tick due = c->now + DAMP_SECONDS(d->xchg_life_s);

	for (unsigned i = 0; i < d->nholds; i++) {
		d->hold_ticket[i] = damp_tally_open(c->j->tally, d->hold_key[i], d->hold_most[i], c->now,
						    due);
		if (d->hold_ticket[i] != 0)
			continue;
		d->nholds = i;
		damp_tickets_return(c, d);
		return false;
	}
	return true;
}

void damp_tickets_return(const struct damp_ctx *c, struct damp_decision *d)
{
	while (d->nholds > 0)
		damp_tally_close(c->j->tally, d->hold_ticket[--d->nholds]);
}

static void renew(const struct damp_ctx *c, struct damp_held *h, damp_tick due)
{
	h->due = damp_due(due);
	for (unsigned i = 0; i < DAMP_TICKETS; i++)
		if (h->ticket[i] != 0)
			h->ticket[i] = damp_tally_move(c->j->tally, h->ticket[i], c->now, due);
}

/* Tickets that find no place stay open until their time is over. */
void damp_tickets_keep(const struct damp_ctx *c, uint64_t key, const struct damp_decision *d, damp_tick due)
{
	struct damp_held *h = damp_held_open(c->w->held, key, c->now, due);
	unsigned at = 0;

	renew(c, h, due);
	for (unsigned i = 0; i < d->nholds; i++) {
		while (at < DAMP_TICKETS && h->ticket[at] != 0)
			at++;
		if (at < DAMP_TICKETS)
			h->ticket[at] = d->hold_ticket[i];
	}
}

void damp_tickets_renew(const struct damp_ctx *c, uint64_t key, damp_tick due)
{
	struct damp_held *h = damp_held_find(c->w->held, key, c->now);

	if (h != NULL)
		renew(c, h, due);
}

void damp_tickets_end(const struct damp_ctx *c, uint64_t key)
{
	struct damp_held *h = damp_held_find(c->w->held, key, c->now);

	if (h == NULL)
		return;
	for (unsigned i = 0; i < DAMP_TICKETS; i++)
		if (h->ticket[i] != 0)
			damp_tally_close(c->j->tally, h->ticket[i]);
	damp_held_close(h);
}
