/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction only: what the counts say, and what the judge then does
 * (AV-49 j).
 */
#include "routing.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define B DAMP_ROUTING_BOTH
#define A DAMP_ROUTING_UNANSWERED
#define O DAMP_ROUTING_UNASKED

static const struct {
	enum damp_routing was;
	struct damp_sight window;   /* asked, answered, orphans */
	enum damp_routing is;
} windows[] = {
	{ B, { 1000, 900, 3 }, B }, { B, { 1000, 50, 0 }, B }, { B, { 1000, 49, 0 }, A }, { A, { 1000, 0, 0 }, A },
	{ B, { 49, 0, 0 }, B },     /* too few */
	{ A, { 49, 0, 0 }, A }, { O, { 0, 0, 0 }, O },  /* a quiet hour */
	{ A, { 60, 60, 0 }, B },    /* it is over */
	{ B, { 0, 0, 50 }, O }, { B, { 0, 3, 50 }, B }, { O, { 0, 2, 50 }, O }, { O, { 80, 80, 60 }, B },
	/* answers that belong to other gateways' requests, beside ours that go unanswered */
	{ B, { 1000, 0, 1000 }, O },
};

static void windows_tell(void **state)
{
	const struct damp_sight before = { 7, 5, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		const struct damp_sight now = { 7 + windows[i].window.asked, 5 + windows[i].window.answered,
						3 + windows[i].window.orphans };

		if (damp_routing_next(windows[i].was, &before, &now) != windows[i].is)
			fail_msg("window %zu", i);
	}
}

static enum damp_reason get(struct rig *r)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')))->reason;
}

static enum damp_reason orphan(struct rig *r, size_t payload)
{
	uint8_t m[200] = { 0x51, 0x45, 0x09, 0x09, 0x77, 0xff };

	return rig_send(r, DAMP_INSIDE, SERVER, CLIENT, m, 6 + payload)->reason;
}

static enum damp_routing look(struct rig *r, enum damp_routing was, struct damp_sight *last)
{
	const struct damp_sight now = damp_sight_of(r->stats->worker, 1);
	const enum damp_routing is = damp_routing_next(was, last, &now);

	*last = now;
	damp_judge_set_routing(r->judge, is);
	return is;
}

/* Answers take another way: from the window on, a proof comes first. */
static void unanswered(void **state)
{
	struct damp_sight last = { 0 };
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD "guard: {first_contact: {rate: 1000 msg/s, burst: 1000 msg, "
		   "network: {rate: 1000 msg/s, burst: 1000 msg}}}\n");
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(get(&r), DAMP_REASON_ACCEPTED);
	assert_int_equal(look(&r, B, &last), A);
	assert_int_equal(get(&r), DAMP_REASON_HELD);
	/* Both are seen again, of proved peers for instance. */
	damp_judge_set_routing(r.judge, B);
	assert_int_equal(get(&r), DAMP_REASON_ACCEPTED);
	rig_close(&r);
}

/* Requests take another way: by default nothing changes, with 'small' small
 * answers pass, and are counted as orphans still. */
static void unasked(void **state)
{
	for (unsigned small = 0; small < 2; small++) {
		struct damp_sight last = { 0 };
		struct rig r;

		rules_open(&r, *(bool *)*state, small ? HEAD "guard: {asymmetric: {unasked: small}}\n" : HEAD);
		for (unsigned i = 0; i < 60; i++)
			assert_int_equal(orphan(&r, 20), DAMP_REASON_UNSOLICITED_OUT);
		assert_int_equal(look(&r, B, &last), O);
		assert_int_equal(orphan(&r, 20), small ? DAMP_REASON_ACCEPTED_GRACE : DAMP_REASON_UNSOLICITED_OUT);
		assert_int_equal(orphan(&r, 150), DAMP_REASON_UNSOLICITED_OUT);
		for (unsigned i = 0; i < 60; i++)
			orphan(&r, 20);
		assert_int_equal(look(&r, O, &last), O);
		rig_close(&r);
	}
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(windows_tell), BOTH(unanswered), BOTH(unasked) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
