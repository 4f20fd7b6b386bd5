/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Property: for every rule file and every message, the data plane's classifier hands
 * out exactly the rules that match, one after the other in the file's order, and
 * says beforehand whether there will be one.
 *
 * Random rules over a small world (gen.h), from one to a thousand, so that rows have
 * one word or many and groups of all kinds; messages are put before it as bytes. The
 * seed is printed on failure; DAMPER_SEED=n repeats one.
 */
#include "classify.h"
#include "gen.h"
#include "live.h"
#include "random_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PROGRAMS 150u
#define MESSAGES 250u
#define FEW 64u                 /* rules of one word */
#define MANY 1000u
#define BEFORE 42u              /* bytes of a frame before the message */
#define TWICE 2u                /* each message again: the second time the memo knows its texts */

/* The values of one option, its first number over `last`. Returns where they begin. */
static uint32_t put_options(uint8_t *msg, uint32_t *at, unsigned number, unsigned last, const char *const *value,
			    unsigned n)
{
	const uint32_t from = *at;

	for (unsigned i = 0; i < n; i++) {
		const size_t len = strlen(value[i]);

		assert_true(number - last < 13 && len < 13);
		msg[(*at)++] = (uint8_t)((i ? 0 : number - last) << 4 | len);
		memcpy(msg + *at, value[i], len);
		*at += (uint32_t)len;
	}
	return from;
}

/* Only what the classifier reads; the options of a probe need not be on the wire. */
static void build(const struct damp_view *v, const struct gen_message *m, uint8_t frame[BEFORE + 128],
		  struct damp_pkt *p)
{
	uint8_t *const msg = frame + BEFORE;
	const struct probe *from = &m->p;
	uint32_t at = 4;

	memset(p, 0, sizeof(*p));
	p->data = frame;
	p->frame.payload_off = BEFORE;
	p->side = (uint8_t)from->side;
	p->kind = (uint8_t)from->kind;
	p->hello = (uint8_t)from->hello;
	p->truths = (uint8_t)from->truths;
	p->frame.sport = (uint16_t)from->sport;
	p->frame.dport = (uint16_t)from->dport;
	p->frame.payload_len = (uint16_t)from->size;
	memcpy(p->frame.src.b, from->src, 16);
	memcpy(p->frame.dst.b, from->dst, 16);
	if (!from->v6) {
		p->frame.src = (struct damp_addr){ { [10] = 0xff, [11] = 0xff } };
		p->frame.dst = p->frame.src;
		memcpy(p->frame.src.b + 12, from->src, 4);
		memcpy(p->frame.dst.b + 12, from->dst, 4);
	}
	p->coap.type = (uint8_t)(from->type < 0 ? 0 : from->type);
	p->coap.code = (uint8_t)(from->code < 0 ? 0 : from->code);
	p->coap.options = from->options;
	p->coap.path_off = (uint16_t)put_options(msg, &at, DAMP_COAP_OPT_URI_PATH, 0, m->path, m->npath);
	p->coap.path_end = (uint16_t)at;
	p->coap.query_off = (uint16_t)put_options(msg, &at, DAMP_COAP_OPT_URI_QUERY,
						  m->npath ? DAMP_COAP_OPT_URI_PATH : 3, m->query, m->nquery);
	p->coap.query_end = (uint16_t)at;
	p->coap.npath = (uint8_t)m->npath;
	p->coap.nquery = (uint8_t)m->nquery;
	p->src_class = damp_view_class(v, &p->frame.src);
	p->dst_class = damp_view_class(v, &p->frame.dst);
}

static unsigned wanted_from(const struct gen_rule *rules, unsigned from, unsigned n, const struct gen_message *m)
{
	while (from < n && !gen_matches(&rules[from], m))
		from++;
	return from;
}

static unsigned check_message(uint64_t seed, const struct damp_view *v, const struct gen_rule *rules, unsigned n,
			      const struct gen_message *m)
{
	struct damp_text_cost cost = { 0 };
	struct damp_matches got;
	struct damp_pkt p;
	uint8_t frame[BEFORE + 128] = { 0 };
	unsigned matched = 0;

	build(v, m, frame, &p);
	damp_matches_begin(&got, v, 0, &p, &cost);
	for (unsigned want = wanted_from(rules, 0, n, m);; want = wanted_from(rules, want + 1, n, m)) {
		const bool any = damp_matches_any(&got);
		const int32_t rule = damp_matches_next(&got);

		if (any != (want < n) || rule != (want < n ? (int32_t)want : -1))
			fail_msg("seed %llu, %u rules: rule %d where %d should be (any: %d), of kind %u path '%s' query '%s'",
				 (unsigned long long)seed, n, rule, want < n ? (int)want : -1, any, m->p.kind, m->p.path,
				 m->p.query);
		if (want == n)
			return matched;
		matched++;
	}
}

struct rules { const struct gen_rule *rule; unsigned n; };

static void print_rules(FILE *f, void *arg)
{
	const struct rules *of = arg;

	gen_print(f, of->rule, of->n);
}

/* Returns how many rules matched in all. */
static unsigned check_program(uint64_t seed)
{
	static const struct damp_key key = { 1, 2 };
	uint64_t state = seed;
	const unsigned most = seed % 3 ? (seed % 3 == 1 ? FEW : 4 * FEW) : MANY;
	const unsigned n = 1 + (unsigned)(gen_random(&state) % most);
	struct gen_rule *rules = calloc(n, sizeof(*rules));
	struct damp_view *v;
	unsigned matched = 0;

	assert_non_null(rules);
	for (unsigned i = 0; i < n; i++)
		gen_rule(&state, &rules[i]);
	v = random_open(seed, print_rules, &(struct rules){ rules, n }, &key);
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct gen_message m;

		gen_message(&state, &m);
		for (unsigned k = 0; k < TWICE; k++)
			matched += check_message(seed, v, rules, n, &m);
	}
	damp_view_close(v);
	free(rules);
	return matched;
}

static void matches_are_what_the_file_says(void **state)
{
	(void)state;
	random_seeds(check_program, PROGRAMS, PROGRAMS * MESSAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(matches_are_what_the_file_says) };

	return cmocka_run_group_tests_name("rules and classifier", tests, NULL, NULL);
}
