/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compiled block, field by field: header, rules, limits in ticks, the
 * guard's keys, address classes, and the bounds of a program.
 */
#include "eval.h"
#include "guard.h"
#include "keys.h"
#include "rules.h"
#include "view.h"
#include "view_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "version: 1\n"
#define SECOND (1u << 20)       /* ticks */

static void compile(const char *text, struct damp_rules *r)
{
	char err[200] = "";

	if (damp_rules_compile_text(text, strlen(text), "t.yaml", NULL, r) != 0)
		fail_msg("%s\n%s", text, r->text);
	if (!damp_program_check(r->program, r->program_len, err, sizeof(err)))
		fail_msg("%s\nthe data plane would refuse it: %s", text, err);
}

static const char *string_at(const struct damp_program_hdr *h, uint32_t off)
{
	return (const char *)eval_section(h, DAMP_SEC_STRINGS) + off;
}

static void header(void **state)
{
	struct damp_rules a, b;

	(void)state;
	compile(HEAD "ruleset: {name: my-rules, revision: 7, mode: observe}\n"
		     "rules:\n  - id: one\n    match: any\n    then: drop\n", &a);
	assert_int_equal(a.program->magic, DAMP_PROGRAM_MAGIC);
	assert_int_equal(a.program->total_len, a.program_len);
	assert_int_equal(a.program->checksum, damp_program_checksum(a.program, a.program_len));
	assert_string_equal(a.program->name, "my-rules");
	assert_int_equal(a.program->revision, 7);
	assert_int_equal(a.program->mode, DAMP_MODE_OBSERVE);
	assert_int_equal(a.program->nrules, 1);
	assert_int_equal(a.program->nwords, 1);
	assert_int_equal(a.program->generation, 0);
	/* b2sum -l 256 of the text above */
	assert_string_equal(a.program->digest, "6024e3058af04203530af6a2435974278eb75b433a37ee7769c1428b816ac8e5");
	/* The same text gives the same bytes. */
	compile(HEAD "ruleset: {name: my-rules, revision: 7, mode: observe}\n"
		     "rules:\n  - id: one\n    match: any\n    then: drop\n", &b);
	assert_int_equal(a.program_len, b.program_len);
	assert_memory_equal(a.program, b.program, a.program_len);
	damp_rules_free(&a);
	damp_rules_free(&b);
}

static void no_rules(void **state)
{
	struct damp_rules r;

	(void)state;
	compile(HEAD, &r);
	assert_int_equal(r.program->nrules, 0);
	assert_int_equal(r.program->nwords, 0);
	assert_int_equal(r.program->has_inside, 0);
	assert_string_equal(r.program->name, "rules");
	assert_int_equal(r.program->ncoap_ports, 1);
	assert_int_equal(r.program->coap_port[0], 5683);
	assert_int_equal(r.program->ndtls_ports, 1);
	assert_int_equal(r.program->dtls_port[0], 5684);
	damp_rules_free(&r);
}

static void rules(void **state)
{
	const struct damp_rule *rule;
	struct damp_rules r;

	(void)state;
	compile(HEAD "ruleset: {mode: observe}\n"
		     "limits:\n  l: {per: peer, rate: 1 msg/s}\n  k: {per: peer, rate: 1 KiB/s, burst: 2 KiB}\n"
		     "rules:\n"
		     "  - id: first\n    match: {msg: request}\n    limit: [k, l]\n    over: {answer: 4.29, max_age: 30 s}\n"
		     "  - {id: second, mode: \"off\", match: any, then: too-many-requests}\n"
		     "  - {id: third, match: any, limit: l}\n"
		     "  - {id: fourth, match: any, then: {answer: 4.01, echo: true}}\n", &r);
	rule = eval_section(r.program, DAMP_SEC_RULES);
	assert_string_equal(string_at(r.program, rule[0].id_off), "first");
	assert_string_equal(string_at(r.program, rule[0].file_off), "t.yaml");
	assert_int_equal(rule[0].line, 7);
	assert_int_equal(rule[0].column, 9);
	assert_int_equal(rule[0].mode, DAMP_MODE_OBSERVE);      /* the file's ceiling */
	assert_int_equal(rule[0].then.action, DAMP_ACT_CONTINUE);
	assert_int_equal(rule[0].over.action, DAMP_ACT_ANSWER);
	assert_int_equal(rule[0].over.code, 0x9d); /* 4.29 */
	assert_int_equal(rule[0].over.max_age_s, 30);
	assert_int_equal(rule[0].then.max_age_s, 0);
	assert_int_equal(rule[0].nlimits, 2);
	assert_int_equal(rule[0].limit[0], 1);
	assert_int_equal(rule[0].limit[1], 0);
	assert_int_equal(rule[1].mode, DAMP_MODE_OFF);
	assert_int_equal(rule[1].then.max_age_s, 60);           /* Max-Age when it is not written */
	assert_int_equal(rule[2].over.action, DAMP_ACT_DROP);
	assert_int_equal(rule[2].then.action, DAMP_ACT_CONTINUE);
	assert_int_equal(rule[3].then.action, DAMP_ACT_CHALLENGE);
	damp_rules_free(&r);
}

struct rung { uint64_t cost_q16; uint32_t burst_ticks; uint8_t plen; };

struct limit_case {
	const char *text;
	unsigned n;                     /* limits of the program */
	unsigned at;                    /* the one looked at */
	const char *name;
	unsigned kind, per, alpha_q8, nrungs4, nrungs6;
	struct rung four[4], six[4];
};

static const struct limit_case limit_cases[] = {
	{ "{per: device, rate: 4 msg/s, burst: 8 msg}", 1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_DEVICE, 0, 1, 1,
	  { { 1ull << 34, 2 * SECOND, 32 } }, { { 1ull << 34, 2 * SECOND, 128 } } },
	/* One second of the rate, at least one message. */
	{ "{per: source, rate: 4 msg/s}", 1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_SOURCE, 0, 1, 1,
	  { { 1ull << 34, SECOND, 32 } }, { { 1ull << 34, SECOND, 128 } } },
	{ "{per: target, rate: 1 msg/min}", 1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_TARGET, 0, 1, 1,
	  { { 60ull << 36, 60 * SECOND, 32 } }, { { 60ull << 36, 60 * SECOND, 128 } } },
	{ "{per: pair, rate: 1 KiB/s}", 1, 0, "l", DAMP_LIMIT_BYTES, DAMP_PER_PAIR, 0, 1, 1,
	  { { 1ull << 26, 1500 * 1024, 32 } }, { { 1ull << 26, 1500 * 1024, 128 } } },
	/* A peer is outside and owns its /64. */
	{ "{per: peer, rate: 8 kbit/s, burst: 2000 B}", 1, 0, "l", DAMP_LIMIT_BYTES, DAMP_PER_PEER, 0, 1, 1,
	  { { 68719477, 2 * SECOND + 1, 32 } }, { { 68719477, 2 * SECOND + 1, 64 } } }, /* 2^36 / 1000 = 68719476.7 */
	{ "{per: global, rate: 4 msg/s}", 1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_GLOBAL, 0, 1, 1,
	  { { 1ull << 34, SECOND, 0 } }, { { 1ull << 34, SECOND, 0 } } },
	/* Longest prefix first, whatever the order; the factor cancels out of the burst. */
	{ "{per: peer, rate: 4 msg/s, burst: 8 msg, ladder: {ipv4: {24: 8x, 32: 1x}, ipv6: {48: 4x, 64: 2x, 128: 1x}}}",
	  1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_PEER, 0, 2, 3,
	  { { 1ull << 34, 2 * SECOND, 32 }, { 1ull << 31, 2 * SECOND, 24 } },
	  { { 1ull << 34, 2 * SECOND, 128 }, { 1ull << 33, 2 * SECOND, 64 }, { 1ull << 32, 2 * SECOND, 48 } } },
	/* A burst holds as many rounded costs as it has messages: 3 msg/s is 349525.33
	 * ticks, charged as 349526; on the rung of 8x it is 43690.67, charged as 43691. */
	{ "{per: peer, rate: 3 msg/s, burst: 5 msg, ladder: {ipv4: {32: 1x, 24: 8x}}}",
	  1, 0, "l", DAMP_LIMIT_MESSAGES, DAMP_PER_PEER, 0, 2, 1,
	  { { 22906492246, 5 * 349526, 32 }, { 2863311531, 40 * 43691, 24 } }, { { 22906492246, 5 * 349526, 64 } } },
	/* A second limit for bytes, a third for the ratio. */
	{ "{per: peer, rate: 4 msg/s, bytes: 4 KiB/s, amplification: {max: 1.5x, floor: 0 B}}",
	  3, 1, "l.bytes", DAMP_LIMIT_BYTES, DAMP_PER_PEER, 0, 1, 1,
	  { { 1ull << 24, SECOND, 32 } }, { { 1ull << 24, SECOND, 64 } } },
	{ "{per: peer, rate: 4 msg/s, bytes: 4 KiB/s, amplification: {max: 1.5x, floor: 0 B}}",
	  3, 2, "l.amplification", DAMP_LIMIT_AMPLIFICATION, DAMP_PER_PEER, 384, 0, 0, { { 0 } }, { { 0 } } },
	{ "{per: peer, amplification: {max: 3x}}", 1, 0, "l", DAMP_LIMIT_AMPLIFICATION, DAMP_PER_PEER, 768, 0, 0,
	  { { 0 } }, { { 0 } } },
};

static void check_rungs(const char *text, const struct damp_rung *got, const struct rung *want, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (got[i].cost_q16 != want[i].cost_q16 || got[i].burst_ticks != want[i].burst_ticks ||
		    got[i].plen != want[i].plen)
			fail_msg("%s: rung %u costs %llu, burst %u, length %u", text, i,
				 (unsigned long long)got[i].cost_q16, got[i].burst_ticks, got[i].plen);
}

static void limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(limit_cases) / sizeof(limit_cases[0]); i++) {
		const struct limit_case *t = &limit_cases[i];
		const struct damp_limit *l;
		struct damp_rules r;
		char text[400];

		snprintf(text, sizeof(text), HEAD "limits:\n  l: %s\n", t->text);
		compile(text, &r);
		l = (const struct damp_limit *)eval_section(r.program, DAMP_SEC_LIMITS) + t->at;
		assert_int_equal(r.program->nlimits, t->n);
		assert_string_equal(string_at(r.program, l->name_off), t->name);
		assert_int_equal(l->kind, t->kind);
		assert_int_equal(l->per, t->per);
		assert_int_equal(l->alpha_q8, t->alpha_q8);
		assert_int_equal(l->nrungs4, t->nrungs4);
		assert_int_equal(l->nrungs6, t->nrungs6);
		check_rungs(text, l->rung4, t->four, t->nrungs4);
		check_rungs(text, l->rung6, t->six, t->nrungs6);
		damp_rules_free(&r);
	}
}

static uint32_t state_key(const char *limit)
{
	struct damp_rules r;
	char text[200];
	uint32_t key;

	snprintf(text, sizeof(text), HEAD "limits:\n  %s\n", limit);
	compile(text, &r);
	key = ((const struct damp_limit *)eval_section(r.program, DAMP_SEC_LIMITS))->state_key;
	damp_rules_free(&r);
	return key;
}

/* State outlives a new rate, not a new name, owner or ladder. */
static void state_keys(void **state)
{
	const uint32_t key = state_key("l: {per: peer, rate: 4 msg/s}");

	(void)state;
	assert_int_equal(key, state_key("l: {per: peer, rate: 9 msg/s, burst: 100 msg}"));
	assert_int_not_equal(key, state_key("m: {per: peer, rate: 4 msg/s}"));
	assert_int_not_equal(key, state_key("l: {per: source, rate: 4 msg/s}"));
	assert_int_not_equal(key, state_key("l: {per: peer, rate: 4 KiB/s}"));
	assert_int_not_equal(key, state_key("l: {per: peer, rate: 4 msg/s, ladder: {ipv4: {24: 1x}}}"));
}

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

static unsigned flags_of(const struct damp_program_hdr *h, bool v6, const uint8_t *addr)
{
	const struct damp_class *c = eval_section(h, DAMP_SEC_CLASSES);

	return c[eval_class(h, v6, addr)].flags;
}

static void inside(void **state)
{
	static const uint8_t in4[16] = { 10, 1, 2, 3 }, out4[16] = { 11 }, edge4[16] = { 10, 255, 255, 255 };
	static const uint8_t in6[16] = { 0xfd, 0x12, 0x34 }, out6[16] = { 0xfd, 0x12, 0x35 };
	struct damp_rules r;

	(void)state;
	compile(HEAD "zones:\n  a: {ports: [inside], prefixes: [10.0.0.0/9]}\n"
		     "  b: {ports: [inside], prefixes: [10.128.0.0/9, \"fd12:3400::/24\"]}\n"
		     "  c: {ports: [outside], prefixes: [11.0.0.0/8]}\n", &r);
	assert_int_equal(r.program->has_inside, 1);
	assert_int_equal(flags_of(r.program, false, in4), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, false, edge4), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, false, out4), 0);
	assert_int_equal(flags_of(r.program, true, in6), DAMP_CLASS_INSIDE);
	assert_int_equal(flags_of(r.program, true, out6), 0);
	damp_rules_free(&r);
	/* One zone of the inside port that may be anywhere: nothing is known. */
	compile(HEAD "zones:\n  a: {ports: [inside], prefixes: [10.0.0.0/9]}\n  b: {ports: [inside], prefixes: any}\n", &r);
	assert_int_equal(r.program->has_inside, 0);
	assert_int_equal(flags_of(r.program, false, in4), 0);
	damp_rules_free(&r);
}

/* Repeat `line` n times; %u in it becomes the number. */
static char *repeat(const char *before, const char *line, unsigned n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	fputs(before, f);
	for (unsigned i = 0; i < n; i++)
		for (const char *p = line; *p; p++) {
			if (p[0] == '%' && p[1] == 'u')
				fprintf(f, "%u", i);
			else if (p == line || p[-1] != '%')
				fputc(*p, f);
		}
	fclose(f);
	return text;
}

static void expect_refused(const char *before, const char *line, unsigned n, const char *message)
{
	char *text = repeat(before, line, n);
	struct damp_rules r;

	assert_int_equal(damp_rules_compile_text(text, strlen(text), "t.yaml", NULL, &r), -1);
	if (!strstr(r.text, message))
		fail_msg("%s", r.text);
	damp_rules_free(&r);
	free(text);
}

static void expect_bound(const char *before, const char *line, unsigned most, const char *message)
{
	char *text = repeat(before, line, most);
	struct damp_rules r;

	compile(text, &r);
	damp_rules_free(&r);
	free(text);
	expect_refused(before, line, most + 1, message);
}

static void bounds(void **state)
{
	(void)state;
	expect_bound(HEAD "rules:\n", "  - {id: r%u, match: {msg: request}, then: continue}\n", DAMP_RULES_MAX,
		     "more than 4096 rules");
	expect_bound(HEAD "limits:\n", "  l%u: {per: peer, rate: 1 msg/s}\n", DAMP_LIMITS_MAX, "more than 1024 limits");
	/* Not the last good number: Hyperscan would take seconds for it. */
	expect_refused(HEAD "rules:\n  - id: a\n    then: drop\n    match:\n      path:\n", "        - /x%u/*/y\n",
		       4097, "more than 4096 patterns that need a scan");
	expect_refused(HEAD "rules:\n  - id: a\n    then: drop\n    match:\n      path:\n",
		       "        - {regex: \"/x%u/a{2000}\"}\n", 33, "unroll to more than 65536 positions");
}

/* 65 different sets of options in 65 rules. */
static void option_sets(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	static const char *const names[] = {
		"if-match", "uri-host", "etag", "observe", "uri-port", "oscore", "max-age", "accept", "block1", "block2",
		"size1", "size2", "echo",
	};
	struct damp_rules r;

	(void)state;
	assert_non_null(f);
	fputs(HEAD "rules:\n", f);
	for (unsigned i = 0; i < 13; i++)
		for (unsigned k = 0; k < i; k++)
			fprintf(f, "  - {id: r%u-%u, match: {option: [%s, %s]}, then: continue}\n", i, k, names[i], names[k]);
	fclose(f);
	assert_int_equal(damp_rules_compile_text(text, len, "t.yaml", NULL, &r), -1);
	assert_non_null(strstr(r.text, "more than 64 different sets of options"));
	damp_rules_free(&r);
	free(text);
}

/* What a rule asks for that nothing can tell yet turns it off, whatever its mode. */
static void untold_rules_are_off(void **state)
{
	const struct damp_rule *rule;
	struct damp_rules r;

	(void)state;
	compile(HEAD "schedules: {night: {hours: 22:00-05:00}}\n"
		     "rules:\n  - {id: a, match: {when: night}, then: drop}\n", &r);
	rule = eval_section(r.program, DAMP_SEC_RULES);
	assert_int_equal(rule[0].mode, DAMP_MODE_ENFORCE);
	assert_int_equal(rule[0].unable, 0);
	damp_rules_free(&r);
}

/* All that one limit may say, as limits of the program. */
static void parts_of_a_limit(void **state)
{
	static const uint8_t kinds[] = { DAMP_LIMIT_MESSAGES, DAMP_LIMIT_BYTES, DAMP_LIMIT_AMPLIFICATION,
					 DAMP_LIMIT_CONCURRENT, DAMP_LIMIT_CONCURRENT, DAMP_LIMIT_MESSAGES };
	const struct damp_limit *l;
	struct damp_rules r;

	(void)state;
	compile(HEAD "tenants: {acme: 10.0.0.0/8}\nlimits:\n"
		     "  a: {per: peer, rate: 1 msg/s, bytes: 1 KiB/s, amplification: {max: 2x, floor: 9 B, window: 5 s}, "
		     "concurrent: 7}\n"
		     "  b: {per: source, concurrent: 10, ladder: {ipv4: {32: 1x, 24: 2.5x}, ipv6: {64: 1x}}}\n"
		     "  c: {per: tenant, rate: 1 msg/s}\n"
		     "rules:\n  - {id: r, match: {msg: request}, limit: a}\n"
		     "  - {id: s, match: {msg: request}, limit: [b, c]}\n", &r);
	l = eval_section(r.program, DAMP_SEC_LIMITS);
	assert_int_equal(r.program->nlimits, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(l[i].kind, kinds[i]);
	assert_int_equal(l[2].floor_bytes, 9);
	assert_int_equal(l[2].window_s, 5);
	assert_int_equal(l[3].rung4[0].burst_ticks, 7);
	assert_int_equal(l[3].rung6[0].plen, 64);
	assert_int_equal(l[4].rung4[1].burst_ticks, 25);
	assert_int_equal(l[4].nrungs6, 1);
	assert_int_equal(l[5].per, DAMP_PER_TENANT);
	assert_int_equal(l[5].rung4[0].plen, 0);
	damp_rules_free(&r);
}

/* The tenant of each address; without `tenants` the items of a set of that name. */
static void tenants_of_classes(void **state)
{
	static const char *const texts[] = {
		HEAD "tenants: {acme: [10.1.0.0/16, \"2001:db8:1::/48\"], beta: 10.2.0.0/16}\n"
		     "limits: {t: {per: tenant, rate: 1 msg/s}}\nrules: [{id: r, match: any, limit: t}]\n",
		HEAD "sets: {tenants: {kind: prefix, items: [10.1.0.0/16, 10.2.0.0/16, \"2001:db8:1::/48\"]}}\n"
		     "limits: {t: {per: tenant, rate: 1 msg/s}}\nrules: [{id: r, match: any, limit: t}]\n",
	};
	static const uint8_t a[4] = { 10, 1, 9, 9 }, b[4] = { 10, 2, 0, 1 }, c[4] = { 10, 3, 0, 1 },
			     a6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 5 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct damp_class *cls;
		uint32_t ta, tb, ta6;
		struct damp_rules r;

		compile(texts[i], &r);
		cls = eval_section(r.program, DAMP_SEC_CLASSES);
		ta = cls[eval_class(r.program, false, a)].tenant;
		tb = cls[eval_class(r.program, false, b)].tenant;
		ta6 = cls[eval_class(r.program, true, a6)].tenant;
		assert_true(ta != 0 && tb != 0 && ta != tb && ta6 != 0);
		assert_int_equal(ta == ta6, i == 0);
		assert_int_equal(cls[eval_class(r.program, false, c)].tenant, 0);
		damp_rules_free(&r);
	}
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

/* Until the end of its last day, with a warning in the last two weeks. */
static void exemptions_end(void **state)
{
	static const struct { int64_t now; unsigned errors, warnings; } t[] = {
		{ 1803859200 - 15 * 86400 - 1, 0, 0 },  /* 2027-02-13 23:59:59 */
		{ 1803859200 - 15 * 86400 + 86400, 0, 1 },
		{ 1803859200 + 86399, 0, 1 },           /* 2027-03-01 23:59:59 */
		{ 1803859200 + 86400, 1, 0 },
	};
	static const char text[] = HEAD "exempt:\n  - {from: 192.0.2.0/24, until: 2027-03-01}\n";

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct damp_rules_options opt = { .now = t[i].now };
		struct damp_rules r;

		damp_rules_compile_text(text, strlen(text), "t", &opt, &r);
		assert_int_equal(r.errors, t[i].errors);
		assert_int_equal(r.warnings, t[i].warnings);
		damp_rules_free(&r);
	}
}

static void exempt_classes(void **state)
{
	static const uint8_t in[16] = { 192, 0, 2, 77 }, out[16] = { 192, 0, 3, 0 }, both[16] = { 10, 0, 0, 1 };
	const struct damp_class *cls;
	struct damp_rules r;

	(void)state;
	compile(HEAD "zones: {inside: {ports: [inside], prefixes: [10.0.0.0/8]}}\n"
		     "exempt:\n  - {from: 192.0.2.0/24, until: 2999-03-01}\n"
		     "  - {from: 10.0.0.1, until: 2999-03-01}\n", &r);
	cls = eval_section(r.program, DAMP_SEC_CLASSES);
	assert_int_equal(cls[eval_class(r.program, false, in)].flags, DAMP_CLASS_EXEMPT);
	assert_int_equal(cls[eval_class(r.program, false, out)].flags, 0);
	assert_int_equal(cls[eval_class(r.program, false, both)].flags, DAMP_CLASS_EXEMPT | DAMP_CLASS_INSIDE);
	damp_rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header), cmocka_unit_test(untold_rules_are_off), cmocka_unit_test(parts_of_a_limit),
		cmocka_unit_test(tenants_of_classes), cmocka_unit_test(full_tables), cmocka_unit_test(exemptions_end), cmocka_unit_test(exempt_classes), cmocka_unit_test(no_rules), cmocka_unit_test(rules), cmocka_unit_test(limits),
		cmocka_unit_test(state_keys), cmocka_unit_test(guard_keys), cmocka_unit_test(guard_defaults),
		cmocka_unit_test(watch), cmocka_unit_test(fail_policies), cmocka_unit_test(watch_texts),
		cmocka_unit_test(inside), cmocka_unit_test(bounds), cmocka_unit_test(option_sets),
	};

	return cmocka_run_group_tests_name("compiled programs", tests, NULL, NULL);
}
