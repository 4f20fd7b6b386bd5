/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Collecting what a packet would cost, before anybody pays.
 *
 * Invariant: one packet charges a key once, whichever rules and guards name
 * it; more charges than fit are a refusal, never a free ride.
 */
#include "charges.h"

void damp_charge_add(struct damp_decision *d, uint64_t key, uint32_t cost, uint32_t burst, enum damp_reason why)
{
	struct damp_charge *c;

	for (unsigned i = 0; i < d->ncharges; i++)
		if (d->charge[i].key == key)
			return;
	if (d->ncharges == DAMP_CHARGES_MAX) {
		/* Make the set refuse: no burst admits this cost. */
		d->charge[DAMP_CHARGES_MAX - 1].cost = UINT32_MAX;
		d->charge_reason[DAMP_CHARGES_MAX - 1] = (uint8_t)why;
		return;
	}
	c = &d->charge[d->ncharges];
	*c = (struct damp_charge){ .key = key, .cost = cost, .burst = burst };
	d->charge_reason[d->ncharges++] = (uint8_t)why;
}

void damp_charge_rung(const struct damp_ctx *c, struct damp_decision *d, const struct damp_rung *r,
		      const struct damp_addr *a, enum damp_domain domain, uint32_t units, enum damp_reason why)
{
	if (r->cost_q16 == 0)
		return;         /* no budget set: unlimited */
	damp_charge_add(d, damp_key_prefix(c, a, r->plen, domain), damp_cost(r->cost_q16, units), r->burst_ticks,
			why);
}

struct damp_rung damp_rung_for_copies(const struct damp_rung *r, unsigned copies)
{
	const uint64_t burst = (uint64_t)r->burst_ticks * (2 + copies) / 2;
	struct damp_rung more = *r;

	more.burst_ticks = burst > DAMP_BURST_TICKS_MAX ? DAMP_BURST_TICKS_MAX : (uint32_t)burst;
	return more;
}

static void charge_reserved(const struct damp_ctx *c, struct damp_decision *d, const struct damp_rung *r,
			    const struct damp_addr *a, enum damp_domain domain, uint32_t bytes, uint32_t reserve,
			    enum damp_reason why)
{
	const uint64_t burst = (uint64_t)r->burst_ticks + reserve;

	if (r->cost_q16 == 0)
		return;
	damp_charge_add(d, damp_key_prefix(c, a, r->plen, domain), damp_cost(r->cost_q16, bytes),
			burst > DAMP_BURST_TICKS_MAX ? DAMP_BURST_TICKS_MAX : (uint32_t)burst, why);
}

void damp_charge_unproved(const struct damp_ctx *c, struct damp_decision *d, const struct damp_addr *peer,
			  uint32_t bytes, uint32_t reserve)
{
	const bool v4 = damp_addr_is_v4(peer);

	charge_reserved(c, d, v4 ? &c->g->host4 : &c->g->host6, peer, DAMP_DOMAIN_HOST, bytes, reserve,
			DAMP_REASON_LEDGER_HOST);
	charge_reserved(c, d, v4 ? &c->g->net4 : &c->g->net6, peer, DAMP_DOMAIN_NET, bytes, reserve,
			DAMP_REASON_LEDGER_NET);
}

static bool known(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_peer_proved(c->j->peers, damp_key_known(p->peer_whole), c->now, 0);
}

void damp_charge_first_contact(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (known(c, p)) {
		damp_charge_rung(c, d, &c->g->first_known, &p->frame.src, DAMP_DOMAIN_FIRST_KNOWN, 1,
				 DAMP_REASON_FIRST_CONTACT);
		return;
	}
	damp_charge_rung(c, d, &c->g->first_host, &p->frame.src, DAMP_DOMAIN_FIRST_HOST, 1,
			 DAMP_REASON_FIRST_CONTACT);
	damp_charge_rung(c, d, p->frame.v6 ? &c->g->first_net6 : &c->g->first_net4, &p->frame.src,
			 DAMP_DOMAIN_FIRST_NET, 1, DAMP_REASON_FIRST_CONTACT);
}

static bool contact_left(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_rung *r,
			 enum damp_domain domain)
{
	return damp_rung_has_room(c, r, damp_key_prefix(c, &p->frame.src, r->plen, domain), 1,
				  DAMP_REASON_FIRST_CONTACT);
}

bool damp_first_contact_left(const struct damp_ctx *c, const struct damp_pkt *p)
{
	if (known(c, p))
		return contact_left(c, p, &c->g->first_known, DAMP_DOMAIN_FIRST_KNOWN);
	return contact_left(c, p, &c->g->first_host, DAMP_DOMAIN_FIRST_HOST) &&
	       contact_left(c, p, p->frame.v6 ? &c->g->first_net6 : &c->g->first_net4, DAMP_DOMAIN_FIRST_NET);
}

static const struct damp_rung *trust_of(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return p->frame.v6 ? &c->g->trust_net6 : &c->g->trust_net4;
}

uint64_t damp_key_network(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_known(damp_key_prefix(c, damp_peer_addr(p), trust_of(c, p)->plen, DAMP_DOMAIN_TRUST));
}

bool damp_network_earned(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return !c->g->trust_earned || damp_peer_proved(c->j->peers, damp_key_network(c, p), c->now, 0);
}

static bool trust_left(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_decision probe;
	enum damp_reason why;

	if (!damp_network_earned(c, p))
		return false;
	probe.ncharges = 0;
	damp_charge_rung(c, &probe, trust_of(c, p), &p->frame.src, DAMP_DOMAIN_TRUST, 1, DAMP_REASON_FIRST_CONTACT);
	return damp_charges_fit(c, &probe, &why);
}

bool damp_trusts(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return known(c, p) || trust_left(c, p);
}

bool damp_charge_trust(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint16_t beyond_q8)
{
	if (known(c, p))
		return true;
	if (trust_left(c, p)) {
		damp_charge_rung(c, d, trust_of(c, p), &p->frame.src, DAMP_DOMAIN_TRUST, 1, DAMP_REASON_FIRST_CONTACT);
		return true;
	}
	if (d->alpha_q8 > beyond_q8)
		d->alpha_q8 = beyond_q8;
	return false;
}

void damp_charge_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_rung *r = &c->g->proved;

	if (r->cost_q16)
		damp_charge_add(d, damp_ledger_key(p->peer_key, DAMP_DOMAIN_PROVED), damp_cost(r->cost_q16, p->frame.ip_len),
				r->burst_ticks, DAMP_REASON_PROVED_BUDGET);
}

bool damp_charges_fit(const struct damp_ctx *c, const struct damp_decision *d, enum damp_reason *why)
{
	const int refused = damp_ledger_peek(c->j->ledger, d->charge, d->ncharges, c->now);

	if (damp_unlikely(c->trace != NULL))
		c->trace->asked(c->trace->arg, d, refused);
	if (refused < 0)
		return true;
	*why = d->charge_reason[refused];
	return false;
}

static bool alone_fits(const struct damp_ctx *c, const struct damp_charge *one, enum damp_reason why)
{
	struct damp_decision d;

	if (damp_likely(c->trace == NULL))
		return damp_ledger_admits(c->j->ledger, one, c->now);
	d.ncharges = 0;
	damp_charge_add(&d, one->key, one->cost, one->burst, why);
	return damp_charges_fit(c, &d, &why);
}

bool damp_rung_has_room(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint32_t units,
			enum damp_reason why)
{
	const struct damp_charge one = { .key = key, .cost = damp_cost(r->cost_q16, units), .burst = r->burst_ticks };

	return r->cost_q16 == 0 || alone_fits(c, &one, why);
}

uint32_t damp_rung_wait(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint32_t units)
{
	const uint64_t then = (uint64_t)damp_ledger_debt(c->j->ledger, key, c->now) + damp_cost(r->cost_q16, units);

	if (r->cost_q16 == 0 || then <= r->burst_ticks)
		return 0;
	return then - r->burst_ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)(then - r->burst_ticks);
}

static struct damp_charge guess(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_domain domain)
{
	return (struct damp_charge){
		.key = damp_key_prefix(c, &p->frame.src, p->frame.v6 ? 128 : 32, domain),
		.cost = DAMP_GUESS_TICKS,
		.burst = DAMP_GUESS_TICKS * DAMP_GUESSES,
	};
}

bool damp_guesses_left(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_domain domain)
{
	const struct damp_charge one = guess(c, p, domain);

	return damp_ledger_peek(c->j->ledger, &one, 1, c->now) < 0;
}

void damp_charge_guess(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		       enum damp_domain domain)
{
	const struct damp_charge one = guess(c, p, domain);

	if (d->move == DAMP_MOVE_DROP && !d->charge_on_drop)
		d->ncharges = 0;
	d->charge_on_drop = true;
	damp_charge_add(d, one.key, one.cost, one.burst, DAMP_REASON_EMPTY_UNMATCHED);
}
