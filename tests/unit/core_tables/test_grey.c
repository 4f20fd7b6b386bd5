/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The greylist: a repetition is recognised, a first copy and a quick duplicate
 * are not, stamps end, and a crowd errs on one side only.
 */
#include "grey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS(n) ((damp_tick)(n) * DAMP_TICK_HZ / 1000)

static struct damp_grey *open_grey(unsigned log2)
{
	return damp_grey_init(malloc(damp_grey_bytes(log2)), log2);
}

static void a_repetition_is_known(void **state)
{
	/* ms after the note, at any phase of the clock and over the wrap of the stamp. */
	static const struct { unsigned ms; bool again; } cases[] = {
		{ 0, false }, { 500, false }, { 749, false }, { 1250, true }, { 2000, true }, { 3000, true },
		{ 9000, true }, { 21000, true }, { 24300, false }, { 40000, false },
	};

	(void)state;
	for (unsigned phase = 0; phase < 300; phase++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct damp_grey *g = open_grey(10);
			const damp_tick now = DAMP_SECONDS(5) + MS(phase * 257);

			damp_grey_note(g, 42, now);
			if (damp_grey_again(g, 42, now + MS(cases[i].ms)) != cases[i].again)
				fail_msg("%u ms at phase %u", cases[i].ms, phase);
			free(g);
		}
	}
}

static void a_stranger_is_not(void **state)
{
	struct damp_grey *g = open_grey(10);

	(void)state;
	damp_grey_note(g, 42, DAMP_SECONDS(1));
	assert_false(damp_grey_again(g, 43, DAMP_SECONDS(3)));
	free(g);
}

/* The first stamp stays: a quick duplicate does not make its own first copy
 * young again. */
static void duplicates_do_not_renew(void **state)
{
	struct damp_grey *g = open_grey(10);

	(void)state;
	damp_grey_note(g, 42, DAMP_SECONDS(10));
	damp_grey_note(g, 42, DAMP_SECONDS(10) + MS(900));
	assert_true(damp_grey_again(g, 42, DAMP_SECONDS(10) + MS(1300)));
	free(g);
}

/* In a crowd everybody's repetition is still recognised. */
static void a_crowd_hides_nobody(void **state)
{
	struct damp_grey *g = open_grey(8);

	(void)state;
	for (uint64_t k = 0; k < 100000; k++)
		damp_grey_note(g, k * 0x9e3779b97f4a7c15ull >> 20, DAMP_SECONDS(10) + MS(k / 100));
	for (uint64_t k = 0; k < 100000; k++)
		if (!damp_grey_again(g, k * 0x9e3779b97f4a7c15ull >> 20, DAMP_SECONDS(13) + MS(k / 100)))
			fail_msg("key %llu is forgotten", (unsigned long long)k);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repetition_is_known), cmocka_unit_test(a_stranger_is_not),
		cmocka_unit_test(duplicates_do_not_renew), cmocka_unit_test(a_crowd_hides_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
