/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking the rules that match, top to bottom, until one is final.
 *
 * Idea: a rule without a limit acts by `then`. A rule with limits acts by
 * `over` when a charge would not fit, else its charges join the packet's and
 * `then` goes on (operators.md 3.4). An amplification limit says nothing about
 * the request; it sets the credit of the exchange and what happens to the
 * response that exceeds it.
 *
 * Invariant: a rule in mode observe is evaluated like any other and its limits
 * are charged as if it were enforced, but its action is only noted.
 */
#include "charges.h"
#include "credit.h"
#include "decide.h"
#include "short_way.h"

#include "live.h"

static void note(struct damp_decision *d, int32_t rule, unsigned outcomes)
{
	if (d->nmatched && d->matched[d->nmatched - 1] == rule) {
		d->outcome[d->nmatched - 1] |= (uint8_t)outcomes;
		return;
	}
	if (d->nmatched == DAMP_MATCHES_KEPT)
		return;
	d->matched[d->nmatched] = (uint16_t)rule;
	d->outcome[d->nmatched++] = (uint8_t)outcomes;
}

/* The key a limit is kept for. Of tenants there are as many as rules name, and of
 * everybody one: on the kept lines. */
uint64_t damp_limit_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			const struct damp_rung *r, unsigned rung)
{
	const uint64_t domain = DAMP_DOMAIN_LIMITS + ((uint64_t)l->state_key << 3 | rung);

	switch (l->per) {
	case DAMP_PER_SOURCE:
		return damp_key_prefix(c, &p->frame.src, r->plen, domain);
	case DAMP_PER_TARGET:
		return damp_key_prefix(c, &p->frame.dst, r->plen, domain);
	case DAMP_PER_PEER:
		return damp_key_prefix(c, damp_peer_addr(p), r->plen, domain);
	case DAMP_PER_DEVICE:
		return damp_key_prefix(c, damp_device_addr(p), r->plen, domain);
	case DAMP_PER_PAIR:
		return damp_key_not_kept(damp_mix(damp_key_prefix(c, damp_peer_addr(p), r->plen, domain),
						  damp_key_prefix(c, damp_device_addr(p), r->plen, domain)));
	case DAMP_PER_TENANT:
		return damp_key_kept(damp_mix(damp_mix(c->j->anybody, damp_tenant_of(c->v, p)), domain));
	case DAMP_PER_PATH:
		return damp_ledger_key(damp_path_hash(c, p), domain);
	default:
		return damp_key_kept(damp_mix(c->j->anybody, domain));
	}
}

/* Add the charges of one limit. */
static void charge_limit(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			 struct damp_decision *d)
{
	const uint32_t units = l->kind == DAMP_LIMIT_BYTES ? p->frame.ip_len : 1;
	const struct damp_rung *r = p->frame.v6 ? l->rung6 : l->rung4;
	const unsigned n = p->frame.v6 ? l->nrungs6 : l->nrungs4;

	for (unsigned i = 0; i < n; i++)
		damp_charge_add(d, damp_limit_key(c, p, l, &r[i], i), damp_cost(r[i].cost_q16, units),
				r[i].burst_ticks, DAMP_REASON_RULE_LIMIT);
}

/* The strictest for this message, and of equals the first, whose `over` then
 * holds. A window can only be made shorter. */
static void set_credit(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
		       int32_t index, struct damp_decision *d)
{
	const struct damp_decision as = { .alpha_q8 = l->alpha_q8, .floor_bytes = l->floor_bytes };
	const uint32_t here = damp_credit(c, p, &as), so_far = damp_credit(c, p, d);

	if (l->window_s > 0 && (d->window_s == 0 || l->window_s < d->window_s))
		d->window_s = l->window_s;
	if (here > so_far || (here == so_far && d->rule_slot != 0))
		return;
	d->alpha_q8 = l->alpha_q8;
	d->floor_bytes = l->floor_bytes;
	d->rule_slot = c->v->rule_slot[index];
	d->over = c->v->rules[index].over.action;
}

/* How far this message uses up the limits that it has just joined, in percent of
 * the one that is used up most; noted when the rule wants to warn of it. */
static void note_use(const struct damp_ctx *c, const struct damp_rule *r, int32_t index, unsigned charges,
		     unsigned holds, struct damp_decision *d)
{
	uint64_t most = 0, used;

	for (unsigned i = charges; i < d->ncharges; i++) {
		used = (uint64_t)damp_ledger_debt(c->j->ledger, d->charge[i].key, c->now) + d->charge[i].cost;
		used = d->charge[i].burst ? used * 100 / d->charge[i].burst : 100;
		most = used > most ? used : most;
	}
	for (unsigned i = holds; i < d->nholds; i++) {
		used = ((uint64_t)damp_tally_count(c->j->tally, d->hold_key[i], c->now) + 1) * 100 /
		       d->hold_most[i];
		most = used > most ? used : most;
	}
	if (most < r->warn_percent)
		return;
	d->warn_percent = most < 100 ? (uint8_t)most : 100;
	d->warn_rule = index;
}

/* Take the limits of a rule on board. Returns false when one is exceeded; then
 * the decision's charges are as before. */
static bool within_limits(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_rule *r,
			  int32_t index, enum damp_mode mode, struct damp_decision *d)
{
	const unsigned charges = d->ncharges, holds = d->nholds, laters = d->nlater;
	enum damp_reason why;
	bool within = true;

	for (unsigned i = 0; i < r->nlimits; i++) {
		const struct damp_limit *l = &c->v->limits[r->limit[i]];

		if (l->per == DAMP_PER_PATH && p->kind != DAMP_KIND_REQUEST)
			continue;
		if (damp_unlikely(damp_counts_later(l)))
			within = within && damp_later_within(c, p, l, d);
		else if (l->kind == DAMP_LIMIT_CONCURRENT)
			within = within && damp_concurrent_within(c, p, l, d);
		else if (l->kind != DAMP_LIMIT_AMPLIFICATION)
			charge_limit(c, p, l, d);
		else if (mode == DAMP_MODE_ENFORCE)
			set_credit(c, p, l, index, d);
	}
	if (within && (d->ncharges == charges || damp_charges_fit(c, d, &why))) {
		if (damp_unlikely(r->warn_percent > 0) && d->warn_percent == 0)
			note_use(c, r, index, charges, holds, d);
		return true;
	}
	d->ncharges = charges;
	d->nholds = holds;
	d->nlater = laters;
	return false;
}

static bool ends(const struct damp_act *a)
{
	return a->action == DAMP_ACT_DROP || a->action == DAMP_ACT_CHALLENGE ||
	       a->action == DAMP_ACT_ANSWER || a->action == DAMP_ACT_RESET;
}

/* What a rule does to this packet; its slip has a say in what it would end. */
static const struct damp_act *act_of(const struct damp_ctx *c, const struct damp_rule *r, int32_t at,
				     bool over, struct damp_decision *d)
{
	const struct damp_act *a = over ? &r->over : &r->then;

	if (r->slip_every == 0 || over != (r->nlimits > 0) || !ends(a))
		return a;
	note(d, at, DAMP_NOTE_ENDED);
	return c->w->slip[c->v->rule_slot[at]] + 1u >= r->slip_every ? &r->slip : a;
}

/* Where in its range the Max-Age of this answer lies: the same for a
 * retransmission, and not to be foreseen. */
static uint32_t max_age(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_act *a)
{
	const uint64_t span = (uint64_t)a->max_age_to_s - a->max_age_s + 1;
	const uint64_t h = damp_hash2(&c->j->k_mid, p->xchg_key, 1ull << 32 | p->coap.mid);

	return span == 1 ? a->max_age_s : a->max_age_s + (uint32_t)(((h >> 32) * span) >> 32);
}

/* The action as it fits this kind of message (program.h). */
static enum damp_action settle(const struct damp_pkt *p, const struct damp_act *a, struct damp_decision *d)
{
	const bool request = p->kind == DAMP_KIND_REQUEST;

	if (a->action == DAMP_ACT_STRIP_OBSERVE) {
		d->strip_observe = request && p->side == DAMP_OUTSIDE &&
				   damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && p->coap.observe == 0;
		return DAMP_ACT_ACCEPT;
	}
	if (!request && (a->action == DAMP_ACT_ANSWER || a->action == DAMP_ACT_RESET))
		return DAMP_ACT_DROP;
	return a->action;
}

/* The strictest of all rules that let the message pass. */
static void shape_more(const struct damp_rule *r, struct damp_decision *d)
{
	if (r->body_bytes && r->body_bytes < d->body_cap)
		d->body_cap = r->body_bytes;
	if (r->notify_gap > d->notify_gap)
		d->notify_gap = r->notify_gap;
}

bool damp_any_rule(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_worker_stats *s = c->w->stats;
	struct damp_walk *walk = c->walk;

	if (damp_likely(c->v->hdr->nwords == 0))
		return false;
	if (walk->of != p) {
		walk->of = p;
		walk->cost = (struct damp_text_cost){ 0 };
		damp_matches_begin(&walk->m, c->v, c->w->index, p, &walk->cost);
	}
	if (damp_matches_any(&walk->m))
		return true;
	if (walk->cost.memo_hits + walk->cost.memo_misses == 0)
		return false;
	s->memo_hits += walk->cost.memo_hits;
	s->memo_misses += walk->cost.memo_misses;
	s->hs_scans += walk->cost.hs_scans;
	walk->cost = (struct damp_text_cost){ 0 };
	return false;
}

/* Begun by a short way, or now. */
static struct damp_matches *begin(const struct damp_ctx *c, const struct damp_pkt *p,
				  struct damp_matches *own, struct damp_text_cost *cost)
{
	if (c->walk != NULL && c->walk->of == p) {
		*cost = c->walk->cost;
		return &c->walk->m;
	}
	damp_matches_begin(own, c->v, c->w->index, p, cost);
	return own;
}

enum damp_action damp_decide_rules(const struct damp_ctx *c, const struct damp_pkt *p,
				   struct damp_decision *d)
{
	struct damp_matches own, *const m = begin(c, p, &own, &d->text_cost);
	int32_t at;

	while ((at = damp_matches_next(m)) >= 0) {
		const struct damp_rule *r = &c->v->rules[at];
		const enum damp_mode mode = damp_live_mode(c->v, (uint32_t)at);
		const struct damp_act *act;
		bool over;

		if (mode == DAMP_MODE_OFF)
			continue;
		note(d, at, 1u << DAMP_OUT_MATCHED);
		over = r->nlimits && !within_limits(c, p, r, at, mode, d);
		if (over)
			note(d, at, 1u << DAMP_OUT_OVER);
		if (over && r->block.for_s && d->note_rule == 0)
			d->note_rule = (uint16_t)(at + 1);
		act = act_of(c, r, at, over, d);
		if (mode == DAMP_MODE_ENFORCE && !ends(act) && r->slice_szx < d->shape_szx)
			d->shape_szx = r->slice_szx;
		if (mode == DAMP_MODE_ENFORCE && !ends(act))
			shape_more(r, d);
		if (act->action == DAMP_ACT_CONTINUE)
			continue;
		if (mode == DAMP_MODE_OBSERVE) {
			if (act->action != DAMP_ACT_ACCEPT) {
				note(d, at, 1u << DAMP_OUT_WOULD);
				if (!d->observed) {
					d->would = act->action;
					d->would_rule = at;
				}
				d->observed = true;
			}
			continue;
		}
		note(d, at, 1u << DAMP_OUT_ACTED);
		d->rule = at;
		d->action = act->action;
		d->code = act->code;
		d->max_age_s = max_age(c, p, act);
		d->reason = over ? DAMP_REASON_RULE_LIMIT : DAMP_REASON_RULE;
		return settle(p, act, d);
	}
	return DAMP_ACT_ACCEPT;
}
