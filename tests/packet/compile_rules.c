/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiles a rule file to a program file, for packet tests that need no
 * control plane running.
 *
 *	damp-compile-rules RULES PROGRAM
 */
#include "rules.h"

#include <stdio.h>

static int write_program(const char *path, const struct damp_rules *r)
{
	FILE *f = fopen(path, "wb");
	size_t n;

	if (f == NULL)
		return -1;
	n = fwrite(r->program, 1, r->program_len, f);
	return fclose(f) == 0 && n == r->program_len ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct damp_rules_options plain = { 0 };
	struct damp_rules r;
	int rc;

	if (argc != 3) {
		fputs("usage: damp-compile-rules RULES PROGRAM\n", stderr);
		return 2;
	}
	rc = damp_rules_compile_file(argv[1], &plain, &r);
	if (r.text != NULL)
		fputs(r.text, stderr);
	if (rc == 0 && write_program(argv[2], &r) != 0) {
		perror(argv[2]);
		rc = -1;
	}
	damp_rules_free(&r);
	return rc == 0 ? 0 : 1;
}
