/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a challenge: a flood that can still be paid for is answered
 * here, ping or Echo, without decision and commit.
 *
 * Idea: what is challenged because its server is spent needs five budgets, the
 * memory of what was challenged, and its own frame. The four of its address and its
 * network are charged at once, all or none, so nothing is asked before it is paid; a
 * charge that is refused leaves nothing behind, and the packet is judged like any other.
 * The gateway's own is one line for all workers: it is looked at when a burst begins,
 * counted down, and charged with all of the burst's challenges in one go, before anybody
 * else of this worker looks at it. Workers who do so at the same moment exceed it by what
 * they ask in one burst, 64 of 50 000 each.
 *
 * Invariant: what leaves is paid for before it is built, is never larger than
 * its cause, and is what damp_decide_challenge() and damp_commit() would have
 * made of the same packet, with the same marks in the same tables (flood_test.c
 * lets two judges go both ways). Only the first purse is used here, nothing is
 * held, and nothing is repeated: the rest goes the long way.
 */
#include "answer.h"
#include "challenge.h"
#include "commit.h"
#include "short_way.h"

enum answer { ANSWER_PING, ANSWER_ECHO, ANSWER_MAX };

static const uint8_t answer_reason[ANSWER_MAX] = { DAMP_REASON_PINGED, DAMP_REASON_CHALLENGED };

/* Hashes that are there when a challenge is charged. */
enum hash { HASH_WHOLE, HASH_HOST, HASH_NET, HASH_MAX, HASH_NONE = HASH_MAX };

static enum hash hash_of(const struct damp_ctx *c, bool v6, unsigned plen)
{
	const struct damp_rung_bits b = damp_rung_bits(c->g, v6);
	const unsigned bits = v6 ? plen : plen + 96;

	if (bits >= 128)
		return HASH_WHOLE;
	return bits == b.host ? HASH_HOST : bits == b.net ? HASH_NET : HASH_NONE;
}

static void add_price(struct damp_prices *t, const struct damp_rung *r, enum damp_domain domain, enum hash hash,
		      bool bytes, uint32_t reserve)
{
	const uint64_t burst = (uint64_t)r->burst_ticks + reserve;

	if (r->cost_q16 == 0)
		return;         /* no budget set: unlimited */
	t->charge[t->n] = (struct damp_charge){
		.cost = damp_cost(r->cost_q16, 1),
		.burst = bytes && burst > DAMP_BURST_TICKS_MAX ? DAMP_BURST_TICKS_MAX : (uint32_t)burst,
	};
	t->rung[t->n++] = (struct damp_price){
		.cost_q16 = r->cost_q16,
		.move = damp_domain_move(domain),
		.domain = (uint8_t)domain,
		.plen = r->plen,
		.hash = (uint8_t)hash,
		.bytes = bytes,
	};
}

/* Is that the hash of both? A prefix of all bits is the whole address. */
static bool are_of(const struct damp_prices *t, unsigned first, enum hash hash, unsigned bits)
{
	for (unsigned i = first; i < first + 2; i++)
		if (t->rung[i].hash != hash && (t->rung[i].hash != HASH_WHOLE || bits < 128))
			return false;
	return true;
}

/* The same as pairs. */
static void pair_prices(struct damp_prices *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		t->pair[i / 2].of[i % 2].move = (uint32_t)(t->rung[i].move >> 32);
		t->pair[i / 2].of[i % 2].cost = t->charge[i].cost;
		t->pair[i / 2].of[i % 2].burst = t->charge[i].burst;
	}
}

/* Four, each two of which have their line in common? */
static bool are_pairs(const struct damp_ctx *c, const struct damp_prices *t, bool v6)
{
	const struct damp_rung_bits b = damp_rung_bits(c->g, v6);

	for (unsigned i = 0; i < t->n; i++)
		if (t->charge[i].burst > DAMP_BURST_TICKS_MAX)
			return false;
	return t->n == DAMP_PRICES && are_of(t, 0, HASH_HOST, b.host) && are_of(t, 2, HASH_NET, b.net);
}

/* Charges of one line side by side; which of several refuses is nobody's concern. */
static __attribute__((noinline)) void make_prices(const struct damp_ctx *c, bool v6)
{
	const struct damp_guard *g = c->g;
	const struct damp_rung *rungs[] = { &g->challenge_host, v6 ? &g->host6 : &g->host4,
					    v6 ? &g->challenge_net6 : &g->challenge_net4, v6 ? &g->net6 : &g->net4 };
	static const uint8_t domains[] = { DAMP_DOMAIN_CHALLENGE_HOST, DAMP_DOMAIN_HOST, DAMP_DOMAIN_CHALLENGE_NET,
					   DAMP_DOMAIN_NET };
	struct damp_prices *t = &c->flood->price[v6];

	t->n = 0;
	t->bytes = 1;
	for (unsigned i = 0; i < sizeof(domains); i++)
		add_price(t, rungs[i], domains[i], hash_of(c, v6, rungs[i]->plen), i % 2,
			  i % 2 ? g->challenge_reserve_ticks : 0);
	t->paired = are_pairs(c, t, v6);
	pair_prices(t);
	c->flood->priced[v6] = true;
}

static inline struct damp_prices *prices(const struct damp_ctx *c, bool v6)
{
	if (damp_unlikely(!c->flood->priced[v6]))
		make_prices(c, v6);
	return &c->flood->price[v6];
}

/* The key of a prefix that nobody else asks for. */
static __attribute__((noinline)) uint64_t rare_key(const struct damp_ctx *c, const struct damp_pkt *p,
						    const struct damp_price *r)
{
	return damp_key_prefix(c, &p->frame.src, r->plen, r->domain);
}

struct hashes { uint64_t of[HASH_MAX]; };

static inline struct hashes hashes_of(const struct damp_pkt *p)
{
	return (struct hashes){ { p->peer_whole, p->peer_host, p->peer_net } };
}

static inline uint64_t key_of(const struct damp_ctx *c, const struct damp_pkt *p, const struct hashes *h,
			      const struct damp_price *r)
{
	return damp_likely(r->hash != HASH_NONE) ? (h->of[r->hash] & ~DAMP_LEDGER_KEPT) + r->move : rare_key(c, p, r);
}

/* As long as a burst's answers are of one length, once. */
static __attribute__((noinline)) void price_bytes(struct damp_prices *t, uint32_t bytes)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->rung[i].bytes)
			t->charge[i].cost = damp_cost(t->rung[i].cost_q16, bytes);
	pair_prices(t);
	t->bytes = bytes;
}

const struct damp_prices *damp_answer_prices(const struct damp_ctx *c, bool v6, uint32_t bytes)
{
	struct damp_prices *t = prices(c, v6);

	if (damp_unlikely(t->bytes != bytes))
		price_bytes(t, bytes);
	return t;
}

/* Is a challenge left in one domain? */
static bool has_room_in(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_domain domain)
{
	const struct damp_prices *t = prices(c, p->frame.v6);
	const struct hashes h = hashes_of(p);

	for (unsigned i = 0; i < t->n; i++) {
		if (t->rung[i].domain != domain)
			continue;
		const struct damp_charge one = { key_of(c, p, &h, &t->rung[i]), t->charge[i].cost, t->charge[i].burst };

		return damp_ledger_admits(c->j->ledger, &one, c->now);
	}
	return true;
}

uint32_t damp_answer_left(const struct damp_ctx *c)
{
	static const struct damp_addr all;
	const struct damp_rung *r = &c->g->challenge_all;
	const uint32_t cost = damp_cost(r->cost_q16, 1);
	uint32_t debt;

	if (cost == 0)
		return UINT32_MAX;
	if (r->burst_ticks > DAMP_BURST_TICKS_MAX)
		return 0;
	debt = damp_ledger_debt(c->j->ledger, damp_key_prefix(c, &all, r->plen, DAMP_DOMAIN_CHALLENGE_ALL), c->now);
	return debt < r->burst_ticks ? (r->burst_ticks - debt) / cost : 0;
}

void damp_answer_owed(const struct damp_ctx *c)
{
	static const struct damp_addr all;
	const struct damp_rung *r = &c->g->challenge_all;
	const uint64_t cost = (uint64_t)c->w->asks_owed * damp_cost(r->cost_q16, 1);
	const uint64_t key = damp_key_prefix(c, &all, r->plen, DAMP_DOMAIN_CHALLENGE_ALL);

	c->flood->gateway_known = false;
	if (cost == 0 || damp_ledger_owe(c->j->ledger, key, cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX, c->now))
		c->w->asks_owed = 0;
}

/* The address and the network, each charge with a key of its own. */
static __attribute__((noinline)) int pay_each(const struct damp_ctx *c, const struct damp_pkt *p,
					      struct damp_prices *t)
{
	const struct hashes h = hashes_of(p);

	for (unsigned i = 0; i < t->n; i++)
		t->charge[i].key = key_of(c, p, &h, &t->rung[i]);
	return damp_ledger_charge_at_once(c->j->ledger, t->charge, t->n, c->now);
}

/* While challenges are refused, the address's own budget is asked before all else: a
 * flood in its name uses it up first. Where it has none, nothing in this burst gives it
 * one. */
static __attribute__((noinline)) bool has_room(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return has_room_in(c, p, DAMP_DOMAIN_CHALLENGE_HOST);
}

/* And its network's, when that line is there: to ask is to lock nothing, while workers
 * that would be refused again and again take the locks of one network from each other. */
static __attribute__((noinline)) bool has_room_in_net(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return has_room_in(c, p, DAMP_DOMAIN_CHALLENGE_NET);
}

/* Charge a challenge of so many bytes. */
static inline bool pay(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t bytes)
{
	struct damp_prices *t = prices(c, p->frame.v6);
	struct damp_flood *f = c->flood;
	int refused = DAMP_LEDGER_NOT_AT_ONCE;

	f->short_of = true;
	if (damp_unlikely(!damp_gateway_has_room(c)))
		return false;
	if (damp_unlikely(t->bytes != bytes))
		price_bytes(t, bytes);
	if (damp_likely(t->paired))
		refused = damp_ledger_charge_pairs(c->j->ledger, t->pair, (uint64_t[]){ p->peer_host, p->peer_net },
						   c->now);
	if (damp_unlikely(refused == DAMP_LEDGER_NOT_AT_ONCE))
		refused = pay_each(c, p, t);
	if (damp_unlikely(refused != -1))
		return false;
	f->short_of = false;
	f->gateway_left--;
	c->w->asks_owed++;
	return true;
}

/* What the long way's damp_see() notes of one who is asked with `echo`. A short one is
 * guessed like a ping, and counted like one. */
static inline void remember(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_seen_place *at,
			    uint8_t echo)
{
	uint64_t asked = damp_asked_once_more(at->value, p->coap.mid, c->now);

	if (echo != DAMP_ECHO_LEN)
		asked = damp_asked_ping_out(asked, c->now);
	damp_seen_note(c->w->seen, at, p->asked_key, asked, c->now + DAMP_SECONDS(DAMP_CHALLENGED_LIFE_S));
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

/* What pass 1 did not foresee. */
static __attribute__((noinline)) void prepare(const struct damp_ctx *c, struct damp_pkt *p)
{
	if (!p->rungs_hashed)
		damp_answer_rungs(c, p, &damp_hashing_called);
	damp_answer_marks(c, p, &damp_hashing_called);
}

void damp_answer_load(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_ledger *l = c->j->ledger;

	if (damp_likely(p->plain != DAMP_PLAIN_ASKED))
		return;
	/* Where the first purse is used up, this decides whether there is another. */
	if (damp_unlikely(c->flood->short_of))
		damp_peer_prefetch(c->j->peers, damp_key_known(p->peer_whole));
	if (damp_unlikely(p->asked_key == 0)) {
		if (!has_room(c, p)) {
			p->plain = DAMP_PLAIN_SHORT;
			return;
		}
		prepare(c, p);
	}
	/* And the others of each: one line (judge_keys.h). */
	damp_ledger_prefetch(l, damp_ledger_key(p->peer_host, DAMP_DOMAIN_HOST));
	damp_ledger_prefetch(l, damp_ledger_key(p->peer_net, DAMP_DOMAIN_NET));
	damp_seen_prefetch(c->w->seen, p->asked_key);
}

bool damp_answer(const struct damp_ctx *c, struct damp_pkt *p)
{
	const uint8_t fitting = damp_echo_fitting(p, p->coap.len);
	uint32_t out_ip;
	struct damp_seen_place at;
	uint8_t echo;
	bool again;

	if (p->coap.type > DAMP_COAP_NON || damp_unlikely(p->plain == DAMP_PLAIN_SHORT))
		return false;
	if (damp_unlikely(p->plain != DAMP_PLAIN_ASKED || p->asked_key == 0))
		prepare(c, p);
	if (damp_unlikely(c->flood->short_of) && !(has_room(c, p) && has_room_in_net(c, p))) {
		p->plain = DAMP_PLAIN_SHORT;
		return false;
	}
	damp_seen_look(c->w->seen, p->asked_key, c->now, &at);
	again = damp_asked_about(at.value, p->coap.mid);
	if (!again && c->g->hold && damp_hold_room(&c->w->hold, true))
		return false;
	echo = p->coap.type == DAMP_COAP_NON || again ? fitting : 0;
	out_ip = damp_udp_ip_len(p, echo ? damp_challenge_len(p, echo) : DAMP_COAP_HEADER_LEN);
	if (out_ip > p->frame.ip_len || !pay(c, p, out_ip))
		return false;
	remember(c, p, &at, echo);
	if (echo)
		damp_make_echo(c, p, echo);
	else
		damp_reply_ping(p->data, p->len, &p->frame, damp_answer_mid(c, p));
	settle(c, p, echo ? ANSWER_ECHO : ANSWER_PING, out_ip);
	return true;
}

void damp_answer_end(const struct damp_ctx *c)
{
	struct damp_worker_stats *s = c->w->stats;
	const struct damp_flood *f = c->flood;

	damp_answer_settle_up(c);
	c->w->short_lately = f->short_of;
	for (unsigned i = 0; i < ANSWER_MAX; i++) {
		const struct damp_counter *n = &f->asked[i];
		const struct damp_counter out = { .packets = n->packets, .bytes = f->asking[i] };

		damp_counter_sum(&s->kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST], n);
		damp_counter_sum(&s->reason[DAMP_OUTSIDE][answer_reason[i]], n);
		damp_counter_sum(&s->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_CHALLENGE], n);
		damp_counter_sum(&s->made[DAMP_OUTSIDE], &out);
		s->unproved_bytes_in += n->bytes;
		s->unproved_bytes_out += out.bytes;
	}
	s->pings_sent += f->asked[ANSWER_PING].packets;
	s->challenges_sent += f->asked[ANSWER_ECHO].packets;
}
