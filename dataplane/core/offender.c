/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks where packets meet them: is an end of this one blocked, and is one of
 * it worth a note? See block.h.
 */
#include "decide.h"

static bool listed(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t *tag)
{
	const struct damp_prefixes *lists = c->j->prefixes;

	return damp_prefixes_has(lists, DAMP_LIST_FROM, &p->frame.src, c->now, tag) ||
	       damp_prefixes_has(lists, DAMP_LIST_TO, &p->frame.dst, c->now, tag);
}

bool damp_meets_block(const struct damp_ctx *c, const struct damp_pkt *p)
{
	uint32_t tag;

	return listed(c, p, &tag);
}

bool damp_decide_blocked(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	uint32_t tag;

	if (!listed(c, p, &tag))
		return false;
	d->blocked_slot = DAMP_BLOCK_SLOT(tag);
	if (tag & DAMP_BLOCK_OBSERVED) {
		d->observed = true;
		return false;
	}
	damp_drop(d, DAMP_REASON_BLOCKED);
	return true;
}

/* The end that a rule blocks. False: this message proves nothing about it. */
static bool offender(const struct damp_pkt *p, const struct damp_rule_block *k, const struct damp_addr **addr,
		     struct damp_note *n)
{
	const bool to_peer = p->side == DAMP_INSIDE;
	bool outside = k->what == DAMP_PER_PEER;

	n->dirs = 1u << DAMP_LIST_FROM;
	switch (k->what) {
	case DAMP_PER_SOURCE:
		*addr = &p->frame.src;
		outside = !to_peer;
		break;
	case DAMP_PER_TARGET:
		*addr = &p->frame.dst;
		outside = to_peer;
		n->dirs = 1u << DAMP_LIST_TO;
		break;
	case DAMP_PER_DEVICE:
		*addr = damp_device_addr(p);
		break;
	default:
		*addr = damp_peer_addr(p);
		n->dirs = 1u << DAMP_LIST_FROM | 1u << DAMP_LIST_TO;
	}
	if (p->frame.dst_group)
		return false;
	return outside ? p->proved && !p->half : *addr == &p->frame.src;
}

void damp_note_offender(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t rule)
{
	const struct damp_rule_block *k = &c->v->rules[rule].block;
	struct damp_note n = { .at = c->now, .slot = c->v->rule_slot[rule] };
	const struct damp_addr *addr;

	/* Rules without a slot of their own share one: nobody could tell whose block it is. */
	if (n.slot == 0 || !offender(p, k, &addr, &n))
		return;
	n.plen = damp_addr_is_v4(addr) ? k->plen4 : k->plen6;
	n.addr = damp_addr_prefix(addr, n.plen);
	damp_note_over(&c->w->notes, &n, damp_mix(damp_hash_prefix(c->j, addr, n.plen), n.slot));
}
