/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Property: what the sieve holds back matches no pattern. The same messages are
 * classified with the sieve and without it; both must hand out the same rules, and the
 * sieve must have held back a good part of them, and let others by.
 *
 * Patterns are random: literals, prefixes, globs and regular expressions, of values
 * that are short, of a word's length or longer, or need escaping; paths and queries
 * are made of the same values. DAMPER_SEED=n repeats one program.
 */
#include "classify.h"
#include "gen.h"
#include "random_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PROGRAMS 120u
#define MESSAGES 300u
#define RULES_MAX 90u           /* more than one word of rows */
#define VALUES_MAX 4u
#define BEFORE 42u              /* bytes of a frame before the message */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const values[] = {
	"a", "b", "ab", "dev", "dev1", "dev12", "device", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgXhi", "zbcdefghi",
	"a rather long value of a path", "", "a/b", "a&b", "a b", "%", "%41", "\xff", "\xc3\xbc",
};

static const char *const regexes[2][10] = {
	{ "/dev[0-9]+/.*", "/a/(b|ab)", "^/ab+/dev1", "/abcdefgh.?/b", "/a%2Fb/.*", "/abcdefghi/.+/b", "/ab{0,1}/b",
	  "/dev1|/a", "/dev12?(/b)?", "/de[uv]1/[|(]?a" },
	{ "dev[0-9]+&.*", "a&(b|ab)", "^ab+&dev1", "abcdefgh.?&b", "a%26b&.*", "abcdefghi&.+&b", "ab{0,1}&b", "dev1|a",
	  "dev12?(&b)?", "de[uv]1&[|(]?a" },
};

static unsigned pick(uint64_t *s, size_t n)
{
	return (unsigned)(gen_random(s) % n);
}

static void print_value(FILE *f, const char *value)
{
	for (; *value; value++)
		if (strchr("/&%* ", *value) || (uint8_t)*value > 0x7e)
			fprintf(f, "%%%02X", (uint8_t)*value);
		else
			fputc(*value, f);
}

/* A glob: values, some cut short by a star, and perhaps any rest. open: whether it may
 * begin with a star, which lets everything by. */
static void print_glob(FILE *f, uint64_t *s, unsigned text, bool open)
{
	const unsigned n = 1 + pick(s, 3);

	fputc('"', f);
	for (unsigned i = 0; i < n; i++) {
		char value[40];

		snprintf(value, sizeof(value), "%s", values[pick(s, COUNT(values))]);
		if (!text || i)
			fputc(text ? '&' : '/', f);
		if (pick(s, 4) == 0) {
			value[pick(s, strlen(value) + 1)] = 0;
			if (i == 0 && !open && !value[0])
				strcpy(value, "d");
			print_value(f, value);
			fputc('*', f);
		} else {
			print_value(f, value);
		}
	}
	fputs(pick(s, 4) ? "\"" : text ? "&**\"" : "/**\"", f);
}

static void print_rules(FILE *f, void *arg)
{
	uint64_t *s = arg;
	const unsigned n = 1 + pick(s, pick(s, 2) ? 5 : RULES_MAX);
	const bool open = pick(s, 8) == 0;

	fputs("version: 1\nrules:\n", f);
	for (unsigned i = 0; i < n; i++) {
		const unsigned text = pick(s, 3) == 0;
		const bool not = pick(s, 6) == 0;

		fprintf(f, "  - {id: r%u, then: continue, match: {%s: %s[", i, text ? "query" : "path", not ? "{not: " : "");
		for (unsigned k = pick(s, 3) + 1; k > 0; k--) {
			if (pick(s, 5) == 0)
				fprintf(f, "{regex: '%s'}", regexes[text][pick(s, COUNT(regexes[0]))]);
			else
				print_glob(f, s, text, open);
			fputs(k > 1 ? ", " : "", f);
		}
		fprintf(f, "]%s}}\n", not ? "}" : "");
	}
}

/* Options of one number over `last`, written as RFC 7252 3.1 has it. Returns the number. */
static unsigned put_values(uint64_t *s, uint8_t *msg, uint32_t *at, unsigned number, unsigned last)
{
	for (unsigned n = pick(s, VALUES_MAX + 1); n > 0; n--) {
		const char *value = values[pick(s, COUNT(values))];
		const size_t len = strlen(value);
		const unsigned delta = number - last;
		uint8_t *header = &msg[(*at)++];

		*header = (uint8_t)((delta < 13 ? delta : 13) << 4 | (len < 13 ? len : 13));
		if (delta >= 13)
			msg[(*at)++] = (uint8_t)(delta - 13);
		if (len >= 13)
			msg[(*at)++] = (uint8_t)(len - 13);
		memcpy(msg + *at, value, len);
		*at += (uint32_t)len;
		last = number;
	}
	return last;
}

static void build(uint64_t *s, const struct damp_view *v, uint8_t frame[512], struct damp_pkt *p)
{
	uint32_t at = 4;
	unsigned last;

	memset(p, 0, sizeof(*p));
	p->data = frame;
	p->frame.payload_off = BEFORE;
	memset(frame, 0x5a, 512);
	memcpy(frame + BEFORE, "\x40\x01\x00\x01", 4);
	last = put_values(s, frame + BEFORE, &at, DAMP_COAP_OPT_URI_PATH, 0);
	put_values(s, frame + BEFORE, &at, DAMP_COAP_OPT_URI_QUERY, last);
	damp_coap_scan(frame + BEFORE, at, &p->coap);
	assert_int_equal(p->coap.malformed, 0);
	p->kind = DAMP_KIND_REQUEST;
	p->frame.payload_len = (uint16_t)at;
	p->src_class = damp_view_class(v, &p->frame.src);
	p->dst_class = damp_view_class(v, &p->frame.dst);
}

static void matches(const struct damp_view *v, const struct damp_pkt *p, uint64_t rules[2], struct damp_text_cost *cost)
{
	struct damp_matches m;
	int32_t at;

	rules[0] = rules[1] = 0;
	damp_matches_begin(&m, v, 0, p, cost);
	while ((at = damp_matches_next(&m)) >= 0)
		rules[at / 64] |= 1ull << at % 64;
}

/* Adds how many texts were matched, with the sieve and without it. */
static void check_program(uint64_t seed, uint64_t matched[2])
{
	static const struct damp_key key = { 3, 4 };
	uint64_t s = seed;
	struct damp_view *v = random_open(seed, print_rules, &s, &key), without = *v;

	for (unsigned t = 0; t < 2; t++) {
		without.sieve[t].slot = NULL;
		without.sieve[t].simple = false;
	}
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct damp_text_cost cost[2] = { { 0 } };
		uint64_t got[2], want[2];
		uint8_t frame[512];
		struct damp_pkt p;

		build(&s, v, frame, &p);
		matches(v, &p, got, &cost[0]);
		matches(&without, &p, want, &cost[1]);
		if (memcmp(got, want, sizeof(got)) != 0) {
			char path[DAMP_TEXT_BYTES_MAX], query[DAMP_TEXT_BYTES_MAX];
			const int npath = damp_coap_path_text(frame + BEFORE, &p.coap, path, sizeof(path));
			const int nquery = damp_coap_query_text(frame + BEFORE, &p.coap, query, sizeof(query));

			fail_msg("seed %llu: path '%.*s' query '%.*s': %llx %llx with the sieve, %llx %llx without",
				 (unsigned long long)seed, npath, path, nquery, query, (unsigned long long)got[1],
				 (unsigned long long)got[0], (unsigned long long)want[1], (unsigned long long)want[0]);
		}
		for (unsigned k = 0; k < 2; k++)
			matched[k] += cost[k].memo_hits + cost[k].memo_misses;
	}
	damp_view_close(v);
}

static void holds_back_nothing_that_matches(void **state)
{
	const char *env = getenv("DAMPER_SEED");
	uint64_t matched[2] = { 0 };

	(void)state;
	if (env) {
		check_program(strtoull(env, NULL, 10), matched);
		return;
	}
	for (uint64_t seed = 1; seed <= PROGRAMS; seed++)
		check_program(seed, matched);
	print_message("%llu texts matched, without the sieve %llu\n", (unsigned long long)matched[0],
		      (unsigned long long)matched[1]);
	assert_in_range(matched[0], matched[1] / 10, matched[1] * 2 / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(holds_back_nothing_that_matches) };

	return cmocka_run_group_tests_name("sieve", tests, NULL, NULL);
}
