/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of admit.c against the long one (twins.h): what honest peers and
 * their servers say to each other, most of it plain, all of it with tokens and
 * Message IDs that come again, so that exchanges, copies, observations and budgets
 * meet. What the two leave in the worker's tables must be the same too.
 *
 * Random and seeded; the seed is printed and can be given as argument.
 */
#include "twins.h"

#include "judge_state.h"
#include "prefixes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BURSTS 3000u
#define HOSTS 24u

static uint64_t seed = 20261122;

struct option { uint8_t len, bytes[12]; };

/* Most messages have the first. */
static const struct option asked[] = {
	{ 2, { 0xb1, 'a' } }, { 2, { 0xb1, 'b' } }, { 0, { 0 } },
	{ 3, { 0x60, 0x51, 'a' } }, { 4, { 0x61, 1, 0x51, 'a' } },              /* Observe 0, 1; Uri-Path */
	{ 4, { 0xb1, 'a', 0xc1, 0x02 } },                                       /* Uri-Path, Block2 */
	{ 3, { 0xd1, 14, 0x0e } }, { 3, { 0xd1, 6, 0x0e } }, { 3, { 0xd1, 18, 0x06 } }, /* Block1, Q-Block1, Q-Block2 */
	{ 9, { 0xb1, 'a', 0x46, 'p', 'm', 'i', 'n', '=', '1' } },               /* Uri-Path, Uri-Query */
};
/* Observe 0 twice and 1, Uri-Path; with Block2, with Block1; with a Uri-Query that asks
 * for too much. */
static const struct option observing[] = {
	{ 3, { 0x60, 0x51, 'a' } }, { 3, { 0x60, 0x51, 'b' } }, { 4, { 0x61, 1, 0x51, 'a' } },
	{ 5, { 0x60, 0x51, 'a', 0xc1, 0x02 } }, { 6, { 0x60, 0x51, 'a', 0xd1, 3, 0x0e } },
	{ 10, { 0x60, 0x51, 'a', 0x46, 'p', 'm', 'i', 'n', '=', '0' } },
};
static const struct option answered[] = {
	{ 0, { 0 } }, { 1, { 0xc0 } },                                          /* Content-Format 0 */
	{ 2, { 0x61, 7 } }, { 3, { 0x62, 1, 7 } },                              /* Observe */
	{ 3, { 0xd1, 10, 0x0a } },                                              /* Block2 */
	{ 10, { 0xd8, 252 - 13, 1, 2, 3, 4, 5, 6, 7, 8 } },                     /* Echo */
	{ 3, { 0xd1, 15, 9 } },                                                 /* Size2 */
};
/* Observe, in two lengths, and with Block2. */
static const struct option notifying[] = {
	{ 2, { 0x61, 7 } }, { 3, { 0x62, 1, 7 } }, { 5, { 0x61, 7, 0xd1, 4, 0x0a } },
};
#define N(a) (sizeof(a) / sizeof((a)[0]))

static size_t put_option(uint64_t *s, const struct option *of, unsigned n, uint8_t *m)
{
	const struct option *o = twins_draw(s, 3) ? &of[0] : &of[twins_draw(s, n)];

	memcpy(m, o->bytes, o->len);
	return o->len;
}

static size_t put_observe(uint64_t *s, const struct option *of, unsigned n, uint8_t *m)
{
	const struct option *o = &of[twins_draw(s, n)];

	memcpy(m, o->bytes, o->len);
	return o->len;
}

/* Header and token of one byte; code 0 has none. */
static size_t put_head(uint64_t *s, unsigned type, uint8_t code, uint8_t *m)
{
	m[0] = (uint8_t)(0x40 | type << 4 | (code != 0));
	m[1] = code;
	m[2] = 0;
	m[3] = (uint8_t)twins_draw(s, 6);
	m[4] = (uint8_t)twins_draw(s, 3);
	return code != 0 ? 5 : 4;
}

static size_t request(uint64_t *s, uint8_t *m)
{
	static const uint8_t code[] = { 1, 1, 1, 3, 5 };
	const size_t n = put_head(s, twins_draw(s, 4) == 0, code[twins_draw(s, sizeof(code))], m);

	if (twins_draw(s, 4) == 0)
		return n + put_observe(s, observing, N(observing), m + n);
	return n + put_option(s, asked, N(asked), m + n);
}

/* A right Echo: this peer is proved from here on. */
static size_t proof(uint64_t *s, const struct rig *r, struct rig_end peer, uint8_t *m)
{
	const struct damp_addr a = twins_peer(r, peer.host);
	const size_t n = put_head(s, 0, 1, m);

	memcpy(m + n, ((uint8_t[]){ 0xd0 | DAMP_ECHO_LEN, 252 - 13 }), 2);
	damp_echo_make(&r->view->secrets, &a, peer.port, 1700000000 + r->now / DAMP_TICK_HZ, m + n + 2);
	return n + 2 + DAMP_ECHO_LEN;
}

static size_t response(uint64_t *s, uint8_t *m)
{
	static const uint8_t type[] = { 2, 2, 2, 2, 1, 1, 0, 0 };
	static const uint8_t code[] = { 0x45, 0x45, 0x45, 0x45, 0x41, 0x41, 0x84 };
	size_t n = put_head(s, type[twins_draw(s, sizeof(type))], code[twins_draw(s, sizeof(code))], m);

	n += twins_draw(s, 4) ? put_option(s, answered, N(answered), m + n) :
				put_observe(s, notifying, N(notifying), m + n);
	if (twins_draw(s, 2)) {
		memset(m + n, 0xff, 1);
		memset(m + n + 1, 'x', 100);
		n += 1 + twins_draw(s, 100) + 1;
	}
	return n;
}

static size_t message(uint64_t *s, const struct rig *r, enum damp_side side, struct rig_end peer, uint8_t *m)
{
	const uint32_t kind = twins_draw(s, 40);

	if (kind == 0)
		return put_head(s, twins_draw(s, 4), 0, m);
	if (kind == 1)
		return side == DAMP_OUTSIDE ? response(s, m) : request(s, m);
	if (kind == 2 && side == DAMP_OUTSIDE)
		return proof(s, r, peer, m);
	return side == DAMP_OUTSIDE ? request(s, m) : response(s, m);
}

static void add(uint64_t *s, const struct rig *r, struct twins_burst *b)
{
	const struct rig_end peer = { (uint8_t)(1 + twins_draw(s, HOSTS)), (uint16_t)(40000 + twins_draw(s, 2)) };
	const struct rig_end server = { (uint8_t)(2 + twins_draw(s, 3)), 5683 };
	const enum damp_side side = twins_draw(s, 2) ? DAMP_INSIDE : DAMP_OUTSIDE;
	struct damp_pkt *p = twins_add(b, side);
	uint8_t m[256];
	const size_t len = message(s, r, side, peer, m);

	p->len = (uint32_t)rig_build(r, side, side == DAMP_OUTSIDE ? peer : server,
				     side == DAMP_OUTSIDE ? server : peer, m, len, p->data);
	if (twins_draw(s, 200) == 0)
		p->data[0] |= 1;        /* to a group on the link, alone in IP */
	if (twins_draw(s, 100) == 0)
		p->data[p->len - 1] ^= 1;       /* a wrong checksum */
}

static uint64_t passed(const struct rig *r, enum damp_side side, enum damp_reason how)
{
	return r->stats->worker[0].reason[side][how].packets;
}

/* What passed with Observe for a proved peer, by who sent it and its type. */
static void count_observed(const struct twins_burst *b, unsigned n[DAMP_SIDE_MAX][4])
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->pkt[i].reason == DAMP_REASON_ACCEPTED_PROVED && damp_coap_has(&b->pkt[i].coap, DAMP_OPTBIT_OBSERVE))
			n[b->pkt[i].side][b->pkt[i].coap.type & 3]++;
}

/* Both are opened alike; b goes the long way. */
static void run(struct rig *a, struct rig *b)
{
	static struct twins_burst burst;
	unsigned observed[DAMP_SIDE_MAX][4] = { { 0 } }, half = 0;
	uint64_t s = seed;
	char note[64];

	for (unsigned i = 0; i < BURSTS; i++) {
		burst.n = 0;
		for (unsigned n = 1 + twins_draw(&s, DAMP_BURST); n > 0; n--)
			add(&s, a, &burst);
		snprintf(note, sizeof(note), "seed %llu, burst %u", (unsigned long long)seed, i);
		twins_judge(a, b, &burst, note);
		count_observed(&burst, observed);
		half += twins_halves(&burst);
		if (i % 4 == 0)
			twins_prove_half(a, b, &burst.pkt[twins_draw(&s, burst.n)]);
		if (i % 16 == 0)
			twins_compare_tables(a, b);
		a->now += twins_draw(&s, 40) ? twins_draw(&s, 20000) : DAMP_SECONDS(twins_draw(&s, 300));
	}
	b->now = a->now;
	twins_compare(a, b);
	twins_compare_tables(a, b);
	print_message("registrations %u CON, %u NON; notifications %u CON, %u NON, %u ACK\n", observed[DAMP_OUTSIDE][0],
		      observed[DAMP_OUTSIDE][1], observed[DAMP_INSIDE][0], observed[DAMP_INSIDE][1],
		      observed[DAMP_INSIDE][2]);
	assert_true(half > 50);
	for (unsigned i = 0; i < 5; i++)
		assert_true(observed[i < 2 ? DAMP_OUTSIDE : DAMP_INSIDE][i < 2 ? i : i - 2] > 20);
}

static void close_both(struct rig *a, struct rig *b)
{
	/* and it was an honest mix */
	assert_true(passed(a, DAMP_OUTSIDE, DAMP_REASON_ACCEPTED_PROVED) > BURSTS / 2);
	assert_true(passed(a, DAMP_INSIDE, DAMP_REASON_ACCEPTED_PROVED) > BURSTS / 4);
	assert_true(passed(a, DAMP_OUTSIDE, DAMP_REASON_ACCEPTED) > 100);
	assert_true(passed(a, DAMP_INSIDE, DAMP_REASON_ACCEPTED) > 100);
	assert_true(a->stats->worker[0].proofs_echo > 50);
	rig_close(a);
	rig_close(b);
}

static void with_guard(bool v6, void (*change)(struct damp_guard *g))
{
	struct rig a, b;

	rig_open_guard(&a, v6, change);
	rig_open_guard(&b, v6, change);
	run(&a, &b);
	close_both(&a, &b);
}

static void with_rules(bool v6, const char *text)
{
	struct rig a, b;

	rules_open(&a, v6, text);
	rules_open(&b, v6, text);
	run(&a, &b);
	close_both(&a, &b);
}

static void test_default_guard(void **state)
{
	(void)state;
	with_guard(false, NULL);
	with_guard(true, NULL);
}

/* Proved peers run out of their own budget, and Message IDs keep their values. */
static void poor(struct damp_guard *g)
{
	g->proved.cost_q16 = (DAMP_TICK_HZ << 16) / 500;
	g->proved.burst_ticks = (uint32_t)DAMP_SECONDS(2);
	g->permute_mids = 0;
}

static void unlimited(struct damp_guard *g)
{
	g->proved.cost_q16 = 0;
	g->con_life_s = 30;
	g->proof_idle_s = 20;
}

/* Few places, a spacing that is felt, and observers that are soon asked for, and gone. */
static void observers(struct damp_guard *g)
{
	g->observe_path = 1;
	g->observe_pair = 2;
	g->observe_source = 3;
	g->observe_server = 12;
	g->observe_unheard = 3;
	g->observe_pings = 2;
	g->observe_life_s = 400;
	g->con_life_s = 60;
	g->notify.cost_q16 = (DAMP_TICK_HZ << 16) * 20;
	g->notify.burst_ticks = (uint32_t)DAMP_SECONDS(60);
}

/* And without any bound. */
static void any_observers(struct damp_guard *g)
{
	g->observe_path = g->observe_pair = g->observe_source = g->observe_server = 0;
	g->observe_unheard = g->observe_unheard_s = 0;
	g->notify.cost_q16 = 0;
	g->proved.cost_q16 = 0;
}

/* Nobody is proved for long, and most may come for the first time all the same. */
static void strangers(struct damp_guard *g)
{
	g->slice_szx = DAMP_SLICE_OFF;
	g->proof_idle_s = g->proof_max_s = 2;
	g->first_host.cost_q16 /= 20;
	g->first_net4.cost_q16 /= 200;
	g->first_net6.cost_q16 /= 200;
	g->trust_net4.cost_q16 /= 100;
	g->trust_net6.cost_q16 /= 100;
}

/* And who may not is not asked either, as in a flood. */
static void unasked_strangers(struct damp_guard *g)
{
	strangers(g);
	g->first_net4.cost_q16 *= 40;
	g->challenge_all.cost_q16 = (DAMP_TICK_HZ << 16) / 50;
	g->challenge_all.burst_ticks = (uint32_t)(DAMP_TICK_HZ / 50 * 4);
}

static void earning_strangers(struct damp_guard *g)
{
	strangers(g);
	g->trust_earned = 1;
}

static void rich_strangers(struct damp_guard *g)
{
	strangers(g);
	g->net4.cost_q16 = g->first_known.cost_q16 = g->server.cost_q16 = 0;
	g->alpha_q8 = 8 << 8;
	g->host4.cost_q16 /= 50;
}

static void test_other_guards(void **state)
{
	(void)state;
	with_guard(false, poor);
	with_guard(true, unlimited);
}

static void test_observers(void **state)
{
	(void)state;
	with_guard(false, observers);
	with_guard(true, observers);
	with_guard(false, any_observers);
}

static void test_strangers(void **state)
{
	(void)state;
	with_guard(false, strangers);
	with_guard(true, strangers);
	with_guard(false, earning_strangers);
	with_guard(true, earning_strangers);
	with_guard(false, rich_strangers);
	with_guard(false, unasked_strangers);
}

/* Answers take another way: nobody is served before a proof. */
static void test_one_direction(void **state)
{
	struct rig a, b;

	(void)state;
	rig_open_guard(&a, false, strangers);
	rig_open_guard(&b, false, strangers);
	a.judge->routing = b.judge->routing = DAMP_ROUTING_UNANSWERED;
	run(&a, &b);
	assert_true(passed(&a, DAMP_OUTSIDE, DAMP_REASON_ACCEPTED_PROVED) > BURSTS);
	rig_close(&a);
	rig_close(&b);
}

static void test_rules(void **state)
{
	(void)state;
	/* Of both directions, and a window, which leaves its mark in exchanges. */
	with_rules(false, HEAD ZONES "limits:\n  few: {per: source, rate: 20 msg/s, burst: 20 msg}\n"
			  "  small: {per: peer, amplification: {max: 2x, window: 5 s}}\n"
			  "  less: {per: peer, amplification: {max: 2x}}\n"
			  "rules:\n"
			  "  - {id: one, match: {from: outside, path: /b}, limit: few, over: drop}\n"
			  "  - {id: two, match: {from: inside, msg: response, option: size2}, then: drop}\n"
			  "  - {id: three, match: {from: outside, code: PUT}, limit: small, over: drop}\n"
			  "  - {id: four, match: {from: outside, code: FETCH}, limit: less, over: drop}\n"
			  "  - {id: five, match: {from: inside, verified: true, code: 4.04}, then: drop}\n"
			  "  - {id: six, match: {from: outside, verified: false, type: NON}, then: drop}\n");
	with_rules(true, HEAD ZONES "limits:\n  open: {per: source, concurrent: 4}\n"
			 "rules:\n  - {id: one, match: {from: outside, path: /b}, limit: open, over: drop}\n"
			 "  - {id: two, match: {from: outside, option: observe}, limit: open, over: drop}\n");
	/* What is counted by the answer (later.c), which no rule mentions. */
	with_rules(true, HEAD ZONES "limits:\n  made: {per: source, rate: 1 msg/s, burst: 2 msg, count: created}\n"
			 "rules:\n  - {id: one, match: {from: outside, code: PUT}, limit: made, over: drop}\n");
}

/* So few lines of proved peers that a proof pushes out another one that its burst has
 * looked up before, and whose next packet has no hashes of its networks yet (afford.c). */
static void test_proofs_in_the_way(void **state)
{
	static uint8_t lines[2][1024] __attribute__((aligned(64)));
	struct rig a, b;
	struct rig *const both[] = { &a, &b };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct damp_judge *j;

		rig_open_guard(both[i], false, strangers);
		j = both[i]->judge;
		j->cfg.peers_log2 = 3;
		assert_true(damp_peer_bytes(j->cfg.peers_log2) <= sizeof(lines[i]));
		j->peers = damp_peer_init(lines[i], j->cfg.peers_log2);
	}
	run(&a, &b);
	assert_true(damp_peer_evictions(a.judge->peers) > 1000);
	rig_close(&a);
	rig_close(&b);
}

/* Blocked: from one peer, toward another. */
static void with_blocks(bool from, bool to)
{
	const struct damp_addr of[] = { twins_peer(&(struct rig){ .v6 = false }, 3),
					twins_peer(&(struct rig){ .v6 = false }, 4) };
	const damp_tick due = DAMP_SECONDS(1 << 20);
	struct rig a, b;
	struct rig *const both[] = { &a, &b };

	for (unsigned i = 0; i < 2; i++) {
		rig_open(both[i], false);
		if (from)
			damp_prefixes_add(both[i]->judge->prefixes, DAMP_LIST_FROM, &of[0], 32, due, 1, 0);
		if (to)
			damp_prefixes_add(both[i]->judge->prefixes, DAMP_LIST_TO, &of[1], 32, due, 1, 0);
	}
	run(&a, &b);
	assert_int_equal(passed(&a, DAMP_OUTSIDE, DAMP_REASON_BLOCKED) > 0, from);
	assert_int_equal(passed(&a, DAMP_INSIDE, DAMP_REASON_BLOCKED) > 0, to);
	close_both(&a, &b);
}

static void test_blocks(void **state)
{
	(void)state;
	with_blocks(true, true);
	with_blocks(true, false);
	with_blocks(false, true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_guard), cmocka_unit_test(test_other_guards),
		cmocka_unit_test(test_observers),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_one_direction),
		cmocka_unit_test(test_rules), cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_proofs_in_the_way),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
