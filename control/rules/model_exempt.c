/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exempt: who is neither limited nor counted, why, and until when.
 *
 * Idea: a class of addresses knows the latest end of the exemptions it belongs
 * to. One that nobody ended is the hole that stays, so one that has ended is an
 * error in the file; one that ends while the program runs ends there.
 *
 * Reference: operators.md 0 (finding 2), 3.4.
 */
#include "read.h"
#include "terms.h"

#define DAY_S 86400
#define WARN_DAYS 14

struct exempt_walk {
	const struct damp_pair *from, *until;
	struct damp_addrs whom;
	uint64_t until_s;
};

static void read_until(struct damp_ctx *c, const struct damp_node *n, uint64_t *until_s)
{
	const struct damp_node *at;
	int64_t days, left;

	if (!damp_day_read(c, n, &at, &days))
		return;
	*until_s = damp_day_end_s(days);
	left = days - c->now / DAY_S;
	if (left < 0)
		damp_diag_error(c->diags, at->at, "this exemption ended on %s", at->text);
	else if (left <= WARN_DAYS)
		damp_diag_warning(c->diags, at->at, "this exemption ends on %s, in %lld days",
				  at->text, (long long)left);
}

static void read_reviewed(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	int64_t days;

	/* A day is over in some zone when it has not begun in another. */
	if (damp_day_read(c, n, &at, &days) && days > c->now / DAY_S + 1)
		damp_diag_error(c->diags, at->at, "%s is yet to come", at->text);
}

static bool whole(const struct damp_spans *s, damp_u128 max)
{
	return s->n == 1 && s->s[0].low == 0 && s->s[0].high == max;
}

static void read_from(struct damp_ctx *c, const struct damp_node *n, struct damp_addrs *one)
{
	if (!damp_addrs_read(c, n, one))
		return;
	damp_addrs_normalise(one);
	if (whole(&one->family[DAMP_V4], UINT32_MAX) || whole(&one->family[DAMP_V6], ~(damp_u128)0))
		damp_diag_error(c->diags, n->at, "an exemption of everybody is no filter");
}

static void exempt_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		       void *user)
{
	struct exempt_walk *w = user;

	switch (key) {
	case DAMP_KEY_EXEMPT_FROM:
		w->from = p;
		read_from(c, p->value, &w->whom);
		break;
	case DAMP_KEY_EXEMPT_UNTIL:
		w->until = p;
		read_until(c, p->value, &w->until_s);
		break;
	case DAMP_KEY_EXEMPT_REVIEWED: read_reviewed(c, p->value); break;
	case DAMP_KEY_EXEMPT_ABOUT: damp_about_check(c, p->value); break;
	default: break;
	}
}

static void read_one(struct damp_ctx *c, const struct damp_node *n)
{
	struct exempt_walk w = { .until_s = DAMP_NEVER_ENDS };
	struct damp_exempt_model m;
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_EXEMPT, n, exempt_key, &w);
	if (c->diags->errors > before)
		return;
	if (!w.from)
		damp_diag_error(c->diags, n->at, "this exemption has no 'from'");
	else if (!w.until)
		damp_diag_warning(c->diags, n->at,
				  "this exemption never ends; write 'until' with its last day");
	if (!w.whom.family[DAMP_V4].n && !w.whom.family[DAMP_V6].n)
		return;
	m = (struct damp_exempt_model){ .set = damp_addr_set_add(c, &w.whom), .until_s = w.until_s };
	DAMP_PUSH(c->pool, c->exempts, c->nexempts, c->exempts_cap, m);
}

void damp_exempt_read(struct damp_ctx *c, const struct damp_node *list)
{
	if (list->kind != DAMP_NODE_LIST) {
		damp_diag_error(c->diags, list->at, "'exempt' is a list of exemptions");
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		read_one(c, list->items[i]);
}
