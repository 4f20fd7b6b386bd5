/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a reload keeps: limits by name and key shape (program.h, state_key),
 * counters and slips by rule id, wherever the rule moves and whatever else
 * changes in the file. And what it forgets: a limit whose shape is another.
 */
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FEW(rate) "  few: {per: source, rate: " rate ", burst: 3 msg}\n"
#define RULE_FEW "  - {id: few, match: {from: outside, msg: request}, limit: few, over: drop}\n"
#define BEFORE HEAD ZONES "limits:\n" FEW("1 msg/min") "rules:\n" RULE_FEW

static enum damp_reason get(struct rig *r)
{
	return rig_send(r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(GET('a')))->reason;
}

static void use_up(struct rig *r)
{
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(get(r), DAMP_REASON_ACCEPTED);
	assert_int_equal(get(r), DAMP_REASON_RULE_LIMIT);
}

/* Each text is loaded while the limit of BEFORE is used up. */
static void a_limit_survives(void **state)
{
	static const struct { const char *what, *text; bool kept; } cases[] = {
		{ "the same file", BEFORE, true },
		{ "another rate: what is owed stays owed",
		  HEAD ZONES "limits:\n" FEW("2 msg/min") "rules:\n" RULE_FEW, true },
		{ "other limits and rules before it",
		  HEAD ZONES "limits:\n  aaa: {per: source, rate: 9 msg/s}\n" FEW("1 msg/min")
		  "rules:\n  - {id: first, match: {from: outside, path: /zzz}, limit: aaa}\n" RULE_FEW, true },
		{ "another rule uses it",
		  HEAD ZONES "limits:\n" FEW("1 msg/min")
		  "rules:\n  - {id: other, match: {msg: request}, limit: few, over: drop}\n", true },
		{ "another name", HEAD ZONES "limits:\n  new: {per: source, rate: 1 msg/min, burst: 3 msg}\n"
		  "rules:\n  - {id: few, match: {msg: request}, limit: new, over: drop}\n", false },
		{ "another owner", HEAD ZONES "limits:\n  few: {per: target, rate: 1 msg/min, burst: 3 msg}\n"
		  "rules:\n" RULE_FEW, false },
		{ "another ladder", HEAD ZONES "limits:\n  few: {per: source, rate: 1 msg/min, burst: 3 msg, "
		  "ladder: {ipv4: {32: 1x, 24: 8x}, ipv6: {128: 1x, 64: 8x}}}\nrules:\n" RULE_FEW, false },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rules_open(&r, *(bool *)*state, BEFORE);
		use_up(&r);
		rules_reload(&r, cases[i].text);
		if ((get(&r) == DAMP_REASON_RULE_LIMIT) != cases[i].kept)
			fail_msg("%s: the limit was %s", cases[i].what, cases[i].kept ? "forgotten" : "kept");
		rig_close(&r);
	}
}

static void counters_go_on(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, BEFORE);
	rules_reload(&r, BEFORE);
	use_up(&r);
	rules_reload(&r, HEAD ZONES "limits:\n" FEW("1 msg/min")
			 "rules:\n  - {id: new, match: {path: /zzz}, then: drop}\n" RULE_FEW);
	assert_int_equal(rules_counted_id(&r, "few", DAMP_OUT_MATCHED), 4);
	assert_int_equal(rules_counted_id(&r, "few", DAMP_OUT_ACTED), 1);
	assert_int_equal(rules_counted_id(&r, "new", DAMP_OUT_MATCHED), 0);
	assert_int_equal(get(&r), DAMP_REASON_RULE_LIMIT);
	assert_int_equal(rules_counted_id(&r, "few", DAMP_OUT_ACTED), 2);
	/* Gone for one generation, and back. */
	rules_reload(&r, HEAD ZONES);
	rules_reload(&r, BEFORE);
	assert_int_equal(get(&r), DAMP_REASON_RULE_LIMIT);
	assert_int_equal(rules_counted_id(&r, "few", DAMP_OUT_ACTED), 3);
	rig_close(&r);
}

/* A reload per message must not starve a slip. */
static void slips_go_on(void **state)
{
	static const char text[] = HEAD ZONES
		"rules:\n  - {id: s, match: {from: outside, path: /a}, then: drop, slip: {every: 3, with: reset}}\n";
	struct rig r;

	rules_open(&r, *(bool *)*state, text);
	for (unsigned i = 1; i <= 3; i++) {
		rules_reload(&r, text);
		get(&r);
		assert_int_equal(r.pkt.fate, i % 3 ? DAMP_FATE_DROP : DAMP_FATE_BACK);
	}
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = { BOTH(a_limit_survives), BOTH(counters_go_on), BOTH(slips_go_on) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
