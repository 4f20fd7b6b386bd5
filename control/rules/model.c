/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The top of a rule file: version, ruleset, and the order in which the parts
 * are read (names before what uses them, limits before rules).
 *
 * Reference: operators.md 3.4, 3.5.
 */
#include "include.h"
#include "read.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct top {
	const struct damp_node *version, *ruleset, *guard, *exempt, *limits, *rules, *schedules, *capture, *fail, *tenants,
		*events;
};

static void take(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct top *t = user;

	(void)c;
	switch (key) {
	case DAMP_KEY_TOP_VERSION: t->version = p->value; break;
	case DAMP_KEY_TOP_RULESET: t->ruleset = p->value; break;
	case DAMP_KEY_TOP_GUARD: t->guard = p->value; break;
	case DAMP_KEY_TOP_EXEMPT: t->exempt = p->value; break;
	case DAMP_KEY_TOP_SCHEDULES: t->schedules = p->value; break;
	case DAMP_KEY_TOP_CAPTURE: t->capture = p->value; break;
	case DAMP_KEY_TOP_EVENTS: t->events = p->value; break;
	case DAMP_KEY_TOP_FAIL: t->fail = p->value; break;
	case DAMP_KEY_TOP_TENANTS: t->tenants = p->value; break;
	case DAMP_KEY_TOP_LIMITS: t->limits = p->value; break;
	case DAMP_KEY_TOP_RULES: t->rules = p->value; break;
	default: break; /* include: include.c; define, sets and zones: names.c */
	}
}

void damp_version_check(struct damp_ctx *c, const struct damp_node *root,
			const struct damp_node *n)
{
	uint64_t v;

	if (!n)
		damp_diag_error(c->diags, root->at,
				"no 'version'; a rule file begins with 'version: %d'",
				DAMP_RULES_FILE_VERSION);
	else if (n->kind == DAMP_NODE_SCALAR && (strcmp(n->text, "1.0") == 0 || strcmp(n->text, "v1") == 0))
		damp_diag_error(c->diags, n->at, "'%s' is not a version of the file format; write 'version: %d'", n->text,
				DAMP_RULES_FILE_VERSION);
	else if (damp_read_integer(c, n, 0, UINT32_MAX, &v) && v != DAMP_RULES_FILE_VERSION)
		damp_diag_error(
			c->diags, n->at,
			"version %s of the file format is not known; this Damper reads version %d",
			n->text, DAMP_RULES_FILE_VERSION);
}

static void read_name(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a name", &at);
	bool good;

	if (!text)
		return;
	good = text[0] && text[0] != '-' && strlen(text) < DAMP_NAME_MAX;
	for (const char *p = text; *p && good; p++)
		good = islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '-';
	if (good)
		c->name = text;
	else
		damp_diag_error(c->diags, at->at,
				"a name is made of a to z, 0 to 9 and '-', begins with no '-' and "
				"has at most %u "
				"characters",
				DAMP_NAME_MAX - 1);
}

/* ">=1.2": the oldest version that may load the file. */
static void check_requires(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a version", &at);
	unsigned major = 0, minor = 0;
	int end = 0;

	if (!text)
		return;
	if (sscanf(text, ">=%4u.%4u%n", &major, &minor, &end) != 2 || text[end])
		damp_diag_error(c->diags, at->at, "'%s' is not a version; write \">=%d.%d\"", text,
				DAMP_RULES_LANGUAGE_MAJOR, DAMP_RULES_LANGUAGE_MINOR);
	else if (major > DAMP_RULES_LANGUAGE_MAJOR ||
		 (major == DAMP_RULES_LANGUAGE_MAJOR && minor > DAMP_RULES_LANGUAGE_MINOR))
		damp_diag_error(c->diags, at->at, "this file needs version %u.%u of the rule language; this is %d.%d",
				major, minor, DAMP_RULES_LANGUAGE_MAJOR, DAMP_RULES_LANGUAGE_MINOR);
}

/* Whole seconds: nobody confirms faster. */
static void read_confirm(struct damp_ctx *c, const struct damp_node *n)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, DAMP_WANT(MS), &q))
		return;
	c->confirm_s = (uint32_t)(q.micro / DAMP_MICRO / 1000);
	if (q.micro < 1000 * DAMP_MICRO || q.micro > (uint64_t)DAMP_CONFIRM_MAX_S * 1000 * DAMP_MICRO)
		damp_diag_error(c->diags, n->at,
				"'%s' is out of range; a time to confirm goes from 1 s to 1 d", n->text);
}

static void ruleset_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
			void *user)
{
	uint64_t v;
	int mode;

	(void)user;
	switch (key) {
	case DAMP_KEY_RULESET_NAME: read_name(c, p->value); break;
	case DAMP_KEY_RULESET_REVISION:
		if (damp_read_integer(c, p->value, 0, UINT32_MAX, &v))
			c->revision = (uint32_t)v;
		break;
	case DAMP_KEY_RULESET_REQUIRES: check_requires(c, p->value); break;
	case DAMP_KEY_RULESET_MODE:
		mode = damp_read_mode(c, p->value);
		c->mode = mode < 0 ? DAMP_MODE_ENFORCE : (enum damp_mode)mode;
		break;
	case DAMP_KEY_RULESET_SIGNED_BY: damp_signed_by_read(c, p->value); break;
	case DAMP_KEY_RULESET_CONFIRM: read_confirm(c, p->value); break;
	case DAMP_KEY_RULESET_LOCKED: damp_locked_read(c, p->value); break;
	default: break;
	}
}

void damp_model_read(struct damp_ctx *c, const struct damp_node *root)
{
	struct top t;

	memset(&t, 0, sizeof(t));
	c->name = damp_keys[DAMP_KEY_RULESET_NAME].deflt;
	c->mode = DAMP_MODE_ENFORCE;
	damp_read_respell(c, DAMP_SECTION_TOP, root);
	root = damp_include_expand(c, root);
	c->root = root;
	damp_names_collect(c, root);
	damp_read_keys(c, DAMP_SECTION_TOP, root, take, &t);
	damp_version_check(c, root, t.version);
	if (t.ruleset)
		damp_read_keys(c, DAMP_SECTION_RULESET, t.ruleset, ruleset_key, NULL);
	damp_names_read(c, root);
	damp_guard_read(c, t.guard);
	if (t.fail)
		damp_fail_read(c, t.fail, t.guard);
	damp_watch_read(c, t.events);
	if (t.schedules)
		damp_schedules_read(c, t.schedules);
	if (t.capture)
		damp_capture_read(c, t.capture);
	if (t.exempt)
		damp_exempt_read(c, t.exempt);
	if (t.limits)
		damp_limits_read(c, t.limits);
	damp_tenants_read(c, t.tenants);
	if (t.rules)
		damp_rules_read(c, t.rules);
}
