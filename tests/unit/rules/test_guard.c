/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of the guard, each of which reaches one field; its defaults, policies of
 * failure, and what the control plane watches for.
 */
#include "compiled.h"
#include "eval.h"
#include "guard.h"
#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each key of the guard reaches the one field it is for, and no other. */
static const struct { const char *text; size_t offset, len; uint64_t value; } guard_cases[] = {
#define F(text, field, value) { text, offsetof(struct damp_guard, field), sizeof(((struct damp_guard *)0)->field), value }
	F("amplification: 2.5x", alpha_q8, 640),
	F("fragments: pass", fragments, DAMP_FRAGMENTS_PASS),
	F("table_full: evict", table_full, DAMP_TABLE_FULL_EVICT),
	F("group_from_outside: true", allow_group_from_outside, 1),
	F("check_sources: false", check_sources, 0),
	F("permute_message_ids: false", permute_mids, 0),
	F("hold: false", hold, 0),
	F("needs_proof: {block1: false}", prove_block1, 0),
	F("needs_proof: {q_block: false}", prove_q_block, 0),
	F("needs_proof: {observe: true}", prove_observe, 1),
	F("servers: {rate: 64 msg/s, burst: 200 msg}", server, 1ull << 30),
	F("proved: {rate: 2 MiB/s}", proved, 1ull << 15),
	F("challenges: {rate: 1 msg/s}", challenge_host, 1ull << 36),
	F("challenges: {network: {ipv4: 16}}", challenge_net4.plen, 16),
	F("challenges: {network: {ipv6: 32}}", challenge_net6.plen, 32),
	F("challenges: {all: {rate: 65536 msg/s}}", challenge_all, 1ull << 20),
	F("challenges: {reserve: 2 KiB}", challenge_reserve_ticks, SECOND / 2),
	F("pings: {rate: 1 msg/s}", ping, 1ull << 36),
	F("probing: {rate: 1 msg/s}", probing, 1ull << 36),
	F("proof: {idle: 10 s}", proof_idle_s, 10),
	F("proof: {max: 1 h}", proof_max_s, 3600),
	F("echo_life: 60 s", echo_life_s, 60),
	F("grace: {time: 0 s}", grace_s, 0),
	F("grace: {ipv4: 64 B}", grace_bytes4, 64),
	F("grace: {ipv6: 1 KiB}", grace_bytes6, 1024),
	F("exchanges: {con: 5 min}", con_life_s, 300),
	F("exchanges: {non: 100 s}", non_life_s, 100),
	F("observe: {life: 1 d}", observe_life_s, 86400),
	F("observe: {pings: 2 msg}", observe_pings, 2),
	F("observe: {unheard: 7 msg}", observe_unheard, 7),
	F("observe: {silence: 1 min}", observe_unheard_s, 60),
	F("observe: {rate: 1 msg/s}", notify, 1ull << 36),
	F("observe: {at_once: {path: 3}}", observe_path, 3),
	F("observe: {at_once: {pair: 50}}", observe_pair, 50),
	F("observe: {at_once: {source: 256}}", observe_source, 256),
	F("observe: {at_once: {server: 1024}}", observe_server, 1024),
	F("observe: {attributes: {pmin: 2 s}}", observe_pmin_ms, 2000),
	F("observe: {attributes: {pmax: 0 s}}", observe_pmax_ms, 0),
	F("observe: {attributes: {evaluation: 5 s}}", observe_eval_ms, 5000),
	F("transfers: {body: 1 MiB}", transfer_bytes, 1 << 20),
	F("transfers: {life: 100 s}", transfer_life_s, 100),
	F("transfers: {source: 9}", transfers_source, 9),
	F("transfers: {server: 0}", transfers_server, 0),
	F("transfers: {announce: 4 KiB}", announce_bytes, 4096),
	F("transfers: {q_block: 255}", q_blocks, 255),
	F("exchanges: {group_answers: 7}", group_answers, 7),
	F("asymmetric: {unanswered: pass}", unanswered_prove, 0),
	F("asymmetric: {unasked: small}", unasked_small, 1),
#undef F
};

static void compiled_guard(const char *text, struct damp_guard *g)
{
	struct damp_rules r;
	char file[300];

	snprintf(file, sizeof(file), HEAD "%s%s\n", *text ? "guard:\n  " : "", text);
	compile(file, &r);
	*g = *(const struct damp_guard *)eval_section(r.program, DAMP_SEC_GUARD);
	damp_rules_free(&r);
}

static void guard_keys(void **state)
{
	struct damp_guard plain, set;

	(void)state;
	compiled_guard("", &plain);
	for (size_t i = 0; i < sizeof(guard_cases) / sizeof(guard_cases[0]); i++) {
		const size_t off = guard_cases[i].offset, len = guard_cases[i].len;
		uint64_t value = 0;

		compiled_guard(guard_cases[i].text, &set);
		/* Of a whole rung the cost is looked at, which comes first. */
		memcpy(&value, (const char *)&set + off, len < sizeof(value) ? len : sizeof(value));
		if (value != guard_cases[i].value)
			fail_msg("%s: %llu", guard_cases[i].text, (unsigned long long)value);
		memcpy((char *)&set + off, (const char *)&plain + off, len);
		assert_memory_equal(&set, &plain, sizeof(plain));
	}
}

/* attacks.md section 8, in ticks: the same numbers as the core's own defaults. */
static void guard_defaults(void **state)
{
	struct damp_guard g, core;

	(void)state;
	compiled_guard("", &g);
	damp_guard_defaults(&core);
	assert_memory_equal(&g, &core, sizeof(g));
	assert_int_equal(g.alpha_q8, 3 * 256);
	assert_int_equal(g.host4.cost_q16, 1ull << 24);         /* 4 KiB/s */
	assert_int_equal(g.host4.burst_ticks, 4 * SECOND);      /* 16 KiB of it */
	assert_int_equal(g.host4.plen, 32);
	assert_int_equal(g.net4.cost_q16, 1ull << 19);          /* 32 times as fast */
	assert_int_equal(g.net4.plen, 24);
	assert_int_equal(g.host6.plen, 64);
	assert_int_equal(g.net6.cost_q16, 1ull << 22);          /* 4 times as fast */
	assert_int_equal(g.net6.plen, 48);
	assert_true(g.probing.burst_ticks < DAMP_BURST_TICKS_MAX);
}

struct watch_case {
	const char *text;
	struct damp_watch want;
};

#define ATTACK .attack_rate_milli = 10000, .attack_update_s = 30, .attack_quiet_s = 60
#define KEEP ATTACK, .keep_share_q32 = UINT32_MAX, .keep_bytes = 64 << 20, .keep_snap = 1536

/* What the control plane watches for: the defaults are those of the core, and as
 * the key table states them. */
static const struct watch_case watch_cases[] = {
	{ "", { ATTACK } },
	{ "events: {attack: {}}", { ATTACK } },
	{ "events: {attack: {rate: 10 msg/s, update: 30 s, quiet: 60 s}}", { ATTACK } },
	{ "events: {attack: {rate: 30 msg/min, update: 1 s, quiet: 1 h}}", { 500, 1, 3600, 0, 0, 0, 0 } },
	{ "events: {attack: {rate: 4000000 msg/s, update: 1 h, quiet: 1 s}}", { 4000000000u, 3600, 1, 0, 0, 0, 0 } },
	{ "capture: {drops: {}}", { KEEP } },
	{ "capture: {drops: {ring: 64 MiB, sample: 1/1, snap: 1536 B}}", { KEEP } },
	{ "capture: {drops: {ring: 1 MiB, sample: 1/2, snap: 64 B, keep: 30 d}}",
	  { 10000, 30, 60, 1u << 31, 1 << 20, 64, 30 * 86400 } },
};

/* The policies of `fail`, as the guard has them. */
static void fail_policies(void **state)
{
	static const struct { const char *text; uint8_t overload, clock, table; } rows[] = {
		{ "", DAMP_OVERLOAD_CLOSED, DAMP_CLOCK_CLOSED, DAMP_TABLE_FULL_DROP },
		{ "fail: {overload: open}", DAMP_OVERLOAD_OPEN, DAMP_CLOCK_CLOSED, DAMP_TABLE_FULL_DROP },
		{ "fail: {overload: closed, clock_unsynced: open}", DAMP_OVERLOAD_CLOSED, DAMP_CLOCK_OPEN, DAMP_TABLE_FULL_DROP },
		{ "fail: {table_full: open}", DAMP_OVERLOAD_CLOSED, DAMP_CLOCK_CLOSED, DAMP_TABLE_FULL_EVICT },
		{ "fail: {table_full: evict-idle}", DAMP_OVERLOAD_CLOSED, DAMP_CLOCK_CLOSED, DAMP_TABLE_FULL_EVICT },
		{ "fail: {table_full: closed, filter_down: closed}", DAMP_OVERLOAD_CLOSED, DAMP_CLOCK_CLOSED, DAMP_TABLE_FULL_DROP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct damp_guard *g;
		struct damp_rules r;
		char file[200];

		snprintf(file, sizeof(file), HEAD "%s\n", rows[i].text);
		compile(file, &r);
		g = eval_section(r.program, DAMP_SEC_GUARD);
		if (g->overload != rows[i].overload || g->clock_unsynced != rows[i].clock || g->table_full != rows[i].table)
			fail_msg("%s", rows[i].text);
		damp_rules_free(&r);
	}
}

static void watch(void **state)
{
	struct damp_watch core;
	struct damp_rules r;

	(void)state;
	damp_watch_defaults(&core);
	assert_memory_equal(&core, &watch_cases[0].want, sizeof(core));
	for (size_t i = 0; i < sizeof(watch_cases) / sizeof(watch_cases[0]); i++) {
		char file[300];

		snprintf(file, sizeof(file), HEAD "%s\n", watch_cases[i].text);
		compile(file, &r);
		if (memcmp(&r.program->watch, &watch_cases[i].want, sizeof(core)) != 0)
			fail_msg("%s", watch_cases[i].text);
		damp_rules_free(&r);
	}
}

/* The texts of the key table, compiled, are the defaults. */
static void watch_texts(void **state)
{
	struct damp_rules r;
	char file[400];

	(void)state;
	snprintf(file, sizeof(file), HEAD "events: {attack: {rate: %s, update: %s, quiet: %s}}\n"
		 "capture: {drops: {ring: %s, sample: %s, snap: %s}}\n",
		 damp_keys[DAMP_KEY_ATTACK_RATE].deflt, damp_keys[DAMP_KEY_ATTACK_UPDATE].deflt,
		 damp_keys[DAMP_KEY_ATTACK_QUIET].deflt, damp_keys[DAMP_KEY_DROPS_RING].deflt,
		 damp_keys[DAMP_KEY_DROPS_SAMPLE].deflt, damp_keys[DAMP_KEY_DROPS_SNAP].deflt);
	compile(file, &r);
	assert_memory_equal(&r.program->watch, &(struct damp_watch){ KEEP }, sizeof(r.program->watch));
	damp_rules_free(&r);
}

static void full_tables(void **state)
{
	static const struct { const char *text; unsigned want; } t[] = {
		{ HEAD, DAMP_TABLE_FULL_DROP },
		{ HEAD "fail: {table_full: closed}\n", DAMP_TABLE_FULL_DROP },
		{ HEAD "fail: {table_full: open}\n", DAMP_TABLE_FULL_EVICT },
		{ HEAD "fail: {table_full: evict-idle}\n", DAMP_TABLE_FULL_EVICT },
		{ HEAD "guard: {table_full: evict}\nfail: {filter_down: open}\n", DAMP_TABLE_FULL_EVICT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct damp_guard *g;
		struct damp_rules r;

		compile(t[i].text, &r);
		g = eval_section(r.program, DAMP_SEC_GUARD);
		assert_int_equal(g->table_full, t[i].want);
		damp_rules_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guard_keys),
		cmocka_unit_test(guard_defaults),
		cmocka_unit_test(watch),
		cmocka_unit_test(watch_texts),
		cmocka_unit_test(fail_policies),
		cmocka_unit_test(full_tables),
	};

	return cmocka_run_group_tests_name("compiled guard", tests, NULL, NULL);
}
