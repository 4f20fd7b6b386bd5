/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tally: what is open is never counted too low, what ends without a word is
 * gone when its span is over, and a full set refuses instead of forgetting.
 */
#include "tally.h"

#include "table_mem.h"
#include "tables.h"

#include <stdbool.h>

#define MODEL_KEYS 6u
#define MODEL_OPEN 400u
#define SEED 20261121u

static struct damp_tally *open_tally(unsigned log2)
{
	return damp_tally_init(table_mem(damp_tally_bytes(log2)), log2);
}

static void opens_up_to_the_most(void **state)
{
	struct damp_tally *t = open_tally(4);
	const damp_tick now = DAMP_SECONDS(5);
	uint32_t ticket[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(damp_tally_count(t, 42, now), i);
		ticket[i] = damp_tally_open(t, 42, 3, now, now + DAMP_SECONDS(100));
		assert_int_not_equal(ticket[i], 0);
		assert_true(damp_tally_is(t, ticket[i], 42));
	}
	assert_int_equal(damp_tally_open(t, 42, 3, now, now + DAMP_SECONDS(100)), 0);
	assert_int_not_equal(damp_tally_open(t, 43, 3, now, now + DAMP_SECONDS(100)), 0);
	damp_tally_close(t, ticket[1]);
	assert_int_equal(damp_tally_count(t, 42, now), 2);
	assert_int_not_equal(damp_tally_open(t, 42, 3, now, now + DAMP_SECONDS(100)), 0);
	assert_int_equal(damp_tally_live(t, now), 2);
	free(t);
}

/* Nobody closes: counted for at least `life`, and gone `late` seconds after it. */
static void what_ends_without_a_word(void **state)
{
	static const struct { unsigned life_s, late_s; } cases[] = {
		{ 1, 64 }, { 145, 64 }, { 247, 64 }, { 448, 64 }, { 3600, 16384 }, { 86400, 16384 },
		{ 7 * 86400, 131072 },
	};

	(void)state;
	for (unsigned phase = 0; phase < 200; phase++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const damp_tick now = DAMP_SECONDS(1000 + phase * 997u);
			const damp_tick due = now + DAMP_SECONDS(cases[i].life_s);
			struct damp_tally *t = open_tally(0);

			assert_int_not_equal(damp_tally_open(t, 1, 9, now, due), 0);
			if (damp_tally_count(t, 1, due - 1) != 1)
				fail_msg("%u s, phase %u: forgotten before its time", cases[i].life_s, phase);
			if (damp_tally_count(t, 1, due + DAMP_SECONDS(cases[i].late_s) + DAMP_SECONDS(1)) != 0)
				fail_msg("%u s, phase %u: still there", cases[i].life_s, phase);
			free(t);
		}
}

/* A set of live keys refuses a new one; a key with nothing open gives way. */
static void a_full_set(void **state)
{
	struct damp_tally *t = open_tally(2);
	const damp_tick now = DAMP_SECONDS(5), due = now + DAMP_SECONDS(60);
	uint32_t ticket[DAMP_TALLY_WAYS];

	(void)state;
	for (uint32_t i = 0; i < DAMP_TALLY_WAYS; i++)
		ticket[i] = damp_tally_open(t, key_at(1, i + 1), 9, now, due);
	assert_int_equal(damp_tally_count(t, key_at(1, 99), now), UINT32_MAX);
	assert_int_equal(damp_tally_open(t, key_at(1, 99), 9, now, due), 0);
	assert_int_equal(damp_tally_count(t, key_at(2, 99), now), 0);
	damp_tally_close(t, ticket[2]);
	assert_int_equal(damp_tally_count(t, key_at(1, 99), now), 0);
	assert_int_not_equal(damp_tally_open(t, key_at(1, 99), 9, now, due), 0);
	assert_int_equal(damp_tally_count(t, key_at(1, 3), now), UINT32_MAX);
	/* Later all have ended without a word. */
	assert_int_equal(damp_tally_count(t, key_at(1, 3), due + DAMP_SECONDS(65)), 0);
	free(t);
}

struct open { uint32_t ticket, key; damp_tick due; };

static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* What is truly open under key, and what of it nobody closed in time. */
static unsigned truly_open(const struct open *o, uint32_t key, damp_tick now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MODEL_OPEN; i++)
		n += o[i].ticket != 0 && o[i].key == key && o[i].due > now;
	return n;
}

static void step(struct damp_tally *t, struct open *o, damp_tick now)
{
	static const unsigned lives[] = { 1, 60, 145, 247, 448, 500, 3600, 86400 };
	const damp_tick due = now + DAMP_SECONDS(lives[rnd(8)]);
	struct open *one = &o[rnd(MODEL_OPEN)];

	if (one->ticket != 0 && one->due <= now)
		one->ticket = 0;        /* ended without a word */
	if (one->ticket == 0) {
		*one = (struct open){ .key = rnd(MODEL_KEYS), .due = due };
		one->ticket = damp_tally_open(t, one->key, 1000, now, due);
	} else if (rnd(2)) {
		damp_tally_close(t, one->ticket);
		one->ticket = 0;
	} else {
		one->ticket = damp_tally_move(t, one->ticket, now, due);
		one->due = due;
	}
}

/* Against a list of all that is open: never less; and, when all has ended, none. */
static void never_too_low(void **state)
{
	static struct open o[MODEL_OPEN];
	struct damp_tally *t = open_tally(1);
	damp_tick now = DAMP_SECONDS(77);

	(void)state;
	print_message("seed %u\n", SEED);
	seed = SEED;
	for (unsigned i = 0; i < 200000; i++) {
		now += rnd(DAMP_TICK_HZ) * (rnd(50) == 0 ? 60 : 1);
		step(t, o, now);
		if (i % 16)
			continue;
		for (uint32_t key = 0; key < MODEL_KEYS; key++)
			if (damp_tally_count(t, key, now) < truly_open(o, key, now))
				fail_msg("step %u: key %u has %u open, counted %u", i, key,
					 truly_open(o, key, now), damp_tally_count(t, key, now));
	}
	for (uint32_t key = 0; key < MODEL_KEYS; key++)
		assert_int_equal(damp_tally_count(t, key, now + DAMP_SECONDS(11 * 86400)), 0);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_up_to_the_most), cmocka_unit_test(what_ends_without_a_word),
		cmocka_unit_test(a_full_set), cmocka_unit_test(never_too_low),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
