/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Repetitions: recognised after 2 to 3 s, not before and not later; a crowd errs
 * on one side only, and how much follows from its size.
 */
#include "repeat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS(n) ((damp_tick)(n) * DAMP_TICK_HZ / 1000)

static struct damp_repeat *open_repeat(unsigned log2)
{
	return damp_repeat_init(aligned_alloc(64, damp_repeat_bytes(log2)), log2);
}

static void a_repetition_is_known(void **state)
{
	/* ms after the note, at any phase of the clock and over the wrap of the stamp. */
	static const struct { unsigned ms; bool again; } cases[] = {
		{ 0, false }, { 500, false }, { 1499, false }, { 2000, true }, { 2300, true }, { 2999, true },
		{ 3501, false }, { 4000, false }, { 9000, false }, { 40000, false },
	};

	(void)state;
	for (unsigned phase = 0; phase < 300; phase++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct damp_repeat *g = open_repeat(10);
			const damp_tick now = DAMP_SECONDS(5) + MS(phase * 257);

			damp_repeat_note(g, 42, now);
			if (damp_repeat_again(g, 42, now + MS(cases[i].ms)) != cases[i].again)
				fail_msg("%u ms at phase %u", cases[i].ms, phase);
			free(g);
		}
	}
}

static void a_stranger_is_not(void **state)
{
	struct damp_repeat *g = open_repeat(10);

	(void)state;
	damp_repeat_note(g, 42, DAMP_SECONDS(1));
	assert_false(damp_repeat_again(g, 43, DAMP_SECONDS(3)));
	free(g);
}

/* A quick duplicate does not hide its own first copy. */
static void duplicates_do_not_hide(void **state)
{
	struct damp_repeat *g = open_repeat(10);

	(void)state;
	damp_repeat_note(g, 42, DAMP_SECONDS(10));
	damp_repeat_note(g, 42, DAMP_SECONDS(10) + MS(900));
	damp_repeat_note(g, 42, DAMP_SECONDS(10) + MS(1900));
	assert_true(damp_repeat_again(g, 42, DAMP_SECONDS(10) + MS(2000)));
	assert_true(damp_repeat_again(g, 42, DAMP_SECONDS(10) + MS(2999)));
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

/* In a crowd everybody's repetition is recognised, and few strangers are taken
 * for one: 100 000 a second in 2^log2 bytes. */
static void crowd(unsigned log2, unsigned strangers_per_100k)
{
	struct damp_repeat *g = open_repeat(log2);
	unsigned wrong = 0;

	for (uint64_t k = 0; k < 500000; k++) {
		const damp_tick now = DAMP_SECONDS(10) + MS(k / 100);

		if (k >= 250000 && !damp_repeat_again(g, nth(k - 250000), now))
			fail_msg("key %llu is forgotten", (unsigned long long)k);
		if (k >= 400000)
			wrong += damp_repeat_again(g, nth(k), now);
		damp_repeat_note(g, nth(k), now);
	}
	assert_in_range(wrong, 0, strangers_per_100k);
	free(g);
}

static void a_crowd_hides_nobody(void **state)
{
	(void)state;
	crowd(8, 100000);
	crowd(19, 5000);
	crowd(20, 1000);
	crowd(21, 200);
}

static void both_at_once_is_one_after_the_other(void **state)
{
	struct damp_repeat *one = open_repeat(13), *two = open_repeat(13);
	damp_tick now = 0;
	unsigned again = 0;

	(void)state;
	for (uint64_t k = 0; k < 200000; k++) {
		const uint64_t key = nth(k % 3 || k < 2500 ? k : k - 2500);
		const struct damp_repeat_time t = damp_repeat_time(now);
		const bool noted = damp_repeat_note_new(one, key, &t);

		if (noted == damp_repeat_again(two, key, now))
			fail_msg("key %llu", (unsigned long long)k);
		again += !noted;
		if (noted)
			damp_repeat_note(two, key, now);
		/* Lines of every age, and from time to time all of them too old */
		now += k % 50000 == 49999 ? DAMP_SECONDS(4) : MS(key % 3);
	}
	assert_memory_equal(one, two, damp_repeat_bytes(13));
	assert_in_range(again, 1000, 199000);
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repetition_is_known), cmocka_unit_test(a_stranger_is_not),
		cmocka_unit_test(duplicates_do_not_hide), cmocka_unit_test(a_crowd_hides_nobody),
		cmocka_unit_test(both_at_once_is_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
