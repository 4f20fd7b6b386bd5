/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules on trial: what is to be done at which time, with the clock stepped. */
#include "tmpdir.h"
#include "trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEGAN 5000000u
#define DEADLINE (BEGAN + 120000u)

static const struct damp_trial on_trial = { .active = true,
					    .generation = 9,
					    .base = 8,
					    .digest = "new",
					    .base_digest = "old",
					    .boot = "this",
					    .began_ms = BEGAN,
					    .deadline_ms = DEADLINE,
					    .wall = 1790000120,
					    .by = "root" };

static void test_decide(void **state)
{
	static const struct {
		const char *name, *boot, *running;
		uint64_t now;
		enum damp_trial_step step;
	} row[] = {
		{ "just begun", "this", "new", BEGAN, DAMP_TRIAL_WAIT },
		{ "the last moment", "this", "new", DEADLINE - 1, DAMP_TRIAL_WAIT },
		{ "time is over", "this", "new", DEADLINE, DAMP_TRIAL_BACK },
		{ "long over", "this", "new", UINT64_MAX, DAMP_TRIAL_BACK },
		{ "the clock stands before the beginning", "this", "new", BEGAN - 1, DAMP_TRIAL_BACK },
		{ "another boot, its clock within the time", "other", "new", BEGAN + 1, DAMP_TRIAL_BACK },
		{ "this boot is not known", "", "new", BEGAN + 1, DAMP_TRIAL_BACK },
		{ "not known what runs, time left", "this", NULL, BEGAN + 1, DAMP_TRIAL_WAIT },
		{ "not known what runs, time over", "this", NULL, DEADLINE, DAMP_TRIAL_BACK },
		{ "the rules before run", "this", "old", BEGAN + 1, DAMP_TRIAL_OVER },
		{ "the rules before run, too late", "this", "old", DEADLINE, DAMP_TRIAL_OVER },
		{ "the built-in program runs", "this", "", BEGAN + 1, DAMP_TRIAL_OVER },
		{ "somebody else's rules run", "this", "else", BEGAN + 1, DAMP_TRIAL_OVER },
	};
	const struct damp_trial none = { .active = false };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (damp_trial_decide(&on_trial, row[i].boot, row[i].now, row[i].running) != row[i].step)
			fail_msg("%s", row[i].name);
	assert_int_equal(damp_trial_decide(&none, "this", DEADLINE, "new"), DAMP_TRIAL_NONE);
	assert_int_equal(damp_trial_left_ms(&on_trial, "this", BEGAN + 500), 119500);
	assert_int_equal(damp_trial_left_ms(&on_trial, "other", BEGAN + 500), 0);
}

/* The wall clock may go where it likes, forward or back: it is for people. */
static void test_wall_clock(void **state)
{
	static const int64_t wall[] = { 0, 1, 1790000119, 1790000121, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(wall) / sizeof(wall[0]); i++) {
		struct damp_trial t = on_trial;

		t.wall = wall[i];
		assert_int_equal(damp_trial_decide(&t, "this", DEADLINE - 1, "new"), DAMP_TRIAL_WAIT);
		assert_int_equal(damp_trial_decide(&t, "this", DEADLINE, "new"), DAMP_TRIAL_BACK);
	}
}

/* A walk over time with kills in between: each step reads the file anew. */
static void test_file(void **state)
{
	struct damp_trial t = { .active = false };
	char dir[256], path[512];
	FILE *f;

	(void)state;
	tmpdir_make(dir, sizeof(dir));
	damp_trial_read(dir, &t);
	assert_false(t.active);
	assert_int_equal(damp_trial_write(dir, &on_trial), 0);
	for (uint64_t now = BEGAN; now < DEADLINE + 60000; now += 30000) {
		damp_trial_read(dir, &t);
		assert_true(t.active);
		assert_int_equal(damp_trial_decide(&t, "this", now, "new"),
				 now < DEADLINE ? DAMP_TRIAL_WAIT : DAMP_TRIAL_BACK);
	}
	assert_int_equal(t.generation, 9);
	assert_int_equal(t.base, 8);
	assert_string_equal(t.base_digest, "old");
	assert_string_equal(t.by, "root");
	assert_int_equal(t.wall, 1790000120);
	/* Damaged: there was a trial, and its time is over. */
	snprintf(path, sizeof(path), "%s/%s", dir, DAMP_TRIAL_FILE);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("{\"generation\": 9", f);
	fclose(f);
	damp_trial_read(dir, &t);
	assert_true(t.active);
	assert_int_equal(damp_trial_decide(&t, "this", BEGAN, ""), DAMP_TRIAL_BACK);
	t.active = false;
	assert_int_equal(damp_trial_write(dir, &t), 0);
	assert_int_equal(damp_trial_write(dir, &t), 0); /* already gone */
	damp_trial_read(dir, &t);
	assert_false(t.active);
	tmpdir_remove(dir);
	assert_true(damp_trial_write(dir, &on_trial) < 0);
}

static void test_clocks(void **state)
{
	char boot[DAMP_BOOT_LEN];
	const uint64_t now = damp_trial_now_ms();

	(void)state;
	damp_trial_boot(boot);
	assert_int_equal(strlen(boot), 36); /* a UUID */
	assert_true(damp_trial_now_ms() >= now && now > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decide), cmocka_unit_test(test_wall_clock),
					    cmocka_unit_test(test_file), cmocka_unit_test(test_clocks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
