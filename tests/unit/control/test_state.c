/* SPDX-License-Identifier: BSD-3-Clause */
/* When rules are loaded, and what is remembered about it. */
#include "history.h"
#include "keeper.h"
#include "tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_decide(void **state)
{
	static const struct {
		const char *name, *running, *wanted;
		const char *last, *file; /* history: digest of the last load, of the file then */
		enum damp_connect why;
		bool load;
	} row[] = {
		{ "the file runs already", "A", "A", "", "", DAMP_CONNECT_START, false },
		{ "something else runs", "B", "A", "", "", DAMP_CONNECT_START, true },
		{ "not known what runs", "", "A", "", "", DAMP_CONNECT_START, true },
		{ "the file is wrong", "B", "", "", "", DAMP_CONNECT_START, false },
		{ "an operator loaded B after file A", "B", "A", "B", "A", DAMP_CONNECT_START,
		  false },
		{ "the same, but the file is C now", "B", "C", "B", "A", DAMP_CONNECT_START, true },
		{ "B runs, but it is not our load", "B", "A", "C", "A", DAMP_CONNECT_START, true },
		{ "SIGHUP undoes an operator's load", "B", "A", "B", "A", DAMP_CONNECT_RELOAD,
		  true },
		{ "the data plane restarted with old rules", "B", "A", "A", "A",
		  DAMP_CONNECT_RESTART, true },
		{ "it restarted and kept them", "A", "A", "A", "A", DAMP_CONNECT_RESTART, false },
		{ "it restarted, we never had good rules", "B", "", "", "", DAMP_CONNECT_RESTART,
		  false },
		{ "only the connection broke", "B", "A", "A", "A", DAMP_CONNECT_AGAIN, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct damp_history h = { .at = 0 };

		snprintf(h.digest, sizeof(h.digest), "%s", row[i].last);
		snprintf(h.file_digest, sizeof(h.file_digest), "%s", row[i].file);
		if (damp_keeper_decide(row[i].running, row[i].wanted, &h, row[i].why) !=
		    row[i].load)
			fail_msg("%s", row[i].name);
	}
}

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_history(void **state)
{
	const struct damp_history h = { .digest = "d1",
					.file_digest = "d0",
					.name = "/etc/r.yaml",
					.by = "root",
					.comment = "say \"hi\"\xff",
					.at = 1790000000,
					.generation = 7 };
	struct damp_history r;
	char dir[256], path[512], text[16] = "";
	FILE *f;

	(void)state;
	tmpdir_make(dir, sizeof(dir));
	damp_history_read(dir, &r);
	assert_string_equal(r.digest, "");
	assert_int_equal(damp_history_write(dir, &h, "rules: []\n", 10), 0);
	damp_history_read(dir, &r);
	assert_string_equal(r.digest, "d1");
	assert_string_equal(r.file_digest, "d0");
	assert_string_equal(r.name, "/etc/r.yaml");
	assert_string_equal(r.comment, "say \"hi\"?"); /* JSON is UTF-8 */
	assert_int_equal(r.at, 1790000000);
	assert_int_equal(r.generation, 7);
	snprintf(path, sizeof(path), "%s/%s", dir, DAMP_HISTORY_RULES);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), 10);
	fclose(f);
	assert_string_equal(text, "rules: []\n");
	/* Damaged files are as good as none. */
	write_text(dir, DAMP_HISTORY_FILE, "{\"digest\": 5, \"by\": [], \"at\": \"x\"}");
	damp_history_read(dir, &r);
	assert_string_equal(r.digest, "");
	assert_int_equal(r.at, 0);
	write_text(dir, DAMP_HISTORY_FILE, "{\"digest\": \"d1\"");
	damp_history_read(dir, &r);
	assert_string_equal(r.digest, "");
	tmpdir_remove(dir);
	assert_true(damp_history_write(dir, &h, NULL, 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decide),
					    cmocka_unit_test(test_history) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
