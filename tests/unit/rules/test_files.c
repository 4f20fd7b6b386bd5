/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole rule files, compared character by character with the diagnostics next
 * to them.
 *
 * Idea: data/bad-x.yaml must not compile and its report must be data/bad-x.txt;
 * data/good-x.yaml must compile, with the warnings of data/good-x.txt if there
 * is one; of data/good-strict-x.yaml with the remarks of --strict as well. A new
 * case is a new file.
 */
#include "needs.h"
#include "rules.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BAD_FILES_MIN 300

struct dirs { const char *data, *root; };

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int c;

	if (!f)
		return NULL;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	while ((c = fgetc(f)) != EOF)
		fputc(c, out);
	fclose(out);
	fclose(f);
	return text;
}

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

static bool same_report(const char *dir, const char *name, const struct damp_rules *r)
{
	char *path = join(dir, name), *expect;
	bool same;

	memcpy(path + strlen(path) - strlen("yaml"), "txt", sizeof("txt"));
	expect = read_file(path);
	same = strcmp(expect ? expect : "", r->text) == 0;
	if (!same)
		print_error("%s: expected\n%s\nbut got\n%s\n", name, expect ? expect : "nothing", r->text);
	free(expect);
	free(path);
	return same;
}

/* Counts must agree with the list, and places must be ordered and sane. */
static bool sane(const struct damp_rules *r)
{
	unsigned errors = 0, warnings = 0;

	for (size_t i = 0; i < r->ndiags; i++) {
		const struct damp_diag *d = &r->diags[i];

		errors += d->level == DAMP_DIAG_ERROR;
		warnings += d->level == DAMP_DIAG_WARNING;
		if (d->line < 0 || (d->line > 0 && (d->column < 1 || d->end_column <= d->column)))
			return false;
	}
	return errors == r->errors && warnings == r->warnings && (r->program != NULL) == (r->errors == 0);
}

static bool check(const char *dir, const char *name)
{
	const struct damp_rules_options opt = { .shown_as = name,
						.strict = strncmp(name, "good-strict-", 12) == 0 };
	const bool bad = strncmp(name, "bad-", 4) == 0;
	char *path = join(dir, name);
	struct damp_rules r;
	bool good = (damp_rules_compile_file(path, &opt, &r) != 0) == bad;

	if (!good)
		print_error("%s: %s\n%s", name, bad ? "compiled, but is bad" : "did not compile", r.text);
	good = same_report(dir, name, &r) && good;
	if (!sane(&r)) {
		print_error("%s: counts or places of the report do not add up\n", name);
		good = false;
	}
	damp_rules_free(&r);
	free(path);
	return good;
}

static void all_files(void **state)
{
	const struct dirs *d = *state;
	struct dirent **e;
	const int n = scandir(d->data, &e, NULL, alphasort);
	unsigned bad = 0, wrong = 0;

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(e[i]->d_name, '.');

		if (dot && strcmp(dot, ".yaml") == 0) {
			bad += strncmp(e[i]->d_name, "bad-", 4) == 0;
			wrong += !check(d->data, e[i]->d_name);
		}
		free(e[i]);
	}
	free(e);
	assert_true(bad >= BAD_FILES_MIN);
	assert_int_equal(wrong, 0);
}

/* rules/default.yaml must load without a word, and only drop what is asked from outside. */
static void default_file(void **state)
{
	const struct dirs *d = *state;
	char *path = join(d->root, "rules/default.yaml");
	struct damp_rules r;

	if (damp_rules_compile_file(path, NULL, &r) != 0)
		fail_msg("%s", r.text);
	assert_string_equal(r.text, "");
	assert_string_equal(r.program->name, "default");
	assert_int_equal(r.program->mode, DAMP_MODE_ENFORCE);
	assert_int_equal(strlen(r.program->digest), 64);
	damp_rules_free(&r);
	free(path);
}

/* The examples of the shared reference load as they are: nothing in them is
 * refused, and each thing they ask for that is not there yet is warned about. */
static void shared_examples(void **state)
{
	static const struct { const char *path; bool warns; } files[] = {
		{ "examples/home.yaml", true }, { "examples/operator.yaml", true }, { "examples/industrial.yaml", false },
	};
	static const struct damp_rules_options opt = { .now = 1780272000 }; /* 2026-06-01 */

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = needs_shared(files[i].path);
		struct damp_rules r;

		assert_non_null(path);
		if (damp_rules_compile_file(path, &opt, &r) != 0)
			fail_msg("%s", r.text);
		if ((r.warnings > 0) != files[i].warns)
			fail_msg("%s: %u warnings\n%s", files[i].path, r.warnings, r.text);
		damp_rules_free(&r);
	}
}

static void reference_is_current(void **state)
{
	const struct dirs *d = *state;
	char *path = join(d->root, "docs/rules.md"), *old = read_file(path), *now = damp_rules_reference();

	if (!old || strcmp(old, now) != 0)
		fail_msg("docs/rules.md is not what damp-rules-doc prints; write it anew");
	free(old);
	free(now);
	free(path);
}

static void missing_file(void **state)
{
	struct damp_rules r;

	(void)state;
	assert_int_equal(damp_rules_compile_file("/nonexistent/rules.yaml", NULL, &r), -1);
	assert_true(r.unreadable);
	assert_int_equal(r.errors, 1);
	assert_string_equal(r.text, "/nonexistent/rules.yaml: error: cannot be read: No such file or directory\n");
	damp_rules_free(&r);
	assert_int_equal(damp_rules_compile_file("/", NULL, &r), -1);
	assert_true(r.unreadable);
	assert_string_equal(r.text, "/: error: cannot be read: Is a directory\n");
	damp_rules_free(&r);
}

/* 4 MiB and a byte, all of it a comment. */
static void large_file(void **state)
{
	const size_t len = (4u << 20) + 1;
	char *text = malloc(len);
	struct damp_rules r;

	(void)state;
	assert_non_null(text);
	memset(text, '#', len);
	assert_int_equal(damp_rules_compile_text(text, len, "large", NULL, &r), -1);
	assert_string_equal(r.text, "large: error: the file has more than 4 MiB, the most that is read\n");
	damp_rules_free(&r);
	free(text);
}

#define NAMES 20000

/* As many names as somebody's program writes: each is found, and none twice. */
static void many_names(void **state)
{
	static const char tail[] = "sets:\n  d12345: {kind: prefix, items: [192.0.2.1]}\n"
				   "rules:\n  - {id: a, match: {from: $d19999, to: $d0}, then: drop}\n"
				   "  - {id: b, match: {from: $d20000}, then: drop}\n";
	char *text = malloc(NAMES * 32 + sizeof(tail)), *p = text;
	struct damp_rules r;

	(void)state;
	assert_non_null(text);
	p += sprintf(p, "version: 1\ndefine:\n");
	for (int i = 0; i < NAMES; i++)
		p += sprintf(p, "  d%d: 10.0.%d.%d\n", i, i / 256, i % 256);
	memcpy(p, tail, sizeof(tail));
	assert_int_equal(damp_rules_compile_text(text, strlen(text), "names", NULL, &r), -1);
	assert_int_equal(r.errors, 2);
	assert_string_equal(r.diags[0].message, "'$d12345' is already a define");
	assert_int_equal(r.diags[1].line, 2 + 12345 + 1);
	assert_memory_equal(r.diags[2].message, "'$d20000' is not defined", 24);
	damp_rules_free(&r);
	free(text);
}

/* The list of errors has an end, the count does not; nor does a NUL end the file. */
static void many_errors(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct damp_rules r;

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 500; i++)
		fprintf(f, "k%d: 1\n", i);
	fclose(f);
	assert_int_equal(damp_rules_compile_text(text, len, "many", NULL, &r), -1);
	assert_int_equal(r.errors, 501);
	assert_int_equal(r.ndiags, 200);
	assert_non_null(strstr(r.text, "301 more errors are not shown\n"));
	damp_rules_free(&r);
	free(text);
	assert_int_equal(damp_rules_compile_text("version: 1\n\0", 12, "nul", NULL, &r), -1);
	assert_string_equal(r.text, "nul:2:1: error: a control character (byte 0x00)\n?\n^\n");
	damp_rules_free(&r);
}

static void colour(void **state)
{
	const struct damp_rules_options opt = { .colour = true };
	struct damp_rules r;

	(void)state;
	assert_int_equal(damp_rules_compile_text("version: 2", 10, "c", &opt, &r), -1);
	assert_non_null(strstr(r.text, "c:1:10: \033[1;31merror:\033[0m version 2"));
	assert_non_null(strstr(r.text, "\n         \033[1;31m^\033[0m\n"));
	damp_rules_free(&r);
}

int main(int argc, char **argv)
{
	struct dirs d = { argc > 1 ? argv[1] : "data", argc > 2 ? argv[2] : "../../.." };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(all_files, &d),
		cmocka_unit_test_prestate(default_file, &d),
		cmocka_unit_test_prestate(reference_is_current, &d),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(many_names), cmocka_unit_test(large_file),
		cmocka_unit_test(many_errors),
		cmocka_unit_test(colour),
	};
	const struct CMUnitTest of_shared[] = { cmocka_unit_test(shared_examples) };

	if (needs_run(argc, argv, "shared"))
		return needs_shared("examples") ? cmocka_run_group_tests_name("shared examples", of_shared, NULL, NULL)
						: NEEDS_SKIP;

	return cmocka_run_group_tests_name("rule files", tests, NULL, NULL);
}
