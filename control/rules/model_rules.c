/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rules: the list of rules, top to bottom.
 *
 * Reference: operators.md 3.4.
 */
#include "read.h"

#include "suggest.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 63u

struct rule_walk {
	struct damp_rule_model *r;
	struct damp_place limit_at, over_at, slip_at;
};

static void read_id(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	bool good = n->kind == DAMP_NODE_SCALAR && n->len >= 1 && n->len <= ID_MAX &&
		    n->text[0] != '-';

	r->at = n->at;
	for (size_t i = 0; good && i < n->len; i++)
		good = islower((unsigned char)n->text[i]) || isdigit((unsigned char)n->text[i]) ||
		       n->text[i] == '-';
	if (!good) {
		damp_diag_error(c->diags, n->at,
				"a rule id is made of a to z, 0 to 9 and '-', begins with no '-' "
				"and has at most "
				"%u characters",
				ID_MAX);
		r->id = "";
		return;
	}
	r->id = n->text;
}

static void add_limit(struct damp_ctx *c, const struct damp_node *n,
		      const struct damp_limit_model *l, struct damp_rule_model *r)
{
	for (uint16_t i = 0; i < l->count; i++) {
		if (r->nlimits == DAMP_RULE_LIMITS_MAX) {
			damp_diag_error(c->diags, n->at,
					"a rule has at most %u limits; 'bytes', 'amplification' and "
					"'concurrent' beside a 'rate' count as well",
					DAMP_RULE_LIMITS_MAX);
			return;
		}
		r->limit[r->nlimits++] = (uint16_t)(l->first + i);
	}
}

static bool used_before(const struct damp_rule_model *r, const struct damp_limit_model *l)
{
	for (size_t i = 0; i < r->nlimits; i++)
		if (l->count && r->limit[i] == l->first)
			return true;
	return false;
}

static void read_limit(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	struct damp_suggestion near;
	const struct damp_node *at;
	const char *name;

	n = damp_read_deref(c, n);
	if (n && n->kind == DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "a limit is described under 'limits', by a name; here stands its name");
		return;
	}
	name = n ? damp_read_scalar(c, n, "the name of a limit", &at) : NULL;
	if (!name)
		return;
	near = damp_suggestion_start(name);
	for (size_t i = 0; i < c->nlimits; i++) {
		struct damp_limit_model *l = &c->limits[i];

		damp_suggestion_try(&near, l->name);
		if (strcmp(l->name, name) != 0)
			continue;
		l->used = true;
		if (used_before(r, l))
			damp_diag_error(c->diags, at->at, "limit '%s' is named twice", name);
		else
			add_limit(c, at, l, r);
		return;
	}
	if (near.name)
		damp_diag_error(c->diags, at->at, "there is no limit '%s'; did you mean '%s'?",
				name, near.name);
	else
		damp_diag_error(c->diags, at->at, "there is no limit '%s'", name);
}

static void read_limits(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_model *r)
{
	r->has_limit = true;
	n = damp_read_deref(c, n);
	if (!n)
		return;
	if (n->kind != DAMP_NODE_LIST) {
		read_limit(c, n, r);
		return;
	}
	if (!n->n)
		damp_diag_error(c->diags, n->at, "an empty list of limits");
	for (size_t i = 0; i < n->n; i++)
		read_limit(c, n->items[i], r);
}

void damp_about_check(struct damp_ctx *c, const struct damp_node *n)
{
	n = damp_read_deref(c, n);
	if (n && n->kind != DAMP_NODE_SCALAR)
		damp_diag_error(c->diags, n->at, "'about' is text");
}

static void rule_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		     void *user)
{
	struct rule_walk *w = user;
	int mode;

	switch (key) {
	case DAMP_KEY_RULE_ID: read_id(c, p->value, w->r); break;
	case DAMP_KEY_RULE_ABOUT: damp_about_check(c, p->value); break;
	case DAMP_KEY_RULE_MATCH: damp_match_read(c, p->value, w->r); break;
	case DAMP_KEY_RULE_LIMIT:
		w->limit_at = p->key->at;
		read_limits(c, p->value, w->r);
		break;
	case DAMP_KEY_RULE_OVER:
		w->over_at = p->key->at;
		damp_action_read(c, p->value, "over", &w->r->over);
		break;
	case DAMP_KEY_RULE_THEN: damp_action_read(c, p->value, NULL, &w->r->then); break;
	case DAMP_KEY_RULE_SLIP:
		w->slip_at = p->key->at;
		damp_slip_read(c, p->value, w->r);
		break;
	case DAMP_KEY_RULE_SHAPE: damp_shape_read(c, p->value, w->r); break;
	case DAMP_KEY_RULE_BLOCK: damp_block_read(c, p, w->r); break;
	case DAMP_KEY_RULE_UNTIL: damp_until_read(c, p->value, w->r); break;
	case DAMP_KEY_RULE_MODE:
		mode = damp_read_mode(c, p->value);
		w->r->mode = mode < 0 ? DAMP_MODE_ENFORCE : (enum damp_mode)mode;
		break;
	case DAMP_KEY_RULE_WARN:
	case DAMP_KEY_RULE_LOG:
	case DAMP_KEY_RULE_SEVERITY: damp_events_read(c, key, p, w->r); break;
	default: break;
	}
}

/* A condition beside 'match' in place of in it, as has been reported. */
static bool has_condition(const struct damp_node *rule)
{
	for (size_t i = 0; i < rule->n; i++)
		if (damp_key_find(DAMP_SECTION_MATCH, rule->pairs[i].key->text) != DAMP_KEY_MAX)
			return true;
	return false;
}

static void settle(struct damp_ctx *c, const struct damp_node *n, struct rule_walk *w)
{
	struct damp_rule_model *r = w->r;

	if (!damp_node_get(n, "id"))
		damp_diag_error(c->diags, n->at, "this rule has no 'id'");
	if (!damp_node_get(n, "match") && !has_condition(n))
		damp_diag_error(c->diags, r->at,
				"this rule has no 'match'; write 'match: any' for all messages");
	if (w->over_at.line && !damp_node_get(n, "limit"))
		damp_diag_error(c->diags, w->over_at, "'over' without a 'limit'");
	if (!damp_node_get(n, "limit") && !damp_node_get(n, "then") && !damp_node_get(n, "shape"))
		damp_diag_error(
			c->diags, r->at,
			"this rule does nothing; write 'then: drop', 'accept' or another action");
	if (!r->over.set)
		r->over.act.action = r->has_limit ? DAMP_ACT_DROP : DAMP_ACT_CONTINUE;
	if (!r->then.set)
		r->then.act.action = DAMP_ACT_CONTINUE;
	if (w->slip_at.line)
		damp_slip_check(c, w->slip_at, r);
	damp_block_check(c, r);
	if (r->mode > c->mode)
		r->mode = c->mode;
	if (r->off)
		r->mode = DAMP_MODE_OFF;
	if (r->has_limit && !r->nlimits)
		r->slip_every = 0; /* its limits limit nothing yet: it is never over one */
}

static void read_rule(struct damp_ctx *c, const struct damp_node *n)
{
	struct damp_rule_model r = {
		.mode = DAMP_MODE_ENFORCE, .at = n->at, .slice_szx = DAMP_SLICE_OFF,
		.until_s = DAMP_NEVER_ENDS,
	};
	struct rule_walk w = { .r = &r };

	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "a rule is a mapping; it begins with 'id:'");
		return;
	}
	damp_read_keys(c, DAMP_SECTION_RULE, n, rule_key, &w);
	settle(c, n, &w);
	DAMP_PUSH(c->pool, c->rules, c->nrules, c->rules_cap, r);
}

static int by_id(const void *a, const void *b)
{
	const struct damp_rule_model *x = *(struct damp_rule_model *const *)a,
				     *y = *(struct damp_rule_model *const *)b;
	const int o = strcmp(x->id ? x->id : "", y->id ? y->id : "");

	return o ? o : (x > y) - (x < y);
}

static void check_ids(struct damp_ctx *c)
{
	const struct damp_rule_model **r = damp_pool_alloc(c->pool, (c->nrules + 1) * sizeof(*r));

	for (size_t i = 0; i < c->nrules; i++)
		r[i] = &c->rules[i];
	qsort(r, c->nrules, sizeof(*r), by_id);
	for (size_t i = 1, first = 0; i < c->nrules; i++) {
		if (!r[i]->id || !r[i]->id[0] ||
		    strcmp(r[i]->id, r[first]->id ? r[first]->id : "") != 0) {
			first = i;
			continue;
		}
		damp_diag_error(c->diags, r[i]->at, "rule id '%s' is used twice", r[i]->id);
		damp_diag_notice(c->diags, r[first]->at, "first used here");
	}
}

/* A rule that decides everything leaves nothing to those behind it. */
static void check_reach(struct damp_ctx *c, const struct damp_node *list)
{
	for (size_t i = 0; i + 1 < c->nrules; i++) {
		const struct damp_rule_model *r = &c->rules[i];
		const struct damp_node *match = i < list->n ? damp_node_get(list->items[i], "match")
							    : NULL;

		if (!match || !damp_node_is(match, "any") || r->then.act.action == DAMP_ACT_CONTINUE ||
		    r->mode != DAMP_MODE_ENFORCE || !damp_rule_always(r))
			continue;
		damp_diag_warning(c->diags, c->rules[i + 1].at, "no message comes this far");
		if (r->id && r->id[0])
			damp_diag_notice(c->diags, r->at, "rule '%s' decides all of them", r->id);
		else
			damp_diag_notice(c->diags, r->at, "this rule decides all of them");
		return;
	}
}

void damp_rules_read(struct damp_ctx *c, const struct damp_node *list)
{
	if (list->kind != DAMP_NODE_LIST) {
		damp_diag_error(c->diags, list->at,
				"'rules' is a list; each rule begins with '- id:'");
		return;
	}
	if (list->n > DAMP_RULES_MAX)
		damp_diag_error(c->diags, list->items[DAMP_RULES_MAX]->at, "more than %u rules",
				DAMP_RULES_MAX);
	for (size_t i = 0; i < list->n && i < DAMP_RULES_MAX; i++)
		if (list->items[i]->empty)
			damp_diag_error(c->diags, list->items[i]->at, "item %zu of 'rules' is empty; a rule begins with '- id:'", i + 1);
		else
			read_rule(c, list->items[i]);
	check_ids(c);
	if (c->nrules == list->n)
		check_reach(c, list);
}
