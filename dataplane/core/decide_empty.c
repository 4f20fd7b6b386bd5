/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Empty messages: pings, acknowledgements, resets (RFC 7252 sections 4.2, 4.3).
 *
 * An ACK or RST passes only when it matches a CON or NON seen the other way;
 * that alone ends every RST loop and most spoofed resets (AV-17, AV-40). One
 * that answers a ping of ours is a proof and ends here; an ACK of a CON whose
 * Message ID left permuted is a proof and goes on (attacks.md 3.2 P2, P3).
 * Pings from unproved peers are answered by the gateway, so that a sleepy
 * server sleeps on.
 */
#include "challenge.h"
#include "charges.h"
#include "credit.h"
#include "decide.h"
#include "half.h"

static void decide_ping(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	/* A proved peer's keepalive is its own affair; the answer costs its bytes. */
	if (!p->proved && p->side == DAMP_OUTSIDE) {
		damp_charge_rung(c, d, &c->g->ping, &p->frame.src, DAMP_DOMAIN_PING, 1, DAMP_REASON_PING_RATE);
		damp_charge_unproved(c, d, &p->frame.src, p->frame.ip_len, 0);
	} else if (!p->proved) {
		damp_charge_rung(c, d, &c->g->probing, &p->frame.dst, DAMP_DOMAIN_PROBING, 1,
				 DAMP_REASON_PROBING_RATE);
	}
	if (!damp_charges_fit(c, d, &why)) {
		d->ncharges = 0;
		damp_drop(d, why);
		return;
	}
	if (p->side == DAMP_OUTSIDE && !p->proved) {
		d->move = DAMP_MOVE_RST_BACK;
		d->reason = DAMP_REASON_ANSWERED;
		d->verdict = DAMP_VERDICT_ANSWER;
		return;
	}
	damp_forward(d, p, p->proved ? DAMP_REASON_ACCEPTED_PROVED : DAMP_REASON_ACCEPTED);
	damp_see_mid(c, p, d);
}

bool damp_awaits_ack(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t *key, uint64_t *mids)
{
	if (p->coap.type != DAMP_COAP_CON || p->side != DAMP_INSIDE || !damp_mid_permuted(c, p))
		return false;
	*key = damp_key_seen(c->j, p, DAMP_SEEN_CON_OUT, 0);
	if (!damp_seen_find(c->w->seen, *key, c->now, mids))
		*mids = p->coap.mid;
	else
		*mids = damp_mids_with(*mids, p->coap.mid);
	return true;
}

void damp_expect_ack(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	uint64_t key, mids;

	if (damp_awaits_ack(c, p, &key, &mids))
		damp_see(d, key, mids, DAMP_ACK_LIFE_S);
}

/* Does this answer a ping of ours, or a CON of an inside server? A wrong answer
 * while one is awaited costs a guess; out of guesses, no answer counts
 * (attacks.md 6.3, AV-15, AV-49 f). The ACKs of a proved peer renew its proof.
 * split: Message IDs that left in fragments, NULL none. What but the second ping's
 * answer proves is worth: half.h. */
static enum damp_proof proves(const struct damp_ctx *c, const struct damp_pkt *p, const uint64_t *split, bool *wrong)
{
	const bool ack = p->coap.type == DAMP_COAP_ACK;
	uint64_t mids = 0, asked = 0, epoch;
	const bool con = ack &&
			 damp_seen_find(c->w->seen, damp_key_seen(c->j, p, DAMP_SEEN_CON_OUT, 0), c->now, &mids);
	const bool in_parts = ack && split != NULL;
	/* A proved observer is asked as well (decide_observe.c). */
	const bool ping =
		damp_seen_find(c->w->seen, damp_key_seen(c->j, p, DAMP_SEEN_ASKED, 0), c->now, &asked) &&
		damp_asked_by_ping(asked, c->now);
	const bool second = damp_second_awaited(c, p, &epoch);

	*wrong = false;
	if ((!con && !ping && !in_parts && !second) || !damp_guesses_left(c, p, DAMP_DOMAIN_GUESSES))
		return DAMP_PROOF_NONE;
	if (second && damp_second_answered(c, p, epoch))
		return DAMP_PROOF_SECOND;
	if (ping && damp_ping_check(&c->v->secrets, &p->frame.src, p->frame.sport, &p->frame.dst, p->frame.dport,
				    c->wall_s, p->wire_mid))
		return DAMP_PROOF_PING;
	if ((con && damp_mids_have(mids, p->coap.mid)) || (in_parts && damp_mids_have(*split, p->coap.mid)))
		return DAMP_PROOF_ACK;
	*wrong = true;
	return DAMP_PROOF_NONE;
}

/*
 * A reset ends an observation, so it is worth guessing at one (AV-17). It has to
 * name the last notification, of which each client sees but one at a time; and
 * who gives wrong ones in the name of a proved peer, who has something to lose,
 * soon gives none at all.
 */
static bool resets_something(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t conversation)
{
	uint64_t last;

	return !damp_seen_find(c->w->seen, damp_key_notified(conversation), c->now, &last) || last == p->coap.mid;
}

void damp_note_last(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint64_t key = damp_key_notified(p->xchg_key);

	damp_seen_prefetch(c->w->seen, key);
	damp_see(d, key, p->coap.mid, c->g->con_life_s);
}

/* An ACK or RST from outside. */
static void decide_answer_in(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint64_t key = damp_key_seen(c->j, p, DAMP_SEEN_FROM_INSIDE, p->coap.mid);
	const bool reset = p->coap.type == DAMP_COAP_RST;
	const bool whole = damp_seen_find(c->w->seen, key, c->now, &d->obs_key);
	uint64_t mids;
	const bool split = !whole && damp_split_out(c, p, &mids);
	bool wrong, found;

	d->proof = (uint8_t)proves(c, p, split ? &mids : NULL, &wrong);
	found = whole || (split && damp_mids_have(mids, p->coap.mid));
	if (found && reset)
		found = (!whole || resets_something(c, p, d->obs_key)) && damp_guesses_left(c, p, DAMP_DOMAIN_RESETS);
	if (found) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED);
		d->refresh_obs = whole && !reset;
		d->close_obs = whole && reset;
		return;
	}
	damp_drop(d, d->proof ? DAMP_REASON_PROOF_TAKEN : DAMP_REASON_EMPTY_UNMATCHED);
	if (wrong)
		damp_charge_guess(c, p, d, DAMP_DOMAIN_GUESSES);
	/* It may be a guess at both; what is spent already must not keep the other free. */
	if (reset && p->proved && d->proof == DAMP_PROOF_NONE && damp_guesses_left(c, p, DAMP_DOMAIN_RESETS))
		damp_charge_guess(c, p, d, DAMP_DOMAIN_RESETS);
}

/* Does this ACK promise an answer that its exchange could not even ask for a proof for?
 * The client, once it has the ACK, does not repeat its request, and what its server sends
 * later would be too much each time. So it is asked now, and has the ACK when it has
 * answered. */
static bool answer_would_be_lost(const struct damp_pkt *p, const struct damp_xchg *x)
{
	const uint32_t ping = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);

	return p->coap.type == DAMP_COAP_ACK && x->credit < p->frame.ip_len + ping && x->credit >= ping;
}

/* An ACK or RST toward outside: paid by the exchange it belongs to. */
static void decide_answer_out(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const uint64_t key = damp_key_seen(c->j, p, DAMP_SEEN_FROM_OUTSIDE, p->coap.mid);
	enum damp_reason why = DAMP_REASON_AMPLIFICATION;
	uint64_t payer;

	if (!damp_seen_find(c->w->seen, key, c->now, &payer)) {
		damp_drop(d, DAMP_REASON_EMPTY_UNMATCHED);
		return;
	}
	if (p->coap.type == DAMP_COAP_RST)
		d->ended_key = payer;
	if (p->proved) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED_PROVED);
		return;
	}
	d->payer = damp_xchg_of(c, payer);
	if (d->payer != NULL && !(d->payer->flags & DAMP_XCHG_FROM_INSIDE) && answer_would_be_lost(p, d->payer)) {
		if (damp_decide_ask_for_ack(c, p, d, d->payer))
			return;
		/* Nobody has answered: its client repeats the request, and is asked again. */
		if (p->held)
			d->payer = NULL;
	}
	damp_charge_unproved(c, d, &p->frame.dst, p->frame.ip_len, 0);
	if (d->payer != NULL && (d->payer->flags & DAMP_XCHG_FROM_INSIDE)) {
		/* The outside answered an inside request with a CON: this ACK is owed. */
		d->pay = 0;
	} else if (d->payer == NULL || d->payer->credit < p->frame.ip_len) {
		d->ncharges = 0;
		d->payer = NULL;
		damp_drop(d, why);
		return;
	} else {
		d->pay = p->frame.ip_len;
	}
	if (!damp_charges_fit(c, d, &why)) {
		d->ncharges = 0;
		d->payer = NULL;
		damp_drop(d, why);
		return;
	}
	damp_forward(d, p, DAMP_REASON_ACCEPTED);
}

void damp_decide_empty(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const enum damp_action act = damp_decide_rules(c, p, d);

	if (act == DAMP_ACT_DROP || act == DAMP_ACT_CHALLENGE) {
		d->ncharges = 0;
		damp_drop(d, d->reason);
		return;
	}
	if (p->coap.type == DAMP_COAP_CON)
		decide_ping(c, p, d);
	else if (p->side == DAMP_OUTSIDE)
		decide_answer_in(c, p, d);
	else
		decide_answer_out(c, p, d);
}
