/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger against the exact model, under pressure from 5 to 5000 keys in one
 * to sixteen lines.
 *
 * Properties: (1) to no key is ever admitted more than burst + window in any
 * window; (2) what the exact model of a key refuses, the ledger refuses, and
 * the debt it shows is never below the true one; (3) with room for all live
 * keys both agree to the tick. In every run a peek says what the charge then
 * does. Clocks start anywhere, also just before a turn of 32 bits, slip back a
 * little and leap ahead.
 */
#include "ledger.h"
#include "exact.h"
#include "prop.h"

#define LOG2 4u
#define KEYS_MAX 5000u
#define CHARGES 4u

struct world {
	struct prop_rng rng;
	struct damp_ledger *l;
	damp_tick now;
	uint32_t nkeys;
	uint32_t pace;              /* of the clock: one more than the longest usual step */
	uint64_t key[KEYS_MAX];
	struct exact model[KEYS_MAX];
	uint64_t admitted, refused;
};

static struct world w;

/* Keys in `lines` lines, the same number in each; the line is the low bits. */
static void world_start(uint64_t seed, uint32_t nkeys, uint32_t lines, damp_tick start)
{
	memset(&w, 0, sizeof(w));
	w.rng.state = seed;
	w.l = damp_ledger_init(prop_mem(damp_ledger_bytes(LOG2)), LOG2);
	w.now = start;
	w.nkeys = nkeys;
	/* About half the speed at which charges fill 7 ways a line. */
	w.pace = 1 + 160 / lines;
	for (uint32_t i = 0; i < nkeys; i++) {
		/* A multiple of an odd number: no two tags are the same. */
		w.key[i] = (uint64_t)((i + 1) * 0x9e3779b1u) << 32 | i % lines;
		w.model[i].burst = 500 + prop_below(&w.rng, 4) * 700;
	}
}

static void world_end(void)
{
	free(w.l);
}

/* Most steps are short against a burst, so that debts pile up. */
static void clock_moves(bool slips)
{
	const uint32_t kind = prop_below(&w.rng, 1000);

	if (kind == 0)
		w.now += prop_next(&w.rng) >> prop_below(&w.rng, 64) >> 8;      /* up to 2^56 */
	else if (kind < 5)
		w.now += prop_below(&w.rng, 1u << 31);
	else if (slips && kind < 50 && w.now >= 60)
		w.now -= prop_below(&w.rng, 60);
	else if (kind < 500)
		w.now += prop_below(&w.rng, w.pace);
}

/* n charges on different keys; the keys' numbers in `who`. */
static unsigned draw(struct damp_charge *c, uint32_t *who)
{
	const unsigned n = 1 + prop_below(&w.rng, CHARGES);
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++) {
		const uint32_t k = prop_below(&w.rng, w.nkeys);
		bool drawn = false;

		for (unsigned j = 0; j < got; j++)
			drawn |= who[j] == k;
		if (drawn)
			continue;
		who[got] = k;
		c[got++] = (struct damp_charge){ w.key[k], prop_below(&w.rng, 400), w.model[k].burst };
	}
	return got;
}

static int model_refuses(const struct damp_charge *c, const uint32_t *who, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!exact_admits(&w.model[who[i]], c[i].cost, w.now))
			return (int)i;
	return -1;
}

static void step(bool exact)
{
	struct damp_charge c[CHARGES];
	uint32_t who[CHARGES];
	const unsigned n = draw(c, who);
	const int expected = model_refuses(c, who, n);
	const int peeked = damp_ledger_peek(w.l, c, n, w.now);
	const int got = damp_ledger_charge(w.l, c, n, w.now);

	assert_int_equal(peeked, got);
	if (exact)
		assert_int_equal(got, expected);
	if (got != -1) {
		w.refused++;
		return;
	}
	assert_int_equal(expected, -1);
	w.admitted++;
	for (unsigned i = 0; i < n; i++)
		assert_true(exact_charge(&w.model[who[i]], c[i].cost, w.now));
}

static void compare_debts(bool exact)
{
	for (unsigned i = 0; i < 8; i++) {
		const uint32_t k = prop_below(&w.rng, w.nkeys);
		const uint64_t shown = damp_ledger_debt(w.l, w.key[k], w.now);
		const uint64_t true_debt = exact_debt(&w.model[k], w.now);

		if (exact)
			assert_int_equal(shown, true_debt);
		assert_true(shown >= true_debt);
	}
}

static const damp_tick starts[] = {
	0, 1000, (1ull << 28) - 300, (1ull << 31) - 300, (1ull << 32) - 300, (5ull << 28) - 300, 1ull << 50,
};
#define STARTS (sizeof(starts) / sizeof(starts[0]))

static void run(uint64_t seed, uint32_t nkeys, uint32_t lines, unsigned steps, bool exact)
{
	for (size_t s = 0; s < STARTS; s++) {
		world_start(seed + s, nkeys, lines, starts[s] + 100);
		for (unsigned i = 0; i < steps; i++) {
			clock_moves(true);
			step(exact);
			if (i % 16 == 0)
				compare_debts(exact);
		}
		/* The load must have been one: both outcomes, and evictions iff no room. */
		assert_true(w.admitted > 100 && w.refused > 100);
		assert_int_equal(damp_ledger_evictions(w.l) == 0, exact);
		world_end();
	}
}

static void test_never_more_than_the_model(void **state)
{
	static const struct { uint32_t nkeys, lines; } pressure[] = {
		{ 8, 1 }, { 9, 1 }, { 12, 1 }, { 20, 1 }, { 100, 1 }, { 1000, 1 }, { 5000, 1 },
		{ 24, 3 }, { 60, 3 }, { 5000, 3 }, { 160, 16 }, { 1000, 16 }, { 5000, 16 },
	};
	const uint64_t seed = prop_seed();

	(void)state;
	for (size_t i = 0; i < sizeof(pressure) / sizeof(pressure[0]); i++)
		run(seed + 100 * i, pressure[i].nkeys, pressure[i].lines, 4000, false);
}

static void test_exact_with_room(void **state)
{
	static const struct { uint32_t nkeys, lines; } room[] = {
		{ 5, 1 }, { 7, 1 }, { 14, 2 }, { 21, 3 }, { 80, 16 }, { 112, 16 },
	};
	const uint64_t seed = prop_seed();

	(void)state;
	for (size_t i = 0; i < sizeof(room) / sizeof(room[0]); i++)
		run(seed + 100 * i, room[i].nkeys, room[i].lines, 4000, true);
}

/* 5000 keys in one line, but never more than seven in debt at once: a way that
 * is paid up is as good as new. */
static void test_exact_with_room_in_time(void **state)
{
	static const damp_tick age[] = { 0, 1ull << 31, (1ull << 32) - 5000 };

	(void)state;
	for (size_t a = 0; a < sizeof(age) / sizeof(age[0]); a++) {
		world_start(prop_seed() + a, KEYS_MAX, 1, age[a]);
		for (unsigned i = 0; i < 20000; i++, w.now += 100) {
			const uint32_t k = prop_below(&w.rng, w.nkeys);
			const struct damp_charge c = { w.key[k], 1 + prop_below(&w.rng, 700), 700 };

			w.model[k].burst = 700;
			assert_int_equal(damp_ledger_charge(w.l, &c, 1, w.now),
					 exact_charge(&w.model[k], c.cost, w.now) ? -1 : 0);
			assert_int_equal(damp_ledger_debt(w.l, c.key, w.now), exact_debt(&w.model[k], w.now));
		}
		assert_int_equal(damp_ledger_evictions(w.l), 0);
		world_end();
	}
}

/* Property 1 again, without GCRA: every window of every key, summed up. */
#define LOG_MAX 3000u
struct admission { uint32_t who, cost; damp_tick at; };

static void check_windows(const struct admission *log, unsigned n, uint32_t who, uint32_t burst)
{
	for (unsigned from = 0; from < n; from++) {
		uint64_t sum = 0;

		if (log[from].who != who)
			continue;
		for (unsigned to = from; to < n; to++) {
			if (log[to].who != who)
				continue;
			sum += log[to].cost;
			assert_true(sum <= burst + (log[to].at - log[from].at));
		}
	}
}

static void test_every_window(void **state)
{
	static const uint32_t pressure[] = { 5, 8, 20, 60 };
	static struct admission log[LOG_MAX];
	const uint64_t seed = prop_seed();

	(void)state;
	for (size_t p = 0; p < sizeof(pressure) / sizeof(pressure[0]); p++) {
		unsigned n = 0;

		world_start(seed + p, pressure[p], 1, (1ull << 32) - 10000);
		while (n < LOG_MAX - CHARGES) {
			struct damp_charge c[CHARGES];
			uint32_t who[CHARGES];
			unsigned charges;

			clock_moves(false);
			charges = draw(c, who);
			if (damp_ledger_charge(w.l, c, charges, w.now) != -1)
				continue;
			for (unsigned i = 0; i < charges; i++)
				log[n++] = (struct admission){ who[i], c[i].cost, w.now };
		}
		for (uint32_t k = 0; k < w.nkeys; k++)
			check_windows(log, n, k, w.model[k].burst);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_more_than_the_model),
		cmocka_unit_test(test_exact_with_room),
		cmocka_unit_test(test_exact_with_room_in_time),
		cmocka_unit_test(test_every_window),
	};

	return cmocka_run_group_tests_name("ledger_model", tests, NULL, NULL);
}
