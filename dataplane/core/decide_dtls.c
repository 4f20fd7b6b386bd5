/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS on its ports: sealed, so only bytes count.
 *
 * Idea: one conversation per pair of endpoints. Every datagram from outside
 * adds alpha times its IP bytes to the conversation's credit, every datagram
 * toward outside is paid from it and from the ledger (RFC 9147 section 5.1).
 * A conversation that an inside client began is held to PROBING_RATE until
 * its peer answers, as for CoAP.
 *
 * Reference: RFC 7983 (first byte 20..63), RFC 6347 4.2.1, AV-45, AV-46.
 */
#include "judge_state.h"

static bool is_record(const struct damp_pkt *p)
{
	const uint8_t first = p->frame.payload_len ? p->data[p->frame.payload_off] : 0;

	return first >= 20 && first <= 63;
}

static void from_outside(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	damp_forward(d, p, DAMP_REASON_ACCEPTED);
	d->answers = p->xchg != NULL && (p->xchg->flags & DAMP_XCHG_FROM_INSIDE);
	if (!p->proved && p->xchg == NULL) {
		damp_charge_rung(c, d, &c->g->server, &p->frame.dst, DAMP_DOMAIN_SERVER, 1, DAMP_REASON_LEDGER_SERVER);
		if (!damp_charges_fit(c, d, &why)) {
			d->ncharges = 0;
			damp_drop(d, why);
			return;
		}
	}
	d->open_xchg = true;
	d->xchg_life_s = c->g->con_life_s;
	d->xchg_flags = p->xchg ? p->xchg->flags : 0;
	d->credit = (uint32_t)(((uint64_t)d->alpha_q8 * p->frame.ip_len) >> 8);
}

static void from_inside(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool ours = p->xchg == NULL || (p->xchg->flags & DAMP_XCHG_FROM_INSIDE);
	enum damp_reason why = DAMP_REASON_AMPLIFICATION;

	if (p->proved) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED_PROVED);
		return;
	}
	if (ours) {
		if (!damp_peer_proved(c->j->peers, damp_key_answers(p->peer_key), c->now, 0))
			damp_charge_rung(c, d, &c->g->probing, &p->frame.dst, DAMP_DOMAIN_PROBING, 1,
					 DAMP_REASON_PROBING_RATE);
		d->open_xchg = true;
		d->xchg_life_s = c->g->con_life_s;
		d->xchg_flags = DAMP_XCHG_FROM_INSIDE;
	} else {
		damp_charge_unproved(c, d, &p->frame.dst, p->frame.ip_len, 0);
		d->payer = p->xchg;
		d->pay = p->frame.ip_len;
	}
	if ((d->payer != NULL && d->payer->credit < d->pay) || !damp_charges_fit(c, d, &why)) {
		d->ncharges = 0;
		d->payer = NULL;
		d->open_xchg = false;
		damp_drop(d, why);
		return;
	}
	damp_forward(d, p, DAMP_REASON_ACCEPTED);
}

void damp_decide_dtls(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_action act;

	if (!is_record(p)) {
		damp_drop(d, DAMP_REASON_DTLS_RECORD);
		return;
	}
	act = damp_decide_rules(c, p, d);
	if (act != DAMP_ACT_ACCEPT) {
		d->ncharges = 0;
		damp_drop(d, d->reason);
		return;
	}
	if (p->side == DAMP_OUTSIDE)
		from_outside(c, p, d);
	else
		from_inside(c, p, d);
}
