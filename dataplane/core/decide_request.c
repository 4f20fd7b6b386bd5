/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests, both ways (design.md 3a).
 *
 * Outside to inside: rules first, then the guard. A proved peer goes on. An
 * unproved one meets the list of things that need a proof first, the budget of
 * its server, the budgets of first contact and the absolute ledger (peeks,
 * nothing written), and then gets an exchange whose credit is alpha times its
 * own bytes. The server's comes first because a flood spends it first: its line
 * is hot, and a packet it refuses needs none of its source's (flood.c). Of
 * several budgets that are used up, the first asked is the reason counted.
 *
 * Inside to outside: an inside client may ask anybody, but a peer that never
 * answers is held to a burst and a trickle (RFC 7252 section 4.7).
 */
#include "challenge.h"
#include "charges.h"
#include "credit.h"
#include "decide.h"
#include "observe.h"

/* A peer whose network is trusted no longer gets no more than it sent: room for
 * one ping, which is less than the smallest request, and for a small answer. */
#define ALPHA_OF_ONE_PING (1u << 8)
#define DAMP_TOKEN_PROVES 4u    /* bytes of token that are hard to guess (attacks.md 3.2 P4) */

static bool observes(const struct damp_pkt *p, const struct damp_decision *d)
{
	return !d->strip_observe && damp_registers(p);
}

static bool safe(const struct damp_pkt *p)
{
	return p->coap.code == DAMP_COAP_GET || p->coap.code == DAMP_COAP_FETCH;
}

/* Open the exchange, remember the Message ID, forward. */
static void serve(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, enum damp_reason why)
{
	const bool con = p->coap.type == DAMP_COAP_CON;

	damp_forward(d, p, why);
	if (d->strip_observe || d->clamp_attrs)
		d->verdict = DAMP_VERDICT_SHAPE;
	d->owed = damp_coap_has(&p->coap, DAMP_OPTBIT_Q_BLOCK2) ? (uint8_t)c->g->q_blocks : 1;
	d->open_xchg = true;
	d->xchg_life_s = con ? c->g->con_life_s : c->g->non_life_s;
	d->xchg_flags = (uint16_t)((con ? DAMP_XCHG_CON : 0) | (safe(p) ? DAMP_XCHG_SAFE : 0) |
				   (observes(p, d) ? DAMP_XCHG_OBSERVE : 0));
	if (p->side == DAMP_INSIDE) {
		d->xchg_flags |= DAMP_XCHG_FROM_INSIDE;
		if (p->frame.dst_group) {
			d->xchg_flags |= DAMP_XCHG_GROUP;
			d->owed = (uint8_t)c->g->group_answers;
		}
		if (p->coap.token_len >= DAMP_TOKEN_PROVES)
			d->xchg_flags |= DAMP_XCHG_TOKEN_PROOF;
	} else {
		d->credit = damp_credit(c, p, d);
		damp_note_window(p, d);
		d->take_place = observes(p, d);
	}
	damp_see_mid(c, p, d);
}

/* A whole answer, held until its client has answered a ping, costs one round trip;
 * small blocks cost one each, to the end of the body (RFC 7959 section 2.4 lets no
 * block grow). So there are blocks only where a rule orders them, or when what is
 * held begins to fill its table. */
static bool rather_held(const struct damp_ctx *c)
{
	return c->g->hold && damp_hold_calm(&c->w->hold);
}

/*
 * Slice (attacks.md AV-26, insight 5): ask for a first block whose answer
 * fits the exchange's credit, and nobody notices. Only GET and FETCH, only a
 * first block, only where OSCORE does not hide the real one, and only of a
 * device that was seen to use Block2, since the option is critical.
 */
static void slice(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	/* What a block response carries beside the block: header, Content-Format,
	 * ETag, Max-Age, Block2, Size2 and the marker. */
	const uint32_t around = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN + p->coap.token_len + 24);
	const bool later = damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2) && p->coap.block2 >> 4 != 0;
	uint32_t szx = d->shape_szx;

	if (szx >= DAMP_SLICE_OFF || !safe(p) || later || (szx == c->g->slice_szx && rather_held(c)) || damp_coap_has(&p->coap, DAMP_OPTBIT_OSCORE) ||
	    !damp_peer_proved(c->j->peers, damp_key_blocks(p->device_key), c->now, 0))
		return;
	while (szx > 0 && around + (16u << szx) > d->credit)
		szx--;
	/* Small blocks to the end of the body for an answer that is asked for first all
	 * the same: only where a rule wants them. */
	if (around + (16u << szx) > d->credit && d->shape_szx == c->g->slice_szx)
		return;
	d->slice = true;
	d->slice_szx = (uint8_t)szx;
	d->xchg_flags |= DAMP_XCHG_SLICED;
	d->verdict = DAMP_VERDICT_SHAPE;
}

/* A rule that ends the request here. True when it did. */
static bool refused_by_rule(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			    enum damp_action act)
{
	enum damp_reason why = d->reason;

	switch (act) {
	case DAMP_ACT_DROP:
		d->ncharges = 0;
		damp_drop(d, why);
		return true;
	case DAMP_ACT_CHALLENGE:
		if (p->side == DAMP_INSIDE || p->proved)
			return false;
		damp_decide_challenge(c, p, d, DAMP_REASON_RULE);
		return true;
	case DAMP_ACT_ANSWER:
	case DAMP_ACT_RESET:
		d->ncharges = 0;
		if (p->side == DAMP_OUTSIDE && !p->proved) {
			damp_charge_rung(c, d, &c->g->challenge_host, &p->frame.src, DAMP_DOMAIN_CHALLENGE_HOST, 1,
					 DAMP_REASON_CHALLENGE_RATE);
			damp_charge_unproved(c, d, &p->frame.src, p->frame.ip_len, c->g->challenge_reserve_ticks);
			if (!damp_charges_fit(c, d, &why)) {
				d->ncharges = 0;
				damp_drop(d, why);
				return true;
			}
		}
		d->move = act == DAMP_ACT_RESET ? DAMP_MOVE_RST_BACK : DAMP_MOVE_CODE_BACK;
		d->verdict = DAMP_VERDICT_ANSWER;
		d->reason = DAMP_REASON_ANSWERED;
		return true;
	default:
		return false;
	}
}

bool damp_needs_proof(const struct damp_ctx *c, const struct damp_pkt *p, bool observe)
{
	const struct damp_coap *m = &p->coap;

	if (damp_unlikely(c->routing == DAMP_ROUTING_UNANSWERED) && c->g->unanswered_prove)
		return true;
	if (c->g->prove_block1 && damp_coap_has(m, DAMP_OPTBIT_BLOCK1) && (m->block1 & DAMP_BLOCK_MORE))
		return true;
	if (c->g->prove_q_block && (damp_coap_has(m, DAMP_OPTBIT_Q_BLOCK1) || damp_coap_has(m, DAMP_OPTBIT_Q_BLOCK2)))
		return true;
	return c->g->prove_observe && observe;
}

static uint64_t key_server(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_prefix(c, &p->frame.dst, c->g->server.plen, DAMP_DOMAIN_SERVER);
}

bool damp_server_has_room(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_rung_has_room(c, &c->g->server, key_server(c, p), 1, DAMP_REASON_LEDGER_SERVER);
}

uint32_t damp_server_wait(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_rung_wait(c, &c->g->server, key_server(c, p), 1);
}

/* Is there room in the unproved budgets for an answer as large as the request?
 * A peek: nothing is charged before a response leaves. */
static bool ledger_has_room(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_reason *why)
{
	const struct damp_guard *g = c->g;
	const struct damp_rung *host = p->frame.v6 ? &g->host6 : &g->host4, *net = p->frame.v6 ? &g->net6 : &g->net4;

	*why = DAMP_REASON_LEDGER_HOST;
	if (!damp_rung_has_room(c, host, damp_ledger_key(p->peer_host, DAMP_DOMAIN_HOST), p->frame.ip_len, *why))
		return false;
	*why = DAMP_REASON_LEDGER_NET;
	return damp_rung_has_room(c, net, damp_ledger_key(p->peer_net, DAMP_DOMAIN_NET), p->frame.ip_len, *why);
}

/* A place for the observation that p asks for, if it does. */
static bool place_for(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (damp_likely(!observes(p, d)))
		return true;
	d->path = (uint32_t)damp_path_hash(c, p);
	return damp_observe_room(c, p, d->path);
}

/* A path that would make the directory page longer than anybody needs (AV-04). */
static bool names_too_much(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_unlikely(p->coap.path_text_len > c->g->prove_path_bytes) && c->g->prove_path_bytes > 0 &&
	       (p->coap.code == DAMP_COAP_POST || p->coap.code == DAMP_COAP_PUT);
}

static void decide_unproved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	/* What was held has had its pings; it is not served on trust as well. */
	if (p->held || damp_needs_proof(c, p, observes(p, d)) || !place_for(c, p, d)) {
		damp_decide_challenge(c, p, d, DAMP_REASON_PROOF_REQUIRED);
		return;
	}
	if (!damp_server_has_room(c, p)) {
		damp_decide_challenge(c, p, d, DAMP_REASON_LEDGER_SERVER);
		return;
	}
	damp_charge_first_contact(c, p, d);
	damp_charge_rung(c, d, &c->g->server, &p->frame.dst, DAMP_DOMAIN_SERVER, 1, DAMP_REASON_LEDGER_SERVER);
	if (!damp_charges_fit(c, d, &why) || !ledger_has_room(c, p, &why)) {
		damp_decide_challenge(c, p, d, why);
		return;
	}
	if (c->g->table_full == DAMP_TABLE_FULL_DROP && damp_xchg_full(c->w->xchg, p->xchg_key, c->now)) {
		d->ncharges = 0;
		damp_drop(d, DAMP_REASON_TABLE_FULL);
		return;
	}
	if (names_too_much(c, p)) {
		damp_decide_challenge(c, p, d, DAMP_REASON_PROOF_REQUIRED);
		return;
	}
	d->credit_alone = !damp_charge_trust(c, p, d, ALPHA_OF_ONE_PING);
	if (damp_answers_large(c, p, d)) {
		damp_decide_challenge(c, p, d, DAMP_REASON_AMPLIFICATION);
		return;
	}
	serve(c, p, d, DAMP_REASON_ACCEPTED);
	slice(c, p, d);
}

static void decide_inside(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	if (p->proved || p->frame.dst_group) {
		serve(c, p, d, p->proved ? DAMP_REASON_ACCEPTED_PROVED : DAMP_REASON_ACCEPTED);
		return;
	}
	if (!damp_peer_proved(c->j->peers, damp_key_answers(p->peer_key), c->now, 0)) {
		damp_charge_rung(c, d, &c->g->probing, &p->frame.dst, DAMP_DOMAIN_PROBING, 1,
				 DAMP_REASON_PROBING_RATE);
		if (!damp_charges_fit(c, d, &why)) {
			d->ncharges = 0;
			damp_drop(d, why);
			return;
		}
	}
	serve(c, p, d, DAMP_REASON_ACCEPTED);
}

static void decide_outside(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	if (!p->proved) {
		decide_unproved(c, p, d);
		return;
	}
	if (!place_for(c, p, d))
		d->strip_observe = true;
	serve(c, p, d, DAMP_REASON_ACCEPTED_PROVED);
}

void damp_decide_request(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const enum damp_action act = damp_decide_rules(c, p, d);

	if (refused_by_rule(c, p, d, act))
		return;
	if (p->side == DAMP_INSIDE)
		decide_inside(c, p, d);
	else if (!damp_decide_block1(c, p, d) && damp_decide_attrs(c, p, d))
		decide_outside(c, p, d);
}
