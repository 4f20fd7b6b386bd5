/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * block: who stays above a limit of a rule is dropped for a while.
 *
 * Idea: see core/block.h for what the data plane makes of it, and for why only
 * ends that cannot be forged are ever blocked; what a rule asks for beyond that
 * is warned about here.
 *
 * Reference: operators.md 3.4, 3.5.
 */
#include "read.h"
#include "terms.h"

#include <stdlib.h>
#include <string.h>

#define FOR_MAX_S (30ull * 86400)
#define GROW_MAX 100ull

struct block_walk {
	struct damp_rule_block *b;
	bool after, duration;
};

static const struct {
	const char *name;
	uint8_t what, plen6; /* an IPv6 host owns its /64; a device of ours has one address */
} ends[] = {
	{ "source", DAMP_PER_SOURCE, 64 },
	{ "target", DAMP_PER_TARGET, 64 },
	{ "peer", DAMP_PER_PEER, 64 },
	{ "device", DAMP_PER_DEVICE, 128 },
};

/* "source", "source/24", "source/64": a length up to 32 is one of IPv4. */
static bool parse_what(const char *text, struct damp_rule_block *b)
{
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char *end;
	unsigned long bits;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strlen(ends[i].name) != len || memcmp(ends[i].name, text, len) != 0)
			continue;
		b->what = ends[i].what;
		b->plen4 = 32;
		b->plen6 = ends[i].plen6;
		if (!slash)
			return true;
		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end || bits < 8 || bits > 128)
			return false;
		if (bits <= 32)
			b->plen4 = (uint8_t)bits;
		else
			b->plen6 = (uint8_t)bits;
		return true;
	}
	return false;
}

static void read_what(struct damp_ctx *c, const struct damp_node *n, struct damp_rule_block *b)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "an end of the message", &at);

	if (text && !parse_what(text, b))
		damp_diag_error(c->diags, at->at,
				"'%s' is not an end of the message; write it like 'source' or 'source/64'", text);
}

/* A time in milliseconds, at most 30 d and, for what is kept in seconds, whole ones. */
static bool read_time(struct damp_ctx *c, const struct damp_node *n, uint64_t *ms, bool seconds)
{
	struct damp_quantity q;

	if (!damp_read_quantity(c, n, DAMP_WANT(MS), &q))
		return false;
	*ms = q.micro / DAMP_MICRO;
	if (!*ms)
		damp_diag_error(c->diags, n->at, "a time of nothing");
	else if (*ms > FOR_MAX_S * 1000 || (seconds && *ms < 1000))
		damp_diag_error(c->diags, n->at, "'%s' is out of range; a block takes from 1 s to 30 d", n->text);
	else
		return true;
	return false;
}

static void block_key(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct block_walk *w = user;
	struct damp_quantity q;
	uint64_t ms = 0;

	switch (key) {
	case DAMP_KEY_BLOCK_WHAT: read_what(c, p->value, w->b); break;
	case DAMP_KEY_BLOCK_GROW:
		if (!damp_read_quantity(c, p->value, DAMP_WANT(TIMES), &q))
			break;
		if (q.micro < DAMP_MICRO)
			damp_diag_error(c->diags, p->value->at, "a block cannot get shorter; write 1x or more");
		else if (q.micro > GROW_MAX * DAMP_MICRO)
			damp_diag_error(c->diags, p->value->at, "a block grows to at most 100x of the one before");
		else
			w->b->grow_q8 = (uint16_t)(q.micro * 256 / DAMP_MICRO);
		break;
	case DAMP_KEY_BLOCK_AFTER:
		w->after = true;
		if (read_time(c, p->value, &ms, false))
			w->b->after_ms = (uint32_t)ms;
		break;
	case DAMP_KEY_BLOCK_FOR:
		w->duration = true;
		if (read_time(c, p->value, &ms, true))
			w->b->for_s = (uint32_t)(ms / 1000);
		break;
	case DAMP_KEY_BLOCK_MAX:
		if (read_time(c, p->value, &ms, true))
			w->b->max_s = (uint32_t)(ms / 1000);
		break;
	default: break;
	}
}

void damp_block_read(struct damp_ctx *c, const struct damp_pair *p, struct damp_rule_model *r)
{
	struct damp_rule_block b = { .grow_q8 = 256, .what = DAMP_PER_SOURCE, .plen4 = 32, .plen6 = 64 };
	struct block_walk w = { .b = &b };
	const unsigned before = c->diags->errors;

	damp_read_keys(c, DAMP_SECTION_BLOCK, p->value, block_key, &w);
	if (c->diags->errors != before)
		return;
	if (!w.after || !w.duration)
		damp_diag_error(c->diags, p->value->at,
				"'block' needs 'after' and 'for'; write {after: 2 min, for: 60 s}");
	else if (b.max_s && b.max_s < b.for_s)
		damp_diag_error(c->diags, p->value->at, "'max' is less than 'for'");
	else
		r->block = b;
	r->block_at = p->key->at;
}

/* What the block will never do. */
void damp_block_check(struct damp_ctx *c, const struct damp_rule_model *r)
{
	const struct damp_bits_cond *v = &r->match.verified;

	if (!r->block.for_s)
		return;
	if (!r->has_limit)
		damp_diag_error(c->diags, r->block_at, "'block' without a 'limit' to stay above");
	else if (v->asked && !(v->b[0] & 2))
		damp_diag_warning(c->diags, r->block_at,
				  "this block never begins outside: the rule asks for peers that have not proved "
				  "themselves, and an address that may be forged is not blocked");
	if (r->block.grow_q8 > 256 && !r->block.max_s && c->strict)
		damp_diag_remark(c->diags, r->block_at, "this block grows up to 30 d; write 'max' for less");
}
