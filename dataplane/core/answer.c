/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a challenge: a flood that can still be paid for is answered
 * here, ping or Echo, without decision and commit.
 *
 * Idea: what is challenged because its server is spent needs five budgets, the
 * memory of what was challenged, and its own frame. All five are charged at once,
 * all or none, so nothing is asked before it is paid; a charge that is refused
 * leaves nothing behind, and the packet is judged like any other.
 *
 * Invariant: what leaves is paid for before it is built, is never larger than
 * its cause, and is what damp_decide_challenge() and damp_commit() would have
 * made of the same packet, with the same marks in the same tables (flood_test.c
 * lets two judges go both ways). Only the first purse is used here, nothing is
 * held, and nothing is repeated: the rest goes the long way.
 */
#include "judge_state.h"

#define CHARGES 5u
enum answer { ANSWER_PING, ANSWER_ECHO, ANSWER_MAX };

static const uint8_t answer_reason[ANSWER_MAX] = { DAMP_REASON_PINGED, DAMP_REASON_CHALLENGED };

struct purse {
	struct damp_charge charge[CHARGES];
	unsigned n;
};

static uint64_t asked_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_CHALLENGED, p->coap.mid);
}

static uint64_t ping_key(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_key_seen(c->j, p, DAMP_SEEN_PING_OUT, 0);
}

void damp_answer_prefetch(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_ledger *l = c->j->ledger;

	damp_hash_rungs(c, p);
	p->asked_key = asked_key(c, p);
	damp_ledger_prefetch(l, damp_mix(p->peer_host, DAMP_DOMAIN_HOST));
	damp_ledger_prefetch(l, damp_mix(p->peer_net, DAMP_DOMAIN_NET));
	damp_ledger_prefetch(l, damp_mix(p->peer_host, DAMP_DOMAIN_CHALLENGE_HOST));
	damp_ledger_prefetch(l, damp_mix(p->peer_net, DAMP_DOMAIN_CHALLENGE_NET));
	damp_seen_prefetch(c->w->seen, p->asked_key);
	damp_seen_prefetch(c->w->seen, ping_key(c, p));
	/* Where the first purse is used up, this decides whether there is another. */
	damp_peer_prefetch(c->j->peers, damp_key_known(p->peer_whole));
}

static void add_charge(const struct damp_ctx *c, const struct damp_pkt *p, struct purse *u, const struct damp_rung *r,
		       enum damp_domain domain, uint32_t units, uint32_t reserve)
{
	const uint64_t burst = (uint64_t)r->burst_ticks + reserve;

	if (r->cost_q16 == 0)
		return;
	u->charge[u->n++] = (struct damp_charge){
		.key = damp_key_prefix(c, &p->frame.src, r->plen, domain),
		.cost = damp_cost(r->cost_q16, units),
		.burst = reserve && burst > DAMP_BURST_TICKS_MAX ? DAMP_BURST_TICKS_MAX : (uint32_t)burst,
	};
}

/* The budgets of a challenge of so many bytes, in charge_challenge()'s order. */
static bool pay(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t bytes)
{
	static const struct damp_addr all;
	const struct damp_guard *g = c->g;
	const bool v4 = !p->frame.v6;
	struct purse u = { .n = 0 };

	if (g->challenge_all.cost_q16 != 0)
		u.charge[u.n++] = (struct damp_charge){
			.key = damp_key_prefix(c, &all, g->challenge_all.plen, DAMP_DOMAIN_CHALLENGE_ALL),
			.cost = damp_cost(g->challenge_all.cost_q16, 1),
			.burst = g->challenge_all.burst_ticks,
		};
	add_charge(c, p, &u, &g->challenge_host, DAMP_DOMAIN_CHALLENGE_HOST, 1, 0);
	add_charge(c, p, &u, v4 ? &g->challenge_net4 : &g->challenge_net6, DAMP_DOMAIN_CHALLENGE_NET, 1, 0);
	add_charge(c, p, &u, v4 ? &g->host4 : &g->host6, DAMP_DOMAIN_HOST, bytes, g->challenge_reserve_ticks);
	add_charge(c, p, &u, v4 ? &g->net4 : &g->net6, DAMP_DOMAIN_NET, bytes, g->challenge_reserve_ticks);
	return damp_ledger_charge_at_once(c->j->ledger, u.charge, u.n, c->now) == -1;
}

/* What the long way's damp_see() notes, in its order. A short Echo is guessed like
 * a ping, and counted like one. */
static void remember(const struct damp_ctx *c, const struct damp_pkt *p, uint8_t echo)
{
	damp_seen_add(c->w->seen, p->asked_key, 0, c->now, c->now + DAMP_SECONDS(DAMP_CHALLENGED_LIFE_S));
	if (echo != DAMP_ECHO_LEN)
		damp_seen_add(c->w->seen, ping_key(c, p), 0, c->now, c->now + DAMP_SECONDS(DAMP_PING_LIFE_S));
}

static void settle(const struct damp_ctx *c, struct damp_pkt *p, enum answer kind, uint32_t out_ip)
{
	const uint8_t why = answer_reason[kind];

	p->fate = DAMP_FATE_BACK;
	p->reason = why;
	p->verdict = DAMP_VERDICT_CHALLENGE;
	p->rule = -1;
	p->out_len = p->frame.l3_off + out_ip;
	c->flood->asked[kind].packets++;
	c->flood->asked[kind].bytes += p->frame.ip_len;
	c->flood->asking[kind] += out_ip;
	if (damp_likely(c->now < c->w->event_next[why]))
		c->w->event_skipped[why]++;
	else
		damp_event_offer(c, p, NULL);
}

bool damp_answer(const struct damp_ctx *c, struct damp_pkt *p)
{
	const uint8_t fitting = damp_echo_fitting(p, p->coap.len);
	uint32_t out_ip;
	uint64_t value;
	uint8_t echo;
	bool again;

	if (p->coap.type > DAMP_COAP_NON)
		return false;
	if (damp_unlikely(!p->rungs_hashed))
		damp_hash_rungs(c, p);
	if (p->asked_key == 0)
		p->asked_key = asked_key(c, p);
	again = damp_seen_find(c->w->seen, p->asked_key, c->now, &value);
	if (!again && c->g->hold && damp_hold_room(&c->w->hold, true))
		return false;
	echo = p->coap.type == DAMP_COAP_NON || again ? fitting : 0;
	out_ip = damp_udp_ip_len(p, echo ? damp_challenge_len(p, echo) : DAMP_COAP_HEADER_LEN);
	if (out_ip > p->frame.ip_len || !pay(c, p, out_ip))
		return false;
	remember(c, p, echo);
	if (echo)
		damp_make_echo(c, p, echo);
	else
		damp_make_ping(c, p);
	settle(c, p, echo ? ANSWER_ECHO : ANSWER_PING, out_ip);
	return true;
}

static void add(struct damp_counter *c, const struct damp_counter *n)
{
	c->packets += n->packets;
	c->bytes += n->bytes;
}

void damp_answer_end(const struct damp_ctx *c)
{
	struct damp_worker_stats *s = c->w->stats;
	const struct damp_flood *f = c->flood;

	for (unsigned i = 0; i < ANSWER_MAX; i++) {
		const struct damp_counter *n = &f->asked[i];
		const struct damp_counter out = { .packets = n->packets, .bytes = f->asking[i] };

		add(&s->kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST], n);
		add(&s->reason[DAMP_OUTSIDE][answer_reason[i]], n);
		add(&s->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_CHALLENGE], n);
		add(&s->made[DAMP_OUTSIDE], &out);
		s->unproved_bytes_in += n->bytes;
		s->unproved_bytes_out += out.bytes;
	}
	s->pings_sent += f->asked[ANSWER_PING].packets;
	s->challenges_sent += f->asked[ANSWER_ECHO].packets;
}
