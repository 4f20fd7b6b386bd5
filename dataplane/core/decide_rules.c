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
#include "judge_state.h"

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

/* The addresses a limit is kept for. */
static uint64_t limit_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
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
		return damp_mix(damp_key_prefix(c, damp_peer_addr(p), r->plen, domain),
				damp_key_prefix(c, damp_device_addr(p), r->plen, domain));
	default:
		return damp_mix(c->j->anybody, domain);
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
		damp_charge_add(d, limit_key(c, p, l, &r[i], i), damp_cost(r[i].cost_q16, units), r[i].burst_ticks,
				DAMP_REASON_RULE_LIMIT);
}

/* Take the limits of a rule on board. Returns false when one is exceeded; then
 * the decision's charges are as before. */
static bool within_limits(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_rule *r,
			  int32_t index, struct damp_decision *d)
{
	const unsigned before = d->ncharges;
	enum damp_reason why;

	for (unsigned i = 0; i < r->nlimits; i++) {
		const struct damp_limit *l = &c->v->limits[r->limit[i]];

		if (l->kind != DAMP_LIMIT_AMPLIFICATION) {
			charge_limit(c, p, l, d);
			continue;
		}
		if (r->mode == DAMP_MODE_ENFORCE && l->alpha_q8 < d->alpha_q8) {
			d->alpha_q8 = l->alpha_q8;
			d->rule_slot = c->v->rule_slot[index];
			d->over = r->over.action;
		}
	}
	if (d->ncharges == before || damp_charges_fit(c, d, &why))
		return true;
	d->ncharges = before;
	return false;
}

enum damp_action damp_decide_rules(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	struct damp_matches m;
	int32_t at;

	damp_matches_begin(&m, c->v, c->w->index, p, &d->text_cost);
	while ((at = damp_matches_next(&m)) >= 0) {
		const struct damp_rule *r = &c->v->rules[at];
		const struct damp_act *act = &r->then;
		bool over = false;

		if (r->mode == DAMP_MODE_OFF)
			continue;
		note(d, at, 1u << DAMP_OUT_MATCHED);
		if (r->nlimits && !within_limits(c, p, r, at, d)) {
			over = true;
			act = &r->over;
			note(d, at, 1u << DAMP_OUT_OVER);
		}
		if (act->action == DAMP_ACT_CONTINUE)
			continue;
		if (r->mode == DAMP_MODE_OBSERVE) {
			if (act->action != DAMP_ACT_ACCEPT) {
				note(d, at, 1u << DAMP_OUT_WOULD);
				d->observed = true;
			}
			continue;
		}
		note(d, at, 1u << DAMP_OUT_ACTED);
		d->rule = at;
		d->code = act->code;
		d->max_age_s = act->max_age_s;
		d->reason = over ? DAMP_REASON_RULE_LIMIT : DAMP_REASON_RULE;
		return act->action;
	}
	return DAMP_ACT_ACCEPT;
}
