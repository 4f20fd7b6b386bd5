/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is read and checked although nothing acts on it yet: capture, parts of fail
 * and ruleset.
 *
 * Idea: a file that is written for the whole language keeps loading as its
 * parts come to life, and a mistake in it shows today. The key table marks such
 * keys (DAMP_UNENFORCED) and read.c warns at each of them.
 *
 * Reference: operators.md 3.2, 3.4.
 */
#include "read.h"
#include "terms.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SHARE_MAX 1000000000u

/* A reader of one value; what: as messages name it. */
static bool matches(struct damp_ctx *c, const struct damp_node *n, const char *what,
		    bool (*good)(const char *text), const char *example)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, what, &at);

	if (!text)
		return false;
	if (good(text))
		return true;
	damp_diag_error(c->diags, at->at, "'%s' is not %s; write it like %s", text, what, example);
	return false;
}

/* Digits at *p as a number up to max; steps over them. */
static bool take_number(const char **p, unsigned long max, unsigned long *out)
{
	const char *from = *p;

	for (*out = 0; isdigit((unsigned char)**p) && *out <= max; (*p)++)
		*out = *out * 10 + (unsigned long)(**p - '0');
	return *p > from && *out <= max;
}

static bool is_share(const char *text)
{
	unsigned long a, b;

	return take_number(&text, SHARE_MAX, &a) && *text++ == '/' &&
	       take_number(&text, SHARE_MAX, &b) && !*text && a >= 1 && a <= b;
}

static void duration(struct damp_ctx *c, const struct damp_node *n)
{
	struct damp_quantity q;

	if (damp_read_quantity(c, n, DAMP_WANT(MS), &q) && !q.micro)
		damp_diag_error(c->diags, n->at, "a time of nothing");
}

static void share(struct damp_ctx *c, const struct damp_node *n)
{
	matches(c, n, "a share", is_share, "1/100");
}

static void drops_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		      void *user)
{
	struct damp_quantity q;

	(void)user;
	if (key == DAMP_KEY_DROPS_SAMPLE)
		share(c, p->value);
	else if (key == DAMP_KEY_DROPS_KEEP)
		duration(c, p->value);
	else
		damp_read_quantity(c, p->value, DAMP_WANT(BYTES), &q);
}

static void capture_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
			void *user)
{
	(void)key;
	damp_read_keys(c, DAMP_SECTION_DROPS, p->value, drops_key, user);
}

void damp_capture_read(struct damp_ctx *c, const struct damp_node *n)
{
	damp_read_keys(c, DAMP_SECTION_CAPTURE, n, capture_key, NULL);
}

static void locked_list(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	const char *text;

	n = damp_read_deref(c, n);
	for (size_t i = 0; n && i < (n->kind == DAMP_NODE_LIST ? n->n : 1); i++) {
		text = damp_read_scalar(c, n->kind == DAMP_NODE_LIST ? n->items[i] : n, "a word", &at);
		if (text && strcmp(text, "mode") == 0)
			c->locked |= DAMP_LOCKED_MODE;
		if (text && damp_key_find(DAMP_SECTION_TOP, text) == DAMP_KEY_MAX &&
		    damp_key_find(DAMP_SECTION_RULESET, text) == DAMP_KEY_MAX)
			damp_diag_error(c->diags, at->at, "'%s' is no key of the file or of 'ruleset'",
					text);
	}
}

void damp_checked_ruleset_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p)
{
	if (key == DAMP_KEY_RULESET_LOCKED)
		locked_list(c, p->value);
}

static void fail_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		     void *user)
{
	static const char *const states[] = { "open", "closed", "evict-idle", NULL };
	static const char *const two[] = { "open", "closed", NULL };
	const struct damp_node *guard = user;
	int state;

	if (key == DAMP_KEY_FAIL_CLOCK_UNSYNCED) {
		state = damp_read_word(c, p->value, "policy", two);
		c->guard.clock_unsynced = state == 0 ? DAMP_CLOCK_OPEN : DAMP_CLOCK_CLOSED;
		return;
	}
	if (key != DAMP_KEY_FAIL_TABLE_FULL) {
		if (damp_read_word(c, p->value, "policy", two) == 0)
			damp_diag_warning(c->diags, p->key->at,
					  "'filter_down: open' is checked, not enforced yet: no software of ours "
					  "runs then; it takes a hardware bypass");
		return;
	}
	state = damp_read_word(c, p->value, "policy", states);
	if (guard && damp_node_get(guard, "table_full")) {
		damp_diag_error(c->diags, p->key->at, "'table_full' is written in 'guard' as well");
		damp_diag_notice(c->diags, damp_node_get(guard, "table_full")->at, "here");
	}
	c->guard.table_full = (uint8_t)(state == 1 ? DAMP_TABLE_FULL_DROP : DAMP_TABLE_FULL_EVICT);
}

void damp_fail_read(struct damp_ctx *c, const struct damp_node *n, const struct damp_node *guard)
{
	damp_read_keys(c, DAMP_SECTION_FAIL, n, fail_key, (void *)(uintptr_t)guard);
}
