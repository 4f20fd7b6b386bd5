/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Property: for every rule file and every message, the rules that the compiled
 * rows say match are exactly those the file says match.
 *
 * Random rules over a small world (gen.h), random messages near its edges. The
 * seed is printed on failure; DAMPER_SEED=n repeats one.
 */
#include "gen.h"
#include "random_rules.h"
#include "rules.h"
#include "view_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PROGRAMS 80u
#define MESSAGES 150u
#define RULES_MAX 150u

static void fail_at(uint64_t seed, const char *text, unsigned rule, const struct gen_message *m, bool wanted)
{
	const struct probe *p = &m->p;

	print_error("%s\nseed %llu: rule r%u should %smatch\n"
		    "  kind %u type %d code 0x%x side %u v6 %d src %u.%u.%u.%u dst %u.%u.%u.%u ports %u %u size %u truths %u "
		    "options %llx path '%s' query '%s'\n", text, (unsigned long long)seed, rule, wanted ? "" : "not ", p->kind,
		    p->type, p->code, p->side, p->v6, p->src[0], p->src[1], p->src[2], p->src[3], p->dst[0], p->dst[1],
		    p->dst[2], p->dst[3], p->sport, p->dport, p->size, p->truths, (unsigned long long)p->options, p->path,
		    p->query);
	fail();
}

static unsigned check_program(uint64_t seed)
{
	uint64_t state = seed;
	const unsigned n = 1 + (unsigned)(gen_random(&state) % RULES_MAX);
	struct gen_rule *rules = calloc(n, sizeof(*rules));
	unsigned matched = 0;
	struct damp_rules out;
	char *text = NULL, err[200] = "";
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(rules);
	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		gen_rule(&state, &rules[i]);
	gen_print(f, rules, n);
	fclose(f);
	if (damp_rules_compile_text(text, len, "random", NULL, &out) != 0)
		fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, text, out.text);
	if (!damp_program_check(out.program, out.program_len, err, sizeof(err)))
		fail_msg("seed %llu: %s\nthe data plane would refuse it: %s", (unsigned long long)seed, text, err);
	for (unsigned i = 0; i < MESSAGES; i++) {
		uint64_t got[DAMP_RULES_MAX / 64];
		struct gen_message m;

		gen_message(&state, &m);
		eval_program(out.program, &m.p, got);
		for (unsigned r = 0; r < n; r++) {
			const bool wanted = gen_matches(&rules[r], &m);

			matched += wanted;
			if (((got[r / 64] >> (r % 64)) & 1) != wanted)
				fail_at(seed, text, r, &m, wanted);
		}
	}
	damp_rules_free(&out);
	free(text);
	free(rules);
	return matched;
}

static void rows_mean_what_the_file_says(void **state)
{
	(void)state;
	random_seeds(check_program, PROGRAMS, PROGRAMS * MESSAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows_mean_what_the_file_says) };

	return cmocka_run_group_tests_name("rules and rows", tests, NULL, NULL);
}
