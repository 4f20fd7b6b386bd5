/* SPDX-License-Identifier: BSD-3-Clause */
/* See bench_of.h. */
#include "bench_of.h"

#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct damp_bench *bench_of(const char *text, uint64_t when_s)
{
	struct damp_bench_setup s = { .small = true, .when_s = when_s };
	struct damp_bench *b;
	struct damp_rules r;
	char err[256];

	if (damp_rules_compile_text(text, strlen(text), "test.yaml", NULL, &r) != 0)
		fail_msg("%s", r.text);
	s.block = r.program;
	s.len = r.program_len;
	b = damp_bench_new(&s, err, sizeof(err));
	if (b == NULL)
		fail_msg("%s", err);
	damp_rules_free(&r);
	return b;
}
