/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dry run never acts, and to enforce is never merely to watch: for every
 * action of the language, as `then` and as `over`, from both sides and over both
 * families, read from the data plane's own counters.
 *
 * Idea: the same conversation goes through two judges, one without the rule. In
 * mode observe both have to do the same with every frame, byte by byte, and all
 * their counters but those of the rule have to be equal.
 *
 * Reference: operators.md 2, complaints 1 to 5.
 */
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OUT_ASKER ((struct rig_end){ 7, 5683 })
#define ASKS 4u

struct action {
	const char *text;
	bool ends;              /* a message that it befalls goes no further as it is */
	bool from_outside_only; /* of what comes from inside it does nothing */
};

static const struct action actions[] = {
	{ "accept", false, false },
	{ "drop", true, false },
	{ "challenge", true, true },
	{ "reset", true, false },
	{ "too-many-requests", true, false },
	{ "{answer: 4.03}", true, false },
	{ "{answer: 5.03, max_age: 60 s..300 s}", true, false },
	{ "{answer: 4.01, echo: true}", true, true },
	{ "{strip: observe}", false, true },
};

/* NON GET /a, Observe 0; long enough for every answer. */
static struct damp_pkt *ask(struct rig *r, enum damp_side side, uint8_t n)
{
	const uint8_t m[] = { 0x52, 0x01, 0x00, n, 0x11, n, 0x60, 0x51, 'a', 0x0d, 0x05,
			      '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' };

	if (side == DAMP_OUTSIDE)
		return rig_send(r, side, CLIENT, SERVER, m, sizeof(m));
	return rig_send(r, side, (struct rig_end){ 2, 40000 }, OUT_ASKER, m, sizeof(m));
}

static struct damp_pkt *answer(struct rig *r, enum damp_side side, uint8_t n)
{
	const uint8_t m[] = { 0x52, 0x45, 0x01, n, 0x11, n, 0xff, 'x' };

	if (side == DAMP_OUTSIDE)
		return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, sizeof(m));
	return rig_send(r, DAMP_OUTSIDE, OUT_ASKER, (struct rig_end){ 2, 40000 }, m, sizeof(m));
}

static void same_frame(const struct rig *a, const struct rig *b, const char *what)
{
	if (a->pkt.fate != b->pkt.fate || a->pkt.reason != b->pkt.reason || a->pkt.verdict != b->pkt.verdict ||
	    a->pkt.out_len != b->pkt.out_len)
		fail_msg("%s: fate %u, reason %u; without the rule %u, %u", what, a->pkt.fate, a->pkt.reason,
			 b->pkt.fate, b->pkt.reason);
	if (a->pkt.fate != DAMP_FATE_DROP)
		assert_memory_equal(a->frame, b->frame, a->pkt.out_len);
}

/* All counters of the worker but those of rules and of looking texts up. */
static void same_counters(const struct rig *a, const struct rig *b)
{
	struct damp_worker_stats x = a->stats->worker[0], y = b->stats->worker[0];

	x.memo_hits = y.memo_hits = x.memo_misses = y.memo_misses = x.hs_scans = y.hs_scans = 0;
	assert_memory_equal(&x, &y, offsetof(struct damp_worker_stats, rule));
}

static void open_both(struct rig *with, struct rig *without, bool v6, enum damp_side side, const char *mode,
		      const char *does)
{
	char text[1024];

	snprintf(text, sizeof(text), HEAD ZONES "limits:\n  one: {per: global, rate: 5 msg/h, burst: 1 msg}\n"
		 "rules:\n  - {id: r, mode: %s, match: {from: %s, msg: request}, %s}\n", mode,
		 side == DAMP_OUTSIDE ? "outside" : "inside", does);
	rules_open(with, v6, text);
	rules_open(without, v6, HEAD ZONES);
}

static uint64_t counted(const struct rig *r, enum damp_outcome o)
{
	return rules_counted(r, 0, o);
}

static void check_observe(bool v6, enum damp_side side, const char *does, unsigned would)
{
	struct rig with, without;

	open_both(&with, &without, v6, side, "observe", does);
	for (uint8_t n = 1; n <= ASKS; n++) {
		ask(&with, side, n);
		ask(&without, side, n);
		same_frame(&with, &without, does);
		answer(&with, side, n);
		answer(&without, side, n);
		same_frame(&with, &without, does);
	}
	same_counters(&with, &without);
	assert_int_equal(counted(&with, DAMP_OUT_MATCHED), ASKS);
	assert_int_equal(counted(&with, DAMP_OUT_ACTED), 0);
	assert_int_equal(counted(&with, DAMP_OUT_WOULD), would);
	rig_close(&with);
	rig_close(&without);
}

static void check_enforce(bool v6, enum damp_side side, const struct action *a, const char *does, unsigned acts)
{
	struct rig with, without;
	unsigned ended = 0;

	open_both(&with, &without, v6, side, "enforce", does);
	for (uint8_t n = 1; n <= ASKS; n++) {
		ask(&with, side, n);
		ask(&without, side, n);
		assert_int_equal(without.pkt.fate, DAMP_FATE_FORWARD);
		ended += with.pkt.fate != DAMP_FATE_FORWARD;
		if (with.pkt.fate == DAMP_FATE_FORWARD)
			answer(&with, side, n);
		answer(&without, side, n);
	}
	assert_int_equal(counted(&with, DAMP_OUT_MATCHED), ASKS);
	assert_int_equal(counted(&with, DAMP_OUT_ACTED), acts);
	assert_int_equal(counted(&with, DAMP_OUT_WOULD), 0);
	if (a->ends && (side == DAMP_OUTSIDE || !a->from_outside_only))
		assert_int_equal(ended, acts);
	else
		assert_int_equal(ended, 0);
	rig_close(&with);
	rig_close(&without);
}

/* `then` befalls every message; accept is no act that a dry run would count. */
static void then_in_both_modes(void **state)
{
	const bool v6 = *(bool *)*state;
	char does[128];

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			snprintf(does, sizeof(does), "then: %s", actions[i].text);
			check_observe(v6, side, does, i == 0 ? 0 : ASKS);
			check_enforce(v6, side, &actions[i], does, ASKS);
		}
}

/* `over` befalls all but the first, and in a dry run the limit is used up the same. */
static void over_in_both_modes(void **state)
{
	const bool v6 = *(bool *)*state;
	char does[128];

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			snprintf(does, sizeof(does), "limit: one, over: %s", actions[i].text);
			check_observe(v6, side, does, i == 0 ? 0 : ASKS - 1);
			check_enforce(v6, side, &actions[i], does, ASKS - 1);
		}
}

/* What is no action of its own: nothing of it in a dry run either. */
static void the_rest_in_a_dry_run(void **state)
{
	static const struct { const char *does; unsigned would; } cases[] = {
		{ "then: continue", 0 },
		{ "shape: {block2: 16 B}", 0 },
		{ "then: drop, slip: {every: 2, with: {answer: 4.03}}", ASKS },
		{ "limit: one, over: drop, slip: {every: 3, with: challenge}", ASKS - 1 },
		{ "limit: one, over: drop, warn: 10%", ASKS - 1 },
		{ "then: drop, log: {sample: 1/1}, severity: storm", ASKS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
			check_observe(*(bool *)*state, side, cases[i].does, cases[i].would);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(then_in_both_modes), BOTH(over_in_both_modes), BOTH(the_rest_in_a_dry_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
