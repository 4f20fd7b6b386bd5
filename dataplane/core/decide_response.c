/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses and notifications, both ways (design.md 3a).
 *
 * Inside to outside: a response needs a request on record. Toward a proved
 * peer it costs that peer's own budget; toward an unproved one it must fit the
 * exchange's credit and the ledger, or it is replaced by a challenge.
 * Notifications to a peer that has not proved itself (or has fallen silent)
 * turn into a few pings, and then into an RST to their server, which ends the
 * observation at its source (RFC 7641 section 3.6).
 *
 * Outside to inside: a response must match a request that an inside client
 * made; that is what keeps inside clients from being the victim (AV-42).
 */
#include "challenge.h"
#include "charges.h"
#include "decide.h"
#include "given.h"
#include "observe.h"

#define DAMP_ECHO_OPTION 2u      /* header of an Echo option behind Block2 or Size2 */

static bool is_notification(const struct damp_pkt *p)
{
	if (!damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) || DAMP_COAP_CLASS(p->coap.code) != 2)
		return false;
	return p->obs != NULL || (p->xchg != NULL && (p->xchg->flags & DAMP_XCHG_OBSERVE));
}

static void note_observation(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (!is_notification(p))
		return;
	damp_note_last(c, p, d);
	d->open_obs = p->obs == NULL;
	d->note_notification = true;
}

/* An Echo of the server's own is left as it is, and known when it comes back.
 * Noted for proved peers too: what they were given as well is shared. */
static void note_echo(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_given echo = damp_echo_of(p);

	if (p->side == DAMP_INSIDE && damp_coap_has(&p->coap, DAMP_OPTBIT_ECHO))
		damp_note_given(c, p, d, DAMP_SEEN_ECHO, &echo, DAMP_COAP_EXCHANGE_LIFETIME_S);
}

static void pass(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		 enum damp_reason why)
{
	damp_forward(d, p, why);
	note_observation(c, p, d);
	damp_see_mid(c, p, d);
	damp_expect_ack(c, p, d);
	note_echo(c, p, d);
	d->speaks_blocks = p->side == DAMP_INSIDE && damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2);
	d->payer = p->xchg;
	d->payer_flags = DAMP_XCHG_ANSWERED;
}

static void refuse(struct damp_decision *d, enum damp_reason why)
{
	d->ncharges = 0;
	damp_drop(d, why);
}

/* A notification larger than that: whoever watched before the start is asked in its
 * place, and has it when he has answered and it comes again, or the next. */
static bool resumed(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool notifies = damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && DAMP_COAP_CLASS(p->coap.code) == 2 &&
			      (p->coap.type == DAMP_COAP_CON || p->coap.type == DAMP_COAP_NON);
	enum damp_reason why;

	if (!c->grace || !notifies)
		return false;
	if (!p->proved)
		return damp_decide_ping_on(c, p, d, damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN));
	damp_charge_proved(c, p, d);
	if (!damp_charges_fit(c, d, &why))
		return false;
	damp_forward(d, p, DAMP_REASON_ACCEPTED_GRACE);
	d->open_obs = true;
	damp_see_mid(c, p, d);
	damp_expect_ack(c, p, d);
	return true;
}

/* Without a record, right after a start, or where requests take another way:
 * small and charged (attacks.md 8). */
static void decide_unrecorded(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint32_t most = p->frame.v6 ? c->g->grace_bytes6 : c->g->grace_bytes4;
	const bool believed = c->grace || (c->routing == DAMP_ROUTING_UNASKED && c->g->unasked_small);
	enum damp_reason why = DAMP_REASON_UNSOLICITED_OUT;

	if (!believed || p->coap.len > most) {
		if (!resumed(c, p, d))
			refuse(d, why);
		return;
	}
	damp_charge_unproved(c, d, &p->frame.dst, p->frame.ip_len, 0);
	if (!damp_charges_fit(c, d, &why)) {
		refuse(d, why);
		return;
	}
	damp_forward(d, p, DAMP_REASON_ACCEPTED_GRACE);
	d->open_obs = damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE);
	damp_see_mid(c, p, d);
	damp_expect_ack(c, p, d);
}

/* The pings of the registration are still out: a cure now would end an honest
 * observation. A CON comes again, a NON is superseded. */
static bool fresh(const struct damp_ctx *c, const struct damp_obs *o)
{
	return damp_due(c->now) - o->opened < damp_due(DAMP_SECONDS(DAMP_COAP_ACK_TIMEOUT_S));
}

/* A notification that may not pass: ask a few times, then cure. */
static void decide_observer(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint32_t ping = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	/* A peer that was proved once, or before the gateway started, has no exchange
	 * left to pay; its pings are paid from the challenge budgets alone. Nobody else
	 * has any without. */
	const bool known = p->obs->known || p->obs->opened == 0;
	const uint32_t budget = p->xchg ? p->xchg->credit : known ? ping : 0;

	if (p->obs->pings < c->g->observe_pings && budget >= ping && damp_decide_ping_on(c, p, d, ping)) {
		d->payer = p->xchg;
		d->note_observer_ping = true;
		return;
	}
	d->ncharges = 0;
	if (fresh(c, p->obs) || (p->coap.type != DAMP_COAP_CON && p->coap.type != DAMP_COAP_NON)) {
		damp_drop(d, DAMP_REASON_OBSERVE_UNPROVED);
		return;
	}
	d->move = DAMP_MOVE_RST_BACK;
	d->reason = DAMP_REASON_CURED;
	d->verdict = DAMP_VERDICT_ANSWER;
	d->close_obs = true;
	d->obs_key = p->xchg_key;
}

/* A proved observer of a server that does not ask for acknowledgements. False:
 * it is gone, or its server was too fast. */
static bool notify_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	struct damp_heard heard;
	const enum damp_hearing hearing = damp_observer_heard(c, p, p->obs, &heard);
	enum damp_reason why;

	d->heard = heard.at;
	d->note_heard = heard.anew;
	if (hearing == DAMP_HEARING_GONE) {
		decide_observer(c, p, d);
		return false;
	}
	damp_charge_notification(c, p, d);
	if (!damp_charges_fit(c, d, &why)) {
		refuse(d, why);
		return false;
	}
	if (hearing == DAMP_HEARING_ASK) {
		d->probes = 1;
		d->note_observer_ping = true;
		damp_expect_pong(c, p, d);
	}
	return true;
}

static void decide_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	if (p->obs != NULL && p->coap.type == DAMP_COAP_NON && is_notification(p) && !notify_proved(c, p, d))
		return;
	damp_charge_proved(c, p, d);
	if (!damp_charges_fit(c, d, &why)) {
		refuse(d, why);
		return;
	}
	pass(c, p, d, DAMP_REASON_ACCEPTED_PROVED);
}

/* Is there more to come after this first answer: notifications, or blocks? */
static bool more_to_come(const struct damp_pkt *p)
{
	if (is_notification(p))
		return p->obs == NULL;
	return (p->xchg->flags & DAMP_XCHG_SLICED) && damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2) &&
	       (p->coap.block2 & DAMP_BLOCK_MORE);
}

/*
 * A peer that will get more is asked at once, from what the credit still holds,
 * so that an honest one loses nothing later. A client that will ask for the
 * next block gets an Echo along, which a libcoap client returns with it
 * (attacks.md 1.6; a challenge in the middle of a transfer would break it).
 * Whatever is left goes for pings. Sets both in d; returns the bytes.
 */
static uint32_t ask_ahead(const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_xchg *x = p->xchg;
	const uint32_t ping = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	uint32_t left, bytes = 0;

	if (x == NULL || !more_to_come(p) || x->credit < p->frame.ip_len)
		return 0;
	left = x->credit - p->frame.ip_len;
	if (!is_notification(p) && left >= DAMP_ECHO_OPTION + DAMP_ECHO_SHORT_MIN) {
		d->preempt_len = left >= DAMP_ECHO_OPTION + DAMP_ECHO_LEN ? DAMP_ECHO_LEN :
				 left < DAMP_ECHO_OPTION + DAMP_ECHO_SHORT_MAX ? (uint8_t)(left - DAMP_ECHO_OPTION) :
										 DAMP_ECHO_SHORT_MAX;
		bytes = DAMP_ECHO_OPTION + d->preempt_len;
	}
	d->probes = (left - bytes) / ping;
	if (d->probes > DAMP_PROBE_STEPS)
		d->probes = DAMP_PROBE_STEPS;
	return bytes + d->probes * ping;
}

/* An observer that gets its first answer and no ping beside it is asked too late: of
 * his credit nothing is left when the notifications come, and the first of them would
 * end his observation. So he is asked before. A CON asks for an ACK, which will do. */
static bool asks_first(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	return p->xchg != NULL && p->obs == NULL && is_notification(p) && d->probes == 0 &&
	       p->coap.type != DAMP_COAP_CON && damp_decide_hold_on(c, p, d);
}

static void decide_unproved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			    bool challenge)
{
	const unsigned rule_charges = d->ncharges;
	enum damp_reason why = DAMP_REASON_AMPLIFICATION;
	struct damp_xchg *x = p->xchg;
	const uint32_t bytes = p->frame.ip_len + ask_ahead(p, d);

	if (!challenge && asks_first(c, p, d))
		return;
	damp_charge_unproved(c, d, &p->frame.dst, bytes, 0);
	if (!challenge && x != NULL && p->frame.ip_len <= x->credit && damp_charges_fit(c, d, &why)) {
		pass(c, p, d, DAMP_REASON_ACCEPTED);
		d->pay = bytes;
		if (d->preempt_len > 0)
			d->out_ip += DAMP_ECHO_OPTION + d->preempt_len;
		if (bytes > p->frame.ip_len)
			damp_expect_pong(c, p, d);
		return;
	}
	d->preempt_len = 0;
	d->probes = 0;
	d->ncharges = rule_charges;
	d->learns = !challenge && x != NULL && p->frame.ip_len > x->credit;
	if (p->obs != NULL)
		decide_observer(c, p, d);
	else if (x == NULL || x->over == DAMP_ACT_DROP)
		refuse(d, why);
	else
		damp_decide_challenge_on(c, p, d, why);
}

/* All that was asked has been answered, and this is no copy of the last answer
 * (RFC 7252 section 5.2). A notification is never one too many. */
static bool repeats(const struct damp_pkt *p)
{
	const struct damp_xchg *x = p->xchg;

	if (x == NULL || p->obs != NULL || is_notification(p))
		return false;
	return x->owed == 0 && (x->flags & DAMP_XCHG_ANSWERED) && p->coap.mid != x->answer_mid;
}

static void decide_out(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		       enum damp_action act)
{
	if (repeats(p))
		refuse(d, DAMP_REASON_RESPONSE_REPEATED);
	else if (p->xchg == NULL && p->obs == NULL)
		decide_unrecorded(c, p, d);
	else if (p->proved)
		decide_proved(c, p, d);
	else
		decide_unproved(c, p, d, act == DAMP_ACT_CHALLENGE);
}

/* Without a record, right after a start: notifications, which nobody asks for
 * again, and what is small. Other requests of an inside client come again. */
static bool believed_in(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint32_t most = p->frame.v6 ? c->g->grace_bytes6 : c->g->grace_bytes4;

	return c->grace && (p->coap.len <= most || damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE));
}

static void decide_in(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (p->xchg == NULL && p->obs == NULL && !believed_in(c, p)) {
		if (!damp_unlikely(c->g->cure_reflectors) || !damp_decide_cure(c, p, d))
			refuse(d, DAMP_REASON_UNSOLICITED_IN);
		return;
	}
	if (repeats(p)) {
		refuse(d, DAMP_REASON_RESPONSE_REPEATED);
		return;
	}
	pass(c, p, d, p->xchg || p->obs ? DAMP_REASON_ACCEPTED : DAMP_REASON_ACCEPTED_GRACE);
	d->strip_size2 = damp_size2_lies(c, p);
	d->answers = p->xchg != NULL || p->obs != NULL;
	if (p->xchg != NULL && (p->xchg->flags & DAMP_XCHG_TOKEN_PROOF))
		d->proof = DAMP_PROOF_TOKEN;
}

void damp_decide_response(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const enum damp_action act = damp_decide_rules(c, p, d);

	if (act == DAMP_ACT_DROP) {
		refuse(d, d->reason);
		return;
	}
	if (p->side == DAMP_INSIDE)
		decide_out(c, p, d, act);
	else
		decide_in(c, p, d);
}
