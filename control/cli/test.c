/* SPDX-License-Identifier: BSD-3-Clause */
/* See test.h. Reference: TAP version 13 (testanything.org). */
#include "test.h"

#include "check.h"
#include "foresight/testrun.h"

#include <stdlib.h>
#include <string.h>

/* One file and the program its tests run with. */
struct suite {
	const char *path;
	struct damp_test_file *file; /* NULL: it has errors */
	struct damp_rules rules;     /* no program: they have errors */
	int code;
};

static void load(const struct damp_cli *cli, struct suite *s)
{
	struct damp_rules diags;

	s->file = damp_test_file_load(s->path, cli->colour_err, &diags);
	if (diags.text != NULL)
		fputs(diags.text, stderr);
	s->code = s->file != NULL    ? DAMP_EXIT_OK
		  : diags.unreadable ? DAMP_EXIT_UNREADABLE
				     : DAMP_EXIT_NO;
	damp_rules_free(&diags);
	if (s->file == NULL)
		return;
	s->code = damp_check_file(cli, s->file->rules, &s->rules);
	if (s->rules.text != NULL)
		fputs(s->rules.text, stderr);
}

/* A file that cannot be used counts as one test. */
static size_t count(const struct suite *s)
{
	return s->file != NULL ? s->file->ntests : 1;
}

/* A string within TAP's YAML, in double quotes. */
static void put_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < 0x20 ? '?' : *text);
	}
	putchar('"');
}

/* "#" would begin a directive. */
static void put_name(const char *name)
{
	for (; *name; name++)
		putchar(*name == '#' || (unsigned char)*name < 0x20 ? '?' : *name);
	putchar('\n');
}

static void put_point(bool ok, size_t number, const char *name)
{
	printf("%sok %zu - ", ok ? "" : "not ", number);
	put_name(name);
}

static bool run_test(const struct suite *s, const struct damp_test *t, size_t number)
{
	const struct damp_replay_program p = { .block = s->rules.program, .len = s->rules.program_len,
					       .ports = &s->file->ports };
	struct damp_test_result r = { .nsays = 0 };

	if (s->rules.program == NULL)
		snprintf(r.say[r.nsays++], DAMP_TEST_SAY_LEN, "%s has errors", s->file->rules);
	else
		damp_test_run(t, &p, &r);
	put_point(r.nsays == 0, number, t->name);
	if (r.nsays == 0)
		return true;
	printf("  ---\n  at: ");
	put_quoted(s->path);
	printf("\n  line: %d\n  says:\n", t->line);
	for (unsigned i = 0; i < r.nsays; i++) {
		fputs("    - ", stdout);
		put_quoted(r.say[i]);
		putchar('\n');
	}
	puts("  ...");
	return false;
}

static int run_suite(struct suite *s, size_t *number)
{
	int code = s->code;

	if (s->file == NULL) {
		put_point(false, ++*number, s->path);
		return code;
	}
	for (size_t i = 0; i < s->file->ntests; i++)
		if (!run_test(s, &s->file->tests[i], ++*number) && code == DAMP_EXIT_OK)
			code = DAMP_EXIT_NO;
	return code;
}

int damp_cmd_test(struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	struct suite *s;
	size_t n = 0;
	int code = DAMP_EXIT_OK;

	if (a->format != NULL && strcmp(a->format, "tap") != 0)
		return damp_fail(DAMP_EXIT_USAGE,
				 "format '%s' is not supported by this version; write tap",
				 a->format);
	s = calloc((size_t)a->nwords, sizeof(*s));
	if (s == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	for (int i = 0; i < a->nwords; i++) {
		s[i].path = a->words[i];
		load(cli, &s[i]);
		n += count(&s[i]);
	}
	printf("TAP version 13\n1..%zu\n", n);
	n = 0;
	for (int i = 0; i < a->nwords; i++) {
		const int one = run_suite(&s[i], &n);

		code = one > code ? one : code;
		damp_test_file_free(s[i].file);
		damp_rules_free(&s[i].rules);
	}
	free(s);
	return code;
}
