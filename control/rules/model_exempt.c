/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exempt: who is neither limited nor counted, why, and until when.
 *
 * Idea: all exemptions become one set of addresses, a flag of its classes. The
 * dates are for the people who keep the file; an exemption that nobody ended
 * is the hole that stays, so one that has ended is an error, not a comment.
 *
 * Reference: operators.md 0 (finding 2), 3.4.
 */
#include "read.h"
#include "terms.h"

#define DAY_S 86400
#define WARN_DAYS 14

struct exempt_walk {
	const struct damp_pair *from, *until;
	struct damp_addrs *all;
};

static bool read_day(struct damp_ctx *c, const struct damp_node *n, const struct damp_node **at,
		     int64_t *days)
{
	const char *text = damp_read_scalar(c, n, "a day", at);
	char why[DAMP_WHY_MAX];

	if (!text)
		return false;
	if (damp_date_parse(text, days, why))
		return true;
	damp_diag_error(c->diags, (*at)->at, "%s", why);
	return false;
}

static void read_until(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	int64_t days, left;

	if (!read_day(c, n, &at, &days))
		return;
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
	if (read_day(c, n, &at, &days) && days > c->now / DAY_S + 1)
		damp_diag_error(c->diags, at->at, "%s is yet to come", at->text);
}

static bool whole(const struct damp_spans *s, damp_u128 max)
{
	return s->n == 1 && s->s[0].low == 0 && s->s[0].high == max;
}

static void read_from(struct damp_ctx *c, const struct damp_node *n, struct damp_addrs *all)
{
	struct damp_addrs one = { 0 };

	if (!damp_addrs_read(c, n, &one))
		return;
	damp_addrs_normalise(&one);
	if (whole(&one.family[DAMP_V4], UINT32_MAX) || whole(&one.family[DAMP_V6], ~(damp_u128)0))
		damp_diag_error(c->diags, n->at, "an exemption of everybody is no filter");
	else
		damp_addrs_join(c->pool, all, &one);
}

static void exempt_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		       void *user)
{
	struct exempt_walk *w = user;

	switch (key) {
	case DAMP_KEY_EXEMPT_FROM:
		w->from = p;
		read_from(c, p->value, w->all);
		break;
	case DAMP_KEY_EXEMPT_UNTIL:
		w->until = p;
		read_until(c, p->value);
		break;
	case DAMP_KEY_EXEMPT_REVIEWED: read_reviewed(c, p->value); break;
	case DAMP_KEY_EXEMPT_ABOUT: damp_about_check(c, p->value); break;
	default: break;
	}
}

static void read_one(struct damp_ctx *c, const struct damp_node *n, struct damp_addrs *all)
{
	struct exempt_walk w = { .all = all };
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_EXEMPT, n, exempt_key, &w);
	if (c->diags->errors > before)
		return;
	if (!w.from)
		damp_diag_error(c->diags, n->at, "this exemption has no 'from'");
	else if (!w.until)
		damp_diag_warning(c->diags, n->at,
				  "this exemption never ends; write 'until' with its last day");
}

void damp_exempt_read(struct damp_ctx *c, const struct damp_node *list)
{
	struct damp_addrs all = { 0 };

	if (list->kind != DAMP_NODE_LIST) {
		damp_diag_error(c->diags, list->at, "'exempt' is a list of exemptions");
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		read_one(c, list->items[i], &all);
	if (all.family[DAMP_V4].n || all.family[DAMP_V6].n)
		c->exempt_set = damp_addr_set_add(c, &all);
}
