/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message IDs seen: found until the deadline and only under their key, four a
 * line, the one that ends soonest lost first.
 */
#include "asked.h"
#include "tables.h"
#include "table_mem.h"

#define LOG2 2u
#define S(n) DAMP_SECONDS(n)

static int setup(void **state)
{
	*state = damp_seen_init(table_mem(damp_seen_bytes(LOG2)), LOG2);
	return *state == NULL;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static bool found(const struct damp_seen_table *t, uint64_t key, damp_tick now, uint64_t expected)
{
	uint64_t value = ~expected;

	damp_seen_prefetch(t, key);
	if (!damp_seen_find(t, key, now, &value)) {
		assert_int_equal(value, ~expected);     /* untouched on a miss */
		return false;
	}
	assert_int_equal(value, expected);
	return true;
}

static void test_sizes(void **state)
{
	assert_int_equal(damp_seen_bytes(0), 128 + 64);
	assert_int_equal(damp_seen_bytes(26), 128 + (64ull << 26));
	assert_int_equal(damp_seen_bytes(27), 0);
	assert_null(damp_seen_init(*state, 27));
}

static void test_found_until_its_deadline(void **state)
{
	struct damp_seen_table *t = *state;
	const damp_tick now = S(7);

	assert_false(found(t, key_at(1, 5), now, 1));
	damp_seen_add(t, key_at(1, 5), 0xfeedfacecafebeefull, now, now + S(3));
	assert_true(found(t, key_at(1, 5), now, 0xfeedfacecafebeefull));
	assert_true(found(t, key_at(1, 5), now + S(3) - 1, 0xfeedfacecafebeefull));
	assert_false(found(t, key_at(1, 5), now + S(3), 1));
	assert_false(found(t, key_at(2, 5), now, 1));
	assert_false(found(t, key_at(1, 6), now, 1));
	assert_int_equal(damp_seen_live(t, now), 1);
	assert_int_equal(damp_seen_live(t, now + S(3)), 0);
}

static void test_again_replaces(void **state)
{
	struct damp_seen_table *t = *state;
	const damp_tick now = S(7);

	damp_seen_add(t, key_at(1, 5), 10, now, now + S(3));
	damp_seen_add(t, key_at(1, 5), 20, now + S(1), now + S(9));
	assert_true(found(t, key_at(1, 5), now + S(8), 20));
	assert_int_equal(damp_seen_live(t, now + S(2)), 1);
}

static void test_full_line_loses_the_soonest(void **state)
{
	struct damp_seen_table *t = *state;
	const damp_tick now = S(7);

	for (uint32_t i = 1; i <= 4; i++)
		damp_seen_add(t, key_at(3, i), i, now, now + S(10 - i));
	assert_int_equal(damp_seen_evictions(t), 0);
	damp_seen_add(t, key_at(3, 5), 5, now, now + S(20));    /* key 4 ends soonest */
	assert_int_equal(damp_seen_evictions(t), 1);
	assert_false(found(t, key_at(3, 4), now, 1));
	for (uint32_t i = 1; i <= 5; i++)
		assert_int_equal(found(t, key_at(3, i), now, i), i != 4);
	damp_seen_add(t, key_at(3, 6), 6, now + S(7), now + S(20));     /* key 3 has ended */
	assert_int_equal(damp_seen_evictions(t), 1);
	assert_int_equal(damp_seen_live(t, now + S(7)), 4);
}

static void test_tag_zero_and_value_zero(void **state)
{
	struct damp_seen_table *t = *state;

	assert_false(found(t, 0, S(7), 1));
	damp_seen_add(t, 0, 0, S(7), S(8));
	assert_true(found(t, 0, S(7), 0));
	assert_false(found(t, 1, S(7), 1));
}

static void test_deadlines_at_the_wraps(void **state)
{
	static const damp_tick turn[] = { 1ull << 47, 1ull << 48, 1ull << 49 };
	struct damp_seen_table *t = *state;

	for (uint32_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
		damp_seen_init(t, LOG2);
		damp_seen_add(t, key_at(i, i), i, turn[i] - S(1), turn[i] + S(1));
		damp_seen_add(t, key_at(i, i + 9), 9, turn[i] - S(1), turn[i]);
		assert_true(found(t, key_at(i, i), turn[i] + S(1) - 1, i));
		assert_true(found(t, key_at(i, i + 9), turn[i] - 1, 9));
		assert_int_equal(damp_seen_live(t, turn[i] + S(1)), 0);
		assert_int_equal(damp_seen_evictions(t), 0);
	}
}

/* What a value says of whom was asked: two Message IDs, and a ping until its time is up,
 * whatever was noted in between. */
static void test_asked(void **state)
{
	const damp_tick life = S(DAMP_PING_LIFE_S);

	(void)state;
	for (unsigned turn = 0; turn < 64; turn++) {
		/* So that 16 bits of a deadline wrap meanwhile, at its life or during it. */
		const damp_tick now = S(4096) * turn + S(4096) - turn * S(1) / 2;
		uint64_t v = 0;

		for (uint32_t mid = 0; mid < 1 << 16; mid += 771)
			assert_false(damp_asked_about(0, (uint16_t)mid));
		assert_false(damp_asked_by_ping(0, now));
		v = damp_asked_once_more(v, 0, now);
		assert_true(damp_asked_about(v, 0) && !damp_asked_about(v, 1) && !damp_asked_by_ping(v, now));
		v = damp_asked_ping_out(v, now);
		assert_true(damp_asked_about(v, 0) && !damp_asked_about(v, 1));
		v = damp_asked_once_more(v, 0xffff, now + S(1));
		v = damp_asked_once_more(v, 0xffff, now + S(1));
		assert_true(damp_asked_about(v, 0) && damp_asked_about(v, 0xffff) && !damp_asked_about(v, 1));
		v = damp_asked_once_more(v, 7, now + S(2));
		assert_true(damp_asked_about(v, 7) && damp_asked_about(v, 0xffff) && !damp_asked_about(v, 0));
		assert_true(damp_asked_by_ping(v, now) && damp_asked_by_ping(v, now + life - 1));
		assert_false(damp_asked_by_ping(v, now + life));
		assert_false(damp_asked_by_ping(v, now + S(DAMP_CHALLENGED_LIFE_S)));
		/* What was late is forgotten at the next note, before its bits come again. */
		v = damp_asked_once_more(v, 7, now + life);
		for (unsigned s = 0; s < 8192; s += 16)
			assert_false(damp_asked_by_ping(v, now + S(s)));
		v = damp_asked_ping_out(0, now);
		assert_true(damp_asked_by_ping(v, now) && !damp_asked_about(v, 0));
	}
}

#define SEEN_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEEN_TEST(test_sizes),
		SEEN_TEST(test_found_until_its_deadline),
		SEEN_TEST(test_again_replaces),
		SEEN_TEST(test_full_line_loses_the_soonest),
		SEEN_TEST(test_tag_zero_and_value_zero),
		SEEN_TEST(test_deadlines_at_the_wraps),
		SEEN_TEST(test_asked),
	};

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
