/* SPDX-License-Identifier: BSD-3-Clause */
/* See rules_rig.h. */
#include "rules_rig.h"
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

void rules_open(struct rig *r, bool v6, const char *text)
{
	struct damp_rules out;

	if (damp_rules_compile_text(text, strlen(text), "test.yaml", NULL, &out) != 0)
		fail_msg("%s", out.text);
	rig_open_program(r, v6, out.program, out.program_len);
	out.program = NULL;
	damp_rules_free(&out);
}

uint64_t rules_counted(const struct rig *r, unsigned rule, enum damp_outcome o)
{
	return r->stats->worker[0].rule[rule + 1][o].packets;
}
