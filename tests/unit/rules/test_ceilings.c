/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is bounded, one beyond its bound: files that a machine wrote. Each row
 * says how to write one; the report must say which bound it is, and the same
 * file at the bound must compile.
 */
#include "model.h"
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void tenants(FILE *f, unsigned n)
{
	fputs("tenants:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  t%u: 10.%u.%u.0/24\n", i, i / 256, i % 256);
	fputs("rules: []\n", f);
}

static void schedules(FILE *f, unsigned n)
{
	fputs("schedules:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  s%u: {hours: 01:00-02:00, zone: UTC}\n", i);
	fputs("rules: []\n", f);
}

static void runtime_sets(FILE *f, unsigned n)
{
	fputs("sets:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  r%u: {kind: prefix, source: runtime}\n", i);
	fputs("rules:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  - {id: r%u, match: {from: $r%u}, then: drop}\n", i, i);
}

static void rules(FILE *f, unsigned n)
{
	fputs("rules:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  - {id: r%u, match: {path: /%u}, then: drop}\n", i, i);
}

static void limits(FILE *f, unsigned n)
{
	fputs("limits:\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  l%u: {per: source, rate: 1 msg/s, burst: 1 msg}\n", i);
	fputs("rules: []\n", f);
}

/* 4096 in 16 sets, then one more of each rule. */
static void patterns(FILE *f, unsigned n)
{
	fputs("rules:\n", f);
	for (unsigned i = 0; i < n;) {
		fprintf(f, "  - {id: r%u, then: drop, match: {path: [", i);
		for (unsigned j = 0; j < 512 && i < n; j++, i++)
			fprintf(f, "%s/%x", j ? ", " : "", i);
		fputs("]}}\n", f);
	}
}

static char *write_file(void (*fill)(FILE *, unsigned), unsigned n, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	assert_non_null(f);
	fputs("version: 1\n", f);
	fill(f, n);
	fclose(f);
	return text;
}

static void beyond(void **state)
{
	static const struct {
		void (*fill)(FILE *, unsigned);
		unsigned most;
		const char *said;
	} row[] = {
		{ tenants, 4096, "error: more than 4096 tenants" },
		{ schedules, 1024, "error: more than 1024 schedules" },
		{ runtime_sets, DAMP_RUNTIME_SETS_MAX, "error: more than 6 sets that are filled at run time are asked for" },
		{ rules, DAMP_RULES_MAX, "more than 4096 rules" },
		{ limits, DAMP_LIMITS_MAX, "more than 1024 limits" },
		{ patterns, 65536, "error: more than 65536 different patterns" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (unsigned over = 0; over < 2; over++) {
			struct damp_rules r;
			size_t len;
			char *text = write_file(row[i].fill, row[i].most + over, &len);
			const int rc = damp_rules_compile_text(text, len, "large", NULL, &r);

			if ((rc == 0) != (over == 0))
				fail_msg("%s: %u more: %d\n%.400s", row[i].said, over, rc, r.text);
			if (over && (strstr(r.text, row[i].said) == NULL || r.errors != 1))
				fail_msg("not '%s', but %u errors:\n%.400s", row[i].said, r.errors, r.text);
			damp_rules_free(&r);
			free(text);
		}
}

static void too_many_files(void **state)
{
	static const char *const said = "more than 1024 files";
	char dir[] = "/tmp/damper-ceilings-XXXXXX", path[64];
	struct damp_rules r;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/root", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("version: 1\ninclude: 'x*.yaml'\nrules: []\n", f);
	fclose(f);
	for (unsigned i = 0; i < 1024; i++) { /* and the root */
		snprintf(path, sizeof(path), "%s/x%u.yaml", dir, i);
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, "version: 1\ndefine: {d%u: 192.0.2.0/24}\n", i);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/root", dir);
	if (damp_rules_compile_file(path, NULL, &r) == 0 || strstr(r.text, said) == NULL)
		fail_msg("not '%s':\n%.400s", said, r.text);
	damp_rules_free(&r);
	for (unsigned i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), "%s/x%u.yaml", dir, i);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/root", dir);
	unlink(path);
	rmdir(dir);
}

/* The day decides, so the day is given. */
static void exemption_that_ends_soon(void **state)
{
	static const struct { int64_t now; const char *said; } row[] = {
		{ 1782864000, "" },  /* 2026-07-01, 15 days before */
		{ 1782950400, "x:3:43: warning: this exemption ends on 2026-07-16, in 14 days\n" },
		{ 1784160000, "x:3:43: warning: this exemption ends on 2026-07-16, in 0 days\n" },
		{ 1784246400, "x:3:43: error: this exemption ended on 2026-07-16\n" },
	};
	static const char text[] = "version: 1\nexempt:\n  - {from: 192.0.2.1, about: pump, until: 2026-07-16}\n"
				   "rules: []\n";

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct damp_rules_options opt = { .now = row[i].now };
		struct damp_rules r;

		damp_rules_compile_text(text, sizeof(text) - 1, "x", &opt, &r);
		if (strncmp(r.text, row[i].said, strlen(row[i].said)) != 0 || (row[i].said[0] == '\0' && r.ndiags))
			fail_msg("%lld: not '%s' but\n%s", (long long)row[i].now, row[i].said, r.text);
		damp_rules_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beyond),
		cmocka_unit_test(too_many_files),
		cmocka_unit_test(exemption_that_ends_soon),
	};

	return cmocka_run_group_tests_name("ceilings of rule files", tests, NULL, NULL);
}
