/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What plain messages of unproved peers cost, for the short way of admit.c: all of
 * it asked and paid in one go.
 *
 * Idea: decide_request.c looks at each budget, then at all of them together, and
 * damp_commit() pays them, because a message whose budget is spent must be
 * challenged and the reason known. Here they are paid at once, all or none; when that
 * does not work, nothing has happened, and the long way finds out why.
 *
 * Invariant: what is paid here is what decide_unproved() of decide_request.c and
 * decide_response.c would have charged, and only where they would have served
 * the message with all of its credit. Every line is named in the prefetches of
 * pass 1.
 */
#include "charges.h"
#include "short_way.h"

struct bill {
	struct damp_charge charge[4];
	unsigned n;
};

static void put(const struct damp_ctx *c, struct bill *b, const struct damp_rung *r,
		const struct damp_addr *a, enum damp_domain domain, uint32_t units)
{
	if (r->cost_q16 == 0)
		return;         /* no budget set: unlimited */
	b->charge[b->n++] = (struct damp_charge){ .key = damp_key_prefix(c, a, r->plen, domain),
						  .cost = damp_cost(r->cost_q16, units),
						  .burst = r->burst_ticks };
}

static bool paid(const struct damp_ctx *c, const struct bill *b)
{
	return b->n == 0 || damp_ledger_charge(c->j->ledger, b->charge, b->n, c->now) < 0;
}

/* Its request goes on as it is: slice() of decide_request.c leaves it alone. */
static bool goes_whole(const struct damp_ctx *c)
{
	return c->g->slice_szx >= DAMP_SLICE_OFF || (c->g->hold && damp_hold_calm(&c->w->hold));
}

/* Room for an answer as large as the request; charged when it leaves. */
static bool room_for_answer(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_guard *g = c->g;
	const bool v6 = p->frame.v6;

	return damp_rung_has_room(c, v6 ? &g->host6 : &g->host4,
				  damp_ledger_key(p->peer_host, DAMP_DOMAIN_HOST), p->frame.ip_len,
				  DAMP_REASON_LEDGER_HOST) &&
	       damp_rung_has_room(c, v6 ? &g->net6 : &g->net4,
				  damp_ledger_key(p->peer_net, DAMP_DOMAIN_NET), p->frame.ip_len,
				  DAMP_REASON_LEDGER_NET);
}

bool damp_afford_request(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_addr *src = &p->frame.src;
	const struct damp_guard *g = c->g;
	const bool v6 = p->frame.v6;
	struct bill b = { .n = 0 };

	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	/* Of others it is learned what they bring (learned.c). */
	if (!damp_is_safe(p) || c->routing == DAMP_ROUTING_UNANSWERED || !goes_whole(c) ||
	    !room_for_answer(c, p) ||
	    (g->table_full == DAMP_TABLE_FULL_DROP && damp_xchg_full(c->w->xchg, p->xchg_key, c->now)))
		return false;
	if (damp_peer_proved(c->j->peers, damp_key_known(p->peer_whole), c->now, 0)) {
		put(c, &b, &g->first_known, src, DAMP_DOMAIN_FIRST_KNOWN, 1);
	} else if (!damp_network_earned(c, p)) {
		return false;
	} else {
		put(c, &b, &g->first_host, src, DAMP_DOMAIN_FIRST_HOST, 1);
		put(c, &b, v6 ? &g->first_net6 : &g->first_net4, src, DAMP_DOMAIN_FIRST_NET, 1);
		put(c, &b, v6 ? &g->trust_net6 : &g->trust_net4, src, DAMP_DOMAIN_TRUST, 1);
	}
	put(c, &b, &g->server, &p->frame.dst, DAMP_DOMAIN_SERVER, 1);
	return paid(c, &b);
}

bool damp_afford_answer(const struct damp_ctx *c, struct damp_pkt *p, struct damp_xchg *x)
{
	const struct damp_addr *dst = &p->frame.dst;
	const struct damp_guard *g = c->g;
	const bool v4 = damp_addr_is_v4(dst);
	struct bill b = { .n = 0 };

	/* Of what was sliced there is more to come, and its client is asked ahead. */
	if (p->frame.ip_len > x->credit || (x->flags & DAMP_XCHG_SLICED))
		return false;
	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	put(c, &b, v4 ? &g->host4 : &g->host6, dst, DAMP_DOMAIN_HOST, p->frame.ip_len);
	put(c, &b, v4 ? &g->net4 : &g->net6, dst, DAMP_DOMAIN_NET, p->frame.ip_len);
	if (!paid(c, &b))
		return false;
	x->credit -= p->frame.ip_len;
	return true;
}
