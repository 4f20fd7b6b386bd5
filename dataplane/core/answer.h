/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What pass 1 does for a request that answer.c will challenge, inline: its keys, and
 * nothing else. Its lines are loaded in pass 2, a few packets ahead: a whole burst's,
 * five for each, would wait for one another. See answer.c.
 */
#ifndef DAMP_CORE_ANSWER_H
#define DAMP_CORE_ANSWER_H

#include "compiled.h"
#include "decision.h"

ALWAYS uint64_t damp_answer_rung(const struct damp_ctx *c, const struct damp_pkt *p, unsigned bits,
				 const struct damp_hashing *h)
{
	uint64_t w[2];

	if (bits == 128)
		return p->peer_whole;
	damp_prefix_words(&p->frame.src, bits, w);
	return h->three(&c->j->h_addr, w[0], w[1], bits);
}

/* p: a request from outside, whose ends are hashed. */
ALWAYS void damp_answer_rungs(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_hashing *h)
{
	const struct damp_rung_bits b = damp_rung_bits(c->g, p->frame.v6);

	p->peer_host = damp_answer_rung(c, p, b.host, h);
	p->peer_net = damp_answer_rung(c, p, b.net, h);
	p->rungs_hashed = 1;
}

ALWAYS void damp_answer_marks(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_hashing *h)
{
	const struct damp_hasher *mid = &c->j->h_mid;
	const uint64_t ends = damp_key_ends(p->peer_key, p->device_key);

	p->asked_key = h->two(mid, ends, damp_seen_word(DAMP_SEEN_ASKED, 0));
}

/* Packets between the loads of one's lines and its turn: some thousand cycles. */
#define DAMP_ANSWER_AHEAD 8u

/* answer.c: load what p, which is to be challenged, will ask for. While challenges are
 * refused, an address that has none left is found here, and no more is loaded. */
void damp_answer_load(const struct damp_ctx *c, struct damp_pkt *p);

#endif
