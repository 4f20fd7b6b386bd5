/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layout of rule files: the same again when it is done again, and the same
 * program and the same messages before and after, over every rule file there
 * is and over seeded random ones.
 *
 * Idea: a random file takes its keys from the key table and its values from
 * what the table shows as examples; how it is laid out (indentation, brackets,
 * comments, empty lines, quotes) is random as well. Most of them hold mistakes,
 * which must then be the same ones.
 */
#include "gen.h"
#include "keys.h"
#include "needs.h"
#include "rules.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1780272000 /* 2026-06-01: the exemptions of the examples hold */
#define RANDOM_FILES 600

struct dirs { const char *data, *root; };

static const struct damp_rules_options opt = { .now = NOW };

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb"), *out;
	char *text = NULL;
	int c;

	if (!f)
		return NULL;
	out = open_memstream(&text, len);
	assert_non_null(out);
	while ((c = fgetc(f)) != EOF)
		fputc(c, out);
	fclose(out);
	fclose(f);
	return text;
}

/* What may differ: the place of each rule and device, and the digest of the text. */
static void mask(struct damp_program_hdr *p)
{
	const struct damp_section *s = &p->sec[DAMP_SEC_RULES];
	struct damp_rule *rule = (struct damp_rule *)((char *)p + s->off);

	for (uint32_t i = 0; i < p->nrules; i++)
		rule[i].line = rule[i].column = 0;
	s = &p->sec[DAMP_SEC_DEVICES];
	for (size_t i = 0; i < s->len / sizeof(struct damp_device); i++) {
		struct damp_device *d = (struct damp_device *)((char *)p + s->off) + i;

		d->line = d->column = 0;
	}
	memset(p->digest, 0, sizeof(p->digest));
	p->checksum = 0;
}

static void same_meaning(const char *name, const char *a, size_t alen, const char *b, size_t blen)
{
	struct damp_rules x, y;

	damp_rules_compile_text(a, alen, name, &opt, &x);
	damp_rules_compile_text(b, blen, name, &opt, &y);
	if (x.ndiags != y.ndiags || x.program_len != y.program_len)
		fail_msg("%s: %zu messages, then %zu:\n%s\n%s\n%s\n%s", name, x.ndiags, y.ndiags, a, x.text, b, y.text);
	for (size_t i = 0; i < x.ndiags; i++)
		if (strcmp(x.diags[i].message, y.diags[i].message) != 0)
			fail_msg("%s: '%s' became '%s'\n%s", name, x.diags[i].message, y.diags[i].message, b);
	if (x.program) {
		mask(x.program);
		mask(y.program);
		assert_memory_equal(x.program, y.program, x.program_len);
	}
	damp_rules_free(&x);
	damp_rules_free(&y);
}

static size_t count(const char *text, char what)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == what;
	return n;
}

/* Returns false when the text cannot be laid out, for it cannot be read. */
static bool check(const char *name, const char *text, size_t len)
{
	struct damp_rules r;
	size_t n1 = 0, n2 = 0;
	char *once = damp_rules_format_text(text, len, name, &opt, &r, &n1), *twice;

	if (!once) {
		assert_true(r.errors > 0);
		if (strstr(r.text, "not understood")) {
			fprintf(stderr, "%s\n----\n", text);
			fail_msg("%s: %s", name, r.text);
		}
		damp_rules_free(&r);
		return false;
	}
	damp_rules_free(&r);
	twice = damp_rules_format_text(once, n1, name, &opt, &r, &n2);
	if (!twice || n1 != n2 || memcmp(once, twice, n1) != 0) {
		fprintf(stderr, "%s\n---- is laid out as\n%s\n---- and that as\n%s\n%s", text, once,
			twice ? twice : "nothing", r.text);
		fail_msg("%s", name);
	}
	damp_rules_free(&r);
	assert_int_equal(count(text, '#'), count(once, '#'));
	same_meaning(name, text, len, once, n1);
	free(once);
	free(twice);
	return true;
}

/* Every rule file in a directory; how many could be laid out. */
static unsigned check_dir(const char *dir)
{
	struct dirent **e;
	const int n = scandir(dir, &e, NULL, alphasort);
	unsigned done = 0;

	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(e[i]->d_name, '.');
		char path[4096], *text;
		size_t len = 0;

		snprintf(path, sizeof(path), "%s/%s", dir, e[i]->d_name);
		if (dot && strcmp(dot, ".yaml") == 0 && (text = read_file(path, &len))) {
			done += check(e[i]->d_name, text, len);
			free(text);
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return done;
}

static void corpus(void **state)
{
	const struct dirs *d = *state;

	assert_true(check_dir(d->data) > 110);
}

static void shipped_files(void **state)
{
	const struct dirs *d = *state;
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/rules", d->root);
	assert_true(check_dir(dir) >= 3);
}

static void shared_examples(void **state)
{
	(void)state;
	assert_true(check_dir(needs_shared("examples")) >= 4);
}

/* ---- random files ---------------------------------------------------- */

struct maker {
	FILE *f;
	uint64_t seed;
	unsigned step;              /* of indentation */
};

static unsigned roll(struct maker *m, unsigned n)
{
	return (unsigned)(gen_random(&m->seed) % n);
}

static void pad(struct maker *m, unsigned n)
{
	fprintf(m->f, "%*s", (int)n, "");
}

/* The end of a line, with what may stand there. */
static void end_line(struct maker *m)
{
	static const char *const notes[] = { "# a note", "#", "#: [x, {y", "# - no item", "# \xc3\xa9 \xe2\x86\x92" };

	if (roll(m, 6) == 0)
		fprintf(m->f, "%*s%s", (int)roll(m, 5) + 1, "", notes[roll(m, 5)]);
	else
		pad(m, roll(m, 8) == 0);
	fputc('\n', m->f);
	while (roll(m, 6) == 0)
		fputs(roll(m, 2) ? "\n" : "   \n", m->f);
	if (roll(m, 8) == 0)
		fprintf(m->f, "%*s%s\n", (int)roll(m, 7), "", notes[roll(m, 5)]);
}

/* One of the examples that the text of the kind shows. */
static void put_word(struct maker *m, enum damp_key_kind kind)
{
	const char *text = damp_kind_text(kind), *at = text, *end;
	unsigned n = 0;

	while ((at = strchr(at, '`')) && (end = strchr(at + 1, '`')) && roll(m, 3) != 0) {
		text = at;
		at = end + 1;
		n++;
	}
	if (!n || *text != '`') {
		fputs(roll(m, 2) ? "word" : "\"two words\"", m->f);
		return;
	}
	end = strchr(text + 1, '`');
	if (memchr(text, '"', (size_t)(end - text)) || strpbrk(text + 1, ":,[]{}*&!|>%@") < end || roll(m, 4))
		fprintf(m->f, "'%.*s'", (int)(end - text - 1), text + 1);
	else
		fprintf(m->f, "%.*s", (int)(end - text - 1), text + 1);
}

/* A break inside of brackets, or none. */
static void put_gap(struct maker *m, unsigned indent)
{
	if (roll(m, 5) == 0) {
		end_line(m);
		pad(m, indent + roll(m, 4));
	} else {
		pad(m, roll(m, 3));
	}
}

static void put_section(struct maker *m, enum damp_key_section s, unsigned indent, bool flow, unsigned depth);

static void put_list(struct maker *m, enum damp_key_kind kind, unsigned indent)
{
	const unsigned n = roll(m, 12);

	fputc('[', m->f);
	for (unsigned i = 0; i < n; i++) {
		put_gap(m, indent);
		put_word(m, kind);
		put_gap(m, indent);
		fputs(i + 1 < n || roll(m, 4) == 0 ? "," : "", m->f);
	}
	put_gap(m, indent);
	fputc(']', m->f);
}

/* Behind a colon, up to the end of the line. */
static void put_value(struct maker *m, enum damp_key_id k, unsigned indent, bool flow, unsigned depth)
{
	const enum damp_key_section opens = damp_key_opens(k);
	const bool named = damp_keys[k].kind == DAMP_KIND_OF_NAMED;

	if (opens != DAMP_SECTION_MAX && !named && depth < 6) {
		put_section(m, opens, indent + m->step, flow || roll(m, 2), depth + 1);
		return;
	}
	fputc(' ', m->f);
	if (damp_keys[k].kind == DAMP_KIND_OF_TEXT && !flow && roll(m, 3) == 0) {
		fprintf(m->f, "%s\n%*sof several\n\n%*s lines", roll(m, 2) ? ">-" : "|", (int)indent + 1, "", (int)indent + 1, "");
	} else if (damp_keys[k].kind == DAMP_KIND_OF_TEXT && !flow && roll(m, 2)) {
		fprintf(m->f, "of several  \n%*swords\n\n%*sand lines", (int)(indent + 1 + roll(m, 4)), "", (int)indent + 2, "");
	} else if (roll(m, 3) == 0 || named) {
		put_list(m, damp_keys[k].kind, indent + 1);
	} else {
		put_word(m, damp_keys[k].kind);
	}
}

static void put_pair(struct maker *m, enum damp_key_id k, unsigned indent, bool flow, unsigned depth)
{
	fprintf(m->f, roll(m, 6) ? "%s" : "\"%s\"", damp_keys[k].name);
	fputs(roll(m, 10) ? ":" : " :", m->f);
	if (roll(m, 20) || (flow && roll(m, 2)))
		put_value(m, k, indent, flow, depth);
	else
		fputs(flow ? " " : "", m->f);
}

static void put_section(struct maker *m, enum damp_key_section s, unsigned indent, bool flow, unsigned depth)
{
	bool first = true;

	fputs(flow ? " {" : "", m->f);
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		if (damp_keys[k].section != s || roll(m, 3))
			continue;
		if (flow) {
			fputs(first ? "" : ",", m->f);
			put_gap(m, indent);
		} else if (!first || depth) {
			end_line(m);
			pad(m, indent);
		}
		put_pair(m, k, indent, flow, depth);
		first = false;
	}
	if (flow)
		put_gap(m, indent);
	fputs(flow ? "}" : first ? " {}" : "", m->f);
}

/* Rules as a list of mappings, in lines and in brackets. */
static void put_rules(struct maker *m)
{
	const unsigned indent = roll(m, 4), n = roll(m, 5) + 1;

	fputs("rules:", m->f);
	for (unsigned i = 0; i < n; i++) {
		end_line(m);
		pad(m, indent);
		fprintf(m->f, "-%*sid: r%u", (int)m->step, "", i);
		for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
			if (damp_keys[k].section == DAMP_SECTION_RULE && k != DAMP_KEY_RULE_ID && roll(m, 3) == 0) {
				end_line(m);
				pad(m, indent + 1 + m->step);
				put_pair(m, k, indent + 1 + m->step, false, 1);
			}
	}
	end_line(m);
}

static char *make(uint64_t seed, size_t *len)
{
	struct maker m = { .seed = seed };
	char *text = NULL;

	m.f = open_memstream(&text, len);
	assert_non_null(m.f);
	m.step = roll(&m, 4) + 1;
	if (roll(&m, 2))
		end_line(&m);
	fputs(roll(&m, 4) ? "version: 1" : "---\nversion: 1", m.f);
	end_line(&m);
	put_rules(&m);
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
		if (damp_keys[k].section == DAMP_SECTION_TOP && k != DAMP_KEY_TOP_RULES &&
		    k != DAMP_KEY_TOP_VERSION && roll(&m, 3) == 0) {
			put_pair(&m, k, 0, false, 0);
			end_line(&m);
		}
	fclose(m.f);
	return text;
}

static void random_files(void **state)
{
	const char *given = getenv("DAMPER_SEED");
	const uint64_t seed = given ? strtoull(given, NULL, 0) : 1;
	unsigned done = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (uint64_t i = 0; i < RANDOM_FILES; i++) {
		char name[32], *text;
		size_t len = 0;

		text = make(seed * 1000003 + i, &len);
		snprintf(name, sizeof(name), "random-%llu", (unsigned long long)i);
		done += check(name, text, len);
		free(text);
	}
	print_message("%u of %u could be laid out\n", done, RANDOM_FILES);
	assert_true(done > RANDOM_FILES * 3 / 4);
}

/* Rules that compile, so that programs are compared and not only messages. */
static void random_programs(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		struct gen_rule rules[8];
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		for (unsigned r = 0; r < 8; r++)
			gen_rule(&seed, &rules[r]);
		gen_print(f, rules, 8);
		fclose(f);
		assert_true(check("generated", text, len));
		free(text);
	}
}

/* ---- by hand --------------------------------------------------------- */

static const struct { const char *before, *after; } layouts[] = {
	{ "version:   1\n\n\n\nrules: [ ]\n", "version: 1\n\nrules: []\n" },
	{ "# top\n\nversion: 1 # one\nruleset: # two\n   name: a  # three\n",
	  "# top\n\nversion: 1  # one\nruleset:    # two\n  name: a   # three\n" },
	{ "rules:\n- id: a\n  then: drop\n  # end of a\n# about b\n- {id: b,then: drop}\n",
	  "rules:\n  - id: a\n    then: drop\n    # end of a\n  # about b\n  - {id: b, then: drop}\n" },
	{ "rules:\n-  # first\n   id: a\n-\n  # second\n  id: b\n",
	  "rules:\n  -  # first\n    id: a\n  -\n    # second\n    id: b\n" },
	{ "a: [1, # one\n  2,\n  # three\n  3]\n", "a: [1,  # one\n    2,\n    # three\n    3]\n" },
	{ "a:\n  # why\n  5\n", "a:\n  # why\n  5\n" },
	{ "a:  # why\n  5\n", "a: 5  # why\n" },
	{ "a: one\n     two\n\n     three\n", "a: one\n  two\n\n  three\n" },
	{ "a: |\n      x\n        y\n\n\nb: 1\n", "a: |\n  x\n    y\n\nb: 1\n" },
	{ "o:\n  a: |\n    \nb: 1\n", "o:\n  a: |\n\nb: 1\n" },
	{ "{\"a\":1,\"b\":[true,\n{\"c\":null}]}\n", "{\"a\": 1, \"b\": [true, {\"c\": null}]}\n" },
	{ "a: {b: {c: [ x,y ]} , d: }\r\n", "a: {b: {c: [x, y]}, d:}\n" },
	{ "? a\n: b\n'c' : \"d\\\n   e\"\n", "a: b\n'c': \"d\\\n  e\"\n" },
	{ "list: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccc, dddddddddddddddddddd, e]\n",
	  "list: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccccccccc,\n"
	  "       dddddddddddddddddddd, e]\n" },
};

static void by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct damp_rules r;
		size_t len = 0;
		char *out = damp_rules_format_text(layouts[i].before, strlen(layouts[i].before), "hand", &opt, &r, &len);

		if (!out)
			fail_msg("%s\n%s", layouts[i].before, r.text);
		assert_string_equal(out, layouts[i].after);
		assert_true(check("hand", layouts[i].before, strlen(layouts[i].before)));
		damp_rules_free(&r);
		free(out);
	}
}

/* What cannot be laid out is said, and nothing comes out. */
static void refused(void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "a: [1\n", "x:2:1: error: flow sequence without a closing bracket" },
		{ "a: &b 1\n", "YAML anchors are not used in rule files" },
		{ "a: |2\n  x\n", "indentation number is not laid out" },
		{ "# c\n{a: 1}\n", "a comment before the brackets of the whole file" },
		{ "{a: 1}\n# c\n", "a comment behind the end" },
		{ "", "the file holds no rules" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct damp_rules r;
		size_t len = 0;

		assert_null(damp_rules_format_text(cases[i].text, strlen(cases[i].text), "x", &opt, &r, &len));
		if (!strstr(r.text, cases[i].message))
			fail_msg("'%s' gives: %s", cases[i].text, r.text);
		damp_rules_free(&r);
	}
}

int main(int argc, char **argv)
{
	struct dirs d = { argc > 1 ? argv[1] : "data", argc > 2 ? argv[2] : "../../.." };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(refused),
		cmocka_unit_test_prestate(corpus, &d),
		cmocka_unit_test_prestate(shipped_files, &d),
		cmocka_unit_test(random_files),
		cmocka_unit_test(random_programs),
	};
	const struct CMUnitTest of_shared[] = { cmocka_unit_test(shared_examples) };

	if (needs_run(argc, argv, "shared"))
		return needs_shared("examples") ? cmocka_run_group_tests_name("layout of shared examples", of_shared, NULL, NULL)
						: NEEDS_SKIP;

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
