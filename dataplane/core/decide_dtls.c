/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS on its ports: sealed, so bytes count, and who returns a cookie.
 *
 * Idea: one conversation per pair of endpoints. Every datagram from outside
 * adds alpha times its IP bytes to the conversation's credit, every datagram
 * toward outside is paid from it and from the ledger (RFC 9147 section 5.1).
 * A conversation that an inside client began is held to PROBING_RATE until
 * its peer answers, as for CoAP. A cookie that the server inside sends out is
 * noted, and the ClientHello that returns it proves its sender: from then on
 * the budget of a proved peer takes the place of the credit. Where a server asks
 * for none, a finished handshake does the same: a server that has sent its
 * ServerHelloDone changes its cipher only when the client's Finished is right, which
 * nobody can make who did not receive the server's random (RFC 5246 section 7.4.9). Not
 * so a session that is resumed, where the server changes first, behind its
 * ServerHello. Sessions last longer than proofs, so a server's application data in
 * answer to its client's is a proof anew, as long as the handshake is known. A peer that keeps
 * sending and never does is trusted with little (AV-24): beyond its first contact
 * it gets less than it sent, which is still enough for a cookie when its hello
 * comes again.
 *
 * A server that speaks first, or still, is no client: its flights repeat themselves for
 * minutes, and its streams go wherever a connection ID has moved them. So what was
 * begun from outside is not forgotten while the server talks; in the clear it answers
 * or is silent; and sealed, where nothing is known any more, it has PROBING_RATE,
 * which no answer lifts, for anybody can send what looks like one.
 *
 * Reference: RFC 6347 4.2.1, 4.2.4; RFC 9147 5.1, AV-45, AV-46.
 */
#include "charges.h"
#include "credit.h"
#include "decide.h"
#include "given.h"

/* A record cannot be answered by a ping, so nothing has to be of its size. Of a network
 * that is not trusted the first few bring back what they are, which holds the cookie of
 * any hello; all others half. */
#define ALPHA_OF_FIRST (1u << 8)
#define ALPHA_BEYOND_TRUST (1u << 7)

static struct damp_given cookie_of(const struct damp_pkt *p, const struct damp_dtls *h)
{
	return (struct damp_given){ p->data + p->frame.payload_off + h->cookie_off, h->cookie_len };
}

static bool returns_cookie(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_dtls *h)
{
	const struct damp_given cookie = cookie_of(p, h);

	return h->hello == DAMP_DTLS_CLIENT_HELLO && damp_given_before(c, p, DAMP_SEEN_COOKIE, &cookie);
}

static void note_cookie(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			const struct damp_dtls *h)
{
	const struct damp_given cookie = cookie_of(p, h);

	if (h->hello == DAMP_DTLS_HELLO_VERIFY || h->hello == DAMP_DTLS_HELLO_RETRY)
		damp_note_given(c, p, d, DAMP_SEEN_COOKIE, &cookie, DAMP_COOKIE_LIFE_S);
}

static uint64_t handshake_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_HANDSHAKE, 0);
}

/* A ServerHello counts even when it does not leave: it may be of a resumed session. */
static void note_stage(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		       const struct damp_dtls *h)
{
	if (h->stage == DAMP_DTLS_BEGINS || h->stage == DAMP_DTLS_ASKS)
		damp_see(d, handshake_key(c, p), h->stage == DAMP_DTLS_ASKS, DAMP_COOKIE_LIFE_S);
}

static bool finishes(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_dtls *h)
{
	uint64_t waits;

	return h->stage == DAMP_DTLS_CHANGES &&
	       damp_seen_find(c->w->seen, handshake_key(c, p), c->now, &waits) && waits == 1;
}

static void trust(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const unsigned before = d->ncharges;
	enum damp_reason why;

	damp_charge_first_contact(c, p, d);
	if (damp_charges_fit(c, d, &why)) {
		damp_charge_trust(c, p, d, ALPHA_OF_FIRST);
		return;
	}
	d->ncharges = before;
	if (d->alpha_q8 > ALPHA_BEYOND_TRUST)
		d->alpha_q8 = ALPHA_BEYOND_TRUST;
}

/* Version and random of a ClientHello: behind the headers of record and handshake. */
#define HELLO_AT 25u
#define HELLO_LEN 34u

/* A hello as its client repeats it: the same random (RFC 6347 section 4.2.1; the
 * sequence number of the record is another). 0: none. */
static uint64_t hello_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_dtls *h)
{
	const uint8_t *m = p->data + p->frame.payload_off;

	if (h->hello != DAMP_DTLS_CLIENT_HELLO || p->frame.payload_len < HELLO_AT + HELLO_LEN)
		return 0;
	return damp_mix(p->xchg_key, damp_siphash13(&c->j->k_given, m + HELLO_AT, HELLO_LEN)) | 1ull << 63;
}

/* May p have what its server gives to those who have not proved themselves? A flood
 * of hellos spends that; a hello that comes again after 2 s and after 4, as an
 * honest client's does (RFC 6347 section 4.2.4.1), goes before the fresh. */
static bool server_has_room(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			    const struct damp_dtls *h)
{
	const unsigned before = d->ncharges;
	struct damp_rung r = c->g->server;
	enum damp_reason why;
	uint64_t key;

	damp_charge_rung(c, d, &r, &p->frame.dst, DAMP_DOMAIN_SERVER, 1, DAMP_REASON_LEDGER_SERVER);
	if (damp_charges_fit(c, d, &why))
		return true;
	d->ncharges = before;
	key = hello_key(c, p, h);
	d->copies = key ? (uint8_t)damp_repeat_copies(c->w->repeats, key, c->now) : 0;
	r = damp_rung_for_copies(&r, d->copies);
	damp_charge_rung(c, d, &r, &p->frame.dst, DAMP_DOMAIN_SERVER, 1, DAMP_REASON_LEDGER_SERVER);
	if (d->copies > 0 && damp_charges_fit(c, d, &why))
		return true;
	d->ncharges = 0;
	d->grey_key = key;
	d->spent = true;
	damp_drop(d, DAMP_REASON_LEDGER_SERVER);
	return false;
}

static void from_outside(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			 const struct damp_dtls *h)
{
	damp_forward(d, p, p->proved ? DAMP_REASON_ACCEPTED_PROVED : DAMP_REASON_ACCEPTED);
	d->answers = p->xchg != NULL && (p->xchg->flags & DAMP_XCHG_FROM_INSIDE);
	if (!p->proved && returns_cookie(c, p, h))
		d->proof = DAMP_PROOF_COOKIE;
	if (!p->proved && d->proof == DAMP_PROOF_NONE && p->xchg == NULL && !server_has_room(c, p, d, h))
		return;
	if (!p->proved && d->proof == DAMP_PROOF_NONE && !d->answers)
		trust(c, p, d);
	d->open_xchg = true;
	d->xchg_life_s = c->g->con_life_s;
	d->xchg_flags = p->xchg ? p->xchg->flags & (uint16_t)~DAMP_XCHG_WINDOW : 0;
	d->xchg_flags |= h->first == DAMP_DTLS_DATA ? DAMP_XCHG_DATA : h->first == DAMP_DTLS_CID ? DAMP_XCHG_CID : 0;
	d->credit = damp_credit(c, p, d);
	damp_note_window(p, d);
}

static void toward_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			  const struct damp_dtls *h)
{
	enum damp_reason why;

	damp_charge_proved(c, p, d);
	if (damp_charges_fit(c, d, &why)) {
		damp_forward(d, p, DAMP_REASON_ACCEPTED_PROVED);
		note_cookie(c, p, d, h);
		return;
	}
	d->ncharges = 0;
	damp_drop(d, why);
}

/* Is p part of a conversation that a client inside began? What a server of ours sends
 * in the clear is not, whoever began. */
static bool client_inside(const struct damp_pkt *p, const struct damp_dtls *h)
{
	const bool asked = p->xchg != NULL && (p->xchg->flags & DAMP_XCHG_FROM_INSIDE);

	if (p->device_serves && h->hello != DAMP_DTLS_CLIENT_HELLO)
		return asked && h->first != DAMP_DTLS_CLEAR;
	return asked || p->xchg == NULL;
}

/* A session whose handshake proved its client goes on: its server answers what it
 * could open. Not where a connection ID may have moved it to who never shook hands,
 * nor, so that it stays so, where nothing is known of a handshake any more. */
static bool session_goes_on(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_dtls *h)
{
	const unsigned heard = p->xchg == NULL ? 0 : p->xchg->flags & (DAMP_XCHG_DATA | DAMP_XCHG_CID);

	return h->first == DAMP_DTLS_DATA && heard == DAMP_XCHG_DATA &&
	       (c->grace || damp_peer_proved(c->j->peers, damp_key_session(p->xchg_key), c->now, 0));
}

/* Of a session older than what is known its server may speak first, a little. */
static bool server_first(const struct damp_pkt *p, const struct damp_dtls *h)
{
	return h->first != DAMP_DTLS_CLEAR && (p->xchg == NULL || (p->xchg->flags & DAMP_XCHG_SERVER_FIRST));
}

static void charge_probing(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			   uint16_t flags)
{
	const bool answered = (flags & DAMP_XCHG_FROM_INSIDE) &&
			      damp_peer_proved(c->j->peers, damp_key_answers(p->peer_key), c->now, 0);

	if (!answered)
		damp_charge_rung(c, d, &c->g->probing, &p->frame.dst, DAMP_DOMAIN_PROBING, 1, DAMP_REASON_PROBING_RATE);
	d->open_xchg = true;
	d->xchg_life_s = c->g->con_life_s;
	d->xchg_flags = flags;
}

/* Who pays for p? False: nobody. */
static bool charge(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		   const struct damp_dtls *h)
{
	if (client_inside(p, h)) {
		charge_probing(c, p, d, DAMP_XCHG_FROM_INSIDE);
	} else if (p->xchg != NULL && p->xchg->credit >= p->frame.ip_len) {
		damp_charge_unproved(c, d, &p->frame.dst, p->frame.ip_len, 0);
		d->payer = p->xchg;
		d->pay = p->frame.ip_len;
	} else if (server_first(p, h)) {
		charge_probing(c, p, d, (p->xchg == NULL ? 0 : p->xchg->flags) | DAMP_XCHG_SERVER_FIRST);
	} else {
		return false;
	}
	return true;
}

static void toward_unproved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			    const struct damp_dtls *h)
{
	enum damp_reason why = p->xchg == NULL ? DAMP_REASON_UNSOLICITED_OUT : DAMP_REASON_AMPLIFICATION;
	const bool ours = client_inside(p, h);

	if (!ours && (finishes(c, p, h) || session_goes_on(c, p, h))) {
		d->proof = DAMP_PROOF_COOKIE;
		toward_proved(c, p, d, h);
		return;
	}
	if (!ours)
		note_stage(c, p, d, h);
	if (!charge(c, p, d, h) || !damp_charges_fit(c, d, &why)) {
		d->ncharges = 0;
		d->payer = NULL;
		d->open_xchg = false;
		d->talked_on = !ours && p->xchg != NULL;
		damp_drop(d, why);
		return;
	}
	damp_forward(d, p, DAMP_REASON_ACCEPTED);
	if (!ours)
		note_cookie(c, p, d, h);
}

void damp_decide_dtls(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_action act;

	if (!p->dtls_whole) {
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
		from_outside(c, p, d, &p->dtls);
	else if (p->proved)
		toward_proved(c, p, d, &p->dtls);
	else
		toward_unproved(c, p, d, &p->dtls);
}
