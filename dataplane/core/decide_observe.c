/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observations: how many, how often, and for how long without a sign of life.
 *
 * A registration beyond the counts of its address goes on as a plain request: the
 * client reads an answer without Observe and knows that it is not registered
 * (RFC 7641 sections 3.1, 4.1). One of somebody unproved is asked for a proof
 * instead, since spoofed ones may have used up the places. The unproved have
 * places of their own at each server, so that they take none from the proved.
 *
 * A proved peer that only receives is asked beside a notification, once it has
 * acknowledged nothing for a while: it loses nothing, and one that is gone is
 * found out (attacks.md AV-12, section 8).
 *
 * Invariant: places are leases (lease.h) that notifications renew, so that a
 * client that restarts finds its places free again soon; an observation that is
 * silent for longer takes none.
 */
#include "charges.h"
#include "observe.h"

#include "attrs.h"

#define LEASE_FIRST_S 30u           /* until the first notification */
#define LEASE_LIFE_S 300u
#define UNPROVED 1u

struct place { uint64_t owner; uint32_t cap; };
#define PLACES 4u

/* The owners of a place for the observation of p; an unproved peer has one. */
static unsigned places(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path,
		       struct place out[PLACES])
{
	const uint64_t pair = damp_mix(p->peer_host ^ damp_mix(p->device_whole, 0), DAMP_DOMAIN_OBSERVE_PAIR);
	const uint64_t server = damp_mix(p->device_whole, DAMP_DOMAIN_OBSERVE_SERVER);

	if (!p->proved) {
		out[0] = (struct place){ damp_mix(server, UNPROVED), c->g->observe_server };
		return 1;
	}
	out[0] = (struct place){ server, c->g->observe_server };
	out[1] = (struct place){ damp_mix(p->peer_host, DAMP_DOMAIN_OBSERVE_SOURCE), c->g->observe_source };
	out[2] = (struct place){ pair, c->g->observe_pair };
	out[3] = (struct place){ damp_mix(pair, path), c->g->observe_path };
	return PLACES;
}

void damp_observe_prefetch(const struct damp_ctx *c, const struct damp_pkt *p)
{
	if (damp_unlikely(damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE)))
		damp_lease_prefetch(c->j->leases, damp_mix(p->device_whole, DAMP_DOMAIN_OBSERVE_SERVER));
}

bool damp_observe_room(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path)
{
	struct place at[PLACES];
	const unsigned n = places(c, p, path, at);

	for (unsigned i = 0; i < n; i++)
		if (!damp_lease_room(c->j->leases, at[i].owner, p->xchg_key, at[i].cap, c->now))
			return false;
	return true;
}

void damp_observe_take(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, bool first)
{
	const damp_tick due = c->now + DAMP_SECONDS(first ? LEASE_FIRST_S : LEASE_LIFE_S);
	struct place at[PLACES];
	const unsigned n = places(c, p, path, at);

	for (unsigned i = 0; i < n; i++)
		damp_lease_take(c->j->leases, at[i].owner, p->xchg_key, at[i].cap, c->now, due);
}

void damp_observe_leave(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key, uint32_t path)
{
	struct place at[PLACES];
	const unsigned n = places(c, p, path, at);

	for (unsigned i = 0; i < n; i++)
		damp_lease_drop(c->j->leases, at[i].owner, key, at[i].cap);
}

bool damp_observe_renews(const struct damp_ctx *c, const struct damp_obs *o)
{
	return damp_due(c->now) - o->leased > damp_due(DAMP_SECONDS(LEASE_LIFE_S / 2));
}

bool damp_decide_attrs(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool observe = damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE);
	/* LwM2M writes attributes by a PUT without a body. */
	const bool write = p->coap.code == DAMP_COAP_PUT && p->coap.payload_len == 0;

	if (damp_likely(!(observe || write) || p->coap.nquery == 0) || damp_coap_has(&p->coap, DAMP_OPTBIT_OSCORE))
		return true;
	switch (damp_attrs_check(p->data + p->frame.payload_off, &p->coap, c->g)) {
	case DAMP_ATTRS_CLAMP:
		d->clamp_attrs = true;
		return true;
	case DAMP_ATTRS_REFUSE:
		if (!observe) {
			d->ncharges = 0;
			damp_drop(d, DAMP_REASON_OBSERVE_RATE);
			return false;
		}
		d->strip_observe = p->coap.observe == 0;
		return true;
	default:
		return true;
	}
}

/* How much one notification costs of what its observation may bring. */
void damp_charge_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_rung *r = &c->g->notify;
	/* Two at once: the change, and its correction. */
	const uint32_t gap = (uint32_t)p->obs->notify_gap * (uint32_t)(DAMP_TICK_HZ / 16);
	const uint64_t key = damp_mix(p->xchg_key, DAMP_DOMAIN_NOTIFY);

	if (p->obs->notify_gap)
		damp_charge_add(d, key, gap, 2 * gap, DAMP_REASON_OBSERVE_RATE);
	else if (r->cost_q16)
		damp_charge_add(d, key, damp_cost(r->cost_q16, 1), r->burst_ticks, DAMP_REASON_OBSERVE_RATE);
}

/* When the peer was heard of last: the ACK of a notification, or any proof. */
static uint32_t heard(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint32_t max_s = damp_due(DAMP_SECONDS(c->g->proof_max_s));
	uint32_t due;

	if (!damp_peer_max_due(c->j->peers, p->peer_key, c->now, &due) ||
	    (int32_t)(due - max_s - p->obs->heard) < 0)
		return p->obs->heard;
	return due - max_s;
}

enum damp_hearing damp_observer_heard(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint32_t at = heard(c, p), silent = damp_due(c->now) - at;
	const bool anew = at != p->obs->heard;
	const uint32_t unheard = anew ? 0 : p->obs->unheard, pings = anew ? 0 : p->obs->pings;

	d->heard = at;
	d->note_heard = anew;
	if ((c->g->observe_unheard == 0 || unheard < c->g->observe_unheard) &&
	    (c->g->observe_unheard_s == 0 || silent <= damp_due(DAMP_SECONDS(c->g->observe_unheard_s))))
		return DAMP_HEARING_FINE;
	return pings < c->g->observe_pings ? DAMP_HEARING_ASK : DAMP_HEARING_GONE;
}
