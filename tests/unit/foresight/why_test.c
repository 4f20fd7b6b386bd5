/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Property: for every rule of random programs and every random packet, asking
 * attribute by attribute says "matches" exactly when the bit vectors do; and
 * the attribute that is named is one that disagrees.
 */
#include "bench_of.h"
#include "captures.h"
#include "rules.h"
#include "why.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define PROGRAMS 40
#define PACKETS 400
#define RULES 70 /* two words of bits */
#define MANY 600 /* more words than a cache line; every EVERY-th program has that many */
#define EVERY 20

static uint64_t state;
static unsigned long long seed_now;

static uint32_t rnd(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

#define PICK(list) (list)[rnd(sizeof(list) / sizeof((list)[0]))]

static const char *const keys[][6] = {
	{ "from: outside", "from: inside", "from: 10.1.0.0/16", "from: {not: 10.1.0.3}",
	  "from: [outside, 10.2.0.0/16]", "from: 'fd00::/8'" },
	{ "to: inside", "to: multicast", "to: 10.2.0.0/24", "to: {not: multicast}", "to: outside",
	  "to: 10.0.0.0/8" },
	{ "msg: request", "msg: response", "msg: [empty, malformed]", "msg: {not: request}",
	  "msg: dtls", "msg: malformed" },
	{ "type: CON", "type: [ACK, RST]", "type: {not: NON}", "type: NON", "type: RST",
	  "type: [CON, NON]" },
	{ "code: GET", "code: 2.xx", "code: [PUT, POST]", "code: {not: GET}", "code: 2.05",
	  "code: 4.04" },
	{ "path: /a", "path: /a/**", "path: '/*/b'", "path: {not: /a/b}",
	  "path: {regex: '/[ab].*'}", "path: [/x, /a/b, '/c*']" },
	{ "query: k=v", "query: {not: k=v}", "query: 'k=*'", "query: {regex: 'r.*'}",
	  "query: [a, b]", "query: {not: 'k=*'}" },
	{ "option: observe", "option: [block2, etag]", "option: {not: observe}",
	  "option: {observe: present, block2: absent}", "option: uri-query",
	  "option: {not: [etag, uri-path]}" },
	{ "size: ..20 B", "size: 16 B..", "size: 12 B..40 B", "size: ..4 B", "size: 100 B..",
	  "size: ..1000 B" },
	{ "from_port: 5683", "from_port: 49152..", "from_port: [53, 49152]", "to_port: 5683",
	  "to_port: {not: 5684}", "to_port: ..5683" },
	{ "dtls: client_hello", "dtls: {not: client_hello}", "cookie: present", "cookie: absent",
	  "cookie: [present, absent]", "cookie: {not: absent}" },
	{ "verified: true", "verified: false", "solicited: true", "solicited: false",
	  "verified: false", "solicited: false" },
	{ "when: work", "when: never", "when: [never, work]", "when: never", "when: work", "when: work" },
};
/* 2023-11-14, a Tuesday, 22:13:20 UTC */
#define AT_S 1700000000u
#define SCHEDULES "schedules: {work: {hours: 21:00-23:00}, never: {days: [sun], hours: 01:00-02:00}}\n"
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* A rule of up to four conditions, each key once. */
static int try_rule(char *out, size_t len, unsigned number)
{
	static const char *const modes[] = { "enforce", "enforce", "observe", "off" };
	static const char *const times[] = { "", "", "", "    until: 2001-01-01\n", "    until: 2199-01-01\n" };
	unsigned used = 0;
	int n = snprintf(out, len, "  - id: r%u\n    mode: %s\n    then: continue\n%s    match: {",
			 number, PICK(modes), PICK(times));

	for (unsigned i = rnd(4) + 1; i > 0; i--) {
		const uint32_t k = rnd(KEYS);

		if (used & (1u << k))
			continue;
		n += snprintf(out + n, len - (size_t)n, "%s%s", used ? ", " : "", PICK(keys[k]));
		used |= 1u << k;
	}
	return n + snprintf(out + n, len - (size_t)n, "}\n");
}

/* Conditions that no message can meet are refused by the compiler; take others. */
static int put_rule(char *out, size_t len, unsigned number)
{
	static char text[1024];
	struct damp_rules r;
	bool good;
	int n;

	do {
		n = try_rule(out, len, number);
		snprintf(text, sizeof(text), "version: 1\n" SCHEDULES "rules:\n%.*s", n, out);
		good = damp_rules_compile_text(text, strlen(text), "one", NULL, &r) == 0;
		damp_rules_free(&r);
	} while (!good);
	return n;
}

static struct damp_bench *random_bench(bool many)
{
	static char text[MANY * 512];
	int n = snprintf(text, sizeof(text),
			 "version: 1\n" SCHEDULES "zones: {inside: {ports: [inside], prefixes: [10.2.0.0/16, "
			 "'fd00:2::/32']}, "
			 "outside: {ports: [outside], prefixes: any}}\nrules:\n");
	const unsigned rules = many ? MANY - rnd(RULES) : rnd(RULES) + 1;

	for (unsigned i = 0; i < rules; i++)
		n += put_rule(text + n, sizeof(text) - (size_t)n, i);
	return bench_of(text, AT_S);
}

static size_t random_frame(uint8_t *out)
{
	static const char *const outside[] = { "10.1.0.3", "10.1.0.3:5683", "10.3.0.1:53",
					       "10.2.0.7" };
	static const char *const inside[] = { "10.2.0.7", "10.2.0.9:5684", "224.0.1.187",
					      "10.2.1.1:1234", "10.1.0.3" };
	static const char *const outside6[] = { "fd00:1::1", "[fd00:1::1]:5683" };
	static const char *const inside6[] = { "fd00:2::1", "ff02::fd", "[fd00:2::1]:5684" };
	static const char *const msgs[] = {
		"CON GET /a",
		"CON GET /a/b?k=v",
		"NON PUT /x",
		"CON GET /c/b?k=w&r=1",
		"NON 2.05",
		"ACK 2.05",
		"ACK 4.04",
		"RST",
		"ACK",
		"CON",
		"CON POST /a/b/c",
		"NON FETCH /cc?a",
		"CON GET /",
		"CON DELETE /b?b",
		"CON GET /a/",
		"NON GET /x?k=v&r",
	};
	static const char *const options[] = { "observe=0", "block2=0/0/64", "etag=0x01",
					       "65000=0x00", "2053=0x01" };
	struct damp_endpoint a, b;
	struct damp_description d;
	uint8_t msg[2048];
	char why[DAMP_DESCRIBE_WHY];
	const bool v6 = rnd(4) == 0;
	size_t len;

	assert_true(damp_endpoint_parse(v6 ? PICK(outside6) : PICK(outside), 49152, &a, why));
	assert_true(damp_endpoint_parse(v6 ? PICK(inside6) : PICK(inside), 5683, &b, why));
	assert_true(damp_describe(PICK(msgs), &d, why));
	for (unsigned i = rnd(3); i > 0 && d.code; i--)
		assert_true(damp_describe_option(&d, PICK(options), why));
	len = damp_describe_message(&d, msg, sizeof(msg), why);
	assert_true(len > 0);
	if (rnd(8) == 0)
		msg[rnd((uint32_t)len)] ^= (uint8_t)(1u << rnd(8));
	return rnd(2) ? damp_describe_frame(&a, &b, msg, len, out, why)
		      : damp_describe_frame(&b, &a, msg, len, out, why);
}

static void check(struct damp_bench *b, unsigned named[DAMP_WHY_COUNT])
{
	bool matches[MANY] = { false };
	struct damp_text_cost cost = { 0 };
	struct damp_matches m;
	int32_t at;

	damp_matches_begin(&m, b->view, 0, &b->pkt, &cost);
	while ((at = damp_matches_next(&m)) >= 0)
		matches[at] = true;
	for (uint32_t i = 0; i < b->view->hdr->nrules; i++) {
		const struct damp_why_not w = damp_why_not(b->view, &b->pkt, i);

		named[w.why]++;
		if ((w.why == DAMP_WHY_MATCHES) != matches[i])
			fail_msg("seed %llu, rule %u: bit vectors say %d, one by one says '%s'",
				 seed_now, i, matches[i], damp_why_key(w.why));
	}
}

static void test_agrees(void **unused)
{
	unsigned named[DAMP_WHY_COUNT] = { 0 };
	uint8_t frame[4096];

	(void)unused;
	for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
		struct damp_bench *b;

		state = seed_now = seed;
		print_message("%s", seed == 1 ? "seeds 1 to 40\n" : "");
		b = random_bench(seed % EVERY == 0);
		for (unsigned i = 0; i < PACKETS; i++) {
			damp_bench_load(b, rnd(2) ? DAMP_INSIDE : DAMP_OUTSIDE, frame,
					random_frame(frame));
			damp_bench_decide(b);
			b->pkt.truths = (uint8_t)rnd(DAMP_TRUTHS);
			if (b->pkt.kind != DAMP_KIND_NOT_COAP && rnd(6) == 0) {
				b->pkt.kind = DAMP_KIND_DTLS;
				b->pkt.hello = (uint8_t)rnd(DAMP_HELLO_MAX);
			}
			check(b, named);
		}
		damp_bench_free(b);
	}
	for (unsigned w = 0; w < DAMP_WHY_COUNT; w++) {
		print_message("%-10s %u\n", w ? damp_why_key(w) : "(matches)", named[w]);
		assert_true(named[w] > 0);
	}
}

/* A rule of one condition can only disagree by that one. */
static void test_names_the_attribute(void **unused)
{
	static const struct {
		const char *match;
		enum damp_why why;
	} cases[] = {
		{ "from: inside", DAMP_WHY_FROM },	 { "to: multicast", DAMP_WHY_TO },
		{ "from_port: 53", DAMP_WHY_FROM_PORT }, { "to_port: 5684", DAMP_WHY_TO_PORT },
		{ "msg: response", DAMP_WHY_MSG },	 { "type: NON", DAMP_WHY_TYPE },
		{ "code: PUT", DAMP_WHY_CODE },		 { "path: /b", DAMP_WHY_PATH },
		{ "path: {not: /a}", DAMP_WHY_PATH },	 { "query: {not: k=v}", DAMP_WHY_QUERY },
		{ "option: observe", DAMP_WHY_OPTION },	 { "size: ..4 B", DAMP_WHY_SIZE },
		{ "verified: true", DAMP_WHY_VERIFIED }, { "solicited: true", DAMP_WHY_SOLICITED },
		{ "path: /a", DAMP_WHY_MATCHES },	 { "when: never", DAMP_WHY_WHEN },
		{ "when: work", DAMP_WHY_MATCHES },
	};
	uint8_t frame[2048];
	const size_t len = frame_of("10.1.0.3", "10.2.0.7", "CON GET /a?k=v", frame);

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_bench *b;
		char text[300];

		snprintf(text, sizeof(text), "version: 1\n" SCHEDULES "rules: [{id: a, match: {%s}, then: drop}]\n",
			 cases[i].match);
		b = bench_of(text, AT_S);
		damp_bench_load(b, DAMP_OUTSIDE, frame, len);
		damp_bench_decide(b);
		assert_string_equal(damp_why_key(damp_why_not(b->view, &b->pkt, 0).why),
				    damp_why_key(cases[i].why));
		damp_bench_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_names_the_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
