/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is read and checked although nothing acts on it yet: parts of fail and of
 * ruleset.
 *
 * Idea: a file that is written for the whole language keeps loading as its
 * parts come to life, and a mistake in it shows today. The key table marks such
 * keys (DAMP_UNENFORCED) and read.c warns at each of them.
 *
 * Reference: operators.md 3.2, 3.4.
 */
#include "read.h"
#include "terms.h"

#include <stdio.h>
#include <string.h>

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
