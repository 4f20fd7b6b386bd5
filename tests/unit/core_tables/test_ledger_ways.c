/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways to charge the ledger against each other, at random: by views, several
 * at once, pairs, with wide registers and without. Cases by hand are in test_ledger.c.
 */
#include "ledger.h"
#include "table_mem.h"
#include <damper/program.h>

static uint32_t draw(uint64_t *s, uint32_t below)
{
	*s = *s * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((*s >> 33) % below);
}

/*
 * Several charges at once, with wide registers, without, and by views: the same answers
 * and the same bytes. Keys are few, and on few lines, so that charges meet on one, all
 * ways fill, are found again, and are taken from others, by each other too; time stands
 * still, goes on, and leaps over spans.
 */
static void test_at_once(void **state)
{
	enum { LINES_LOG2 = 4, ROUNDS = 300000, MOST = 8 };
	const size_t bytes = damp_ledger_bytes(LINES_LOG2);
	unsigned refused = 0, charged = 0, not_at_once = 0;
	damp_tick now = DAMP_SECONDS(1000);
	struct damp_ledger *l[3];
	uint64_t s = 7;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		l[i] = damp_ledger_init(table_mem(bytes), LINES_LOG2);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const unsigned n = 1 + draw(&s, MOST), lines = 1 + draw(&s, 16), tags = 2 + draw(&s, 30);
		struct damp_charge c[MOST];
		int got, viewed;

		for (unsigned i = 0; i < n; i++)
			c[i] = (struct damp_charge){ .key = (uint64_t)draw(&s, tags) << 32 | draw(&s, lines) |
							    (draw(&s, 8) ? 0 : DAMP_LEDGER_KEPT),
						     .cost = draw(&s, 1 << (10 + draw(&s, 13))),
						     .burst = draw(&s, 1 << 25) };
		/* Side by side as a rule. */
		for (unsigned i = 1; draw(&s, 10) && i < n; i++)
			for (unsigned k = i; k > 0 && c[k].key % 16 < c[k - 1].key % 16; k--) {
				const struct damp_charge moved = c[k];

				c[k] = c[k - 1];
				c[k - 1] = moved;
			}
		damp_ledger_set_wide(l[1], false);
		got = damp_ledger_charge_at_once(l[0], c, n, now);
		assert_int_equal(damp_ledger_charge_at_once(l[1], c, n, now), got);
		viewed = got != DAMP_LEDGER_NOT_AT_ONCE ? damp_ledger_peek(l[2], c, n, now) : got;
		assert_int_equal(viewed, got);
		viewed = damp_ledger_charge_viewed(l[2], c, n, now);
		if (got == DAMP_LEDGER_NOT_AT_ONCE) {
			not_at_once++;
			damp_ledger_charge(l[0], c, n, now);
			damp_ledger_charge(l[1], c, n, now);
		} else {
			assert_int_equal(viewed, got);
		}
		charged += got == -1;
		refused += got >= 0;
		damp_ledger_set_wide(l[1], true);
		assert_memory_equal(l[0], l[1], bytes);
		assert_memory_equal(l[0], l[2], bytes);
		now += draw(&s, 500) ? draw(&s, 100000) : DAMP_SECONDS(draw(&s, 2000));
	}
	assert_true(charged > 10000 && refused > 10000 && not_at_once > 1000 && damp_ledger_evictions(l[0]) > 10000);
	for (unsigned i = 0; i < 3; i++)
		free(l[i]);
}

/*
 * Two pairs of charges in the wide registers, and each of the four with a key of its own:
 * the same answers and the same bytes, on lines that are full, empty, aged and the same.
 */
static void test_pairs(void **state)
{
	enum { LINES_LOG2 = 4, ROUNDS = 300000 };
	const size_t bytes = damp_ledger_bytes(LINES_LOG2);
	unsigned refused = 0, charged = 0, not_at_once = 0;
	damp_tick now = DAMP_SECONDS(1000);
	struct damp_ledger *l[2];
	uint64_t s = 11;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		l[i] = damp_ledger_init(table_mem(bytes), LINES_LOG2);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const unsigned tags = 2 + draw(&s, 30), burst = 1 << (8 + draw(&s, 18));
		struct damp_charge_pair pair[2];
		struct damp_charge c[4];
		uint64_t hash[2];
		int got;

		for (unsigned i = 0; i < 2; i++)
			hash[i] = (uint64_t)draw(&s, tags) << 32 | draw(&s, 16);
		for (unsigned i = 0; i < 4; i++) {
			const uint32_t move = i % 2 ? pair[i / 2].of[0].move + 1 + draw(&s, 8) : draw(&s, 8);

			c[i] = (struct damp_charge){ hash[i / 2] + ((uint64_t)move << 32), draw(&s, burst),
						     draw(&s, 4 * burst) };
			pair[i / 2].of[i % 2].move = move;
			pair[i / 2].of[i % 2].cost = c[i].cost;
			pair[i / 2].of[i % 2].burst = c[i].burst;
		}
		got = damp_ledger_charge_pairs(l[0], pair, hash, now);
		if (got != DAMP_LEDGER_NOT_AT_ONCE)
			assert_int_equal(damp_ledger_charge(l[1], c, 4, now), got);
		for (unsigned i = 0; got == DAMP_LEDGER_NOT_AT_ONCE && i < 2; i++)
			damp_ledger_charge(l[i], c, 4, now);
		not_at_once += got == DAMP_LEDGER_NOT_AT_ONCE;
		charged += got == -1;
		refused += got >= 0;
		assert_memory_equal(l[0], l[1], bytes);
		now += draw(&s, 2000) ? draw(&s, 100000) : DAMP_SECONDS(draw(&s, 2000));
	}
	if (damp_ledger_set_wide(l[0], true))
		assert_true(charged > 10000 && refused > 10000 && not_at_once > 1000);
	for (unsigned i = 0; i < 2; i++)
		free(l[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests_name("ledger ways", tests, NULL, NULL);
}
