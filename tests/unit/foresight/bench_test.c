/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bench is the judge: deciding and committing apart gives what
 * damp_judge_run() gives, bit by bit; and what an explanation says is what
 * happened.
 */
#include "bench_of.h"
#include "captures.h"
#include "explain.h"
#include "peers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

static const char *const rules_text =
	"version: 1\n"
	"limits:\n"
	"  few: {per: peer, rate: 1 msg/s, burst: 4 msg, ladder: {ipv4: {32: 1x, 24: 8x}}}\n"
	"  thin: {per: peer, amplification: {max: 1x}}\n"
	"rules:\n"
	"  - {id: trial, mode: observe, match: {path: /t}, then: drop}\n"
	"  - {id: thin, match: {path: /b}, limit: thin, over: drop}\n"
	"  - {id: few, match: {msg: request, verified: false}, limit: few, over: challenge}\n"
	"  - {id: shut, match: {path: /shut}, then: drop}\n"
	"  - {id: rest, match: any, then: accept}\n";

static uint64_t state = 7;

static uint32_t rnd(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

static size_t random_frame(uint8_t *out)
{
	static const char *const out_msgs[] = { "CON GET /t", "NON GET /b", "CON GET /shut",
						"CON PUT /a", "RST",	    "CON",
						"ACK" };
	static const char *const in_msgs[] = { "ACK 2.05", "NON 2.05", "CON 2.05",
					       "RST",	   "ACK",      "CON GET /x" };
	char a[40], b[40];

	snprintf(a, sizeof(a), "10.1.0.%u:40000", rnd(3) + 1);
	snprintf(b, sizeof(b), "10.2.0.%u:5683", rnd(2) + 1);
	return rnd(2) ? frame_of(a, b, out_msgs[rnd(7)], out)
		      : frame_of(b, a, in_msgs[rnd(6)], out);
}

static void test_same_as_the_judge(void **unused)
{
	struct damp_bench *one = bench_of(rules_text, 0), *two = bench_of(rules_text, 0);
	uint8_t frame[2048];

	(void)unused;
	print_message("seed 7\n");
	for (unsigned i = 0; i < 5000; i++) {
		const size_t len = random_frame(frame);
		const enum damp_side side = frame[29] == 1 || frame[27] == 1 ? DAMP_OUTSIDE
									     : DAMP_INSIDE;

		damp_bench_time(one, (damp_tick)i * 20000);
		damp_bench_time(two, (damp_tick)i * 20000);
		damp_bench_judge(one, side, frame, len);
		damp_bench_load(two, side, frame, len);
		damp_judge_run(two->worker, two->view, &two->pkt, 1, two->now, false);
		assert_int_equal(one->pkt.fate, two->pkt.fate);
		assert_int_equal(one->pkt.reason, two->pkt.reason);
		assert_int_equal(one->pkt.verdict, two->pkt.verdict);
		assert_int_equal(one->pkt.rule, two->pkt.rule);
		assert_int_equal(one->pkt.out_len, two->pkt.out_len);
		assert_memory_equal(one->frame, two->frame, len);
	}
	assert_memory_equal(one->stats, two->stats, sizeof(*one->stats));
	assert_true(one->stats->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_CHALLENGE].packets > 0);
	assert_true(one->stats->verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_ACCEPT].packets > 0);
	damp_bench_free(one);
	damp_bench_free(two);
}

static json_t *explained(struct damp_bench *b, enum damp_side side, const char *from,
			 const char *to, const char *msg)
{
	uint8_t frame[2048];

	damp_bench_load(b, side, frame, frame_of(from, to, msg, frame));
	return damp_explain(b);
}

static const char *text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static const json_t *rule(const json_t *doc, size_t i)
{
	return json_array_get(json_object_get(doc, "rules"), i);
}

static double number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

static void test_explain_limits(void **unused)
{
	struct damp_bench *b = bench_of(rules_text, 0);
	const json_t *rung;
	json_t *doc = NULL;

	(void)unused;
	for (int i = 0; i < 4; i++) {
		json_decref(doc);
		doc = explained(b, DAMP_OUTSIDE, "203.0.113.9", "10.2.0.1", "CON GET /a");
		assert_string_equal(text(json_object_get(doc, "verdict"), "verdict"), "accept");
	}
	/* the fourth message: three are used, of four */
	rung = json_array_get(
		json_object_get(json_array_get(json_object_get(rule(doc, 2), "limits"), 0),
				"rungs"),
		0);
	assert_string_equal(text(rung, "key"), "203.0.113.9/32");
	assert_true(number(rung, "measured") > 2.99 && number(rung, "measured") < 3.01);
	assert_true(number(rung, "max") > 3.99 && number(rung, "max") < 4.01);
	assert_true(json_is_true(json_object_get(rung, "fits")));
	json_decref(doc);
	/* the fifth is over, and the network's step is not */
	doc = explained(b, DAMP_OUTSIDE, "203.0.113.9", "10.2.0.1", "CON GET /a");
	rung = json_array_get(
		json_object_get(json_array_get(json_object_get(rule(doc, 2), "limits"), 0),
				"rungs"),
		0);
	assert_true(json_is_false(json_object_get(rung, "fits")));
	rung = json_array_get(
		json_object_get(json_array_get(json_object_get(rule(doc, 2), "limits"), 0),
				"rungs"),
		1);
	assert_string_equal(text(rung, "key"), "203.0.113.0/24");
	assert_true(json_is_true(json_object_get(rung, "fits")));
	assert_string_equal(text(rule(doc, 2), "action"), "challenge");
	assert_string_equal(text(rule(doc, 2), "at"), "test.yaml:8");
	assert_string_equal(text(json_object_get(doc, "verdict"), "verdict"), "challenge");
	assert_string_equal(text(json_object_get(doc, "verdict"), "rule"), "few");
	/* what is behind the final rule was not asked */
	assert_true(json_is_false(json_object_get(rule(doc, 3), "asked")));
	/* and it stays, while pings leave */
	assert_string_equal(text(json_object_get(doc, "verdict"), "fate"), "hold");
	assert_true(json_is_null(json_object_get(doc, "sends")));
	assert_int_equal((int)number(json_object_get(doc, "effects"), "pings"), 3);
	json_decref(doc);
	damp_bench_free(b);
}

static void test_explain_observe_and_why(void **unused)
{
	struct damp_bench *b = bench_of(rules_text, 0);
	json_t *doc = explained(b, DAMP_OUTSIDE, "203.0.113.9", "10.2.0.1", "CON GET /t");

	(void)unused;
	assert_string_equal(text(rule(doc, 0), "action"), "drop");
	assert_true(json_is_true(json_object_get(json_object_get(doc, "verdict"), "would_act")));
	assert_string_equal(text(json_object_get(doc, "verdict"), "verdict"), "accept");
	assert_string_equal(text(json_object_get(rule(doc, 1), "why_not"), "attribute"), "path");
	assert_string_equal(text(json_object_get(rule(doc, 1), "why_not"), "value"), "/t");
	/* the guard looked at the budgets of the unproved, the server's first */
	assert_string_equal(text(json_array_get(json_object_get(doc, "guard"), 0), "budget"),
			    "ledger_server");
	json_decref(doc);
	damp_bench_free(b);
}

/* A drop of the guard is not the work of the rule that said accept. */
static void test_explain_guard_drop(void **unused)
{
	struct damp_bench *b = bench_of(rules_text, 0);
	json_t *doc = explained(b, DAMP_INSIDE, "10.2.0.1:5683", "203.0.113.9", "NON 2.05"),
	       *verdict;

	(void)unused;
	verdict = json_object_get(doc, "verdict");
	assert_string_equal(text(verdict, "reason"), "unsolicited_out");
	assert_true(json_is_null(json_object_get(verdict, "rule")));
	assert_true(json_is_null(json_object_get(doc, "sends")));
	json_decref(doc);
	damp_bench_free(b);
}

/* Before the rules: nothing was asked, though `rest` matches everything. */
static void test_explain_before_the_rules(void **unused)
{
	struct damp_bench *b = bench_of(rules_text, 0);
	json_t *doc = explained(b, DAMP_OUTSIDE, "203.0.113.9", "224.0.1.187", "NON GET /a");

	(void)unused;
	assert_string_equal(text(json_object_get(doc, "verdict"), "reason"), "group_from_outside");
	for (size_t i = 0; i < 5; i++)
		assert_true(json_is_false(json_object_get(rule(doc, i), "asked")));
	json_decref(doc);
	damp_bench_free(b);
}

static void test_peers(void **unused)
{
	struct damp_peers t = { 0 };
	struct damp_addr a = { .b = { 0xfd, [15] = 1 } };

	(void)unused;
	assert_null(damp_peers_worst(&t));
	for (uint32_t i = 0; i < 5000; i++) {
		damp_put32(a.b + 8, i);
		assert_true(damp_peers_add(&t, &a, 100, 0));
		assert_true(damp_peers_add(&t, &a, 0, i == 777 || i == 778 ? 300 : 299));
	}
	damp_put32(a.b + 8, 9999);
	assert_true(damp_peers_add(&t, &a, 0, 100000)); /* nothing came from there: no factor */
	assert_int_equal(t.n, 5001);
	assert_int_equal(damp_peers_worst(&t)->out, 300);
	assert_int_equal(damp_get32(damp_peers_worst(&t)->addr.b + 8), 777);
	damp_peers_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_the_judge),
		cmocka_unit_test(test_explain_limits),
		cmocka_unit_test(test_explain_observe_and_why),
		cmocka_unit_test(test_explain_guard_drop),
		cmocka_unit_test(test_explain_before_the_rules),
		cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
