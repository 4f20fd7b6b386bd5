/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way for honest messages: plain requests from outside, and plain answers
 * to them; the observations of proved peers too.
 *
 * Idea: on a quiet day nearly all that passes is a request that no rule mentions
 * and no option makes special, and its answer. Nothing about it is in doubt but
 * the budgets: a proved peer's own, or those of the unproved (afford.c), and the
 * places of an observation. So there is nothing to decide: what damp_commit() would
 * do is done at once, and counted at the burst's end.
 *
 * Invariant: a message that passes here would pass by damp_decide() with the same
 * reason, and damp_commit() would leave the same behind (flood_test.c lets two
 * judges go both ways). Until all questions are answered nothing is changed; what
 * is not certain goes the long way, and explain always does.
 *
 * Reference: design.md 3a; anchors.md 3.3.
 */
#include "commit.h"
#include "decide.h"
#include "flood.h"
#include "observe.h"

#include "permute.h"
#include "rewrite.h"

/* Exchanges whose credit or places must be looked after. */
#define MORE_TO_EXCHANGE (DAMP_XCHG_WINDOW | DAMP_XCHG_HELD)

void damp_admit_begin(const struct damp_ctx *c, bool bypassed)
{
	memset(c->admit, 0, sizeof(*c->admit));
	c->admit->on = !bypassed && !c->j->long_way && !c->w->tap.on && !c->v->counts_open;
}

/* What the peer has proved is as the look between the passes found it, unless a proof
 * was given since. With half of one every byte counts, and that is the long way's. */
static inline bool half_proved(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (damp_unlikely(c->w->nproofs != c->flood->nproofs))
		p->proved = (uint8_t)damp_peer_look(c->j->peers, p->peer_key, c->now, p->side == DAMP_OUTSIDE ?
						    c->now + DAMP_SECONDS(c->g->proof_idle_s) : 0);
	return p->proved == DAMP_HALF_PROVED;
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

/* Plain but for Observe, and without attributes that decide_observe.c would read. */
static bool plain_observer(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && p->coap.nquery == 0 && c->flood->on &&
	       damp_flood_class(c->v, p) && damp_flood_usual(p, DAMP_FLOOD_MORE & ~(1ull << DAMP_OPTBIT_OBSERVE));
}

/* The proved p registers: is there a place? Its prefixes were hashed for the loads. */
static bool place_for(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_places *at)
{
	return damp_observe_look(c, p, (uint32_t)damp_path_hash(c, p), at);
}

static void register_observer(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_xchg *x,
			      const struct damp_places *at)
{
	x->path = (uint32_t)damp_path_hash(c, p);
	x->flags |= DAMP_XCHG_OBSERVE;
	damp_observe_take_seen(c, p, at);
}

/* Its exchange, when nothing is to be settled with it; NULL: there is none yet. */
static inline bool find_exchange(const struct damp_ctx *c, struct damp_pkt *p)
{
	p->xchg = damp_xchg_find(c->w->xchg, p->xchg_key, c->now);
	return p->xchg == NULL || !(p->xchg->flags & MORE_TO_EXCHANGE);
}

static inline struct damp_xchg *let_in(const struct damp_ctx *c, struct damp_pkt *p)
{
	const uint32_t life_s = p->coap.type == DAMP_COAP_CON ? c->g->con_life_s : c->g->non_life_s;
	const damp_tick due = c->now + DAMP_SECONDS(life_s);
	struct damp_xchg *x = p->xchg;

	if (x == NULL)
		x = damp_xchg_put(c->w->xchg, p->xchg_key, c->now, due);
	see_mid(c, p, life_s);
	write_exchange(c, p, x, due);
	pass(p, c->admit->asked);
	return x;
}

static inline bool look_at_peer(struct damp_pkt *p, uint8_t truths)
{
	p->truths = (uint8_t)(truths | (p->proved ? DAMP_TRUTH_VERIFIED : 0));
	return p->proved;
}

/* A proved peer begins, renews or ends an observation. */
static __attribute__((noinline)) bool admit_observer(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_places at = { .n = 0 };
	struct damp_xchg *x;

	if (!plain_observer(c, p) || !find_exchange(c, p) || !look_at_peer(p, 0) || !damp_nobody_objects(c, p) ||
	    (damp_registers(p) && !place_for(c, p, &at)))
		return false;
	x = let_in(c, p);
	if (damp_registers(p))
		register_observer(c, p, x, &at);
	return true;
}

static bool admit_request(const struct damp_ctx *c, struct damp_pkt *p)
{
	if ((p->coap.options & DAMP_Q_BLOCKS) || (damp_unlikely(c->v->counts_later) && !damp_is_safe(p)))
		return false;
	if (damp_unlikely(!p->plain))
		return admit_observer(c, p);
	if (!find_exchange(c, p))
		return false;
	look_at_peer(p, 0);
	if (!damp_nobody_objects(c, p) || (!p->proved && !damp_afford_request(c, p)))
		return false;
	let_in(c, p);
	return true;
}

/* From an address of the right side, to one that no class makes special. What a
 * server gives its peer to return is noted by decide_response.c. */
static bool plain_answer(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_class *cls = c->v->classes;

	return !p->held && !p->frame.dst_group && !p->frame.l2_group &&
	       !damp_coap_has(&p->coap, DAMP_OPTBIT_ECHO) && cls[p->dst_class].flags == 0 &&
	       (!c->v->has_inside || (cls[p->src_class].flags & DAMP_CLASS_INSIDE));
}

/* Nothing is to be settled with its exchange. */
static inline bool settled(const struct damp_ctx *c, const struct damp_xchg *x)
{
	return !(x->flags & MORE_TO_EXCHANGE) && (damp_likely(!c->v->counts_later) || (x->flags & DAMP_XCHG_SAFE));
}

static inline struct damp_charge own_budget(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_rung *r = &c->g->proved;

	return (struct damp_charge){ .key = damp_ledger_key(p->peer_key, DAMP_DOMAIN_PROVED),
				     .cost = damp_cost(r->cost_q16, p->frame.ip_len), .burst = r->burst_ticks };
}

/* A proved peer's own budget. */
static inline bool pay(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_charge one = own_budget(c, p);

	return c->g->proved.cost_q16 == 0 || damp_ledger_charge(c->j->ledger, &one, 1, c->now) < 0;
}

/* What spend() of commit.c does. */
static inline void write_answer(const struct damp_pkt *p, struct damp_xchg *x)
{
	if (x->owed > 0 && (!(x->flags & DAMP_XCHG_ANSWERED) || p->coap.mid != x->answer_mid))
		x->owed--;
	x->answer_mid = p->coap.mid;
	x->flags |= DAMP_XCHG_ANSWERED;
}

/* What its ACK or RST will ask for, and the Message ID that it has outside. All that
 * is asked is asked before anything is written, as by damp_decide(). */
static void write_mid(const struct damp_ctx *c, struct damp_pkt *p, bool notification)
{
	const damp_tick con_due = c->now + DAMP_SECONDS(c->g->con_life_s);
	const bool con = p->coap.type == DAMP_COAP_CON;
	uint64_t key = 0, mids = 0;
	const bool awaits = con && damp_awaits_ack(c, p, &key, &mids);

	if (notification)
		damp_seen_add(c->w->seen, damp_key_notified(p->xchg_key), p->coap.mid, c->now, con_due);
	if (p->coap.type == DAMP_COAP_ACK)
		return;
	see_mid(c, p, con ? c->g->con_life_s : c->g->non_life_s);
	if (awaits)
		damp_seen_add(c->w->seen, key, mids, c->now, c->now + DAMP_SECONDS(DAMP_ACK_LIFE_S));
	if (damp_mid_moves(c, p))
		damp_rewrite_mid(p->data, &p->frame, damp_mid_out(&c->v->secrets.mid, p->peer_key, p->coap.mid));
}

static inline void let_out(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (damp_unlikely(damp_coap_has(&p->coap, DAMP_OPTBIT_BLOCK2)))
		damp_mark_blocks(c, p);
	pass(p, c->admit->answered);
}

/* Looks p's observation up, of which p must then be a notification; its exchange may
 * be long over. */
static bool notifies(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_xchg *x = p->xchg;

	p->obs = damp_obs_find(c->w->obs, p->xchg_key, c->now);
	if (DAMP_COAP_CLASS(p->coap.code) != 2 || (x != NULL && !settled(c, x)))
		return false;
	return p->obs != NULL || (x != NULL && (x->flags & DAMP_XCHG_OBSERVE));
}

/* What notify_proved() of decide_response.c wants of what asks for no acknowledgement,
 * and the peer's own budget, all or nothing. */
static bool pay_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_heard *heard)
{
	struct damp_charge charge[2];
	unsigned n = 0;

	if (p->obs == NULL || p->coap.type != DAMP_COAP_NON)
		return pay(c, p);
	if (damp_observer_heard(c, p, p->obs, heard) != DAMP_HEARING_FINE)
		return false;
	n += damp_notification_cost(c, p, p->obs, &charge[0]);
	if (c->g->proved.cost_q16 != 0)
		charge[n++] = own_budget(c, p);
	return n == 0 || damp_ledger_charge(c->j->ledger, charge, n, c->now) < 0;
}

static void write_notification(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_heard *heard)
{
	const damp_tick due = c->now + DAMP_SECONDS(c->g->observe_life_s);
	struct damp_obs *o = p->obs;
	bool fresh;

	if (o == NULL)
		o = damp_obs_open(c->w->obs, p->xchg_key, c->now, due, &fresh);
	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	damp_observe_notified(c, p, heard, o);
}

/* To a proved peer. */
static __attribute__((noinline)) bool admit_notification(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_heard heard = { .anew = false };

	if (!notifies(c, p) || !look_at_peer(p, DAMP_TRUTH_SOLICITED) || !damp_nobody_objects(c, p) ||
	    !pay_notification(c, p, &heard))
		return false;
	write_mid(c, p, true);
	if (p->xchg != NULL)
		write_answer(p, p->xchg);
	write_notification(c, p, &heard);
	let_out(c, p);
	return true;
}

static bool admit_response(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_xchg *x;

	if (!plain_answer(c, p))
		return false;
	x = p->xchg = damp_xchg_find(c->w->xchg, p->xchg_key, c->now);
	if (damp_unlikely(damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE)))
		return admit_notification(c, p);
	/* The next of the answers that its request is owed. */
	if (x == NULL || x->owed == 0 || !settled(c, x))
		return false;
	look_at_peer(p, DAMP_TRUTH_SOLICITED);
	if (!damp_nobody_objects(c, p) || !(p->proved ? pay(c, p) : damp_afford_answer(c, p, x)))
		return false;
	if (p->coap.type != DAMP_COAP_ACK)
		write_mid(c, p, false);
	write_answer(p, x);
	let_out(c, p);
	return true;
}

bool damp_admit(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (!c->admit->on || damp_unlikely(half_proved(c, p)))
		return false;
	if (p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE)
		return admit_request(c, p);
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
