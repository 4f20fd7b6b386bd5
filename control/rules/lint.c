/* SPDX-License-Identifier: BSD-3-Clause */
/* See lint.h: names nobody uses, rules and limits without effect. */
#include "lint.h"

#include "lint_cover.h"
#include "lint_room.h"

#include <string.h>

static void unused_names(struct damp_ctx *c)
{
	static const char *const what[] = { "define", "set", "zone" };

	for (size_t i = 0; i < c->nnames; i++) {
		const struct damp_name *n = &c->names[i];

		/* A zone of the inside port tells spoofed sources, used or not. */
		if (n->used || !n->at.line ||
		    (n->zone && (n->zone->ports != DAMP_BOTH_SIDES || n->zone->devices)))
			continue;
		damp_diag_warning(c->diags, n->at, "%s '%s' is not used", what[n->kind], n->name);
	}
	for (size_t i = 0; i < c->nlimits; i++)
		if (!c->limits[i].used)
			damp_diag_warning(c->diags, c->limits[i].at, "limit '%s' is not used",
					  c->limits[i].name);
	for (size_t i = 0; i < c->nschedules; i++)
		if (!c->schedules[i].used)
			damp_diag_warning(c->diags, c->schedules[i].at, "schedule '%s' is not used",
					  c->schedules[i].name);
}

static bool same_act(const struct damp_act *a, const struct damp_act *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void idle_rule(struct damp_ctx *c, const struct damp_rule_model *r)
{
	const bool slices = r->slice_szx < c->guard.slice_szx;
	const bool bounds = r->body_bytes && r->body_bytes < c->guard.transfer_bytes;
	const bool shapes = slices || bounds || r->notify_gap;
	const struct damp_act *ends = r->has_limit ? &r->over.act : &r->then.act;

	if (r->body_bytes && !bounds)
		damp_diag_warning(c->diags, r->at,
				  "the 'shape' of rule '%s' has no effect: the guard's 'body' is as small",
				  r->id);
	if (r->slice_szx != DAMP_SLICE_OFF && !slices)
		damp_diag_warning(c->diags, r->at,
				  "the 'shape' of rule '%s' has no effect: the guard's 'slice' is as small",
				  r->id);
	if (r->slip_every && same_act(ends, &r->slip.act))
		damp_diag_warning(c->diags, r->at,
				  "the 'slip' of rule '%s' has no effect: it does what '%s' does", r->id,
				  r->has_limit ? "over" : "then");
	if (shapes || r->then.act.action != DAMP_ACT_CONTINUE || !c->strict)
		return;
	if (!r->has_limit)
		damp_diag_remark(c->diags, r->at, "rule '%s' only counts: it decides nothing", r->id);
	else if (r->over.act.action == DAMP_ACT_ACCEPT && r->nlimits)
		damp_diag_remark(c->diags, r->at,
				 "rule '%s' accepts what is over its limit, and the next rules decide the rest",
				 r->id);
}

/* The guard's own factor stays the upper bound. */
static void idle_ratios(struct damp_ctx *c)
{
	for (size_t i = 0; i < c->nlimits; i++)
		for (unsigned p = 0; p < c->limits[i].count; p++) {
			const struct damp_limit *l = &c->plimits[c->limits[i].first + p].l;

			if (l->kind == DAMP_LIMIT_AMPLIFICATION && l->alpha_q8 > c->guard.alpha_q8)
				damp_diag_warning(c->diags, c->limits[i].at,
						  "the 'amplification' of limit '%s' has no effect: the "
						  "guard allows %.4gx",
						  c->limits[i].name, (double)c->guard.alpha_q8 / 256);
		}
}

/* A pattern of a list that another one of it covers. */
static bool covers(const struct damp_pattern *a, const struct damp_pattern *b)
{
	if (a->kind == DAMP_PATTERN_ALL)
		return true;
	if (a->kind == DAMP_PATTERN_PREFIX &&
	    (b->kind == DAMP_PATTERN_PREFIX || b->kind == DAMP_PATTERN_LITERAL))
		return (b->len >= a->len && memcmp(a->text, b->text, a->len) == 0) ||
		       (b->kind == DAMP_PATTERN_LITERAL && b->len + 1 == a->len &&
			memcmp(a->text, b->text, b->len) == 0);
	return a->kind == b->kind && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static void covered_patterns(struct damp_ctx *c, const struct damp_pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < l->n; j++) {
			/* Of two equal ones the second is too many. */
			if (i == j || !covers(&l->p[j], &l->p[i]) || (i < j && covers(&l->p[i], &l->p[j])))
				continue;
			damp_diag_remark(c->diags, l->p[i].at,
					 "another pattern of this list covers this one");
			break;
		}
}

void damp_lint(struct damp_ctx *c, const struct damp_program_hdr *program)
{
	unused_names(c);
	idle_ratios(c);
	damp_lint_room(c);
	for (size_t i = 0; i < c->nrules; i++) {
		idle_rule(c, &c->rules[i]);
		for (unsigned t = 0; t < DAMP_TEXTS && c->strict; t++) {
			covered_patterns(c, &c->rules[i].match.text[t].want);
			covered_patterns(c, &c->rules[i].match.text[t].unwanted);
		}
	}
	damp_lint_cover(c, program);
}
