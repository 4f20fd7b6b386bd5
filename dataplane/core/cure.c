/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling a reflector to stop, when a client of ours is its victim.
 *
 * A response that nobody inside asked for does no harm behind the gateway, but its
 * server goes on: a CON comes five times, an observation for good. An RST in the
 * name of who was to get it ends both at their source (RFC 7252 section 4.2, RFC
 * 7641 section 3.6; attacks.md AV-42, insight 4). Never for an ACK, whose sender
 * keeps nothing, nor for a NON that is no notification.
 *
 * Invariant: the RST is 4 bytes for a message of at least as many, so this
 * multiplies nothing; it is charged to its receiver like all that is unproved, and
 * to budgets of its own. Off by default: the sender may be forged as well.
 */
#include "charges.h"
#include "decide.h"

/* attacks.md AV-42: one a second for each reflector, 1000 a second for all. */
#define CURES_ALL 1000u

static bool stops(const struct damp_pkt *p)
{
	return p->coap.type == DAMP_COAP_CON ||
	       (p->coap.type == DAMP_COAP_NON && damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE));
}

bool damp_decide_cure(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint32_t second = (uint32_t)DAMP_TICK_HZ;
	enum damp_reason why;

	if (!stops(p) || p->frame.dst_group)
		return false;
	d->ncharges = 0;
	damp_charge_add(d, damp_ledger_key(p->peer_host, DAMP_DOMAIN_CURE_HOST), second, second,
			DAMP_REASON_UNSOLICITED_IN);
	damp_charge_add(d, damp_ledger_key(c->j->anybody, DAMP_DOMAIN_CURE_ALL), second / CURES_ALL, second,
			DAMP_REASON_UNSOLICITED_IN);
	damp_charge_unproved(c, d, &p->frame.src, damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN), 0);
	if (!damp_charges_fit(c, d, &why))
		return false;
	d->move = DAMP_MOVE_RST_BACK;
	d->reason = DAMP_REASON_CURED;
	d->verdict = DAMP_VERDICT_ANSWER;
	return true;
}
