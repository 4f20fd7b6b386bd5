/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules in the judge: from a rule file's text to a packet's fate, so that the
 * compiler and the bit vectors are tested as one. And the two places that
 * state the guard's defaults must say the same.
 */
#include "guard.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(const struct damp_pkt *p, enum damp_reason why)
{
	assert_int_equal(p->reason, why);
}

static void drop_and_observe(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n"
		   "  - {id: trial, match: {from: outside, path: /a}, then: drop, mode: observe}\n"
		   "  - {id: real, match: {from: outside, path: /b}, then: drop}\n");
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_ACCEPTED);
	assert_true(r.pkt.observed);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('b'))), DAMP_REASON_RULE);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('c'))), DAMP_REASON_ACCEPTED);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_WOULD), 1);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_ACTED), 0);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_WOULD), 0);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_ACTED), 1);
	assert_int_equal(rules_counted(&r, 1, DAMP_OUT_MATCHED), 1);
	rig_close(&r);
}

static void limits_refuse_what_is_over(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "limits:\n  few: {per: source, rate: 1 msg/s, burst: 3 msg}\n"
		   "rules:\n  - {id: few, match: {from: outside, msg: request}, limit: few, over: drop}\n");
	for (unsigned i = 0; i < 3; i++)
		expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_RULE_LIMIT);
	/* Another source has its own budget, and a second brings one message. */
	expect(rig_send(&r, DAMP_OUTSIDE, (struct rig_end){ 9, 1 }, SERVER, BYTES(GET('a'))), DAMP_REASON_ACCEPTED);
	rig_wait_ms(&r, 1001);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_ACCEPTED);
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_RULE_LIMIT);
	assert_int_equal(rules_counted(&r, 0, DAMP_OUT_OVER), 2);
	rig_close(&r);
}

/* 4.29 with Max-Age 30 in place of the server (RFC 8516). */
static void too_many_requests(void **state)
{
	struct rig r;
	size_t len;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: slow, match: {from: outside, code: GET}, then: {answer: 4.29, max_age: 30 s}}\n");
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER,
			BYTES(0x41, 0x01, 0x12, 0x34, 0x4a, 0xb4, 't', 'i', 'm', 'e')),
	       DAMP_REASON_ANSWERED);
	assert_memory_equal(rig_out(&r, &len), ((const uint8_t[]){ 0x61, 0x9d, 0x12, 0x34, 0x4a, 0xd1, 0x01, 30 }), 8);
	assert_int_equal(len, 8);
	/* Too short for a Max-Age: 4.29 alone. */
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x41, 0x01, 0x12, 0x34, 0x4a));
	rig_out(&r, &len);
	assert_int_equal(len, 5);
	rig_close(&r);
}

static void ordered_challenge_is_a_ping_and_then_an_echo(void **state)
{
	struct rig r;
	size_t len;
	const uint8_t get[] = { 0x41, 0x01, 0x00, 0x01, 0x4a, 0xbd, 0x07, '1', '2', '3', '4', '5', '6', '7', '8', '9',
				'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0' };

	rules_open(&r, *(bool *)*state, HEAD ZONES "guard: {hold: false}\n"
		   "rules:\n  - {id: ask, match: {from: outside, msg: request, verified: false}, then: challenge}\n");
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get)), DAMP_REASON_PINGED);
	/* Again, and still nobody has answered. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, sizeof(get)), DAMP_REASON_CHALLENGED);
	assert_int_equal(rig_out(&r, &len)[1], DAMP_COAP_4_01);
	assert_true(len <= sizeof(get));
	/* Where an Echo would be larger than the request, a ping. */
	expect(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a'))), DAMP_REASON_PINGED);
	rig_close(&r);
}

/* An amplification limit of a rule is the exchange's credit, and its over is
 * what becomes of the response. */
static void amplification_of_a_rule(void **state)
{
	struct rig r;
	uint8_t m[100] = { 0x60, 0x45, 0x00, 0x01, 0xff };

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "limits:\n  one: {per: peer, amplification: {max: 1x}}\n"
		   "rules:\n  - {id: one, match: {from: outside, msg: request}, limit: one, over: drop}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
	expect(rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, 7), DAMP_REASON_AMPLIFICATION);
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')));
	expect(rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, m, 6), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

static void spoofed_sources(void **state)
{
	struct rig r;
	uint8_t f[256];
	size_t n;

	rules_open(&r, *(bool *)*state, HEAD ZONES);
	/* The inside network's own frame, arriving on the wrong port. */
	n = rig_build(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(GET('a')), f);
	expect(rig_frame(&r, DAMP_OUTSIDE, f, n), DAMP_REASON_INSIDE_SPOOFED_OUTSIDE);
	n = rig_build(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')), f);
	expect(rig_frame(&r, DAMP_INSIDE, f, n), DAMP_REASON_OUTSIDE_SPOOFED_INSIDE);
	rig_close(&r);
}

/* Paths: literal, one segment, rest, regular expression, negation; the memo
 * gives on the second packet what the match gave on the first. */
static void paths(void **state)
{
	static const struct { const char *path; int rule; } cases[] = {
		{ "/x", 0 },	    { "/m/1", 1 },   { "/m/1/2", -1 }, { "/f", 2 },   { "/f/w/1", 2 },
		{ "/fw", -1 },	    { "/n7", 3 },    { "/n77", 3 },    { "/n", -1 },  { "/y", -1 },
		{ "/private/a", 4 }, { "/private", 4 },
	};
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n"
		   "  - {id: literal, match: {path: /x}, then: drop}\n"
		   "  - {id: star, match: {path: /m/*}, then: drop}\n"
		   "  - {id: rest, match: {path: /f/**}, then: drop}\n"
		   "  - {id: regex, match: {path: {regex: '/n[0-9]+'}}, then: drop}\n"
		   "  - {id: other, match: {path: {not: [/fw, /y, /n, /m/**]}}, then: drop}\n");
	for (unsigned twice = 0; twice < 2; twice++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			uint8_t m[64] = { 0x40, 0x01, 0x00, (uint8_t)i };
			size_t n = 4;

			for (const char *s = cases[i].path; *s;) {
				const size_t len = strcspn(++s, "/");

				m[n] = (uint8_t)((n == 4 ? 0xb0 : 0x00) | len);
				memcpy(m + n + 1, s, len);
				n += 1 + len;
				s += len;
			}
			rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, m, n);
			if (r.pkt.rule != cases[i].rule)
				fail_msg("%s: rule %d, not %d", cases[i].path, (int)r.pkt.rule, cases[i].rule);
		}
	}
	assert_true(r.stats->worker[0].memo_hits > 0);
	rig_close(&r);
}

/* control/rules states the defaults as texts of its key table, the data plane
 * in code; the program of an empty file ties them together. */
static void defaults_agree(void **state)
{
	struct damp_guard want;
	struct rig r;

	(void)state;
	rules_open(&r, false, HEAD);
	damp_guard_defaults(&want);
#define SAME(field) assert_memory_equal(&r.view->guard->field, &want.field, sizeof(want.field))
	SAME(alpha_q8);
	SAME(fragments);
	SAME(table_full);
	SAME(allow_group_from_outside);
	SAME(check_sources);
	SAME(prove_block1);
	SAME(prove_q_block);
	SAME(prove_observe);
	SAME(permute_mids);
	SAME(hold);
	SAME(slice_szx);
	SAME(host4);
	SAME(net4);
	SAME(host6);
	SAME(net6);
	SAME(first_host);
	SAME(first_known);
	SAME(first_net4);
	SAME(first_net6);
	SAME(trust_net4);
	SAME(trust_net6);
	SAME(trust_earned);
	SAME(challenge_retry);
	SAME(server);
	SAME(proved);
	SAME(challenge_host);
	SAME(challenge_net4);
	SAME(challenge_net6);
	SAME(challenge_all);
	SAME(ping);
	SAME(probing);
	SAME(challenge_reserve_ticks);
	SAME(proof_idle_s);
	SAME(proof_max_s);
	SAME(echo_life_s);
	SAME(grace_s);
	SAME(grace_bytes4);
	SAME(grace_bytes6);
	SAME(con_life_s);
	SAME(non_life_s);
	SAME(observe_life_s);
	SAME(observe_pings);
	SAME(observe_path);
	SAME(observe_pair);
	SAME(observe_source);
	SAME(observe_server);
	SAME(observe_unheard);
	SAME(observe_unheard_s);
	SAME(observe_pmin_ms);
	SAME(observe_pmax_ms);
	SAME(observe_eval_ms);
	SAME(notify);
	SAME(transfer_bytes);
	SAME(transfer_life_s);
	SAME(transfers_source);
	SAME(transfers_server);
	SAME(announce_bytes);
	SAME(q_blocks);
	SAME(group_answers);
	SAME(unanswered_prove);
	SAME(unasked_small);
#undef SAME
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(drop_and_observe), BOTH(limits_refuse_what_is_over), BOTH(too_many_requests),
		BOTH(ordered_challenge_is_a_ping_and_then_an_echo), BOTH(amplification_of_a_rule), BOTH(spoofed_sources), BOTH(paths),
		cmocka_unit_test(defaults_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
