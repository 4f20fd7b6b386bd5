/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of flood.c against the long one: two judges get the same bursts,
 * one of them may take the short way. Fate, reason, frame, counters and events
 * must be the same, byte for byte, whatever is sent: floods of every kind of
 * request, among them proved peers, repetitions, Echo values, pongs and answers,
 * while budgets are spent and come back.
 *
 * Random and seeded; the seed is printed and can be given as argument.
 */
#include "twins.h"

#include "judge_state.h"
#include "routing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BURSTS 4000u

static uint64_t seed = 20261121;

/* Room for an Echo in the answer: none, for a short one, for a long one. */
static size_t payload(uint64_t *s, uint8_t *m, size_t n)
{
	const uint32_t bytes = twins_draw(s, 3) ? 0 : 1 + twins_draw(s, 20);

	if (bytes == 0)
		return n;
	m[n] = 0xff;
	memset(m + n + 1, 'p', bytes);
	return n + 1 + bytes;
}

/* What a flood may consist of, most often the plain GET. */
static size_t message(uint64_t *s, const struct rig *r, struct rig_end peer, uint8_t *m)
{
	static const struct { uint8_t len, bytes[4]; } options[] = {
		{ 2, { 0xb1, 'a' } }, { 2, { 0xb1, 'b' } }, { 1, { 0x60 } },    /* Uri-Path; Observe 0 */
		{ 4, { 0xb1, 'a', 0xc1, 0x02 } },                               /* Uri-Path, Block2 */
		{ 3, { 0xd1, 14, 0x0e } }, { 3, { 0xd1, 6, 0x0e } },            /* Block1 and Q-Block1, more to come */
	};
	const uint32_t kind = twins_draw(s, 20), o = kind < 14 ? 0 : twins_draw(s, 6);
	const struct damp_addr a = twins_peer(r, peer.host);
	const uint8_t tkl = twins_draw(s, 8) ? 1 : (uint8_t)twins_draw(s, 9);
	size_t n = 4u + tkl;

	memcpy(m, ((uint8_t[]){ (twins_draw(s, 4) ? 0x40 : 0x50) | tkl, 1, 0, (uint8_t)twins_draw(s, 8) }), 4);
	memset(m + 4, (int)twins_draw(s, 2), tkl);
	if (kind == 13 && twins_draw(s, 4) == 0) {
		memcpy(m, ((uint8_t[]){ 0x70, 0, 0, 1 }), 4);           /* RST */
		return 4;
	}
	memcpy(m + n, options[o].bytes, options[o].len);
	if (kind != 12 || twins_draw(s, 40))
		return payload(s, m, n + options[o].len);
	/* A right Echo: this peer is proved from here on. */
	memcpy(m + n, ((uint8_t[]){ 0xd0 | DAMP_ECHO_LEN, 252 - 13 }), 2);
	damp_echo_make(&r->view->secrets, &a, peer.port, 1700000000 + r->now / DAMP_TICK_HZ, m + n + 2);
	return n + 2 + DAMP_ECHO_LEN;
}

static void add(uint64_t *s, const struct rig *r, struct twins_burst *b)
{
	const struct rig_end peer = { (uint8_t)(1 + twins_draw(s, 1 + twins_draw(s, 200))), (uint16_t)(40000 + twins_draw(s, 2)) };
	const struct rig_end server = { (uint8_t)(2 + twins_draw(s, 5)), 5683 };
	const bool answer = twins_draw(s, 30) == 0;
	uint8_t m[80] = { 0x61, 0x45, 0, (uint8_t)twins_draw(s, 8), (uint8_t)twins_draw(s, 2), 0xff, 'x' };
	const size_t len = answer ? 7 : message(s, r, peer, m);
	struct damp_pkt *p = twins_add(b, answer ? DAMP_INSIDE : DAMP_OUTSIDE);

	p->len = (uint32_t)rig_build(r, p->side, answer ? server : peer, answer ? peer : server, m, len, p->data);
	if (twins_draw(s, 20) == 0)
		p->data[13] ^= twins_draw(s, 2) ? 1 : 0x40;   /* not IP, or not this family */
	if (twins_draw(s, 200) == 0)
		p->data[0] |= 1;        /* to a group on the link, alone in IP */
}

static uint64_t refused(const struct rig *r)
{
	const struct damp_worker_stats *w = &r->stats->worker[0];

	return w->reason[DAMP_OUTSIDE][DAMP_REASON_LEDGER_SERVER].packets +
	       w->reason[DAMP_OUTSIDE][DAMP_REASON_CHALLENGE_RATE].packets;
}

static uint64_t reason_packets(const struct rig *r, enum damp_reason why)
{
	return r->stats->worker[0].reason[DAMP_OUTSIDE][why].packets;
}

/* What happens every 16 bursts beside them. */
typedef void between(struct rig *a, struct rig *b, unsigned nth);

/* Every other time the answers are not seen. */
static void unanswered(struct rig *a, struct rig *b, unsigned nth)
{
	damp_judge_set_routing(a->judge, nth / 4 % 2 ? DAMP_ROUTING_UNANSWERED : DAMP_ROUTING_BOTH);
	damp_judge_set_routing(b->judge, nth / 4 % 2 ? DAMP_ROUTING_UNANSWERED : DAMP_ROUTING_BOTH);
}

/* To be written in place: the program was made for this rig. */
static struct damp_guard *guard_of(const struct rig *r)
{
	return (struct damp_guard *)(uintptr_t)r->view->guard;
}

/* A program is loaded that gives servers a larger budget, or the one from before. */
static void reloaded(struct rig *a, struct rig *b, unsigned nth)
{
	guard_of(a)->server.burst_ticks = guard_of(b)->server.burst_ticks =
		(uint32_t)(nth % 2 ? DAMP_SECONDS(10) : DAMP_TICK_HZ / 10);
}

/* Most often none to speak of; now and then as long as clients wait to repeat a request, or
 * until all is forgotten. */
static damp_tick pause_after(uint64_t *s)
{
	const uint32_t kind = twins_draw(s, 40);

	if (kind > 4)
		return twins_draw(s, 5000);
	return kind > 0 ? twins_draw(s, (uint32_t)DAMP_SECONDS(3)) : DAMP_SECONDS(twins_draw(s, 400));
}

/* Both are opened alike; b goes the long way. */
static void compare(struct rig *a, struct rig *b, between *meanwhile)
{
	static struct twins_burst burst;
	unsigned half = 0;
	uint64_t s = seed;
	char note[64];

	for (unsigned i = 0; i < BURSTS; i++) {
		burst.n = 0;
		for (unsigned n = 1 + twins_draw(&s, DAMP_BURST); n > 0; n--)
			add(&s, a, &burst);
		if (meanwhile != NULL && i % 16 == 0)
			meanwhile(a, b, i / 16);
		snprintf(note, sizeof(note), "seed %llu, burst %u", (unsigned long long)seed, i);
		twins_judge(a, b, &burst, note);
		half += twins_halves(&burst);
		if (i % 4 == 0)
			twins_prove_half(a, b, &burst.pkt[twins_draw(&s, burst.n)]);
		if (i % 128 == 0) {
			twins_compare_tables(a, b);
			twins_compare(a, b);
		}
		a->now += pause_after(&s);
	}
	b->now = a->now;
	twins_compare(a, b);
	assert_true(half > 50);
}

static void run_with(struct rig *a, struct rig *b, between *meanwhile)
{
	compare(a, b, meanwhile);
	/* and it was a flood */
	assert_true(refused(a) > BURSTS / 2);
	assert_true(a->stats->worker[0].proofs_echo > 50);
	rig_close(a);
	rig_close(b);
}

static void run(struct rig *a, struct rig *b)
{
	run_with(a, b, NULL);
}

static void few_challenges(struct damp_guard *g)
{
	g->challenge_all.cost_q16 = (DAMP_TICK_HZ << 16) / 50;
	g->challenge_all.burst_ticks = (uint32_t)(DAMP_TICK_HZ / 50 * 40);
}

static void many_challenges(struct damp_guard *g)
{
	g->server.burst_ticks /= 20;
}

static void few_of_both(struct damp_guard *g)
{
	few_challenges(g);
	many_challenges(g);
}

static void strict(struct damp_guard *g)
{
	few_challenges(g);
	g->prove_observe = 1;
	g->alpha_q8 = 1 << 8;
}

/* What may be asked is asked: budgets that last, of few servers. */
static void all_answered(struct damp_guard *g)
{
	struct damp_rung *wide[] = { &g->challenge_host, &g->challenge_net4, &g->challenge_net6 };

	g->server.burst_ticks /= 20;
	for (unsigned i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		wide[i]->cost_q16 /= 400;
		wide[i]->burst_ticks = (uint32_t)DAMP_SECONDS(2);
	}
}

/* The same, but what has a place is held behind its ping. */
static void answered_or_held(struct damp_guard *g)
{
	all_answered(g);
	g->hold = 1;
}

/* No budget of addresses, of networks, of the gateway. */
static void some_unlimited(struct damp_guard *g)
{
	all_answered(g);
	g->challenge_all.cost_q16 = 0;
	g->challenge_net4.cost_q16 = g->challenge_net6.cost_q16 = 0;
	g->net4.cost_q16 = g->host6.cost_q16 = 0;
}

/* Challenges of networks that are none of those whose bytes are counted. */
static void other_networks(struct damp_guard *g)
{
	all_answered(g);
	g->challenge_net4.plen = 16;
	g->challenge_net6.plen = 40;
}

static void both(bool v6, void (*change)(struct damp_guard *g))
{
	struct rig a, b;

	rig_open_guard(&a, v6, change);
	rig_open_guard(&b, v6, change);
	run(&a, &b);
}

static void test_gateway_spent(void **state)
{
	(void)state;
	both(false, few_challenges);
	both(true, few_challenges);
	both(false, few_of_both);
	both(true, few_of_both);
}

static void test_gateway_not_spent(void **state)
{
	(void)state;
	both(false, many_challenges);
	both(true, many_challenges);
}

static void answered(bool v6, void (*change)(struct damp_guard *g))
{
	struct rig a, b;

	rig_open_guard(&a, v6, change);
	rig_open_guard(&b, v6, change);
	compare(&a, &b, NULL);
	print_message("%llu pinged, %llu challenged\n", (unsigned long long)reason_packets(&a, DAMP_REASON_PINGED),
		      (unsigned long long)reason_packets(&a, DAMP_REASON_CHALLENGED));
	assert_true(reason_packets(&a, DAMP_REASON_PINGED) > BURSTS);
	assert_true(reason_packets(&a, DAMP_REASON_CHALLENGED) > BURSTS / 4);
	rig_close(&a);
	rig_close(&b);
}

static void test_answered(void **state)
{
	(void)state;
	answered(false, all_answered);
	answered(true, all_answered);
	answered(false, some_unlimited);
	answered(true, some_unlimited);
	answered(false, answered_or_held);
	answered(true, answered_or_held);
	answered(false, other_networks);
	answered(true, other_networks);
}

/* Servers that can serve everybody, so that it is the sources that may ask no more. */
static void rich_servers(struct damp_guard *g)
{
	g->server.cost_q16 /= 10000;
}

/* Of one network, most of all. */
static void poor_networks(struct damp_guard *g)
{
	rich_servers(g);
	g->first_host.cost_q16 /= 10000;
	g->challenge_host.cost_q16 /= 10000;
}

static void rich_servers_few_challenges(struct damp_guard *g)
{
	rich_servers(g);
	few_challenges(g);
}

static void strangers(bool v6, void (*change)(struct damp_guard *g))
{
	struct rig a, b;

	rig_open_guard(&a, v6, change);
	rig_open_guard(&b, v6, change);
	compare(&a, &b, NULL);
	assert_true(reason_packets(&a, DAMP_REASON_FIRST_CONTACT) > 10 * BURSTS);
	assert_int_equal(reason_packets(&a, DAMP_REASON_LEDGER_SERVER), 0);
	/* and it was short */
	assert_true(a.worker->refused_until > BURSTS - 200);
	assert_int_equal(b.worker->stranger[0].peer, 0);
	rig_close(&a);
	rig_close(&b);
}

/* A flood in the name of few, whom their servers could still afford. */
static void test_strangers(void **state)
{
	(void)state;
	strangers(false, rich_servers);
	strangers(true, rich_servers);
	strangers(false, poor_networks);
	strangers(true, poor_networks);
	strangers(false, rich_servers_few_challenges);
	strangers(true, rich_servers_few_challenges);
}

static void test_strict(void **state)
{
	(void)state;
	both(false, strict);
	both(true, strict);
}

/* Nobody unproved is served, whatever his server's budget: that is the cause then. */
static void test_unanswered(void **state)
{
	struct rig a, b;

	(void)state;
	rig_open_guard(&a, false, few_of_both);
	rig_open_guard(&b, false, few_of_both);
	run_with(&a, &b, unanswered);
}

/* What was found spent may not be spent by another budget. */
static void test_reloaded(void **state)
{
	struct rig a, b;

	(void)state;
	rig_open_guard(&a, false, few_of_both);
	rig_open_guard(&b, false, few_of_both);
	run_with(&a, &b, reloaded);
}

static void test_with_rules(void **state)
{
	static const char text[] = HEAD ZONES
		"limits:\n  few: {per: source, rate: 5 msg/s, burst: 5 msg}\n"
		"rules:\n"
		"  - {id: one, match: {from: outside, path: /b}, limit: few, over: drop}\n"
		"  - {id: two, mode: observe, match: {from: outside, option: observe}, then: drop}\n";
	struct rig a, b;

	(void)state;
	for (unsigned scarce = 0; scarce < 2; scarce++) {
		rules_open(&a, false, text);
		rules_open(&b, false, text);
		if (scarce) {
			few_of_both(guard_of(&a));
			few_of_both(guard_of(&b));
		}
		run(&a, &b);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway_spent), cmocka_unit_test(test_gateway_not_spent),
		cmocka_unit_test(test_answered), cmocka_unit_test(test_strangers), cmocka_unit_test(test_strict),
		cmocka_unit_test(test_unanswered), cmocka_unit_test(test_reloaded),
		cmocka_unit_test(test_with_rules),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
