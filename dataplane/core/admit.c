/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way for honest messages: plain requests from outside, and plain answers
 * to them.
 *
 * Idea: on a quiet day nearly all that passes is a request that no rule mentions
 * and no option makes special, and its answer. Nothing about it is in doubt but
 * the budgets: a proved peer's own, or those of the unproved (afford.c). So there is
 * nothing to decide: what damp_commit() would do is done at once, and counted at
 * the burst's end.
 *
 * Invariant: a message that passes here would pass by damp_decide() with the same
 * reason, and damp_commit() would leave the same behind (flood_test.c lets two
 * judges go both ways). Until all questions are answered nothing is changed; what
 * is not certain goes the long way, and explain always does.
 *
 * Reference: design.md 3a; anchors.md 3.3.
 */
#include "decide.h"
#include "short_way.h"

#include "permute.h"
#include "rewrite.h"

/* What decide_response.c has a say in; Block2 apart. */
#define MORE_TO_ANSWER (1ull << DAMP_OPTBIT_OBSERVE | 1ull << DAMP_OPTBIT_ECHO)
/* Exchanges whose credit or places must be looked after. */
#define MORE_TO_EXCHANGE (DAMP_XCHG_WINDOW | DAMP_XCHG_HELD)

void damp_admit_begin(const struct damp_ctx *c, bool bypassed)
{
	memset(c->admit, 0, sizeof(*c->admit));
	c->admit->on = !bypassed && !c->j->long_way && !c->w->tap.on && !c->v->counts_open;
}

/* As the look between the passes found it, unless a proof was given since. */
static bool proved(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const damp_tick idle = p->side == DAMP_OUTSIDE ? c->now + DAMP_SECONDS(c->g->proof_idle_s) : 0;

	if (damp_likely(c->w->nproofs == c->flood->nproofs))
		return p->proved;
	return damp_peer_proved(c->j->peers, p->peer_key, c->now, idle);
}

static inline void pass(struct damp_pkt *p, struct damp_counter sum[2])
{
	p->fate = DAMP_FATE_FORWARD;
	p->reason = p->proved ? DAMP_REASON_ACCEPTED_PROVED : DAMP_REASON_ACCEPTED;
	p->verdict = DAMP_VERDICT_ACCEPT;
	p->rule = -1;
	p->observed = 0;
	p->out_len = p->len;
	sum[p->proved].packets++;
	sum[p->proved].bytes += p->frame.ip_len;
}

/* Remember the Message ID of a CON or NON. */
static inline void see_mid(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t life_s)
{
	const enum damp_seen_kind from = p->side == DAMP_OUTSIDE ? DAMP_SEEN_FROM_OUTSIDE : DAMP_SEEN_FROM_INSIDE;
	const uint64_t key = p->mid_key ? p->mid_key : damp_key_seen(c->j, p, from, p->coap.mid);

	damp_seen_add(c->w->seen, key, p->xchg_key, c->now, c->now + DAMP_SECONDS(life_s));
}

/* As serve() of decide_request.c wants it. */
static inline void write_exchange(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_xchg *x,
				  damp_tick due)
{
	const uint64_t credit = x->credit + (((uint64_t)c->g->alpha_q8 * p->frame.ip_len) >> 8);

	x->due = damp_due(due);
	x->credit = credit > UINT32_MAX ? UINT32_MAX : (uint32_t)credit;
	x->path = 0;
	x->request_bytes = (uint16_t)p->frame.ip_len;
	x->notify_gap = 0;
	x->rule_slot = 0;
	x->over = 0;
	x->owed = x->owed < UINT8_MAX ? (uint8_t)(x->owed + 1u) : UINT8_MAX;
	x->flags = (uint16_t)((x->flags & (DAMP_XCHG_ANSWERED | DAMP_XCHG_CHALLENGED)) |
			      (p->coap.type == DAMP_COAP_CON ? DAMP_XCHG_CON : 0) | (damp_is_safe(p) ? DAMP_XCHG_SAFE : 0));
}

static bool admit_request(const struct damp_ctx *c, struct damp_pkt *p)
{
	const uint32_t life_s = p->coap.type == DAMP_COAP_CON ? c->g->con_life_s : c->g->non_life_s;
	const damp_tick due = c->now + DAMP_SECONDS(life_s);
	struct damp_xchg *x;
	bool fresh;

	if (!p->plain || (p->coap.options & DAMP_Q_BLOCKS) || (damp_unlikely(c->v->counts_later) && !damp_is_safe(p)))
		return false;
	x = damp_xchg_find(c->w->xchg, p->xchg_key, c->now);
	if (x != NULL && (x->flags & MORE_TO_EXCHANGE))
		return false;
	p->proved = proved(c, p);
	p->truths = p->proved ? DAMP_TRUTH_VERIFIED : 0;
	if (!damp_nobody_objects(c, p) || (!p->proved && !damp_afford_request(c, p)))
		return false;
	if (x == NULL)
		x = damp_xchg_open(c->w->xchg, p->xchg_key, c->now, due, &fresh);
	see_mid(c, p, life_s);
	write_exchange(c, p, x, due);
	pass(p, c->admit->asked);
	return true;
}

/* From an address of the right side, to one that no class makes special. */
static bool plain_answer(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_class *cls = c->v->classes;

	return c->admit->on && !p->held && !p->frame.dst_group && !p->frame.l2_group &&
	       !(p->coap.options & MORE_TO_ANSWER) && p->coap.type != DAMP_COAP_CON && cls[p->dst_class].flags == 0 &&
	       (!c->v->has_inside || (cls[p->src_class].flags & DAMP_CLASS_INSIDE));
}

/* The next of the answers that its request is owed. */
static bool is_owed(const struct damp_xchg *x)
{
	return x->owed > 0 && !(x->flags & MORE_TO_EXCHANGE);
}

/* That a server speaks Block2 is noted once in a day. */
static bool blocks_noted(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return !damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2) ||
	       damp_peer_proved(c->j->peers, damp_key_blocks(p->device_key), c->now, 0);
}

/* A proved peer's own budget. */
static bool pay(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_rung *r = &c->g->proved;
	const struct damp_charge one = { .key = damp_mix(p->peer_key, DAMP_DOMAIN_PROVED),
					 .cost = damp_cost(r->cost_q16, p->frame.ip_len),
					 .burst = r->burst_ticks };

	return r->cost_q16 == 0 || damp_ledger_charge(c->j->ledger, &one, 1, c->now) < 0;
}

/* What spend() of commit.c does. */
static inline void write_answer(const struct damp_pkt *p, struct damp_xchg *x)
{
	if (!(x->flags & DAMP_XCHG_ANSWERED) || p->coap.mid != x->answer_mid)
		x->owed--;
	x->answer_mid = p->coap.mid;
	x->flags |= DAMP_XCHG_ANSWERED;
}

static bool admit_response(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_xchg *x;

	if (!plain_answer(c, p))
		return false;
	x = damp_xchg_find(c->w->xchg, p->xchg_key, c->now);
	if (x == NULL || !is_owed(x) || !blocks_noted(c, p))
		return false;
	if (damp_unlikely(c->v->counts_later) && !(x->flags & DAMP_XCHG_SAFE))
		return false;
	p->proved = proved(c, p);
	p->truths = DAMP_TRUTH_SOLICITED | (p->proved ? DAMP_TRUTH_VERIFIED : 0);
	if (!damp_nobody_objects(c, p) || !(p->proved ? pay(c, p) : damp_afford_answer(c, p, x)))
		return false;
	if (p->coap.type == DAMP_COAP_NON) {
		see_mid(c, p, c->g->non_life_s);
		if (damp_mid_moves(c, p))
			damp_rewrite_mid(p->data, &p->frame,
					 damp_mid_out(&c->v->secrets.mid, p->peer_key, p->coap.mid));
	}
	write_answer(p, x);
	pass(p, c->admit->answered);
	return true;
}

bool damp_admit(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE)
		return c->admit->on && admit_request(c, p);
	return p->kind == DAMP_KIND_RESPONSE && p->side == DAMP_INSIDE && admit_response(c, p);
}

static void count(struct damp_worker_stats *s, enum damp_side side, enum damp_kind kind,
		  const struct damp_counter sum[2])
{
	static const uint8_t reason[2] = { DAMP_REASON_ACCEPTED, DAMP_REASON_ACCEPTED_PROVED };

	for (unsigned proved = 0; proved < 2; proved++) {
		struct damp_counter *const of[] = { &s->kind[side][kind], &s->reason[side][reason[proved]],
						    &s->verdict[side][proved][DAMP_VERDICT_ACCEPT] };

		for (unsigned i = 0; i < sizeof(of) / sizeof(of[0]); i++)
			damp_counter_sum(of[i], &sum[proved]);
	}
}

void damp_admit_end(const struct damp_ctx *c)
{
	const struct damp_counter *asked = c->admit->asked, *answered = c->admit->answered;
	struct damp_worker_stats *s = c->w->stats;

	count(s, DAMP_OUTSIDE, DAMP_KIND_REQUEST, asked);
	count(s, DAMP_INSIDE, DAMP_KIND_RESPONSE, answered);
	s->routing_asked += asked[0].packets + asked[1].packets;
	s->routing_answered += answered[0].packets + answered[1].packets;
	s->unproved_bytes_in += asked[0].bytes;
	s->unproved_bytes_out += answered[0].bytes;
}
