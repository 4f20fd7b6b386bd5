/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slip and shape of a rule.
 *
 * Invariant: no slip lets more come back toward an unproved peer than the
 * messages it is taken from brought. Answers, challenges and resets are never
 * longer than what they answer (reply.h); one accepted request may bring the
 * guard's factor, so it has to stand for as many.
 *
 * Reference: operators.md 3.4; Knot's and BIND's slip, there for DNS.
 */
#include "read.h"

#include <damper/program.h>

#define SLIP_EVERY_MAX 65535u

struct slip_walk {
	struct damp_rule_model *r;
	bool every, with;
};

static void slip_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct slip_walk *w = user;
	uint64_t every;

	if (key == DAMP_KEY_SLIP_EVERY) {
		w->every = true;
		if (damp_read_integer(c, p->value, 2, SLIP_EVERY_MAX, &every))
			w->r->slip_every = (uint16_t)every;
	} else {
		w->with = true;
		damp_action_read(c, p->value, "with", &w->r->slip);
	}
}

void damp_slip_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	struct slip_walk w = { .r = r };
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_SLIP, n, slip_key, &w);
	if (c->diags->errors == before && (!w.every || !w.with))
		damp_diag_error(c->diags, n->at, "'slip' needs both; write {every: 8, with: challenge}");
}

static bool from_outside(const struct damp_addr_cond *c)
{
	if (!c->asked)
		return true;
	for (size_t i = 0; i < c->n; i++) {
		if (c->terms[i].negated)
			return true;
		for (size_t j = 0; j < c->terms[i].n; j++)
			if (c->terms[i].atoms[j].sides & DAMP_SIDE_BIT(DAMP_OUTSIDE))
				return true;
	}
	return false;
}

bool damp_rule_meets_unproved(const struct damp_rule_model *r)
{
	const struct damp_match *m = &r->match;
	const uint64_t costly = 1u << DAMP_KIND_REQUEST | 1u << DAMP_KIND_DTLS;

	if (m->verified.asked && !(m->verified.b[0] & 1))
		return false;
	if (m->kind.asked && !(m->kind.b[0] & costly))
		return false;
	for (int i = 0; i < 2; i++)
		if (!from_outside(&m->src[i]) || !from_outside(&m->dst[i]))
			return false;
	return true;
}

void damp_slip_check(struct damp_ctx *c, struct damp_place at, const struct damp_rule_model *r)
{
	const struct damp_act *ends = r->has_limit ? &r->over.act : &r->then.act;
	const unsigned least = (c->guard.alpha_q8 + 255u) / 256;
	const bool passes = r->slip.act.action == DAMP_ACT_ACCEPT ||
			    r->slip.act.action == DAMP_ACT_STRIP_OBSERVE;

	if (!damp_act_ends(ends))
		damp_diag_error(c->diags, at, "'slip' has nothing to act on: '%s' lets all messages pass",
				r->has_limit ? "over" : "then");
	if (passes && r->slip_every && r->slip_every < least && damp_rule_meets_unproved(r)) {
		damp_diag_error(c->diags, at,
				"this slip answers more than it receives: 1 in %u is let pass and may "
				"bring %.4gx its bytes; write 'every: %u' or more",
				r->slip_every, (double)c->guard.alpha_q8 / 256, least);
	}
}

static void shape_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	struct damp_rule_model *r = user;

	(void)key;
	damp_slice_read(c, p->value, false, &r->slice_szx);
}

void damp_shape_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_SHAPE, n, shape_key, r);
	if (c->diags->errors == before && r->slice_szx == DAMP_SLICE_OFF)
		damp_diag_error(c->diags, n->at, "'shape' needs a 'block2'; write {block2: 64 B}");
}
