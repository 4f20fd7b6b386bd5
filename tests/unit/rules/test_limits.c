/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits in ticks, the keys of their state, and the bounds of a program. */
#include "compiled.h"
#include "eval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(state_keys),
		cmocka_unit_test(parts_of_a_limit),
		cmocka_unit_test(bounds),
		cmocka_unit_test(option_sets),
	};

	return cmocka_run_group_tests_name("compiled limits", tests, NULL, NULL);
}
