/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rule sets of several files: what the file system may do to them, and how
 * they travel as a bundle. Each test has a directory of its own.
 */
#include "eval.h"
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "version: 1\n"

struct place {
	char dir[64];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->dir, sizeof(p->dir), "/tmp/damper-rules-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	*state = p;
	return 0;
}

static const char *at(const struct place *p, const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return path;
}

static int remove_place(void **state)
{
	static const char *const names[] = { "in/secret.yaml", "in/link.yaml", "in/outside/x.yaml", "in/outside",
					     "in/root.yaml",   "in/a.yaml",    "in/big.txt",	    "in/b.yaml",
					     "out.yaml",       "in",	       "" };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(at(p, names[i]));
	free(p);
	return 0;
}

static void put(const struct place *p, const char *name, const char *text)
{
	FILE *f = fopen(at(p, name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Neither a link to a file nor one to a directory, nor one that stays inside; what
 * a glob finds is no exception, since nobody would miss the rules behind it. */
static void links_are_not_followed(void **state)
{
	const struct damp_rules_options opt = { .shown_as = "root.yaml" };
	const struct place *p = *state;
	struct damp_rules r;

	assert_int_equal(mkdir(at(p, "in"), 0700), 0);
	put(p, "out.yaml", HEAD);
	put(p, "in/a.yaml", HEAD);
	put(p, "in/root.yaml", HEAD "include: [secret.yaml, outside/out.yaml, link.yaml, \"l*.yaml\"]\n");
	assert_int_equal(symlink("../out.yaml", at(p, "in/secret.yaml")), 0);
	assert_int_equal(symlink("..", at(p, "in/outside")), 0);
	assert_int_equal(symlink("a.yaml", at(p, "in/link.yaml")), 0);
	assert_int_equal(damp_rules_compile_file(at(p, "in/root.yaml"), &opt, &r), -1);
	assert_int_equal(r.errors, 4);
	assert_int_equal(r.warnings, 0);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(r.diags[i].message, "a symbolic link leads there, and none is followed"));
	damp_rules_free(&r);
}

/* A folder that is a link, and a link that leads nowhere; but what is not there
 * only matches nothing. */
static void globs_find_what_cannot_be_read(void **state)
{
	static const struct {
		const char *include, *says;
	} cases[] = {
		{ "\"outside/*.yaml\"", "'outside' cannot be read: a symbolic link leads there, and none is followed" },
		{ "\"out*/*.yaml\"", "'outside' cannot be read: a symbolic link leads there, and none is followed" },
		{ "\"s*.yaml\"", "'secret.yaml' cannot be read: a symbolic link leads there, and none is followed" },
		{ "\"nowhere/*.yaml\"", "'nowhere/*.yaml' matches no file" },
		{ "\"a.yaml/*.yaml\"", "'a.yaml/*.yaml' matches no file" },
		{ "\"*/out.yaml\"", "'outside/out.yaml' cannot be read: a symbolic link leads there, and none is followed" },
		{ "\"*/x.yaml\"", "'*/x.yaml' matches no file" },
		{ "\"*/*/x.yaml\"", "'outside' cannot be read: a symbolic link leads there, and none is followed" },
	};
	const struct place *p = *state;
	char text[120];
	struct damp_rules r;

	assert_int_equal(mkdir(at(p, "in"), 0700), 0);
	put(p, "out.yaml", HEAD);
	put(p, "in/a.yaml", HEAD);
	assert_int_equal(symlink("..", at(p, "in/outside")), 0);
	assert_int_equal(symlink("nowhere.yaml", at(p, "in/secret.yaml")), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD "include: %s\n", cases[i].include);
		put(p, "in/root.yaml", text);
		damp_rules_compile_file(at(p, "in/root.yaml"), NULL, &r);
		if (r.ndiags != 1)
			fail_msg("%s", r.text);
		assert_string_equal(r.diags[0].message, cases[i].says);
		assert_true(r.errors == (strstr(cases[i].says, "cannot be read") ? 1u : 0u));
		damp_rules_free(&r);
	}
}

static void a_text_has_no_files(void **state)
{
	static const char text[] = HEAD "include: a.yaml\n";
	struct damp_rules r;

	(void)state;
	assert_int_equal(damp_rules_compile_text(text, strlen(text), "t.yaml", NULL, &r), -1);
	assert_string_equal(r.diags[0].message, "'a.yaml': this text came without its files");
	damp_rules_free(&r);
}

/* What was compiled from files compiles to the same program from their bundle. */
static void a_bundle_is_the_same(void **state)
{
	const struct damp_rules_options opt = { .shown_as = "/etc/x/root.yaml" };
	const struct place *p = *state;
	struct damp_rules file, bundle;
	const struct damp_rule *rule;

	assert_int_equal(mkdir(at(p, "in"), 0700), 0);
	put(p, "in/root.yaml", HEAD "include: \"[ab].yaml\"\nrules:\n  - {id: one, match: {from: $net}, then: drop}\n");
	put(p, "in/a.yaml", HEAD "define: {net: 192.0.2.0/24}\n");
	put(p, "in/b.yaml", HEAD "rules:\n  - {id: two, match: any, then: accept}\n");
	if (damp_rules_compile_file(at(p, "in/root.yaml"), &opt, &file) != 0)
		fail_msg("%s", file.text);
	assert_non_null(file.source);
	if (damp_rules_compile_text(file.source, file.source_len, "/etc/x/root.yaml", NULL, &bundle) != 0)
		fail_msg("%s", bundle.text);
	assert_int_equal(file.program_len, bundle.program_len);
	assert_memory_equal(file.program, bundle.program, file.program_len);
	rule = eval_section(file.program, DAMP_SEC_RULES);
	assert_int_equal(file.program->nrules, 2);
	assert_string_equal((const char *)eval_section(file.program, DAMP_SEC_STRINGS) + rule[1].file_off,
			    "/etc/x/b.yaml");
	damp_rules_free(&bundle);
	/* Each bundle that ends early is refused, whatever else it is. */
	for (size_t n = strlen("damper-bundle 1 "); n < file.source_len; n++) {
		assert_int_equal(damp_rules_compile_text(file.source, n, "t", NULL, &bundle), -1);
		damp_rules_free(&bundle);
	}
	damp_rules_free(&file);
}

#define MANY 100000u
#define FEWER (MANY / 16)
/* Between in proportion (16) and by the square (256). Processor time is not exact,
 * and the least of some tries comes nearest to what the work itself takes. */
#define TIMES_LONGER 64
#define TRIES 5

static void put_prefixes(const struct place *p, unsigned n)
{
	FILE *f = fopen(at(p, "in/big.txt"), "w");

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "%u.%u.%u.%u/31 # number %u\n", 10 + (i >> 22), i >> 14 & 255, i >> 6 & 255, i << 2 & 255, i);
	fclose(f);
}

/* Compile with n prefixes in the set; seconds of processor time. */
static double compile_large(const struct place *p, unsigned n, struct damp_rules *r)
{
	struct timespec a, b;

	put_prefixes(p, n);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	if (damp_rules_compile_file(at(p, "in/root.yaml"), NULL, r) != 0)
		fail_msg("%s", r->text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* 100 000 prefixes that do not touch, and the last of them matches. Sixteen times as
 * many take about sixteen times as long. */
static void a_large_set(void **state)
{
	const struct place *p = *state;
	const struct damp_class *cls;
	double few = 1e9, many = 1e9;
	uint8_t addr[16] = { 0 };
	struct damp_rules r;

	assert_int_equal(mkdir(at(p, "in"), 0700), 0);
	put(p, "in/root.yaml", HEAD "sets:\n  big: {kind: prefix, source: file, file: big.txt}\n"
				    "rules:\n  - {id: one, match: {from: $big}, then: drop}\n");
	for (unsigned i = 0; i < TRIES && (i == 0 || many > TIMES_LONGER * few); i++) {
		many = least(many, compile_large(p, MANY, &r));
		damp_rules_free(&r);
		few = least(few, compile_large(p, FEWER, &r));
		damp_rules_free(&r);
	}
	print_message("%u prefixes in %.3f s, %u in %.4f s\n", MANY, many, FEWER, few);
	assert_true(many <= TIMES_LONGER * few);
	compile_large(p, MANY, &r);
	assert_true(r.program->sec[DAMP_SEC_RANGES4].len / sizeof(struct damp_range4) >= 2 * MANY);
	cls = eval_section(r.program, DAMP_SEC_CLASSES);
	addr[0] = 10;
	addr[1] = (MANY - 1) >> 14 & 255;
	addr[2] = (MANY - 1) >> 6 & 255;
	addr[3] = (uint8_t)((MANY - 1) << 2 & 255);
	assert_int_not_equal(cls[eval_class(r.program, false, addr)].src_row[0],
			     cls[eval_class(r.program, false, (uint8_t[16]){ 9 })].src_row[0]);
	damp_rules_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_are_not_followed, make_place, remove_place),
		cmocka_unit_test_setup_teardown(globs_find_what_cannot_be_read, make_place, remove_place),
		cmocka_unit_test(a_text_has_no_files),
		cmocka_unit_test_setup_teardown(a_bundle_is_the_same, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_large_set, make_place, remove_place),
	};

	return cmocka_run_group_tests_name("several files", tests, NULL, NULL);
}
