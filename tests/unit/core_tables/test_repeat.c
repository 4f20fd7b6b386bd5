/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Repetitions: recognised in their time, not before and not later, and counted; a
 * crowd errs on one side only; one that is too large is forgotten in part and
 * never mistaken.
 */
#include "repeat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS(n) ((damp_tick)(n) * DAMP_TICK_HZ / 1000)

static struct damp_repeat *open_repeat(uint32_t lines)
{
	return damp_repeat_init(aligned_alloc(64, damp_repeat_bytes(lines)), lines);
}

/* A copy of key is refused. How many were here before it? */
static unsigned refuse(struct damp_repeat *g, uint64_t key, damp_tick now)
{
	const unsigned copies = damp_repeat_copies(g, key, now);

	damp_repeat_note(g, key, copies, now);
	return copies;
}

/* At any phase of the clock, and where its circle of 85 minutes closes. */
#define PHASES 300u
static damp_tick phase(unsigned i)
{
	static const damp_tick at[] = { 5, 5100 - 40, 1000000 };

	return DAMP_SECONDS(at[i % 3]) + MS(i * 257);
}

static void a_repetition_is_known(void **state)
{
	static const struct { unsigned ms; unsigned copies; } cases[] = {
		{ 0, 0 }, { 500, 0 }, { 1249, 0 }, { 1880, 1 }, { 2000, 1 }, { 2300, 1 }, { 2999, 1 }, { 3120, 1 },
		{ 3751, 0 }, { 4000, 0 }, { 9000, 0 }, { 40000, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < PHASES; i++) {
		for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
			struct damp_repeat *g = open_repeat(16);

			assert_int_equal(refuse(g, 42, phase(i)), 0);
			if (damp_repeat_copies(g, 42, phase(i) + MS(cases[n].ms)) != cases[n].copies)
				fail_msg("%u ms at phase %u", cases[n].ms, i);
			free(g);
		}
	}
}

/* T after the first copy, 2 T after the second. */
static void the_second_repetition_is_told_from_the_first(void **state)
{
	static const struct { unsigned ms; unsigned copies; } cases[] = {
		{ 0, 1 }, { 2400, 0 }, { 3790, 2 }, { 4000, 2 }, { 5500, 2 }, { 6000, 2 }, { 6200, 2 }, { 7600, 0 },
		{ 12000, 0 }, { 20000, 0 }, { 24000, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < PHASES; i++) {
		for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
			const damp_tick second = phase(i) + MS(2500);
			struct damp_repeat *g = open_repeat(16);

			refuse(g, 42, phase(i));
			assert_int_equal(refuse(g, 42, second), 1);
			if (damp_repeat_copies(g, 42, second + MS(cases[n].ms)) != cases[n].copies)
				fail_msg("%u ms at phase %u", cases[n].ms, i);
			free(g);
		}
	}
}

static void a_stranger_is_not(void **state)
{
	struct damp_repeat *g = open_repeat(16);

	(void)state;
	refuse(g, 42, DAMP_SECONDS(10));
	assert_int_equal(refuse(g, 43, DAMP_SECONDS(12)), 0);
	assert_int_equal(refuse(g, 42, DAMP_SECONDS(12)), 1);
	assert_int_equal(damp_repeat_copies(g, 43, DAMP_SECONDS(17)), 0);
	free(g);
}

/* A quick duplicate does not hide its own first copy. */
static void duplicates_do_not_hide(void **state)
{
	struct damp_repeat *g = open_repeat(16);

	(void)state;
	refuse(g, 42, DAMP_SECONDS(10));
	refuse(g, 42, DAMP_SECONDS(10) + MS(900));
	assert_int_equal(damp_repeat_copies(g, 42, DAMP_SECONDS(12)), 1);
	assert_int_equal(damp_repeat_copies(g, 42, DAMP_SECONDS(13)), 1);
	free(g);
}

/* SplitMix64. */
static uint64_t nth(uint64_t n)
{
	uint64_t z = n * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* 100 000 a second into some KiB, and one in a hundred comes again: how many of
 * those are known the first and the second time, and how many strangers pass for
 * one? All in thousandths. */
struct crowd { unsigned first, second, strangers, strangers_twice; };

static struct crowd crowd(uint32_t kib)
{
	struct damp_repeat *g = open_repeat(kib * 16);
	unsigned count[3][3] = { 0 };

	for (uint64_t k = 0; k < 1600000; k++) {
		const damp_tick now = DAMP_SECONDS(10) + MS(k / 100);
		const unsigned copies = refuse(g, nth(k), now);

		if (k >= 1000000)
			count[0][copies]++;
		if (k % 100 != 0 || k < 1000000)
			continue;
		count[1][refuse(g, nth(k - 250000), now)]++;
		count[2][refuse(g, nth(k - 750000), now)]++;
	}
	free(g);
	return (struct crowd){ count[1][1] / 6, count[2][2] / 6, count[0][1] / 600, count[0][2] / 600 };
}

static void a_crowd_hides_nobody(void **state)
{
	const struct crowd c = crowd(1700);

	(void)state;
	assert_in_range(c.first, 990, 1000);
	assert_in_range(c.strangers, 0, 5);
	assert_in_range(c.strangers_twice, 0, 1);
}

static void one_too_large_is_forgotten_and_not_mistaken(void **state)
{
	const struct crowd c = crowd(256);

	(void)state;
	assert_in_range(c.first, 300, 700);
	assert_in_range(c.strangers, 1, 33);
	assert_in_range(c.strangers_twice, 0, 2);
}

static void both_at_once_is_one_after_the_other(void **state)
{
	struct damp_repeat *one = open_repeat(128), *two = open_repeat(128);
	damp_tick now = DAMP_SECONDS(5100 - 90);        /* over the seam of the circle */
	unsigned again = 0;

	(void)state;
	for (uint64_t k = 0; k < 200000; k++) {
		const uint64_t key = nth(k % 3 || k < 2500 ? k : k - 2500);
		const struct damp_repeat_time t = damp_repeat_time(now);
		const bool noted = damp_repeat_note_new(one, key, &t);
		const unsigned copies = damp_repeat_copies(two, key, now);

		if (noted == (copies > 0))
			fail_msg("key %llu", (unsigned long long)k);
		again += !noted;
		damp_repeat_note(two, key, copies, now);
		if (!noted)
			damp_repeat_note(one, key, copies, now);
		/* Lines of every age, and from time to time all of them too old */
		now += k % 50000 == 49999 ? DAMP_SECONDS(9) : MS(key % 3);
	}
	assert_memory_equal(one, two, damp_repeat_bytes(128));
	assert_in_range(again, 1000, 199000);
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repetition_is_known), cmocka_unit_test(a_stranger_is_not),
		cmocka_unit_test(the_second_repetition_is_told_from_the_first),
		cmocka_unit_test(duplicates_do_not_hide), cmocka_unit_test(a_crowd_hides_nobody),
		cmocka_unit_test(one_too_large_is_forgotten_and_not_mistaken),
		cmocka_unit_test(both_at_once_is_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
