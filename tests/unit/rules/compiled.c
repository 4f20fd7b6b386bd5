/* SPDX-License-Identifier: BSD-3-Clause */
/* See compiled.h. */
#include "compiled.h"

#include "eval.h"
#include "view.h"
#include "view_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void compile(const char *text, struct damp_rules *r)
{
	char err[200] = "";

	if (damp_rules_compile_text(text, strlen(text), "t.yaml", NULL, r) != 0)
		fail_msg("%s\n%s", text, r->text);
	if (!damp_program_check(r->program, r->program_len, err, sizeof(err)))
		fail_msg("%s\nthe data plane would refuse it: %s", text, err);
}

const char *string_at(const struct damp_program_hdr *h, uint32_t off)
{
	return (const char *)eval_section(h, DAMP_SEC_STRINGS) + off;
}
