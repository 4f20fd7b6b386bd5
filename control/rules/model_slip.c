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
			if (c->terms[i].atoms[j].sides & DAMP_SIDE_BIT(DAMP_OUTSIDE) || c->terms[i].atoms[j].devices)
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

#define BODY_MIN 16u
#define BODY_MAX (1u << 30)
#define GAP_MAX_S (DAMP_NOTIFY_GAP_MAX / GAPS_PER_S)
#define GAPS_PER_S 16u /* program.h: notify_gap */

static void read_body(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	struct damp_quantity q;
	uint64_t bytes;

	if (!damp_read_quantity(c, n, DAMP_WANT(BYTES), &q))
		return;
	bytes = q.micro / DAMP_MICRO;
	if (bytes < BODY_MIN || bytes > BODY_MAX)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; a body is 16 B to 1024 MiB", n->text);
	else
		r->body_bytes = (uint32_t)bytes;
}

static void read_spacing(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	struct damp_quantity q;
	uint64_t ms;

	if (!damp_read_quantity(c, n, DAMP_WANT(MS), &q))
		return;
	ms = q.micro / DAMP_MICRO;
	if (ms < 1000 || ms > GAP_MAX_S * 1000)
		damp_diag_error(c->diags, n->at, "'%s' is out of range; a spacing is 1 s to 8 min", n->text);
	else
		r->notify_gap = (uint16_t)(ms * GAPS_PER_S / 1000);
}

static void shape_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	struct damp_rule_model *r = user;

	switch (key) {
	case DAMP_KEY_SHAPE_BODY: read_body(c, p->value, r); break;
	case DAMP_KEY_SHAPE_SPACING: read_spacing(c, p->value, r); break;
	default: damp_slice_read(c, p->value, false, &r->slice_szx); break;
	}
}

void damp_shape_read(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_SHAPE, n, shape_key, r);
	if (c->diags->errors == before && r->slice_szx == DAMP_SLICE_OFF && !r->body_bytes && !r->notify_gap)
		damp_diag_error(c->diags, n->at,
				"'shape' needs a 'block2', a 'body' or a 'spacing'; write {block2: 64 B}");
}
