/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way out, for what a flood is made of.
 *
 * Idea: while an attack lasts nearly every packet is a request of an unproved
 * peer that no rule mentions, to a server whose budget is spent, at a time when
 * no challenge can be paid. All that decides about it is asked here, with two
 * lines of its own (the peer's proof, its greylist cell) and a few hot ones. A
 * budget that is spent stays so for the burst: time stands still in it and debts
 * only grow. So each server, and the gateway's challenges, are asked once.
 *
 * Invariant: a packet that is refused here would be refused by damp_decide()
 * with the same reason, and damp_commit() would do no more (flood_test.c lets
 * two judges go both ways). What is not certain goes the long way, and explain
 * always does.
 *
 * Reference: anchors.md 3.7 (the drop path's budget of cycles).
 */
#include "judge_state.h"

#define WHOLE_ALPHA (1u << 8)

/* Challenges that the gateway can still pay. */
static uint32_t challenges_left(const struct damp_ctx *c)
{
	static const struct damp_addr all;
	const struct damp_rung *r = &c->g->challenge_all;
	const uint32_t cost = damp_cost(r->cost_q16, 1);
	uint32_t debt;

	if (cost == 0)
		return UINT32_MAX;
	debt = damp_ledger_debt(c->j->ledger, damp_key_prefix(c, &all, r->plen, DAMP_DOMAIN_CHALLENGE_ALL), c->now);
	return debt < r->burst_ticks ? (r->burst_ticks - debt) / cost : 0;
}

void damp_flood_begin(const struct damp_ctx *c)
{
	struct damp_flood *f = c->flood;

	memset(f, 0, sizeof(*f));
	/* A ping, 4 bytes of CoAP, must fit under every request, as it does from alpha 1 on. */
	f->on = !c->j->long_way && c->g->alpha_q8 >= WHOLE_ALPHA;
	f->may_ask = challenges_left(c);
	f->nproofs = c->w->nproofs;
}

static bool server_spent(const struct damp_ctx *c, const struct damp_pkt *p)
{
	uint64_t *known = &c->flood->spent[p->device_whole % DAMP_FLOOD_SERVERS];

	if (damp_likely(*known == p->device_whole))
		return true;
	if (damp_server_has_room(c, p))
		return false;
	*known = p->device_whole;
	return true;
}

static bool gateway_spent(const struct damp_ctx *c)
{
	struct damp_flood *f = c->flood;

	if (!f->gateway_spent)
		f->gateway_spent = !damp_gateway_may_ask(c);
	return f->gateway_spent;
}

/* What decide_block.c and decide_observe.c have a say in. */
static bool has_more_to_it(const struct damp_coap *m)
{
	return damp_coap_has(m, DAMP_OPTBIT_BLOCK1) || damp_coap_has(m, DAMP_OPTBIT_OBSERVE) ||
	       (m->code == DAMP_COAP_PUT && m->nquery > 0);
}

/* A request of the kind that a flood consists of, from and to where nothing
 * special holds. */
static bool is_plain(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return c->flood->on && p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE && !p->held &&
	       !p->frame.dst_group && !p->frame.l2_group && c->v->classes[p->src_class].flags == 0 &&
	       !damp_coap_has(&p->coap, DAMP_OPTBIT_ECHO) && !has_more_to_it(&p->coap);
}

static bool no_rule(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_text_cost *cost)
{
	struct damp_matches m;

	if (c->v->hdr->nwords == 0)
		return true;
	damp_matches_begin(&m, c->v, c->w->index, p, cost);
	return damp_matches_next(&m) < 0;
}

/* Why p needs a proof first, if it does; decide_request.c's order. */
static bool proof_wanted(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_reason *cause)
{
	*cause = DAMP_REASON_PROOF_REQUIRED;
	if (damp_needs_proof(c, p, false))
		return true;
	*cause = DAMP_REASON_LEDGER_SERVER;
	return server_spent(c, p);
}

bool damp_flood_likely(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_flood *f = c->flood;
	enum damp_reason cause;

	if (!is_plain(c, p) || !proof_wanted(c, p, &cause))
		return false;
	if (f->may_ask == 0)
		return true;
	f->may_ask--;
	return false;
}

/* What damp_commit() does for such a packet; the counters at the burst's end. */
static void turn_away(const struct damp_ctx *c, struct damp_pkt *p, enum damp_reason why)
{
	struct damp_counter *sum = &c->flood->refused[why == DAMP_REASON_LEDGER_SERVER];

	p->fate = DAMP_FATE_DROP;
	p->reason = (uint8_t)why;
	p->verdict = DAMP_VERDICT_DROP;
	p->rule = -1;
	p->out_len = 0;
	sum->packets++;
	sum->bytes += p->frame.ip_len;
	if (p->coap.type == DAMP_COAP_CON && gateway_spent(c))
		damp_repeat_note(c->w->repeats, damp_key_grey(p), c->now);
	else if (p->coap.type == DAMP_COAP_CON)
		damp_grey_note(c->w->grey, damp_key_grey(p), c->now);
	damp_event_offer(c, p, 0);
}

bool damp_flood_refuse(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_text_cost cost = { 0 };
	enum damp_reason cause;

	/* Whoever proved itself in this burst may have been looked up too early. */
	if (!is_plain(c, p) || p->proved || c->w->nproofs != c->flood->nproofs)
		return false;
	if (!proof_wanted(c, p, &cause) || damp_peer_may_be_asked(c, p, gateway_spent(c)))
		return false;
	if (!no_rule(c, p, &cost))
		return false;
	c->w->stats->memo_hits += cost.memo_hits;
	c->w->stats->memo_misses += cost.memo_misses;
	c->w->stats->hs_scans += cost.hs_scans;
	turn_away(c, p, damp_refusal(cause));
	return true;
}

static void add(struct damp_counter *c, const struct damp_counter *n)
{
	c->packets += n->packets;
	c->bytes += n->bytes;
}

void damp_flood_end(const struct damp_ctx *c)
{
	static const uint8_t reason[] = { DAMP_REASON_CHALLENGE_RATE, DAMP_REASON_LEDGER_SERVER };
	struct damp_worker_stats *s = c->w->stats;

	for (unsigned i = 0; i < sizeof(reason); i++) {
		const struct damp_counter *n = &c->flood->refused[i];

		add(&s->kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST], n);
		add(&s->reason[DAMP_OUTSIDE][reason[i]], n);
		add(&s->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_DROP], n);
		s->unproved_bytes_in += n->bytes;
	}
}
