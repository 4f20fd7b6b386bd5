/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Challenges in place against the long way, where sources are many: forged ones, each
 * in a network of its own, of which the ledger knows nothing, and among them some that
 * came before, neighbours of those, and requests repeated. So most bursts go through the
 * loop of answer_run.c and some of their packets do not. Fates, frames, counters, events
 * and tables must be the same as a judge's that takes no short way, byte for byte.
 *
 * Random and seeded; the seed is printed and can be given as argument.
 */
#include "twins.h"

#include "judge_state.h"
#include "ledger_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BURSTS 3000u
#define BEFORE 256u             /* frames that may come again, or from nearby */
#define MACS 14u
#define TAG 4u

static uint64_t seed = 20261122;

struct sent { uint8_t frame[TWINS_FRAME_MAX]; size_t len; };
struct source { struct sent before[BEFORE]; unsigned at; };

/* Both checksums of an untagged frame. */
static void sum(const struct rig *r, uint8_t *frame)
{
	const struct damp_frame f = { .v6 = r->v6, .l3_off = MACS, .l4_off = MACS + (r->v6 ? 40u : 20u) };

	if (!r->v6) {
		damp_put16(frame + MACS + 10, 0);
		damp_put16(frame + MACS + 10, (uint16_t)~damp_csum_fold(damp_csum_add(0, frame + MACS, 20)));
	}
	damp_put16(frame + f.l4_off + 6, damp_udp_checksum(frame, &f, damp_get16(frame + f.l4_off + 4)));
}

/* A source of its own network, or the one it has with another last byte. */
static void move(uint64_t *s, const struct rig *r, uint8_t *frame, bool near)
{
	uint8_t *src = frame + MACS + (r->v6 ? 8 : 12);

	if (!near) {
		src[0] = r->v6 ? 0x20 : (uint8_t)(11 + twins_draw(s, 100));
		damp_put16(src + 1, (uint16_t)twins_draw(s, 1 << 16));
	}
	src[r->v6 ? 15 : 3] = (uint8_t)twins_draw(s, 256);
	sum(r, frame);
}

/* CON as a rule, of few Message IDs, with room for an Echo or without. */
static size_t message(uint64_t *s, uint8_t *m)
{
	const uint8_t tkl = (uint8_t)twins_draw(s, 9), more = twins_draw(s, 3) ? 0 : (uint8_t)twins_draw(s, 16);
	size_t n = 4u + tkl;

	memcpy(m, ((uint8_t[]){ (twins_draw(s, 8) ? 0x40 : 0x50) | tkl, 1, (uint8_t)twins_draw(s, 2),
				(uint8_t)twins_draw(s, 4) }), 4);
	memset(m + 4, 't', tkl);
	m[n++] = 0xb1;                                          /* Uri-Path */
	m[n++] = twins_draw(s, 20) ? 'a' : 'b';
	if (twins_draw(s, 30) == 0) {
		m[n++] = 0x81;                                  /* Q-Block1, more to come */
		m[n++] = 0x0e;
	}
	if (more == 0)
		return n;
	m[n++] = 0xff;
	memset(m + n, 'p', more);
	return n + more;
}

/* A right Echo, from where `of` came from: that peer is proved from here on. */
static size_t proof(const struct rig *r, const struct sent *of, struct rig_end peer, struct rig_end server,
		    uint8_t *frame)
{
	const size_t at = MACS + (r->v6 ? 8u : 12u), bytes = r->v6 ? 16 : 4;
	struct damp_addr a = { { [10] = 0xff, [11] = 0xff } };
	uint8_t m[4 + 2 + DAMP_ECHO_LEN] = { 0x40, 1, 0, 9, 0xd0 | DAMP_ECHO_LEN, 252 - 13 };
	size_t len;

	memcpy(a.b + sizeof(a.b) - bytes, of->frame + at, bytes);
	damp_echo_make(&r->view->secrets, &a, peer.port, 1700000000 + r->now / DAMP_TICK_HZ, m + 6);
	len = rig_build(r, DAMP_OUTSIDE, peer, server, m, sizeof(m), frame);
	memcpy(frame + at, of->frame + at, bytes);
	sum(r, frame);
	return len;
}

static void add(uint64_t *s, const struct rig *r, struct twins_burst *b, struct source *from)
{
	const struct rig_end peer = { 1, (uint16_t)(40000 + twins_draw(s, 2)) };
	const struct rig_end server = { (uint8_t)(2 + twins_draw(s, 4)), 5683 };
	struct sent *of = &from->before[(from->at - 1 - twins_draw(s, twins_draw(s, 2) ? 8 : BEFORE)) % BEFORE];
	struct damp_pkt *p = twins_add(b, DAMP_OUTSIDE);
	const uint32_t kind = of->len ? twins_draw(s, 24) : 23;
	uint8_t m[64];

	if (kind > 1) {
		of = &from->before[from->at++ % BEFORE];
		of->len = rig_build(r, DAMP_OUTSIDE, peer, server, m, message(s, m), of->frame);
		move(s, r, of->frame, false);
	} else if (kind == 1) {
		move(s, r, of->frame, true);
	}
	memcpy(p->data, of->frame, of->len);
	p->len = (uint32_t)of->len;
	if (kind == 0 && twins_draw(s, 4) == 0)
		p->len = (uint32_t)proof(r, of, (struct rig_end){ 1, damp_get16(of->frame + MACS + (r->v6 ? 40 : 20)) },
					 server, p->data);
	if (twins_draw(s, 8) == 0) {
		/* With a VLAN tag. */
		memmove(p->data + MACS - 2 + TAG, p->data + MACS - 2, p->len - (MACS - 2));
		memcpy(p->data + MACS - 2, ((uint8_t[TAG]){ 0x81, 0, 0, 7 }), TAG);
		p->len += TAG;
	}
}

static uint64_t of_reason(const struct rig *r, enum damp_reason why)
{
	return r->stats->worker[0].reason[DAMP_OUTSIDE][why].packets;
}

/* least: pings, of which there are more where most are answered. tables: those too; where
 * some are served on trust, what that costs may lie in other ways of a line. */
static void compare(struct rig *a, struct rig *b, uint64_t least, bool tables)
{
	static struct twins_burst burst;
	static struct source from;
	uint64_t s = seed;
	char note[64];

	memset(&from, 0, sizeof(from));
	for (unsigned i = 0; i < BURSTS; i++) {
		burst.n = 0;
		for (unsigned n = 1 + twins_draw(&s, DAMP_BURST); n > 0; n--)
			add(&s, a, &burst, &from);
		snprintf(note, sizeof(note), "seed %llu, burst %u", (unsigned long long)seed, i);
		twins_judge(a, b, &burst, note);
		if (tables && i % 32 == 0)
			twins_compare_tables(a, b);
		/* Until debts are paid and notes still there, and over the spans of the ledger. */
		a->now += twins_draw(&s, 20) ? twins_draw(&s, 8000) : DAMP_SECONDS(twins_draw(&s, twins_draw(&s, 4) ? 40 : 400));
	}
	b->now = a->now;
	twins_compare(a, b);
	if (tables)
		twins_compare_tables(a, b);
	print_message("%llu pinged, %llu challenged, %llu notes pushed out\n",
		      (unsigned long long)of_reason(a, DAMP_REASON_PINGED),
		      (unsigned long long)of_reason(a, DAMP_REASON_CHALLENGED),
		      (unsigned long long)damp_seen_evictions(a->worker->seen));
	assert_true(of_reason(a, DAMP_REASON_PINGED) > least);
	assert_true(of_reason(a, DAMP_REASON_CHALLENGED) > least / 20);
	assert_true(damp_seen_evictions(a->worker->seen) > BURSTS);
	assert_true(a->stats->worker[0].proofs_echo > 50);
	rig_close(a);
	rig_close(b);
}

/* From the first request on, so that nobody is served on trust. */
static void spent_servers(struct damp_guard *g)
{
	g->server.burst_ticks = 1;
}

static void both(bool v6, void (*change)(struct damp_guard *g), bool wide, bool shared)
{
	struct rig a, b;

	rig_open_guard(&a, v6, change);
	rig_open_guard(&b, v6, change);
	a.judge->shared = shared;
	if (!wide) {
		a.judge->wide = false;
		damp_ledger_set_wide(a.judge->ledger, false);
		damp_ledger_set_wide(b.judge->ledger, false);
	}
	compare(&a, &b, 10 * BURSTS, true);
}

static void test_strangers(void **state)
{
	(void)state;
	both(false, spent_servers, true, false);
	both(true, spent_servers, true, false);
	both(false, spent_servers, true, true);
}

/* The same without the wide registers. */
static void test_narrow(void **state)
{
	(void)state;
	both(false, spent_servers, false, false);
}

static void or_held(struct damp_guard *g)
{
	spent_servers(g);
	g->hold = 1;
}

/* What has a place is held, and answered when there is none. */
static void test_held(void **state)
{
	(void)state;
	both(false, or_held, true, false);
}

/* The gateway's budget ends within bursts. */
static void few(struct damp_guard *g)
{
	spent_servers(g);
	g->challenge_all.cost_q16 = (DAMP_TICK_HZ << 16) / 5000;
	g->challenge_all.burst_ticks = (uint32_t)(DAMP_TICK_HZ / 5000 * 40);
}

static void test_gateway_spent(void **state)
{
	(void)state;
	both(false, few, true, true);
}

static void strangers(struct rig *r, uint64_t *s)
{
	static struct twins_burst burst;
	static struct source from;

	burst.n = 0;
	memset(&from, 0, sizeof(from));
	for (unsigned n = DAMP_BURST; n > 0; n--)
		add(s, r, &burst, &from);
	damp_judge_parse(r->view, burst.pkt, burst.n);
	damp_judge_run(r->worker, r->view, burst.pkt, burst.n, r->now, false);
}

static void lock_all(struct damp_ledger *l, uint8_t locked)
{
	for (size_t i = 0; i <= (size_t)l->kept + l->kept_mask; i++)
		l->line[i].lock = locked;
}

/* Where there is another worker, which has a line just now, nothing is written into it. */
static void test_locks(void **state)
{
	uint64_t s = seed, before;
	struct rig r;
	void *memory;

	(void)state;
	rig_open_guard(&r, false, spent_servers);
	memory = aligned_alloc(DAMP_CACHE_LINE, damp_judge_worker_bytes(&r.judge->cfg));
	assert_non_null(memory);
	memset(memory, 0, damp_judge_worker_bytes(&r.judge->cfg));
	assert_non_null(damp_judge_worker_init(memory, r.judge, 1, &r.stats->worker[1], &r.events->ring[1]));
	for (unsigned locked = 0; locked < 3; locked++) {
		before = of_reason(&r, DAMP_REASON_PINGED);
		lock_all(r.judge->ledger, locked == 1);
		strangers(&r, &s);
		if (locked == 1)
			assert_int_equal(of_reason(&r, DAMP_REASON_PINGED), before);
		else
			assert_true(of_reason(&r, DAMP_REASON_PINGED) > before + DAMP_BURST / 2);
		r.now += DAMP_TICK_HZ / 64;     /* no event is due, and the server still known to be spent */
	}
	free(memory);
	rig_close(&r);
}

/* Rules have a say in each, and about some they say it. */
static void test_rules(void **state)
{
	static const char text[] = HEAD ZONES
		"rules:\n"
		"  - {id: one, match: {from: outside, path: /b}, then: drop}\n";
	struct rig a, b;

	(void)state;
	rules_open(&a, false, text);
	rules_open(&b, false, text);
	compare(&a, &b, BURSTS, false);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_narrow), cmocka_unit_test(test_held),
		cmocka_unit_test(test_gateway_spent), cmocka_unit_test(test_locks), cmocka_unit_test(test_rules),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
