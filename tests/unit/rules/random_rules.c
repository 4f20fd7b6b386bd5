/* SPDX-License-Identifier: BSD-3-Clause */
/* See random_rules.h. */
#include "random_rules.h"

#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct damp_view *random_open(uint64_t seed, random_print *print, void *arg, const struct damp_key *key)
{
	char err[200] = "", *text = NULL;
	size_t len = 0;
	struct damp_rules out;
	struct damp_view *v;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	print(f, arg);
	fclose(f);
	if (damp_rules_compile_text(text, len, "random", NULL, &out) != 0)
		fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, text, out.text);
	v = damp_view_open(out.program, out.program_len, 1, key, err, sizeof(err));
	if (v == NULL)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err);
	out.program = NULL;
	damp_rules_free(&out);
	free(text);
	return v;
}

void random_seeds(unsigned (*check)(uint64_t seed), unsigned programs, unsigned least)
{
	const char *env = getenv("DAMPER_SEED");
	unsigned matched = 0;

	if (env) {
		check(strtoull(env, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= programs; seed++)
		matched += check(seed);
	assert_true(matched > least);
}
