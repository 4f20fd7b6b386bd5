/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is kept from the files that come after (`locked`), and what happens when
 * something is missing (`fail`).
 *
 * Reference: operators.md 3.2, 3.4.
 */
#include "read.h"
#include "terms.h"

#include <stdio.h>
#include <string.h>

static const char *const open_closed[] = { "open", "closed", NULL };

void damp_locked_read(struct damp_ctx *c, const struct damp_node *n)
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

/* What does not run cannot forward: whoever asks for that is told what can. */
static void filter_down(struct damp_ctx *c, const struct damp_pair *p)
{
	if (damp_read_word(c, p->value, "policy", open_closed) == 0)
		damp_diag_warning(c->diags, p->key->at,
				  "'filter_down: open' is not in our hands: while no data plane runs nothing is "
				  "forwarded; use ports with a bypass relay, or a second path around the gateway");
}

static void table_full(struct damp_ctx *c, const struct damp_pair *p, const struct damp_node *guard)
{
	static const char *const states[] = { "open", "closed", "evict-idle", NULL };
	const int state = damp_read_word(c, p->value, "policy", states);

	if (guard && damp_node_get(guard, "table_full")) {
		damp_diag_error(c->diags, p->key->at, "'table_full' is written in 'guard' as well");
		damp_diag_notice(c->diags, damp_node_get(guard, "table_full")->at, "here");
	}
	c->guard.table_full = (uint8_t)(state == 1 ? DAMP_TABLE_FULL_DROP : DAMP_TABLE_FULL_EVICT);
}

static void fail_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
		     void *user)
{
	switch (key) {
	case DAMP_KEY_FAIL_CLOCK_UNSYNCED:
		c->guard.clock_unsynced =
			damp_read_word(c, p->value, "policy", open_closed) == 0 ? DAMP_CLOCK_OPEN : DAMP_CLOCK_CLOSED;
		break;
	case DAMP_KEY_FAIL_OVERLOAD:
		c->guard.overload = damp_read_word(c, p->value, "policy", open_closed) == 0 ? DAMP_OVERLOAD_OPEN
											    : DAMP_OVERLOAD_CLOSED;
		break;
	case DAMP_KEY_FAIL_TABLE_FULL: table_full(c, p, user); break;
	default: filter_down(c, p); break;
	}
}

void damp_fail_read(struct damp_ctx *c, const struct damp_node *n, const struct damp_node *guard)
{
	damp_read_keys(c, DAMP_SECTION_FAIL, n, fail_key, (void *)(uintptr_t)guard);
}
