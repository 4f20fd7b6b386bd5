/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asking an outside peer to show that it is there.
 *
 * Two ways. A ping (CON Empty whose Message ID is a keyed hash) is 4 bytes, so
 * it is never larger than what it replaces, and every RFC 7252 endpoint
 * answers it with RST; a client that sent a CON notices only that its first
 * copy was lost. 4.01 + Echo (RFC 9175) costs one round trip instead of a
 * retransmission, but must fit under the request and be understood. So a CON is
 * pinged first, whoever orders the challenge, and gets an Echo when it comes
 * again unproved; a NON gets an Echo at once.
 *
 * Better than either is to hold the message while pings are out (hold.h): the
 * client has what it asked for one round trip later and needs to do nothing. What
 * is held is judged again when its peer has proved itself, or when its time is
 * up; then a NON gets the Echo that was put by for it, and a CON nothing, because
 * its client repeats the request.
 *
 * Invariant: a challenge is charged to the peer's and its network's challenge
 * budgets and to the byte ledger, within a reserve that data may not use, so
 * that a victim's own client can still be asked while spoofed data is refused.
 * More than its cause (a second ping, an Echo behind a ping) it costs only while
 * the network is trusted with more, and then it is charged to that: else a slow
 * carpet of a network would bring it more than it sent.
 * A client that is challenged again and again runs into silence (AV-49 c).
 */
#include "challenge.h"
#include "charges.h"
#include "credit.h"

/*
 * Which budget of its address a challenge is paid from. A flood of fresh requests
 * uses up the first. Where somebody has proved to be there is one more, but a
 * flood in his name uses that up as well; so what comes again keeps its own, of
 * its address: however many fresh requests there are, a client that repeats its
 * own is asked.
 */
enum purse { PURSE_FRESH, PURSE_KNOWN, PURSE_AGAIN };

/*
 * The gateway's budget, for a request of which so many copies were here before. It
 * is one for all, so that the gateway as a whole stays below it.
 */
static struct damp_rung gateway_budget(const struct damp_ctx *c, unsigned copies)
{
	return damp_rung_for_copies(&c->g->challenge_all, copies);
}

/* The gateway's charge, two of challenges, two of bytes: those of the address next to
 * each other, and those of its network, since they lie on one line (ledger.h). */
static void put_lines_together(struct damp_decision *d)
{
	struct damp_charge charge;
	uint8_t reason;

	if (d->ncharges != 5)
		return;         /* some are unlimited */
	charge = d->charge[2];
	reason = d->charge_reason[2];
	d->charge[2] = d->charge[3];
	d->charge_reason[2] = d->charge_reason[3];
	d->charge[3] = charge;
	d->charge_reason[3] = reason;
}

static void charge_challenge(const struct damp_ctx *c, struct damp_decision *d, const struct damp_addr *peer,
			     uint32_t bytes, enum purse purse)
{
	const struct damp_rung gateway = gateway_budget(c, purse == PURSE_AGAIN ? d->copies : 0);
	const bool v4 = damp_addr_is_v4(peer);
	static const struct damp_addr all;

	d->ncharges = 0;
	/* The Echo after the pings of a message that was held belongs to the same challenge. */
	if (c->p->held) {
		damp_charge_unproved(c, d, peer, bytes, c->g->challenge_reserve_ticks);
		return;
	}
	/* First what a flood spends first: its line is at hand, and the refusal
	 * spares the others. All refusals have one reason. */
	damp_charge_rung(c, d, &gateway, &all, DAMP_DOMAIN_CHALLENGE_ALL, 1, DAMP_REASON_CHALLENGE_RATE);
	if (purse != PURSE_FRESH) {
		damp_charge_rung(c, d, &c->g->challenge_retry, peer,
				 purse == PURSE_KNOWN ? DAMP_DOMAIN_KNOWN : DAMP_DOMAIN_RETRY, 1,
				 DAMP_REASON_CHALLENGE_RATE);
	} else {
		damp_charge_rung(c, d, &c->g->challenge_host, peer, DAMP_DOMAIN_CHALLENGE_HOST, 1,
				 DAMP_REASON_CHALLENGE_RATE);
		damp_charge_rung(c, d, v4 ? &c->g->challenge_net4 : &c->g->challenge_net6, peer,
				 DAMP_DOMAIN_CHALLENGE_NET, 1, DAMP_REASON_CHALLENGE_RATE);
	}
	damp_charge_unproved(c, d, peer, bytes, c->g->challenge_reserve_ticks);
	put_lines_together(d);
}

static bool affordable(const struct damp_ctx *c, struct damp_decision *d, enum damp_reason *why)
{
	if (damp_charges_fit(c, d, why))
		return true;
	d->ncharges = 0;
	return false;
}

/* How many pings a budget of bytes allows: the first and its repetitions. */
static unsigned pings_for(const struct damp_pkt *p, uint32_t budget)
{
	const uint32_t n = budget / damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);

	return n > 1 + DAMP_PROBE_STEPS ? 1 + DAMP_PROBE_STEPS : n;
}

static uint64_t asked_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_ASKED, 0);
}

static uint64_t asked(const struct damp_ctx *c, const struct damp_pkt *p)
{
	uint64_t value = 0;

	damp_seen_find(c->w->seen, asked_key(c, p), c->now, &value);
	return value;
}

void damp_expect_pong(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	damp_see(d, asked_key(c, p), damp_asked_ping_out(asked(c, p), c->now), DAMP_CHALLENGED_LIFE_S);
}

/* This request is challenged, by a ping or by what is guessed like one, or not. */
static void note_challenged(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, bool ping)
{
	const uint64_t value = damp_asked_once_more(asked(c, p), p->coap.mid, c->now);

	damp_see(d, asked_key(c, p), ping ? damp_asked_ping_out(value, c->now) : value, DAMP_CHALLENGED_LIFE_S);
}

static bool asked_before(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_asked_about(asked(c, p), p->coap.mid);
}

/* A request refused under pressure is remembered, so that its retransmission
 * is told from a flood of fresh ones (design.md 3a, greylist). */
static void refuse(const struct damp_pkt *p, struct damp_decision *d, enum damp_reason why)
{
	d->ncharges = 0;
	damp_drop(d, why);
	if (p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE && p->coap.type == DAMP_COAP_CON)
		d->grey_key = damp_key_grey(p);
}

/* One of an address that is asked because somebody floods in its name is pinged
 * once; its own retransmissions bring more. */
static bool under_pressure(enum damp_reason cause)
{
	return cause != DAMP_REASON_RULE && cause != DAMP_REASON_PROOF_REQUIRED;
}

/* What of a budget may go for pings when p is held: of a NON, all but the Echo
 * that follows if nobody answers them. Where it is too little for both, pings:
 * they are what every client understands. */
static uint32_t beside_echo(const struct damp_pkt *p, uint32_t budget, bool con, uint8_t echo)
{
	const uint32_t bytes = con || !echo ? 0 : damp_udp_ip_len(p, damp_challenge_len(p, echo));
	const uint32_t ping = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);

	return bytes + ping > budget ? budget : budget - bytes;
}

/* One message kept, and pings: one alone waits until a libcoap client hears it
 * (attacks.md 6.3), of several the first goes at once. */
static void keep(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, unsigned pings)
{
	d->move = DAMP_MOVE_HOLD;
	d->verdict = DAMP_VERDICT_CHALLENGE;
	d->reason = DAMP_REASON_HELD;
	d->probes = pings;
	d->probe_soon = pings > 1;
	if (p->kind == DAMP_KIND_REQUEST)
		note_challenged(c, p, d, true);
	else
		damp_expect_pong(c, p, d);
}

static bool may_hold(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return c->g->hold && !p->held && damp_hold_room(&c->w->hold, p->kind == DAMP_KIND_REQUEST);
}

enum damp_reason damp_refusal(enum damp_reason cause)
{
	return under_pressure(cause) ? cause : DAMP_REASON_CHALLENGE_RATE;
}

/* How often was this request refused before, as its client repeats it? spent: the
 * gateway has no challenge left for fresh ones, and that is why. */
static uint8_t copies_before(const struct damp_ctx *c, const struct damp_pkt *p, bool spent)
{
	const uint64_t key = damp_key_grey(p);

	if (p->kind != DAMP_KIND_REQUEST || p->coap.type != DAMP_COAP_CON)
		return 0;
	return spent ? (uint8_t)damp_repeat_copies(c->w->repeats, key, c->now)
		     : damp_grey_again(c->w->grey, key, c->now);
}

/* The purse of a request beside the fresh ones': of one that came again, and of
 * one from an address where somebody has proved to be. */
static enum purse other_purse(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	d->copies = copies_before(c, p, !damp_gateway_may_ask(c));
	if (d->copies > 0)
		return PURSE_AGAIN;
	return damp_peer_proved(c->j->peers, damp_key_known(p->peer_whole), c->now, 0) ? PURSE_KNOWN : PURSE_FRESH;
}

static bool gateway_may_ask(const struct damp_ctx *c, unsigned copies)
{
	static const struct damp_addr all;
	const struct damp_rung r = gateway_budget(c, copies);

	return damp_rung_has_room(c, &r, damp_key_prefix(c, &all, r.plen, DAMP_DOMAIN_CHALLENGE_ALL), 1,
				  DAMP_REASON_CHALLENGE_RATE);
}

bool damp_gateway_may_ask(const struct damp_ctx *c)
{
	return gateway_may_ask(c, 0);
}

/* One more challenge of its source, from a budget of challenges? What was held has
 * paid for it already. */
static bool challenge_left(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_rung *r,
			   enum damp_domain domain)
{
	return p->held || damp_rung_has_room(c, r, damp_key_prefix(c, &p->frame.src, r->plen, domain), 1,
					     DAMP_REASON_CHALLENGE_RATE);
}

static bool fresh_left(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_rung *r = &c->g->challenge_host;

	return damp_rung_has_room(c, r, damp_key_prefix(c, &p->frame.src, r->plen, DAMP_DOMAIN_CHALLENGE_HOST), 1,
				  DAMP_REASON_CHALLENGE_RATE) &&
	       challenge_left(c, p, p->frame.v6 ? &c->g->challenge_net6 : &c->g->challenge_net4,
			      DAMP_DOMAIN_CHALLENGE_NET);
}

bool damp_peer_may_be_asked(const struct damp_ctx *c, const struct damp_pkt *p, bool spent, uint8_t *copies)
{
	*copies = 0;
	if (!spent && fresh_left(c, p))
		return true;
	return damp_peer_may_be_asked_more(c, p, spent, copies);
}

bool damp_peer_may_be_asked_more(const struct damp_ctx *c, const struct damp_pkt *p, bool spent, uint8_t *copies)
{
	*copies = copies_before(c, p, spent);
	if (*copies > 0)
		return (!spent || gateway_may_ask(c, *copies)) &&
		       challenge_left(c, p, &c->g->challenge_retry, DAMP_DOMAIN_RETRY);
	return !spent && damp_peer_proved(c->j->peers, damp_key_known(p->peer_whole), c->now, 0) &&
	       challenge_left(c, p, &c->g->challenge_retry, DAMP_DOMAIN_KNOWN);
}

static bool pay_from(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t bytes,
		     enum purse purse, enum damp_reason *why)
{
	charge_challenge(c, d, damp_peer_addr(p), bytes, purse);
	return affordable(c, d, why);
}

/* Can this challenge be paid from one of the budgets? Leaves its charges. */
static bool pay_challenge(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t bytes,
			  enum damp_reason *why)
{
	enum purse purse;

	if (pay_from(c, p, d, bytes, PURSE_FRESH, why))
		return true;
	purse = other_purse(c, p, d);
	return purse != PURSE_FRESH && pay_from(c, p, d, bytes, purse, why);
}

/* So many pings, or one when the budget of fresh requests is spent: then somebody
 * floods in the name of the address. Returns how many are paid for. */
static unsigned pay_pings(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, unsigned pings,
			  enum damp_reason *why)
{
	const uint32_t one = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	enum purse purse;

	if (pay_from(c, p, d, pings * one, PURSE_FRESH, why))
		return pings;
	purse = other_purse(c, p, d);
	return purse != PURSE_FRESH && pay_from(c, p, d, one, purse, why);
}

/* Length of the Echo value to ask with, 0 for a ping. */
static uint8_t echo_in_turn(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint8_t fitting = damp_echo_fitting(p, p->coap.len);

	if (fitting == 0 || p->coap.type == DAMP_COAP_NON)
		return fitting;
	return asked_before(c, p) ? fitting : 0;
}

/* Of so many pings those that a request may bring; more than one only on trust. */
static unsigned on_trust(const struct damp_ctx *c, const struct damp_pkt *p, unsigned pings, enum damp_reason cause)
{
	return pings > 1 && (under_pressure(cause) || !damp_trusts(c, p)) ? 1 : pings;
}

/* Hold a request that is to be challenged for the first time. */
static bool hold_request(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t budget,
			 enum damp_reason cause)
{
	const uint32_t left = beside_echo(p, budget, p->coap.type == DAMP_COAP_CON,
					  damp_echo_fitting(p, p->coap.len));
	unsigned pings = pings_for(p, left);
	enum damp_reason why;

	if (pings == 0 || !may_hold(c, p) || asked_before(c, p))
		return false;
	pings = pay_pings(c, p, d, on_trust(c, p, pings, cause), &why);
	if (pings == 0)
		return false;
	if (pings > 1)
		damp_charge_trust(c, p, d, d->alpha_q8);
	keep(c, p, d, pings);
	return true;
}

/* Pay for an Echo of that length, or else for pings; leaves how many of them. */
static bool pay_asking(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint8_t echo,
		       unsigned *pings, enum damp_reason *why)
{
	if (echo)
		return pay_challenge(c, p, d, damp_udp_ip_len(p, damp_challenge_len(p, echo)), why);
	*pings = pay_pings(c, p, d, *pings, why);
	return *pings > 0;
}

void damp_decide_challenge(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			   enum damp_reason cause)
{
	const uint32_t budget = (uint32_t)(((uint64_t)c->g->alpha_q8 * p->frame.ip_len) >> 8);
	unsigned pings = pings_for(p, budget);
	enum damp_reason why;
	uint8_t echo;

	d->spent = !damp_gateway_may_ask(c);
	/* What a flood spends first; these spare the rest. */
	if (!p->frame.dst_group && pings > 0 && !damp_peer_may_be_asked(c, p, d->spent, &d->copies)) {
		refuse(p, d, damp_refusal(cause));
		return;
	}
	if (!p->frame.dst_group && hold_request(c, p, d, budget, cause))
		return;
	echo = echo_in_turn(c, p);
	if (p->held && (!echo || p->coap.type == DAMP_COAP_CON || !damp_trusts(c, p))) {
		refuse(p, d, cause);
		return;
	}
	if (p->frame.dst_group || (!echo && pings == 0)) {
		d->ncharges = 0;
		damp_drop(d, DAMP_REASON_PROOF_REQUIRED);
		return;
	}
	pings = on_trust(c, p, pings, cause);
	if (!pay_asking(c, p, d, echo, &pings, &why)) {
		refuse(p, d, under_pressure(cause) ? cause : why);
		return;
	}
	if (p->held || (!echo && pings > 1))
		damp_charge_trust(c, p, d, d->alpha_q8);
	d->verdict = DAMP_VERDICT_CHALLENGE;
	d->move = echo ? DAMP_MOVE_ECHO_BACK : DAMP_MOVE_PING_BACK;
	d->reason = echo ? DAMP_REASON_CHALLENGED : DAMP_REASON_PINGED;
	d->echo_len = echo;
	/* A short Echo is guessed like a ping, and counted like one. */
	note_challenged(c, p, d, echo != DAMP_ECHO_LEN);
	if (!echo)
		d->probes = pings - 1;
}

bool damp_decide_ping_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t budget)
{
	unsigned pings = pings_for(p, budget);
	enum damp_reason why;

	if (pings > 0)
		pings = pay_pings(c, p, d, pings, &why);
	if (pings == 0)
		return false;
	d->move = DAMP_MOVE_PING_ON;
	d->verdict = DAMP_VERDICT_CHALLENGE;
	d->reason = DAMP_REASON_PINGED;
	d->pay = pings * damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	d->payer_flags = DAMP_XCHG_CHALLENGED;
	d->probes = pings - 1;
	damp_expect_pong(c, p, d);
	return true;
}

/* Can the client use a 4.01 in the place of this response? Only piggybacked or
 * NON to a NON; not after an empty ACK (attacks.md 1.6). And only a safe
 * request may be told to come again after it was executed. Returns the length
 * of the Echo that fits the credit, the request and the response; 0 for none. */
static uint8_t echo_on_possible(const struct damp_pkt *p, const struct damp_xchg *x)
{
	const bool in_kind = p->coap.type == DAMP_COAP_ACK ||
			     (p->coap.type == DAMP_COAP_NON && !(x->flags & DAMP_XCHG_CON));
	const uint32_t headers = damp_udp_ip_len(p, 0);
	uint32_t room = x->credit < x->request_bytes ? x->credit : x->request_bytes;

	if (p->frame.ip_len < room)
		room = p->frame.ip_len;
	if (!in_kind || !(x->flags & DAMP_XCHG_SAFE) || room < headers)
		return 0;
	return damp_echo_fitting(p, room - headers);
}

/* Hold a response that would cost too much. One that its server repeats is left
 * to its repetition. */
static bool hold_response(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			  struct damp_xchg *x, uint8_t echo)
{
	unsigned pings = pings_for(p, beside_echo(p, x->credit, x->flags & DAMP_XCHG_CON, echo));
	enum damp_reason why;

	if (pings == 0 || p->coap.type == DAMP_COAP_CON || (x->flags & DAMP_XCHG_CHALLENGED) || !may_hold(c, p))
		return false;
	pings = pay_pings(c, p, d, pings, &why);
	if (pings == 0)
		return false;
	keep(c, p, d, pings);
	d->pay = pings * damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	d->payer_flags = DAMP_XCHG_CHALLENGED;
	return true;
}

bool damp_decide_ask_for_ack(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			     struct damp_xchg *x)
{
	const uint32_t ping = damp_udp_ip_len(p, DAMP_COAP_HEADER_LEN);
	const struct damp_decision before = *d;

	if (p->held || !damp_decide_ping_on(c, p, d, ping)) {
		*d = before;
		return false;
	}
	d->payer = x;
	if (may_hold(c, p))
		keep(c, p, d, 1);
	return true;
}

bool damp_decide_hold_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const struct damp_decision before = *d;

	if (hold_response(c, p, d, p->xchg, 0)) {
		d->payer = p->xchg;
		d->speaks_blocks = damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2);
		return true;
	}
	*d = before;
	return false;
}

void damp_decide_challenge_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			      enum damp_reason why)
{
	struct damp_xchg *x = p->xchg;
	const bool first = !(x->flags & DAMP_XCHG_CHALLENGED);
	const bool con = x->flags & DAMP_XCHG_CON;
	const uint8_t echo = echo_on_possible(p, x);

	d->payer = x;
	d->speaks_blocks = damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2);
	if (hold_response(c, p, d, x, echo))
		return;
	if (p->held && (con || !echo)) {
		d->ncharges = 0;
		d->payer = NULL;
		damp_drop(d, why);
		return;
	}
	if (echo && (!con || !first || x->over == DAMP_ACT_CHALLENGE)) {
		const uint32_t ip = damp_udp_ip_len(p, damp_challenge_len(p, echo));

		if (pay_challenge(c, p, d, ip, &why)) {
			d->move = DAMP_MOVE_ECHO_ON;
			d->verdict = DAMP_VERDICT_CHALLENGE;
			d->reason = DAMP_REASON_CHALLENGED;
			d->pay = ip;
			d->echo_len = echo;
			d->payer_flags = DAMP_XCHG_CHALLENGED;
			if (echo != DAMP_ECHO_LEN)
				damp_expect_pong(c, p, d);
			return;
		}
	} else if (damp_decide_ping_on(c, p, d, x->credit)) {
		return;
	}
	d->ncharges = 0;
	d->payer = NULL;
	damp_drop(d, why);
}
