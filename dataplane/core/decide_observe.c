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
#include "half.h"
#include "observe.h"

#include "attrs.h"

#define LEASE_FIRST_S 30u           /* until the first notification */
#define LEASE_LIFE_S 300u
#define UNPROVED 1u

static inline void put(struct damp_places *at, uint64_t owner, uint32_t cap)
{
	struct damp_lease_place *of = &at->of[at->n++];

	of->owner = owner;
	of->cap = cap;
}

/* The owners of a place for the observation of p; an unproved peer has one. */
static inline void places(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, struct damp_places *at)
{
	const uint64_t pair = damp_mix(p->peer_host ^ damp_mix(p->device_whole, 0), DAMP_DOMAIN_OBSERVE_PAIR);
	const uint64_t server = damp_mix(p->device_whole, DAMP_DOMAIN_OBSERVE_SERVER);

	at->n = 0;
	if (!p->proved) {
		put(at, damp_mix(server, UNPROVED), c->g->observe_server);
		return;
	}
	put(at, server, c->g->observe_server);
	put(at, damp_mix(p->peer_host, DAMP_DOMAIN_OBSERVE_SOURCE), c->g->observe_source);
	put(at, pair, c->g->observe_pair);
	put(at, damp_mix(pair, path), c->g->observe_path);
}

void damp_observe_prefetch(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path)
{
	struct damp_places at;

	places(c, p, path, &at);
	damp_lease_prefetch(c->j->leases, at.of, at.n);
}

bool damp_observe_look(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, struct damp_places *at)
{
	places(c, p, path, at);
	return damp_lease_look(c->j->leases, at->of, at->n, p->xchg_key, c->now);
}

bool damp_observe_room(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path)
{
	struct damp_places at;

	return damp_observe_look(c, p, path, &at);
}

void damp_observe_take_seen(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_places *at)
{
	damp_lease_take_seen(c->j->leases, at->of, at->n, p->xchg_key, c->now, c->now + DAMP_SECONDS(LEASE_FIRST_S));
}

void damp_observe_take(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, bool first)
{
	const damp_tick due = c->now + DAMP_SECONDS(first ? LEASE_FIRST_S : LEASE_LIFE_S);
	struct damp_places at;

	damp_observe_look(c, p, path, &at);
	damp_lease_take_seen(c->j->leases, at.of, at.n, p->xchg_key, c->now, due);
}

void damp_observe_leave(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key, uint32_t path)
{
	struct damp_places at;

	places(c, p, path, &at);
	for (unsigned i = 0; i < at.n; i++)
		damp_lease_drop(c->j->leases, at.of[i].owner, key, at.of[i].cap);
}

/* Its places, once half of what they last has passed. */
static bool renews(const struct damp_ctx *c, const struct damp_obs *o)
{
	return damp_due(c->now) - o->leased > damp_due(DAMP_SECONDS(LEASE_LIFE_S / 2));
}

void damp_observe_heard_at(struct damp_obs *o, uint32_t at)
{
	o->heard = at;
	o->unheard = 0;
	o->pings = 0;
}

static void begin(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_obs *o)
{
	o->opened = damp_due(c->now);
	damp_observe_heard_at(o, o->opened);
	if (p->xchg != NULL) {
		o->path = p->xchg->path;
		o->notify_gap = p->xchg->notify_gap;
	}
	o->leased = o->opened - damp_due(DAMP_SECONDS(3600));
}

void damp_observe_notified(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_heard *heard,
			   struct damp_obs *o)
{
	o->due = damp_due(c->now + DAMP_SECONDS(c->g->observe_life_s));
	if (o->opened == 0)
		begin(c, p, o);
	if (heard->anew)
		damp_observe_heard_at(o, heard->at);
	if (p->side == DAMP_OUTSIDE)
		return;
	if (p->proved)
		o->known = 1;
	if (p->coap.type == DAMP_COAP_NON && o->unheard < UINT8_MAX)
		o->unheard++;
	if (renews(c, o)) {
		damp_observe_take(c, p, o->path, false);
		o->leased = damp_due(c->now);
	}
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

bool damp_notification_cost(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_obs *o,
			    struct damp_charge *one)
{
	const struct damp_rung *r = &c->g->notify;
	/* Two at once: the change, and its correction. */
	const uint32_t gap = (uint32_t)o->notify_gap * (uint32_t)(DAMP_TICK_HZ / 16);

	one->key = damp_ledger_key(p->xchg_key, DAMP_DOMAIN_NOTIFY);
	one->cost = gap ? gap : damp_cost(r->cost_q16, 1);
	one->burst = gap ? 2 * gap : r->burst_ticks;
	return gap || r->cost_q16;
}

void damp_charge_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	struct damp_charge one;

	if (damp_notification_cost(c, p, p->obs, &one))
		damp_charge_add(d, one.key, one.cost, one.burst, DAMP_REASON_OBSERVE_RATE);
}

/* When the peer was heard of last: the ACK of a notification, or any proof. */
static uint32_t heard_last(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_obs *o)
{
	uint32_t due, life;

	if (!damp_peer_max_due(c->j->peers, p->peer_key, c->now, &due))
		return o->heard;
	life = damp_due(DAMP_SECONDS(due % 2 ? DAMP_HALF_LIFE_S : c->g->proof_max_s));
	return (int32_t)(due - life - o->heard) < 0 ? o->heard : due - life;
}

enum damp_hearing damp_observer_heard(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_obs *o,
				      struct damp_heard *heard)
{
	const uint32_t at = heard_last(c, p, o), silent = damp_due(c->now) - at;
	const bool anew = at != o->heard;
	const uint32_t unheard = anew ? 0 : o->unheard, pings = anew ? 0 : o->pings;

	*heard = (struct damp_heard){ .at = at, .anew = anew };
	if ((c->g->observe_unheard == 0 || unheard < c->g->observe_unheard) &&
	    (c->g->observe_unheard_s == 0 || silent <= damp_due(DAMP_SECONDS(c->g->observe_unheard_s))))
		return DAMP_HEARING_FINE;
	return pings < c->g->observe_pings ? DAMP_HEARING_ASK : DAMP_HEARING_GONE;
}
