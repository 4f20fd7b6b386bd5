/* SPDX-License-Identifier: BSD-3-Clause */
/* Learning: histograms against sorted values, windows, and what is left out. */
#include "common/learn.h"
#include "common/learn_hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <damper/reasons.h>

#define SEED 20261121u

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_quantiles(void **state)
{
	static const double shares[] = { 0.01, 0.5, 0.95, 0.99, 1.0 };
	static struct damp_learn_hist h;
	static uint64_t v[3000];
	uint64_t rng = SEED;

	(void)state;
	for (unsigned turn = 0; turn < 20; turn++) {
		const unsigned n = 1 + (unsigned)(next(&rng) % 3000);

		memset(&h, 0, sizeof(h));
		for (unsigned i = 0; i < n; i++) {
			v[i] = next(&rng) >> next(&rng) % 64;
			damp_learn_hist_add(&h, v[i]);
		}
		qsort(v, n, sizeof(v[0]), by_value);
		for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
			const double share = shares[s];
			const unsigned rank = (unsigned)(share * n) + ((double)(unsigned)(share * n) < share * n);
			const uint64_t exact = v[rank ? rank - 1 : 0], got = damp_learn_hist_quantile(&h, share);

			if (got < exact || got - exact > exact / 16 || got > v[n - 1])
				fail_msg("seed %u turn %u: %.2f of %u is %llu, not %llu", SEED, turn, share, n,
					 (unsigned long long)exact, (unsigned long long)got);
		}
	}
	memset(&h, 0, sizeof(h));
	assert_int_equal(damp_learn_hist_quantile(&h, 0.5), 0);
	damp_learn_hist_add(&h, UINT64_MAX);
	assert_true(damp_learn_hist_quantile(&h, 1) == UINT64_MAX);
}

static struct damp_learn_sample sample(uint64_t ms, uint8_t peer, uint8_t reason)
{
	struct damp_learn_sample s = { .ms = ms, .bytes = 100, .side = DAMP_OUTSIDE, .reason = reason,
				       .of_peer = true, .of_device = true, .of_all = true };

	s.peer[15] = peer;
	s.device[15] = 1;
	return s;
}

static void add(struct damp_learn *l, uint64_t ms, uint8_t peer, uint8_t reason)
{
	const struct damp_learn_sample s = sample(ms, peer, reason);

	damp_learn_add(l, &s);
}

static long long count(const struct damp_learn *l, const char *key)
{
	json_t *j = damp_learn_json(l);
	const long long n = json_integer_value(json_object_get(j, key));

	json_decref(j);
	return n;
}

/* messages: [what][which] of a shape; what "rate" or "burst". */
static double value(const struct damp_learn *l, unsigned shape, const char *what, const char *which)
{
	json_t *j = damp_learn_json(l);
	const json_t *s = json_array_get(json_object_get(j, "shapes"), shape);
	const double v = json_number_value(
		json_object_get(json_object_get(json_object_get(s, "messages"), what), which));

	json_decref(j);
	return v;
}

static long long values(const struct damp_learn *l, unsigned shape)
{
	json_t *j = damp_learn_json(l);
	const json_t *s = json_array_get(json_object_get(j, "shapes"), shape);
	const long long n = json_integer_value(json_object_get(s, "values"));

	json_decref(j);
	return n;
}

enum { PEER, DEVICE, PAIR, GLOBAL, PATH, TENANT, OF_INSIDE }; /* of outside: the first six shapes */

/* Peer 1 sends 2 a second for a minute; peer 2 sends 30 in one second of it. */
static void test_rate_and_burst(void **state)
{
	struct damp_learn *l = damp_learn_new();

	(void)state;
	assert_non_null(l);
	for (uint64_t ms = 5000; ms < 65000; ms += 500) {
		add(l, ms, 1, DAMP_REASON_ACCEPTED);
		for (unsigned i = 0; ms == 20000 && i < 30; i++)
			add(l, ms + i, 2, DAMP_REASON_ACCEPTED);
	}
	damp_learn_end(l);
	assert_int_equal(count(l, "windows"), 6);
	assert_int_equal(values(l, PEER), 7); /* six of peer 1, one of peer 2 */
	assert_float_equal(value(l, PEER, "rate", "p50"), 2.0, 0.01);
	assert_float_equal(value(l, PEER, "rate", "max"), 3.0, 0.01);
	assert_float_equal(value(l, PEER, "burst", "p50"), 2.0, 0.01);
	assert_float_equal(value(l, PEER, "burst", "max"), 30.0, 0.01);
	assert_float_equal(value(l, DEVICE, "burst", "max"), 32.0, 0.01);
	assert_float_equal(value(l, GLOBAL, "rate", "max"), 5.0, 0.01);
	assert_int_equal(values(l, PAIR), 7);
	assert_int_equal(values(l, OF_INSIDE), 0); /* nothing came from inside */
	damp_learn_free(l);
}

/* A key that a limit acted on is left out of its window; the others are not,
 * and a message that is no good at all is nobody's. */
static void test_key_left_out(void **state)
{
	struct damp_learn *l = damp_learn_new();

	(void)state;
	for (unsigned i = 0; i < 400; i++)
		add(l, i * 20, 1, DAMP_REASON_ACCEPTED);
	add(l, 8000, 2, DAMP_REASON_ACCEPTED);
	add(l, 8001, 2, DAMP_REASON_RULE_LIMIT);
	add(l, 8002, 3, DAMP_REASON_COAP_VERSION);
	damp_learn_end(l);
	assert_int_equal(count(l, "windows"), 1);
	assert_int_equal(values(l, PEER), 1);
	assert_true(count(l, "keys_left_out") >= 1);
	assert_int_equal(values(l, GLOBAL), 1);
	damp_learn_free(l);
}

/* Limits on more than 1 % of the messages: an attack, and no lesson. */
static void test_window_left_out(void **state)
{
	struct damp_learn *l = damp_learn_new();

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		add(l, i * 20, 1, i < 2 ? DAMP_REASON_LEDGER_HOST : DAMP_REASON_ACCEPTED);
	for (unsigned i = 0; i < 100; i++)
		add(l, 10000 + i * 20, 1, DAMP_REASON_ACCEPTED);
	damp_learn_end(l);
	assert_int_equal(count(l, "windows"), 1);
	assert_int_equal(count(l, "windows_left_out"), 1);
	assert_int_equal(values(l, PEER), 1);
	damp_learn_free(l);
}

static void test_lost_and_restart(void **state)
{
	struct damp_learn *l = damp_learn_new();

	(void)state;
	add(l, 100000, 1, DAMP_REASON_ACCEPTED);
	damp_learn_lost(l, 3);
	add(l, 115000, 1, DAMP_REASON_ACCEPTED);
	/* The data plane starts again, and its clock with it. */
	add(l, 16000, 1, DAMP_REASON_ACCEPTED);
	add(l, 27000, 1, DAMP_REASON_ACCEPTED);
	damp_learn_end(l);
	assert_int_equal(count(l, "lost"), 3);
	assert_int_equal(count(l, "windows_left_out"), 2); /* with losses, and broken off */
	assert_int_equal(count(l, "windows"), 2);
	assert_int_equal(count(l, "seconds"), 26);
	damp_learn_free(l);
}

/* More keys than there is room for are counted, and cost no memory. */
static void test_bounded(void **state)
{
	struct damp_learn *l = damp_learn_new();
	struct damp_learn_sample s = sample(0, 0, DAMP_REASON_ACCEPTED);
	uint64_t rng = SEED;

	(void)state;
	for (unsigned i = 0; i < 4 * DAMP_LEARN_KEYS; i++) {
		const uint64_t a = next(&rng);

		memcpy(s.peer, &a, sizeof(a));
		damp_learn_add(l, &s);
	}
	damp_learn_end(l);
	assert_true(values(l, PEER) <= DAMP_LEARN_KEYS);
	assert_true(values(l, PEER) > DAMP_LEARN_KEYS / 2);
	assert_int_equal(values(l, DEVICE), 1);
	assert_true(count(l, "keys_not_followed") > 2 * DAMP_LEARN_KEYS);
	damp_learn_free(l);
}

/* One key in so many: who is not sampled as a peer gives no value as one; all
 * together come from the counters. */
static void test_sampled(void **state)
{
	struct damp_learn *l = damp_learn_new();
	struct damp_learn_sample s = sample(0, 1, DAMP_REASON_ACCEPTED);

	(void)state;
	s.of_peer = s.of_all = false;
	damp_learn_add(l, &s);
	damp_learn_add_total(l, 0, DAMP_OUTSIDE, 50, 5000);
	damp_learn_end(l);
	assert_int_equal(values(l, PEER), 0);
	assert_int_equal(values(l, DEVICE), 1);
	assert_float_equal(value(l, GLOBAL, "rate", "max"), 5.0, 0.01);
	damp_learn_free(l);
}

/* A path is counted over all peers, a tenant over all its devices; neither what
 * has none, nor a path or a tenant of a window in which a limit acted on it. */
static void test_paths_and_tenants(void **state)
{
	static const struct { uint64_t ms; uint8_t peer; uint64_t path; uint32_t tenant; uint8_t reason; } sent[] = {
		{ 100, 1, 77, 5, DAMP_REASON_ACCEPTED }, { 200, 2, 77, 5, DAMP_REASON_ACCEPTED },
		{ 300, 3, 77, 6, DAMP_REASON_ACCEPTED }, { 400, 1, 0, 5, DAMP_REASON_ACCEPTED },
		{ 500, 1, 88, 0, DAMP_REASON_ACCEPTED },
		/* the next window: somebody asks too often for 88, and belongs to 6 */
		{ 10100, 9, 88, 6, DAMP_REASON_RULE_LIMIT }, { 10200, 1, 88, 5, DAMP_REASON_ACCEPTED },
		{ 10300, 1, 77, 5, DAMP_REASON_ACCEPTED }, { 10400, 1, 77, 6, DAMP_REASON_ACCEPTED },
	};
	struct damp_learn *l = damp_learn_new();

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct damp_learn_sample s = sample(sent[i].ms, sent[i].peer, sent[i].reason);

		s.path = sent[i].path;
		s.tenant = sent[i].tenant;
		s.of_path = s.of_tenant = true;
		damp_learn_add(l, &s);
	}
	for (unsigned i = 0; i < 200; i++) /* so that one in a hundred is not reached */
		add(l, 10500 + i, 1, DAMP_REASON_ACCEPTED);
	damp_learn_end(l);
	assert_int_equal(count(l, "windows"), 2);
	assert_int_equal(values(l, PATH), 3);   /* 77 and 88, then 77 alone */
	assert_float_equal(value(l, PATH, "rate", "max"), 0.3, 0.001);
	assert_int_equal(values(l, TENANT), 3); /* 5 and 6, then 5 alone */
	assert_float_equal(value(l, TENANT, "burst", "max"), 3.0, 0.001);
	damp_learn_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),     cmocka_unit_test(test_rate_and_burst),
		cmocka_unit_test(test_key_left_out),  cmocka_unit_test(test_window_left_out),
		cmocka_unit_test(test_lost_and_restart), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_sampled), cmocka_unit_test(test_paths_and_tenants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
