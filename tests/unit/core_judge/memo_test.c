/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches: a put is found, another key is not, newcomers push
 * out newcomers only, neighbours do not touch each other's rows, and a worker meets no
 * page that it is the first to write.
 */
#include "memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

static void put_and_find(void **state)
{
	struct damp_memo *m = damp_memo_new(3, 6);

	(void)state;
	assert_null(damp_memo_find(m, 0));
	assert_null(damp_memo_find(m, 1));
	for (uint64_t k = 0; k < 16; k++) {
		uint64_t *row = damp_memo_put(m, k << 32 | k);

		row[0] = k;
		row[1] = ~k;
		row[2] = k * k;
	}
	for (uint64_t k = 0; k < 16; k++) {
		const uint64_t *row = damp_memo_find(m, k << 32 | k);

		assert_non_null(row);
		assert_int_equal(row[0], k);
		assert_int_equal(row[1], ~k);
		assert_int_equal(row[2], k * k);
	}
	assert_null(damp_memo_find(m, 99ull << 32 | 5));
	damp_memo_free(m);
}

/* One set of four: keys with the same low bits. */
static void newcomers_replace_newcomers(void **state)
{
	struct damp_memo *m = damp_memo_new(1, 4);

	(void)state;
	for (uint64_t n = 1; n <= 3; n++)
		*damp_memo_put(m, n << 8) = n;
	assert_null(damp_memo_find(m, 1 << 8));
	assert_int_equal(*damp_memo_find(m, 2 << 8), 2);
	assert_int_equal(*damp_memo_find(m, 3 << 8), 3);
	damp_memo_free(m);
}

/* What was asked for again outlives any number that never was. */
static void used_ones_stay(void **state)
{
	struct damp_memo *m = damp_memo_new(2, 4);

	(void)state;
	for (uint64_t n = 1; n <= 2; n++) {
		damp_memo_put(m, n << 8)[1] = n;
		assert_int_equal(damp_memo_find(m, n << 8)[1], n);
	}
	for (uint64_t n = 3; n < 1000; n++)
		damp_memo_put(m, n << 8)[1] = n;
	for (uint64_t n = 1; n <= 2; n++)
		assert_int_equal(damp_memo_find(m, n << 8)[1], n);
	assert_int_equal(damp_memo_find(m, 999 << 8)[1], 999);
	/* Now that is kept, in place of the one kept longest. */
	assert_int_equal(damp_memo_find(m, 2 << 8)[1], 2);
	damp_memo_free(m);
}

static long faults(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_minflt;
}

/* 1 MiB of rows are 256 pages; a few faults may be somebody else's. */
static void all_pages_are_there(void **state)
{
	struct damp_memo *m = damp_memo_new(128, 10);
	long before;

	(void)state;
	before = faults();
	for (uint64_t n = 0; n < 1024; n++)
		damp_memo_put(m, (n / 256) << 32 | n)[0] = n;
	assert_in_range(faults() - before, 0, 64);
	damp_memo_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_and_find),
		cmocka_unit_test(newcomers_replace_newcomers),
		cmocka_unit_test(used_ones_stay),
		cmocka_unit_test(all_pages_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
