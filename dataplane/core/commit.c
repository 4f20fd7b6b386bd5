/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Carrying a decision out: the only file of the judge that changes state,
 * frames and counters.
 *
 * Order: pay first, all or nothing; a charge that is refused now (another
 * worker was faster) turns the packet into a drop with that reason and leaves
 * nothing else behind. Then tables, then the frame, then the counters, once.
 *
 * Invariant: a dropped packet changes no table, but for what exists for drops:
 * the memory of fragments to follow, the greylist, the count of wrong guesses,
 * what an answer that was too large has taught, how long a DTLS server talks to
 * who asked, and a proof that was given whatever became of the message that
 * carried it.
 */
#include "charges.h"
#include "commit.h"
#include "decide.h"
#include "flood.h"
#include "half.h"
#include "observe.h"
#include "prepare.h"

#include "attrs.h"
#include "permute.h"
#include "rewrite.h"

static bool pay(const struct damp_ctx *c, struct damp_decision *d)
{
	int refused;

	if (damp_unlikely(d->nholds > 0)) {
		if (!d->open_xchg || d->move == DAMP_MOVE_DROP)
			d->nholds = 0;
		else if (!damp_tickets_take(c, d)) {
			damp_drop(d, DAMP_REASON_RULE_LIMIT);
			return false;
		}
	}
	if (d->ncharges == 0 || (d->move == DAMP_MOVE_DROP && !d->charge_on_drop))
		return true;
	refused = damp_ledger_charge(c->j->ledger, d->charge, d->ncharges, c->now);
	if (refused < 0)
		return true;
	d->seconds = 0;
	if (d->move == DAMP_MOVE_DROP)
		return true;
	damp_tickets_return(c, d);
	damp_drop(d, d->charge_reason[refused]);
	return false;
}

static void remember(const struct damp_ctx *c, const struct damp_decision *d)
{
	for (unsigned i = 0; i < d->nseen; i++)
		damp_seen_add(c->w->seen, d->seen_key[i], d->seen_value[i], c->now,
			      c->now + DAMP_SECONDS(d->seen_life_s[i]));
}

static void open_exchange(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const damp_tick due = c->now + DAMP_SECONDS(d->xchg_life_s);
	bool fresh;
	struct damp_xchg *x = damp_xchg_open(c->w->xchg, p->xchg_key, c->now, due, &fresh);
	const uint64_t credit = (uint64_t)(d->credit_alone ? 0 : x->credit) + d->credit;

	x->due = damp_due(due);
	x->credit = credit > UINT32_MAX ? UINT32_MAX : (uint32_t)credit;
	x->request_bytes = (uint16_t)p->frame.ip_len;
	x->path = d->take_place || d->keep_path ? d->path : 0;
	x->notify_gap = d->notify_gap;
	x->owed = x->owed + d->owed > UINT8_MAX ? UINT8_MAX : (uint8_t)(x->owed + d->owed);
	x->rule_slot = d->rule_slot;
	x->over = d->over;
	x->flags = (uint16_t)((x->flags & (DAMP_XCHG_ANSWERED | DAMP_XCHG_CHALLENGED | DAMP_XCHG_HELD)) |
			      d->xchg_flags);
	if (d->nholds == 0 && !(x->flags & DAMP_XCHG_HELD))
		return;
	x->flags |= DAMP_XCHG_HELD;
	damp_tickets_keep(c, p->xchg_key, d, due);
}

/* A copy of the last answer has been paid for. */
static void spend(const struct damp_pkt *p, struct damp_decision *d)
{
	struct damp_xchg *x = d->payer;

	if (x == NULL)
		return;
	x->credit = d->pay > x->credit ? 0 : x->credit - d->pay;
	if ((d->payer_flags & DAMP_XCHG_ANSWERED) && x->owed > 0 &&
	    (!(x->flags & DAMP_XCHG_ANSWERED) || p->coap.mid != x->answer_mid))
		x->owed--;
	if (d->payer_flags & DAMP_XCHG_ANSWERED)
		x->answer_mid = p->coap.mid;
	x->flags |= d->payer_flags;
}

static void count_proof(const struct damp_ctx *c, uint8_t proof)
{
	struct damp_worker_stats *s = c->w->stats;

	s->proofs_echo += proof == DAMP_PROOF_ECHO;
	s->proofs_ping += proof == DAMP_PROOF_PING;
	s->proofs_token += proof == DAMP_PROOF_TOKEN;
	s->proofs_cookie += proof == DAMP_PROOF_COOKIE;
	s->proofs_ack += proof == DAMP_PROOF_ACK;
	s->proofs_server_echo += proof == DAMP_PROOF_SERVER_ECHO;
	s->proofs_second += proof == DAMP_PROOF_SECOND;
}

static void prove(const struct damp_ctx *c, const struct damp_pkt *p, uint8_t proof)
{
	const damp_tick idle = c->now + DAMP_SECONDS(c->g->proof_idle_s);
	const damp_tick max = c->now + DAMP_SECONDS(c->g->proof_max_s);
	/* Longer than the proof that a sealed answer gives anew (decide_dtls.c). */
	const damp_tick session = max + DAMP_SECONDS(c->g->proof_max_s);

	c->w->nproofs++;
	damp_peer_prove(c->j->peers, p->peer_key, c->now, idle, max);
	damp_peer_prove(c->j->peers, damp_key_known(p->peer_whole), c->now, max, max);
	/* It takes a place of the proved, so only where somebody asks for it. */
	if (c->g->trust_earned)
		damp_peer_prove(c->j->peers, damp_key_network(c, p), c->now, max, max);
	if (damp_unlikely(p->kind == DAMP_KIND_DTLS))
		damp_peer_prove(c->j->peers, damp_key_session(p->xchg_key), c->now, session, session);
	damp_hold_release(&c->w->hold, p->peer_key);
	count_proof(c, proof);
}

/* Written once per life. When it pushes out a proof, admit.c asks again. */
static void mark(const struct damp_ctx *c, uint64_t key, damp_tick due)
{
	if (damp_peer_proved(c->j->peers, key, c->now, 0))
		return;
	if (damp_peer_prove(c->j->peers, key, c->now, due, due))
		c->w->nproofs++;
}

/* What gave it once and comes again gives nothing, nor prolongs it. */
static void prove_half(const struct damp_ctx *c, const struct damp_pkt *p, uint8_t proof)
{
	if (!damp_peer_prove_half(c->j->peers, p->peer_key, c->now, c->now + DAMP_SECONDS(DAMP_HALF_LIFE_S)))
		return;
	c->w->nproofs++;
	mark(c, damp_key_known(p->peer_whole), c->now + DAMP_SECONDS(DAMP_HALF_KNOWN_S));
	if (c->g->trust_earned)
		mark(c, damp_key_network(c, p), c->now + DAMP_SECONDS(DAMP_HALF_KNOWN_S));
	damp_hold_release(&c->w->hold, p->peer_key);
	count_proof(c, proof);
}

/* Any answer frees an outside peer from PROBING_RATE. */
static void mark_answering(const struct damp_ctx *c, const struct damp_pkt *p)
{
	mark(c, damp_key_answers(p->peer_key), c->now + DAMP_SECONDS(c->g->proof_max_s));
}

void damp_mark_blocks(const struct damp_ctx *c, const struct damp_pkt *p)
{
	mark(c, damp_key_blocks(p->device_key), c->now + DAMP_SECONDS(DAMP_BLOCKS_LIFE_S));
}

static void observe(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_decision *d)
{
	const damp_tick due = c->now + DAMP_SECONDS(c->g->observe_life_s);
	struct damp_obs *o = p->obs;
	bool fresh;

	if (d->open_obs)
		o = damp_obs_open(c->w->obs, p->xchg_key, c->now, due, &fresh);
	if (o != NULL && d->note_notification)
		damp_observe_notified(c, p, &(struct damp_heard){ .at = d->note_heard ? d->heard : 0, .anew = d->note_heard }, o);
	if (o != NULL && d->note_observer_ping && o->pings < DAMP_OBS_PINGS_MAX)
		o->pings++;
	if (!d->refresh_obs && !d->close_obs)
		return;
	o = damp_obs_find(c->w->obs, d->obs_key, c->now);
	if (o == NULL)
		return;
	if (d->close_obs) {
		damp_observe_leave(c, p, d->obs_key, o->path);
		damp_obs_close(o);
		return;
	}
	damp_observe_heard_at(o, damp_due(c->now));
}

/* What an exchange or its observation counts as open: notifications keep it so,
 * a plain answer or a reset ends it. */
static void settle_tickets(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	struct damp_xchg *x = d->payer;

	if (damp_likely(!c->v->counts_open))
		return;
	if (p->kind == DAMP_KIND_RESPONSE && (d->payer_flags & DAMP_XCHG_ANSWERED)) {
		if (d->note_notification)
			damp_tickets_renew(c, p->xchg_key, c->now + DAMP_SECONDS(c->g->observe_life_s));
		else
			damp_tickets_end(c, x != NULL ? x->key : p->xchg_key);
		if (x != NULL)
			x->flags &= (uint16_t)~DAMP_XCHG_HELD;
	}
	if (d->close_obs)
		damp_tickets_end(c, d->obs_key);
	if (d->ended_key != 0 && d->move != DAMP_MOVE_DROP)
		damp_tickets_end(c, d->ended_key);
}

static void note_split(const struct damp_ctx *c, const struct damp_decision *d)
{
	const struct damp_reg n = { .what = DAMP_REG_SPLIT, .owner = d->split_mids };

	damp_registry_put(c->j->registry, d->split_key, &n, c->now, c->now + DAMP_SECONDS(DAMP_ACK_LIFE_S));
}

/* The NON Message ID of an answer of ours: unpredictable, and the same for the
 * same cause (attacks.md 6.2). */
static uint16_t non_mid(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return (uint16_t)damp_hash2(&c->j->k_mid, p->xchg_key, c->now / DAMP_TICK_HZ);
}

uint16_t damp_ping_mid_of(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_ping_mid(&c->v->secrets, damp_peer_addr(p), damp_peer_port(p), damp_device_addr(p),
			     damp_device_port(p), c->wall_s);
}

/* The Message ID of p on the side it is forwarded to. */
static uint16_t mid_there(const struct damp_ctx *c, const struct damp_pkt *p)
{
	if (p->side == DAMP_INSIDE && damp_mid_moves(c, p))
		return damp_mid_out(&c->v->secrets.mid, p->peer_key, p->coap.mid);
	return p->coap.mid;
}

/* Pings for later; before the frame they are copied from is rewritten. */
static void schedule_probes(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
			    enum damp_reply_way way)
{
	struct damp_emit e = { .side = DAMP_OUTSIDE };

	if (d->probes == 0)
		return;
	e.len = (uint8_t)damp_reply_empty_copy(e.data, sizeof(e.data), p->data, &p->frame, way, DAMP_COAP_CON,
					       damp_ping_mid_of(c, p));
	if (e.len > 0)
		damp_probe_schedule(c, p, &e, d->probes, d->probe_soon);
}

static size_t make_ping(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_decision *d,
			enum damp_reply_way way)
{
	schedule_probes(c, p, d, way);
	c->w->stats->pings_sent++;
	return damp_reply_empty(p->data, p->len, &p->frame, way, DAMP_COAP_CON, damp_ping_mid_of(c, p));
}

void damp_make_echo(const struct damp_ctx *c, struct damp_pkt *p, uint8_t echo_len)
{
	uint8_t echo[DAMP_ECHO_LEN];
	uint16_t mid = 0;

	if (p->coap.type == DAMP_COAP_NON) {
		if (p->xchg_key == 0)
			damp_prepare_rest(c, p);
		mid = non_mid(c, p);
	}
	if (echo_len != DAMP_ECHO_LEN || !damp_answer_echo(c, p, echo))
		damp_echo_make_len(&c->v->secrets, damp_peer_addr(p), damp_peer_port(p), c->wall_s, echo, echo_len);
	damp_reply_challenge(p->data, p->len, &p->frame, &p->coap, echo, echo_len, mid);
}

static size_t make_code(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_decision *d)
{
	const int64_t age = d->max_age_s ? (int64_t)d->max_age_s : -1;
	size_t n = d->hints_size ? damp_reply_too_large(p->data, p->len, &p->frame, &p->coap, d->size_hint, non_mid(c, p))
				: damp_reply_code(p->data, p->len, &p->frame, &p->coap, d->code, age, non_mid(c, p));

	/* Without Max-Age it means 60 s (RFC 7252 section 5.10.5); better than nothing. */
	return n ? n : damp_reply_code(p->data, p->len, &p->frame, &p->coap, d->code, -1, non_mid(c, p));
}

static size_t make_echo(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_decision *d)
{
	uint8_t echo[DAMP_ECHO_LEN];
	struct damp_coap m = p->coap;

	m.mid = mid_there(c, p);
	damp_echo_make_len(&c->v->secrets, damp_peer_addr(p), damp_peer_port(p), c->wall_s, echo, d->echo_len);
	c->w->stats->challenges_sent++;
	if (d->move == DAMP_MOVE_ECHO_BACK)
		return damp_reply_challenge(p->data, p->len, &p->frame, &p->coap, echo, d->echo_len, non_mid(c, p));
	return damp_reply_challenge_on(p->data, p->len, &p->frame, &m, echo, d->echo_len, d->pay);
}

/* A request that cannot be sliced goes on whole, its answer is judged anyway; a
 * registration that cannot be made a plain request does not go on. */
static size_t make_shape(struct damp_pkt *p, const struct damp_decision *d)
{
	size_t n = damp_rewrite_request(p->data, p->len, p->cap, &p->frame, &p->coap, d->strip_observe, d->slice,
					d->slice_szx);

	if (n == 0 && d->strip_observe && d->slice)
		n = damp_rewrite_strip(p->data, p->len, &p->frame, &p->coap, DAMP_COAP_OPT_OBSERVE);
	return n || d->strip_observe ? n : p->len;
}

/* A response that cannot take an Echo goes on without. */
static size_t add_echo(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	uint8_t echo[DAMP_ECHO_LEN];
	size_t n;

	damp_echo_make_len(&c->v->secrets, damp_peer_addr(p), damp_peer_port(p), c->wall_s, echo, d->preempt_len);
	n = damp_rewrite_add_echo(p->data, p->len, p->cap, &p->frame, &p->coap, echo, d->preempt_len);
	d->out_ip = n ? (uint32_t)n - p->frame.l3_off : p->frame.ip_len;
	return n ? n : p->len;
}

static size_t make_forward(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	if (damp_unlikely(d->probes > 0))
		schedule_probes(c, p, d, DAMP_REPLY_ON);
	if (d->verdict != DAMP_VERDICT_BYPASS && damp_mid_moves(c, p))
		damp_rewrite_mid(p->data, &p->frame, mid_there(c, p));
	if (d->clamp_attrs)
		damp_attrs_clamp(p->data, &p->frame, &p->coap, c->g);
	if (d->slice || d->strip_observe)
		return make_shape(p, d);
	if (d->strip_size2)
		return damp_rewrite_strip(p->data, p->len, &p->frame, &p->coap, DAMP_COAP_OPT_SIZE2);
	return d->preempt_len ? add_echo(c, p, d) : p->len;
}

/* The frame stays as it is; only pings leave. */
static size_t hold(const struct damp_ctx *c, struct damp_pkt *p, const struct damp_decision *d)
{
	const bool request = p->kind == DAMP_KIND_REQUEST;

	schedule_probes(c, p, d, request ? DAMP_REPLY_BACK : DAMP_REPLY_ON);
	p->hold = (uint16_t)damp_hold_take(&c->w->hold, p->peer_key, request, c->now + DAMP_HOLD_TIME);
	c->w->stats->held++;
	return p->len;
}

/* Rewrite the frame as the move says. Returns its new length, 0 when it could
 * not be built. */
static size_t rewrite(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	switch (d->move) {
	case DAMP_MOVE_FORWARD:
		return make_forward(c, p, d);
	case DAMP_MOVE_CODE_BACK:
		return make_code(c, p, d);
	case DAMP_MOVE_ECHO_BACK:
	case DAMP_MOVE_ECHO_ON:
		return make_echo(c, p, d);
	case DAMP_MOVE_PING_BACK:
		return make_ping(c, p, d, DAMP_REPLY_BACK);
	case DAMP_MOVE_PING_ON:
		return make_ping(c, p, d, DAMP_REPLY_ON);
	case DAMP_MOVE_RST_BACK:
		return damp_reply_empty(p->data, p->len, &p->frame, DAMP_REPLY_BACK, DAMP_COAP_RST, p->coap.mid);
	case DAMP_MOVE_HOLD:
		return hold(c, p, d);
	default:
		return 0;
	}
}

/* Does what leaves come from us, in the place of p? */
static bool makes(const struct damp_decision *d)
{
	return d->move > DAMP_MOVE_FORWARD && d->move != DAMP_MOVE_HOLD;
}

static void set_fate(struct damp_pkt *p, struct damp_decision *d, size_t len)
{
	if (d->move != DAMP_MOVE_DROP && len == 0)
		damp_drop(d, DAMP_REASON_PROOF_REQUIRED);
	if (p->held && d->move == DAMP_MOVE_DROP)
		d->reason = DAMP_REASON_HELD_EXPIRED;
	p->fate = damp_fate_of(d->move);
	p->reason = d->reason;
	p->verdict = d->verdict;
	p->rule = d->rule;
	p->observed = d->observed;
	p->out_len = (uint32_t)len;
	if (makes(d))
		d->out_ip = (uint32_t)len - p->frame.l3_off;
}

static void add(struct damp_counter *c, uint64_t bytes)
{
	c->packets++;
	c->bytes += bytes;
}

/* Only this worker writes its counts; which of two workers gives the next slip
 * does not matter. */
static void count_slips(const struct damp_ctx *c, const struct damp_decision *d)
{
	for (unsigned i = 0; i < d->nmatched; i++) {
		const struct damp_rule *r = &c->v->rules[d->matched[i]];
		uint16_t *n = &c->w->slip[c->v->rule_slot[d->matched[i]]];

		if (d->outcome[i] & DAMP_NOTE_ENDED)
			*n = *n + 1u >= r->slip_every ? 0 : (uint16_t)(*n + 1u);
	}
}

static void count_rules(const struct damp_ctx *c, const struct damp_decision *d, uint64_t bytes)
{
	for (unsigned i = 0; i < d->nmatched; i++) {
		struct damp_counter *slot = c->w->stats->rule[c->v->rule_slot[d->matched[i]]];

		for (unsigned o = 0; o < DAMP_OUTCOME_MAX; o++)
			if (d->outcome[i] & (1u << o))
				add(&slot[o], bytes);
	}
}

/* Which side what leaves goes out on. */
static unsigned side_out(const struct damp_pkt *p)
{
	return p->fate == DAMP_FATE_BACK ? p->side : !p->side;
}

/* For routing.h: what both directions show of each other. */
static void count_routing(const struct damp_pkt *p, const struct damp_decision *d, struct damp_worker_stats *s)
{
	const bool on_record = p->xchg != NULL || p->obs != NULL;

	if (p->kind == DAMP_KIND_REQUEST && p->side == DAMP_OUTSIDE) {
		s->routing_asked += d->open_xchg && p->fate == DAMP_FATE_FORWARD;
	} else if (p->kind == DAMP_KIND_RESPONSE && p->side == DAMP_INSIDE) {
		s->routing_answered += on_record;
		s->routing_orphans += !on_record;
	}
}

/* With the filter bypassed there is no promise to keep account of, nor toward the exempt. */
static bool counts_toward_promise(const struct damp_pkt *p, const struct damp_decision *d)
{
	return p->kind != DAMP_KIND_NOT_COAP && !p->proved && !d->exempt && d->verdict != DAMP_VERDICT_BYPASS;
}

/* What was counted when p was first judged, and held: every packet has one kind
 * and one reason. */
static void count_once(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		       uint64_t bytes)
{
	struct damp_worker_stats *s = c->w->stats;

	add(&s->kind[p->side][p->kind], bytes);
	add(&s->reason[p->side][d->reason], bytes);
	add(&s->verdict[p->side][p->proved][d->verdict], bytes);
	count_rules(c, d, bytes);
	if (d->blocked_slot)
		add(&s->rule[d->blocked_slot][d->reason == DAMP_REASON_BLOCKED ? DAMP_OUT_ACTED : DAMP_OUT_WOULD], bytes);
	count_slips(c, d);
	if (p->kind != DAMP_KIND_NOT_COAP)
		count_routing(p, d, s);
	if (p->side == DAMP_OUTSIDE && counts_toward_promise(p, d))
		s->unproved_bytes_in += bytes;
}

/* Held before: it is released, or an Echo goes in its place, or it ends. */
static void count_again(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t bytes)
{
	struct damp_worker_stats *s = c->w->stats;

	s->held_released += p->proved;
	if (p->fate == DAMP_FATE_DROP)
		add(&s->reason[p->side][DAMP_REASON_HELD_EXPIRED], bytes);
}

static void count(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	struct damp_worker_stats *s = c->w->stats;
	const uint64_t bytes = p->frame.ip_len ? p->frame.ip_len : p->len;

	if (damp_unlikely(p->held))
		count_again(c, p, bytes);
	else
		count_once(c, p, d, bytes);
	s->memo_hits += d->text_cost.memo_hits;
	s->memo_misses += d->text_cost.memo_misses;
	s->hs_scans += d->text_cost.hs_scans;
	if (makes(d))
		add(&s->made[side_out(p)], d->out_ip);
	if (p->fate < DAMP_FATE_DROP && side_out(p) == DAMP_OUTSIDE && counts_toward_promise(p, d))
		s->unproved_bytes_out += d->out_ip;
}

/* Of the rule that dropped it, for its copy. */
static uint16_t kept_slot(const struct damp_ctx *c, const struct damp_decision *d)
{
	if (d->reason == DAMP_REASON_BLOCKED)
		return d->blocked_slot;
	return d->rule >= 0 ? c->v->rule_slot[d->rule] : 0;
}

void damp_commit(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d)
{
	const bool tapped = c->w->tap.on;
	struct damp_tapped copies;

	if (damp_unlikely(tapped))
		damp_tap_begin(c, p, d, &copies);
	if (pay(c, d)) {
		remember(c, d);
		if (d->open_xchg)
			open_exchange(c, p, d);
		if (d->take_place)
			damp_observe_take(c, p, d->path, true);
		if (d->note_transfer && d->move == DAMP_MOVE_FORWARD)
			damp_commit_transfer(c, p, d);
		spend(p, d);
		if (damp_unlikely(d->talked_on))
			p->xchg->due = damp_due(c->now + DAMP_SECONDS(c->g->con_life_s));
		observe(c, p, d);
		settle_tickets(c, p, d);
		if (damp_unlikely(c->v->counts_later))
			damp_later_commit(c, p, d);
		if (damp_unlikely(d->half))
			prove_half(c, p, d->proof);
		else if (d->proof != DAMP_PROOF_NONE)
			prove(c, p, d->proof);
		if (damp_unlikely(d->seconds > 0))
			damp_half_ask(c, p, d);
		if (d->grey_key && d->spent)
			damp_repeat_note(c->w->repeats, d->grey_key, d->copies, c->now);
		else if (d->grey_key)
			damp_grey_note(c->w->grey, d->grey_key, c->now);
		if (d->answers)
			mark_answering(c, p);
		if (damp_unlikely(d->learns))
			damp_learn(c, p);
		if (damp_unlikely(d->split_key != 0))
			note_split(c, d);
		if (d->speaks_blocks)
			damp_mark_blocks(c, p);
	}
	if (d->note_rule)
		damp_note_offender(c, p, d->note_rule - 1u);
	set_fate(p, d, rewrite(c, p, d));
	count(c, p, d);
	/* The next such are found by flood.c. */
	if (damp_unlikely(p->reason == DAMP_REASON_FIRST_CONTACT))
		c->w->refused_until = c->w->nbursts + DAMP_FLOOD_LATELY;
	if (damp_unlikely(tapped))
		damp_tap_end(c, p, d, &copies);
	if (damp_unlikely(c->w->keep.on) && p->fate == DAMP_FATE_DROP)
		damp_keep_drop(c, p, kept_slot(c, d));
	if (d->nmatched > 0 && c->v->tells && damp_tell(c, p, d))
		return;
	if (p->reason >= DAMP_REASON_FIRST_DROP || d->move > DAMP_MOVE_FORWARD || p->observed)
		damp_event_offer(c, p, d);
}
