/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actions of rules, from their text to the bytes that leave: answers with a
 * code and a Max-Age from a range, resets, requests that lose their Observe,
 * small first blocks, slips, and exemptions.
 */
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ASKS(action) HEAD ZONES "rules:\n  - {id: r, match: {from: outside, msg: request}, then: " action "}\n"

static void answers_with_a_code(void **state)
{
	static const struct { const char *text; uint8_t code; } cases[] = {
		{ "4.00", 0x80 }, { "4.02", 0x82 }, { "4.03", 0x83 }, { "4.04", 0x84 }, { "4.05", 0x85 },
		{ "4.06", 0x86 }, { "4.13", 0x8d }, { "4.15", 0x8f }, { "5.00", 0xa0 }, { "5.01", 0xa1 },
		{ "5.02", 0xa2 }, { "5.04", 0xa4 }, { "5.05", 0xa5 },
	};
	char text[sizeof(ASKS("{answer: x.xx}"))];
	struct rig r;
	size_t len;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), ASKS("{answer: %s}"), cases[i].text);
		rules_open(&r, *(bool *)*state, text);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'), 0x01, 'b', 0x01, 'c'));
		assert_int_equal(r.pkt.reason, DAMP_REASON_ANSWERED);
		/* ACK, no token, the code, the Message ID; no Max-Age where none is written. */
		assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x60, cases[i].code, 0x00, 0x01 }), 4);
		assert_int_equal(len, 4);
		rig_close(&r);
	}
}

/* The Max-Age option at the end of an answer, as d1 01 and one byte, or d2 01 and two. */
static unsigned age_of(struct rig *r, uint16_t mid)
{
	const uint8_t ask[] = { 0x40, 0x01, (uint8_t)(mid >> 8), (uint8_t)mid, 0xb5, 'p', 'o', 'w', 'e', 'r' };
	const uint8_t *out;
	size_t len;

	rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, ask, sizeof(ask));
	rig_wait_ms(r, 10000);
	out = rig_out(r, &len);
	assert_non_null(out);
	assert_int_equal(out[1], 0xa3); /* 5.03 */
	assert_true(len == 7 || len == 8);
	assert_int_equal(out[5], 0x01);
	return len == 7 ? out[6] : (unsigned)out[6] << 8 | out[7];
}

static void a_crowd_comes_back_spread(void **state)
{
	unsigned low = UINT32_MAX, high = 0, first = 0;
	struct rig r;

	rules_open(&r, *(bool *)*state, ASKS("{answer: 5.03, max_age: 60 s..300 s}"));
	for (uint16_t mid = 1; mid <= 100; mid++) {
		const unsigned age = age_of(&r, mid);

		first = mid == 1 ? age : first;
		low = age < low ? age : low;
		high = age > high ? age : high;
	}
	assert_in_range(low, 60, 90);
	assert_in_range(high, 270, 300);
	/* A retransmission hears the same. */
	assert_int_equal(age_of(&r, 1), first);
	rig_close(&r);
}

static void resets(void **state)
{
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, HEAD ZONES "rules:\n  - {id: r, match: {msg: [request, response]}, then: reset}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x12, 0x34, 0xb1, 'a'));
	assert_int_equal(r.pkt.fate, DAMP_FATE_BACK);
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x70, 0x00, 0x12, 0x34 }), 4);
	assert_int_equal(len, 4);
	/* A response is dropped: two ends that reset each other's resets never end. */
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x60, 0x45, 0x12, 0x34));
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 2);
	rig_close(&r);
}

/* CON GET /a with token 4a and Observe; value: 0 registers, 1 cancels. */
#define REGISTER 0x41, 0x01, 0x00, 0x01, 0x4a, 0x60, 0x51, 'a'
#define CANCEL 0x41, 0x01, 0x00, 0x02, 0x4a, 0x61, 0x01, 0x51, 'a'

static void observe_is_stripped(void **state)
{
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, ASKS("{strip: observe}"));
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(REGISTER));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(r.pkt.verdict, DAMP_VERDICT_SHAPE);
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x41, 0x01, 0x00, 0x01, 0x4a, 0xb1, 'a' }), 7);
	assert_int_equal(len, 7);
	/* One answer passes; a notification behind it has nobody who asked. */
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x61, 0x45, 0x00, 0x01, 0x4a));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	/* A cancellation has to reach the server. */
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(CANCEL));
	rig_out(&r, &len);
	assert_int_equal(len, 9);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 2);
	rig_close(&r);
}

/* In mode observe the request goes on with all it has. */
static void observing_strips_nothing(void **state)
{
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: r, mode: observe, match: {msg: request}, then: {strip: observe}}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(REGISTER));
	rig_out(&r, &len);
	assert_int_equal(len, 8);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 1);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	rig_close(&r);
}

/* The SZX that a GET of 120 bytes leaves with, from a server that knows Block2. */
static unsigned szx_with(bool v6, const char *rules)
{
	uint8_t ask[120] = { 0x40, 0x01, 0x00, 0x09, 0xbd, 101 }, full[80];
	static const uint8_t block[] = { 0x60, 0x45, 0x00, 0x01, 0xd1, 0x0a, 0x0e, 0xff };
	const uint8_t *out;
	struct rig r;
	unsigned szx;
	size_t len;

	rules_open(&r, v6, rules);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('p')));
	memset(full, 'x', sizeof(full));
	memcpy(full, block, sizeof(block));
	rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, full, sizeof(full));
	memset(ask + 6, 'p', sizeof(ask) - 6);
	rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 3, 50000 }, SERVER, ask, sizeof(ask));
	/* Block2 behind Uri-Path: c1 and the SZX, or c0 for an SZX of 0. */
	out = rig_out(&r, &len);
	assert_int_equal(out[sizeof(ask)] >> 4, 0xc);
	szx = len == sizeof(ask) + 2 ? out[len - 1] : 0;
	assert_int_equal(out[sizeof(ask)] & 0xf, szx > 0);
	rig_close(&r);
	return szx;
}

#define NO_HOLD "guard: {hold: false}\n"

/* Where nothing is held, or a rule says so. */
static void first_blocks_are_small(void **state)
{
	const bool v6 = *(bool *)*state;

	assert_int_equal(szx_with(v6, HEAD ZONES NO_HOLD), 2);
	assert_int_equal(szx_with(v6, HEAD ZONES "rules:\n  - {id: r, match: any, shape: {block2: 16 B}}\n"), 0);
	/* A rule can only make it smaller, and only when it acts. */
	assert_int_equal(szx_with(v6, HEAD ZONES NO_HOLD
				  "rules:\n  - {id: r, match: any, shape: {block2: 1024 B}}\n"), 2);
	assert_int_equal(szx_with(v6, HEAD ZONES NO_HOLD
				  "rules:\n  - {id: r, mode: observe, match: any, shape: {block2: 16 B}}\n"), 2);
}

static void every_third_slips(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - id: r\n    match: {from: outside, path: /a}\n    then: drop\n"
		   "    slip: {every: 3, with: {answer: 4.29}}\n"
		   "  - {id: s, match: {from: outside, path: /b}, then: drop, slip: {every: 2, with: reset}}\n");
	for (unsigned i = 1; i <= 9; i++) {
		rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)(10 + i), 40000 }, SERVER, BYTES(GET('a')));
		assert_int_equal(r.pkt.reason, i % 3 ? DAMP_REASON_RULE : DAMP_REASON_ANSWERED);
	}
	/* Each rule counts for itself; the /64 has its budget for answers again. */
	rig_wait_ms(&r, 60000);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('b')));
	assert_int_equal(r.pkt.fate, DAMP_FATE_DROP);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('b')));
	assert_int_equal(r.pkt.fate, DAMP_FATE_BACK);
	rig_close(&r);
}

/* What is within the limit does not count, what is over it does. */
static void slips_count_what_is_over(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "limits:\n  few: {per: source, rate: 1 msg/min, burst: 3 msg}\n"
		   "rules:\n  - {id: r, match: {from: outside}, limit: few, over: drop, slip: {every: 4, with: accept}}\n");
	for (unsigned i = 1; i <= 11; i++) {
		const bool over = i > 3, slips = over && (i - 3) % 4 == 0;

		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x00, (uint8_t)i, 0xb1, 'a'));
		assert_int_equal(r.pkt.fate, over && !slips ? DAMP_FATE_DROP : DAMP_FATE_FORWARD);
	}
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_OVER), 8);
	rig_close(&r);
}

static void observing_slips_nothing(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: r, mode: observe, match: {path: /a}, then: drop, slip: {every: 2, with: reset}}\n");
	for (unsigned i = 0; i < 4; i++) {
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
		assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
		assert_true(r.pkt.observed);
	}
	rig_close(&r);
}

/* More than any budget, both ways, and nobody else's budget is used up by it.
 * Host 7 of rig.c. */
#define EXEMPT "exempt:\n  - {from: [10.1.0.7, \"fd00:0:0:1::7\"], until: 2999-12-31}\n"
static void the_exempt_are_not_counted(void **state)
{
	const struct rig_end probe = { 7, 40000 };
	uint8_t large[1000] = { 0x60, 0x45, 0x00, 0x01 };
	struct rig r;

	large[4] = 0xff;
	rules_open(&r, *(bool *)*state, HEAD ZONES EXEMPT
		   "limits:\n  few: {per: global, rate: 1 msg/s, burst: 1 msg}\n"
		   "rules:\n  - {id: few, match: {from: outside}, limit: few, over: drop}\n");
	for (unsigned i = 0; i < 1000; i++) {
		rig_send(&r, DAMP_OUTSIDE, probe, SERVER, BYTES(GET('a')));
		assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
		rig_send(&r, DAMP_INSIDE, SERVER, probe, large, sizeof(large));
		assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	}
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_MATCHED), 0);
	assert_int_equal(r.stats->worker[0].unproved_bytes_out, 0);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('b')));
	assert_int_equal(r.pkt.reason, DAMP_REASON_RULE_LIMIT);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(answers_with_a_code), BOTH(a_crowd_comes_back_spread), BOTH(resets), BOTH(observe_is_stripped),
		BOTH(observing_strips_nothing), BOTH(first_blocks_are_small), BOTH(every_third_slips),
		BOTH(slips_count_what_is_over), BOTH(the_exempt_are_not_counted), BOTH(observing_slips_nothing),
	};

	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
