/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tests of one rule file, found beside it: what `damper load` runs first.
 *
 * Invariant: a test file that cannot be read counts as red, since nobody can
 * say that it is not for these rules.
 */
#include "foresight/testrun.h"
#include "test.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct beside {
	const struct damp_cli *cli;
	char real[PATH_MAX];            /* of the rule file */
	struct damp_replay_program program;
	unsigned passed, red;
};

static void run_one(struct beside *b, const char *path, const struct damp_test *t)
{
	struct damp_test_result r = { .nsays = 0 };

	damp_test_run(t, &b->program, &r);
	if (r.nsays == 0) {
		b->passed++;
		return;
	}
	b->red++;
	fprintf(stderr, "%s:%d: test '%s' is red\n", path, t->line, t->name);
	for (unsigned i = 0; i < r.nsays; i++)
		fprintf(stderr, "  %s\n", r.say[i]);
}

static void run_file(struct beside *b, const char *path)
{
	struct damp_rules diags;
	struct damp_test_file *f = damp_test_file_load(path, b->cli->colour_err, &diags);
	char real[PATH_MAX];

	if (f == NULL) {
		fputs(diags.text != NULL ? diags.text : path, stderr);
		b->red++;
	} else if (realpath(f->rules, real) != NULL && strcmp(real, b->real) == 0) {
		b->program.ports = &f->ports;
		for (size_t i = 0; i < f->ntests; i++)
			run_one(b, path, &f->tests[i]);
	}
	damp_test_file_free(f);
	damp_rules_free(&diags);
}

/* A folder may be called anything; only the last part is a pattern. */
static bool pattern_of(const char *file, char out[PATH_MAX])
{
	const char *slash = strrchr(file, '/');
	size_t n = 0;

	for (const char *p = file; slash != NULL && p <= slash; p++) {
		if (n + 16 >= PATH_MAX)
			return false;
		if (strchr("*?[\\", *p) != NULL)
			out[n++] = '\\';
		out[n++] = *p;
	}
	snprintf(out + n, PATH_MAX - n, "*.test.yaml");
	return true;
}

int damp_test_beside(const struct damp_cli *cli, const char *file, const struct damp_rules *r,
		     unsigned *passed)
{
	struct beside b = { .cli = cli, .program = { .block = r->program, .len = r->program_len } };
	char pattern[PATH_MAX];
	glob_t found;

	*passed = 0;
	if (realpath(file, b.real) == NULL || !pattern_of(file, pattern))
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: its path cannot be followed", file);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			run_file(&b, found.gl_pathv[i]);
		globfree(&found);
	}
	*passed = b.passed;
	return b.red == 0 ? DAMP_EXIT_OK : DAMP_EXIT_NO;
}
