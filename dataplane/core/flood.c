/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short ways: for what a flood is made of, and for what is not CoAP.
 *
 * Idea: while an attack lasts nearly every packet is a request of an unproved
 * peer that no rule mentions, to a server whose budget is spent or from an address
 * (the victim's) that may ask nothing more without a proof, at a time when no
 * challenge can be paid. All that decides about it is asked here, with two
 * lines of its own (the peer's proof, its greylist cell) and a few hot ones. A
 * budget that is spent stays so until its debt has drained: debts only grow beside
 * that. So each server is asked when it may have room again, each victim, and the
 * gateway's challenges, once a burst. Of what several workers share nothing is
 * written for what is refused, nor locked: they may all refuse for the same victim without a line going back and forth.
 *
 * What is not ours passes as it is; nothing but counters knows of it.
 *
 * Invariant: a packet that is refused or passed here would be by damp_decide()
 * with the same reason, and damp_commit() would do no more (flood_test.c lets
 * two judges go both ways). What is not certain goes the long way, and explain
 * always does.
 *
 * Reference: anchors.md 3.7 (the drop path's budget of cycles).
 */
#include "flood.h"
#include "challenge.h"
#include "charges.h"
#include "commit.h"
#include "decide.h"
#include "prepare.h"
#include "short_way.h"

#define WHOLE_ALPHA (1u << 8)

/* Where the budget itself has changed nothing is known. */
static void look_at_budget(const struct damp_ctx *c)
{
	const struct damp_rung *now = &c->g->server, *then = &c->w->spent_by;

	if (damp_likely(now->cost_q16 == then->cost_q16 && now->burst_ticks == then->burst_ticks &&
			now->plen == then->plen))
		return;
	memset(c->w->spent, 0, sizeof(c->w->spent));
	c->w->spent_by = *now;
}

void damp_flood_begin(const struct damp_ctx *c)
{
	struct damp_flood *f = c->flood;

	memset(f, 0, offsetof(struct damp_flood, cleared));
	c->w->nbursts++;
	look_at_budget(c);
	/* A ping, 4 bytes of CoAP, must fit under every request, as it does from alpha 1 on. */
	f->on = !c->j->long_way && !c->w->tap.on && c->g->alpha_q8 >= WHOLE_ALPHA;
	damp_answer_settle_up(c);
	f->gateway_left = damp_answer_left(c);
	f->gateway_known = true;
	f->may_ask = f->gateway_left;
	f->gateway_spent = f->may_ask == 0;
	f->short_of = c->w->short_lately;
	f->nproofs = c->w->nproofs;
	f->repeat = damp_repeat_time(c->now);
	f->all_prove = c->routing == DAMP_ROUTING_UNANSWERED && c->g->unanswered_prove;
	f->blocks = damp_prefixes_count(c->j->prefixes, DAMP_LIST_FROM) != 0 ||
		    damp_prefixes_count(c->j->prefixes, DAMP_LIST_TO) != 0;
	f->others = f->blocks || c->v->hdr->nwords != 0;
}

/* The gateway's challenges may still be owed: they lie on a line of another kind. */
__attribute__((noinline)) bool damp_flood_server_spent(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const uint64_t wait = damp_server_wait(c, p);

	if (wait == 0)
		return false;
	*damp_spent_of(c, p) = (struct damp_spent){
		.device = p->device_whole,
		.until = c->now + (wait < DAMP_FLOOD_SPENT_MAX ? wait : DAMP_FLOOD_SPENT_MAX),
	};
	return true;
}

static inline bool server_spent(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_server_known_spent(c, p) || damp_flood_server_spent(c, p);
}

static inline struct damp_stranger *stranger_of(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return &c->w->stranger[p->peer_whole % DAMP_FLOOD_STRANGERS];
}

static inline bool is_refused(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_stranger *s)
{
	return s->peer == p->peer_whole && s->burst == c->w->nbursts;
}

static __attribute__((noinline)) bool ask_stranger(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (!p->rungs_hashed)
		damp_hash_rungs(c, p);
	if (damp_first_contact_left(c, p))
		return false;
	*stranger_of(c, p) = (struct damp_stranger){ .peer = p->peer_whole, .burst = c->w->nbursts };
	c->w->refused_until = c->w->nbursts + DAMP_FLOOD_LATELY;
	return true;
}

/* Only while such budgets are spent at all, which the first one finds out the long way. */
static inline bool stranger_refused(const struct damp_ctx *c, struct damp_pkt *p)
{
	return damp_unlikely(damp_flood_refused_lately(c->w)) &&
	       (is_refused(c, p, stranger_of(c, p)) || ask_stranger(c, p));
}

/* Why p would be challenged, if it would; decide_request.c's order. */
static inline enum damp_reason cause_of(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (damp_unlikely((p->coap.options & DAMP_Q_BLOCKS) || c->flood->all_prove) && damp_needs_proof(c, p, false))
		return DAMP_REASON_PROOF_REQUIRED;
	if (server_spent(c, p))
		return DAMP_REASON_LEDGER_SERVER;
	return stranger_refused(c, p) ? DAMP_REASON_FIRST_CONTACT : DAMP_REASON_NOT_COAP;
}

/* One event a second and reason; time stands still, so after one there is no other. */
static __attribute__((noinline)) void tell(const struct damp_ctx *c, const struct damp_pkt *p,
					   enum damp_turned_away away)
{
	damp_event_offer(c, p, NULL);
	c->flood->told[away] = c->now < c->w->event_next[p->reason];
}

static inline enum damp_turned_away away_of(enum damp_reason why)
{
	if (damp_likely(why == DAMP_REASON_LEDGER_SERVER))
		return DAMP_AWAY_SERVER;
	return why == DAMP_REASON_FIRST_CONTACT ? DAMP_AWAY_STRANGER : DAMP_AWAY_UNASKED;
}

/* What damp_commit() does for such a packet, its note apart; the counters at the
 * burst's end. */
static inline void turn_away(const struct damp_ctx *c, struct damp_pkt *p, enum damp_reason why)
{
	const enum damp_turned_away away = away_of(why);
	struct damp_flood *f = c->flood;

	damp_drop_short(p, why);
	f->refused[away].packets++;
	f->refused[away].bytes += p->frame.ip_len;
	if (damp_unlikely(c->w->keep.on))
		damp_keep_drop(c, p, 0);
	if (damp_likely(f->told[away]))
		f->untold[away]++;
	else
		tell(c, p, away);
}

/* May p not be asked, while the gateway has challenges? Notes it then. */
static __attribute__((noinline)) bool unasked(const struct damp_ctx *c, const struct damp_pkt *p)
{
	struct damp_stranger *s = stranger_of(c, p);
	const bool stranger = is_refused(c, p, s);
	uint8_t copies;

	if (p->plain == DAMP_PLAIN_SHORT || (stranger && s->unasked) ? damp_peer_may_be_asked_more(c, p, false, &copies)
								     : damp_peer_may_be_asked(c, p, false, &copies))
		return false;
	s->unasked |= stranger;
	if (p->coap.type == DAMP_COAP_CON)
		damp_grey_note(c->w->grey, damp_key_grey(p), c->now);
	return true;
}

static __attribute__((noinline)) bool still_unasked(const struct damp_ctx *c, const struct damp_pkt *p)
{
	uint8_t copies;

	if (damp_peer_may_be_asked(c, p, true, &copies))
		return false;
	damp_repeat_note(c->w->repeats, damp_key_grey(p), copies, c->now);
	return true;
}

/* The same while it has none: only what came again may be. */
static inline bool unasked_spent(const struct damp_ctx *c, const struct damp_pkt *p)
{
	if (p->coap.type != DAMP_COAP_CON)
		return true;
	return damp_likely(damp_repeat_note_new(c->w->repeats, damp_key_grey(p), &c->flood->repeat)) ||
	       still_unasked(c, p);
}

static __attribute__((noinline)) bool somebody_objects(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return !damp_nobody_objects(c, p);
}

/* NOT_COAP: there is none, or somebody else has a say in it. */
static inline enum damp_reason sole_cause(const struct damp_ctx *c, struct damp_pkt *p)
{
	enum damp_reason cause;

	/* Whoever proved itself in this burst may have been looked up too early. */
	if (p->proved || c->w->nproofs != c->flood->nproofs)
		return DAMP_REASON_NOT_COAP;
	cause = cause_of(c, p);
	if (cause == DAMP_REASON_NOT_COAP || (damp_unlikely(c->flood->others) && somebody_objects(c, p)))
		return DAMP_REASON_NOT_COAP;
	return cause;
}

bool damp_flood_settle(const struct damp_ctx *c, struct damp_pkt *p)
{
	const enum damp_reason cause = sole_cause(c, p);
	struct damp_flood *f = c->flood;

	/* When it is found spent, nothing is owed, and nobody is asked for the rest of the burst. */
	if (damp_unlikely(!f->gateway_spent)) {
		if (cause == DAMP_REASON_LEDGER_SERVER && damp_answer(c, p)) {
			f->gateway_fine = false;
			return true;
		}
		damp_answer_settle_up(c);
	}
	if (damp_unlikely(p->xchg_key == 0))
		damp_prepare_rest(c, p);
	if (cause == DAMP_REASON_NOT_COAP)
		return false;
	if (damp_unlikely(!f->gateway_spent && !f->gateway_fine)) {
		f->gateway_fine = damp_gateway_may_ask(c);
		f->gateway_spent = !f->gateway_fine;
	}
	if (!(damp_likely(f->gateway_spent) ? unasked_spent(c, p) : unasked(c, p)))
		return false;
	/* The cause itself, of a budget. */
	turn_away(c, p, damp_likely(cause == DAMP_REASON_LEDGER_SERVER) ? cause : damp_refusal(cause));
	return true;
}

bool damp_flood_pass_by(const struct damp_ctx *c, struct damp_pkt *p)
{
	struct damp_counter *sum = &c->flood->passed[p->side];

	if (p->frame.cls != DAMP_FRAME_OTHER || !c->flood->on)
		return false;
	p->fate = DAMP_FATE_FORWARD;
	p->reason = DAMP_REASON_NOT_COAP;
	p->verdict = DAMP_VERDICT_ACCEPT;
	p->rule = -1;
	p->out_len = p->len;
	sum->packets++;
	sum->bytes += p->frame.ip_len ? p->frame.ip_len : p->len;
	return true;
}

void damp_flood_end(const struct damp_ctx *c)
{
	static const uint8_t reason[DAMP_TURNED_AWAY] = {
		[DAMP_AWAY_UNASKED] = DAMP_REASON_CHALLENGE_RATE,
		[DAMP_AWAY_SERVER] = DAMP_REASON_LEDGER_SERVER,
		[DAMP_AWAY_STRANGER] = DAMP_REASON_FIRST_CONTACT,
	};
	struct damp_worker_stats *s = c->w->stats;

	for (unsigned i = 0; i < DAMP_TURNED_AWAY; i++) {
		const struct damp_counter *n = &c->flood->refused[i];

		damp_counter_sum(&s->kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST], n);
		damp_counter_sum(&s->reason[DAMP_OUTSIDE][reason[i]], n);
		damp_counter_sum(&s->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_DROP], n);
		s->unproved_bytes_in += n->bytes;
		c->w->event_skipped[reason[i]] += c->flood->untold[i];
	}
	damp_answer_end(c);
	for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
		const struct damp_counter *n = &c->flood->passed[side];

		damp_counter_sum(&s->kind[side][DAMP_KIND_NOT_COAP], n);
		damp_counter_sum(&s->reason[side][DAMP_REASON_NOT_COAP], n);
		damp_counter_sum(&s->verdict[side][0][DAMP_VERDICT_ACCEPT], n);
	}
}
