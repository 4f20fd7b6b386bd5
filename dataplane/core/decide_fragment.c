/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IP fragments of datagrams on our ports (attacks.md AV-43).
 *
 * Nothing is put together here: the first fragment shows the UDP header and the
 * CoAP header, and decides for all of its datagram. From outside none is let in
 * unless the guard says so. Toward outside they go to who has proved to be there,
 * paid for at once by the length in the UDP header; what follows a first fragment
 * that was dropped is known by addresses and identification, and dropped too.
 *
 * A CON or NON leaves under a permuted Message ID like a whole one, since the peer
 * cannot tell them apart: with the inside's it could be taken for a copy of
 * another (RFC 7252 section 4.5), and its ACK, which is mapped back, would name
 * nothing. The ID stands in the first fragment, and the checksum beside it is
 * adjusted (RFC 1624), which needs no other byte of the datagram.
 *
 * Fragments go to a worker by their addresses alone, the ACK by the ports too. So
 * what may be acknowledged is noted where all workers look (registry.h), one note
 * for a pair of endpoints, with the last four Message IDs. Only what leaves toward
 * a proved peer makes one, and it is looked for only when a proved peer's ACK or
 * RST matches nothing else.
 *
 * Invariant: a copy of a first fragment leaves as the first one did.
 */
#include "charges.h"
#include "decide.h"

/* A first fragment toward somebody proved, paid for with all that follows: what
 * its UDP header says. */
static bool paid(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint32_t whole = damp_whole_ip_len(p);
	enum damp_reason why;

	if (p->side != DAMP_INSIDE || !p->proved)
		return false;
	if (c->g->proved.cost_q16)
		damp_charge_add(d, damp_ledger_key(p->peer_key, DAMP_DOMAIN_PROVED), damp_cost(c->g->proved.cost_q16, whole),
				c->g->proved.burst_ticks, DAMP_REASON_PROVED_BUDGET);
	if (damp_charges_fit(c, d, &why))
		return true;
	d->ncharges = 0;
	return false;
}

static uint64_t split_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_split(damp_key_seen(c->j, p, DAMP_SEEN_CON_OUT, 0));
}

bool damp_split_out(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *mids)
{
	struct damp_reg n;

	if (!p->proved || !c->g->permute_mids)
		return false;
	n = damp_registry_find(c->j->registry, split_key(c, p), c->now);
	*mids = n.owner;
	return n.what == DAMP_REG_SPLIT;
}

/* Remember that it may be acknowledged, or reset. */
static void expect_answer(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	uint64_t mids;

	d->split_mids = damp_split_out(c, p, &mids) ? damp_mids_with(mids, p->coap.mid) : p->coap.mid;
	d->split_key = split_key(c, p);
}

static uint64_t datagram_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_FRAGMENT, p->frame.frag_id);
}

void damp_decide_rest(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	uint64_t value;

	if (damp_seen_find(c->w->seen, datagram_key(c, p), c->now, &value))
		damp_drop(d, DAMP_REASON_FRAGMENT_REST);
	else
		damp_forward(d, p, DAMP_REASON_NOT_COAP);
}

void damp_drop_rest(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	damp_see(d, datagram_key(c, p), 0, DAMP_FRAGMENT_LIFE_S);
}

void damp_decide_first(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (paid(c, p, d)) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED_PROVED);
		if (damp_mid_permuted(c, p))
			expect_answer(c, p, d);
		return;
	}
	if (c->g->fragments == DAMP_FRAGMENTS_PASS && p->side == DAMP_OUTSIDE) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED);
		return;
	}
	damp_drop(d, DAMP_REASON_FRAGMENT_COAP);
}
