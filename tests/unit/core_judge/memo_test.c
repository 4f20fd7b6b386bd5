/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches: a put is found, another key is not, a newcomer to
 * the same place replaces, and neighbours do not touch each other's rows.
 */
#include "memo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void put_and_find(void **state)
{
	struct damp_memo *m = damp_memo_new(3, 4);

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

static void newcomers_replace(void **state)
{
	struct damp_memo *m = damp_memo_new(1, 4);

	(void)state;
	*damp_memo_put(m, 0x105) = 1;
	*damp_memo_put(m, 0x205) = 2;
	assert_null(damp_memo_find(m, 0x105));
	assert_int_equal(*damp_memo_find(m, 0x205), 2);
	damp_memo_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(put_and_find), cmocka_unit_test(newcomers_replace) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
