/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proved peers: proved until idle too long, never past the absolute deadline,
 * three a line, and asking changes nothing but the idle deadline of a hit.
 */
#include "tables.h"
#include "table_mem.h"

#define LOG2 2u
#define S(n) DAMP_SECONDS(n)

static int setup(void **state)
{
	*state = damp_peer_init(table_mem(damp_peer_bytes(LOG2)), LOG2);
	return *state == NULL;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* Ask without moving the idle deadline. */
static bool proved(struct damp_peer_table *t, uint64_t key, damp_tick now)
{
	damp_peer_prefetch(t, key);
	return damp_peer_proved(t, key, now, now);
}

static void test_sizes(void **state)
{
	assert_int_equal(damp_peer_bytes(0), 128 + 64);
	assert_int_equal(damp_peer_bytes(26), 128 + (64ull << 26));
	assert_int_equal(damp_peer_bytes(27), 0);
	assert_null(damp_peer_init(*state, 27));
}

static void test_idle_deadline(void **state)
{
	struct damp_peer_table *t = *state;

	assert_false(proved(t, 5, S(10)));
	damp_peer_prove(t, 5, S(10), S(20), S(100));
	assert_true(proved(t, 5, S(10)));
	assert_false(proved(t, 5 + (1ull << 33), S(10)));       /* all 64 bits count */
	assert_true(proved(t, 5, S(20) - 1));
	assert_false(proved(t, 5, S(20)));
	assert_false(damp_peer_proved(t, 5, S(20), S(90)));     /* over is over */
	assert_false(proved(t, 5, S(20)));
}

static void test_use_moves_idle(void **state)
{
	struct damp_peer_table *t = *state;

	damp_peer_prove(t, 5, S(10), S(20), S(100));
	assert_true(damp_peer_proved(t, 5, S(15), S(25)));
	assert_true(proved(t, 5, S(25) - 1));
	assert_false(proved(t, 5, S(25)));
}

static void test_moves_at_most_once_a_second(void **state)
{
	const size_t bytes = damp_peer_bytes(LOG2);
	struct damp_peer_table *t = *state;
	void *before = table_mem(bytes);

	damp_peer_prove(t, 5, S(10), S(20), S(100));
	memcpy(before, t, bytes);
	for (damp_tick d = 0; d < S(1); d += S(1) / 64)
		assert_true(damp_peer_proved(t, 5, S(10) + d, S(20) + d));
	assert_memory_equal(t, before, bytes);                  /* only read */
	assert_true(damp_peer_proved(t, 5, S(11), S(21)));
	assert_true(proved(t, 5, S(21) - 1));
	free(before);
}

static void test_asking_never_shortens(void **state)
{
	struct damp_peer_table *t = *state;

	damp_peer_prove(t, 5, S(10), S(20), S(100));
	assert_true(damp_peer_proved(t, 5, S(11), S(12)));
	assert_true(proved(t, 5, S(20) - 1));
}

static void test_absolute_deadline_holds(void **state)
{
	struct damp_peer_table *t = *state;

	damp_peer_prove(t, 5, S(10), S(20), S(30));
	for (unsigned s = 11; s < 30; s++)
		assert_true(damp_peer_proved(t, 5, S(s), S(s + 10)));
	assert_false(damp_peer_proved(t, 5, S(30), S(40)));
	/* A proof whose absolute deadline comes first. */
	damp_peer_prove(t, 6, S(10), S(20), S(15));
	assert_true(proved(t, 6, S(15) - 1));
	assert_false(proved(t, 6, S(15)));
}

static void test_new_proof_renews(void **state)
{
	struct damp_peer_table *t = *state;

	damp_peer_prove(t, 5, S(10), S(20), S(30));
	damp_peer_prove(t, 5, S(15), S(35), S(50));
	assert_true(proved(t, 5, S(35) - 1));
	assert_true(damp_peer_proved(t, 5, S(34), S(60)));
	assert_true(proved(t, 5, S(50) - 1));
	assert_false(proved(t, 5, S(50)));
	assert_int_equal(damp_peer_live(t, S(34)), 1);
}

static void test_full_line_loses_the_soonest(void **state)
{
	struct damp_peer_table *t = *state;

	for (uint32_t i = 1; i <= 3; i++)
		damp_peer_prove(t, key_at(2, i), S(10), S(40 - i), S(100));
	assert_int_equal(damp_peer_evictions(t), 0);
	damp_peer_prove(t, key_at(2, 4), S(10), S(60), S(100));
	assert_int_equal(damp_peer_evictions(t), 1);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(proved(t, key_at(2, i), S(10)), i != 3);
	damp_peer_prove(t, key_at(2, 5), S(39), S(60), S(100)); /* 1 and 2 have ended */
	assert_int_equal(damp_peer_evictions(t), 1);
	assert_int_equal(damp_peer_live(t, S(39)), 2);
}

static void test_key_zero(void **state)
{
	struct damp_peer_table *t = *state;

	assert_false(proved(t, 0, S(10)));                      /* as an empty slot has it */
	damp_peer_prove(t, 0, S(10), S(20), S(30));
	assert_true(proved(t, 0, S(10)));
}

static void test_deadlines_at_the_wraps(void **state)
{
	static const damp_tick turn[] = { 1ull << 47, 1ull << 48, 1ull << 49 };
	struct damp_peer_table *t = *state;

	for (uint32_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
		const uint64_t key = key_at(i, i + 1);

		damp_peer_prove(t, key, turn[i] - S(5), turn[i] - S(1), turn[i] + S(5));
		assert_true(damp_peer_proved(t, key, turn[i] - S(2), turn[i] + S(2)));
		assert_true(damp_peer_proved(t, key, turn[i] + S(1), turn[i] + S(9)));
		assert_true(proved(t, key, turn[i] + S(5) - 1));
		assert_false(proved(t, key, turn[i] + S(5)));
		damp_peer_prove(t, key, turn[i] - S(5), turn[i], turn[i]);
		assert_true(proved(t, key, turn[i] - 1));
	}
}

static void test_stuck_lock_proves_nobody(void **state)
{
	struct damp_peer_table *t = *state;
	uint8_t *lock = (uint8_t *)t + 128 + 1 * 64;    /* two lines of head; first byte of a line */

	damp_peer_prove(t, key_at(1, 1), S(10), S(20), S(30));
	*lock = 1;
	damp_peer_prove(t, key_at(1, 2), S(10), S(20), S(30));
	assert_false(proved(t, key_at(1, 2), S(10)));
	assert_true(proved(t, key_at(1, 1), S(10)));            /* asking needs no lock */
}

static enum damp_standing look(struct damp_peer_table *t, uint64_t key, damp_tick now)
{
	return damp_peer_look(t, key, now, now);
}

/* Half a proof is none; use does not prolong it, nor does giving it again. */
static void test_half(void **state)
{
	struct damp_peer_table *t = *state;

	assert_int_equal(look(t, 5, S(10)), DAMP_UNPROVED);
	assert_true(damp_peer_prove_half(t, 5, S(10), S(26)));
	assert_int_equal(damp_peer_look(t, 5, S(20), S(300)), DAMP_HALF_PROVED);
	assert_false(damp_peer_proved(t, 5, S(20), S(300)));
	assert_false(damp_peer_prove_half(t, 5, S(25), S(41)));
	assert_int_equal(look(t, 5, S(26) - 1), DAMP_HALF_PROVED);
	assert_int_equal(look(t, 5, S(26)), DAMP_UNPROVED);
	assert_true(damp_peer_prove_half(t, 5, S(26), S(42)));
	assert_int_equal(look(t, 5, S(42) - 1), DAMP_HALF_PROVED);
	assert_int_equal(damp_peer_live(t, S(41)), 1);
}

/* The whole takes the place of the half, and is not made less by another half. */
static void test_half_becomes_whole(void **state)
{
	struct damp_peer_table *t = *state;
	uint32_t due;

	damp_peer_prove_half(t, 5, S(10), S(26));
	assert_true(damp_peer_max_due(t, 5, S(10), &due));
	assert_int_equal(due, damp_due(S(26)) | 1);
	assert_false(damp_peer_prove(t, 5, S(11), S(300), S(1800)));
	assert_int_equal(damp_peer_live(t, S(11)), 1);
	assert_int_equal(look(t, 5, S(11)), DAMP_PROVED);
	assert_false(damp_peer_prove_half(t, 5, S(12), S(28)));
	assert_int_equal(look(t, 5, S(299)), DAMP_PROVED);
	assert_true(damp_peer_proved(t, 5, S(299), S(1000)));
	assert_true(damp_peer_max_due(t, 5, S(900), &due));
	assert_int_equal(due, damp_due(S(1800)) & ~1u);
	/* Whatever the deadline's lowest bit was. */
	damp_peer_prove(t, 6, S(10), S(300), S(1800) + S(1) / 16);
	assert_int_equal(look(t, 6, S(11)), DAMP_PROVED);
}

/* It goes first when its line is full, and pushes out whoever ends soonest. */
static void test_half_in_a_full_line(void **state)
{
	struct damp_peer_table *t = *state;

	damp_peer_prove(t, key_at(2, 1), S(10), S(310), S(1800));
	damp_peer_prove_half(t, key_at(2, 2), S(10), S(26));
	damp_peer_prove(t, key_at(2, 3), S(10), S(300), S(1800));
	assert_true(damp_peer_prove(t, key_at(2, 4), S(11), S(311), S(1800)));
	assert_int_equal(look(t, key_at(2, 2), S(11)), DAMP_UNPROVED);
	assert_true(damp_peer_prove_half(t, key_at(2, 5), S(11), S(27)));
	assert_int_equal(look(t, key_at(2, 3), S(11)), DAMP_UNPROVED);
	assert_int_equal(look(t, key_at(2, 1), S(11)), DAMP_PROVED);
	assert_int_equal(damp_peer_evictions(t), 2);
}

#define PEER_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PEER_TEST(test_sizes),
		PEER_TEST(test_idle_deadline),
		PEER_TEST(test_use_moves_idle),
		PEER_TEST(test_moves_at_most_once_a_second),
		PEER_TEST(test_asking_never_shortens),
		PEER_TEST(test_absolute_deadline_holds),
		PEER_TEST(test_new_proof_renews),
		PEER_TEST(test_full_line_loses_the_soonest),
		PEER_TEST(test_key_zero),
		PEER_TEST(test_deadlines_at_the_wraps),
		PEER_TEST(test_stuck_lock_proves_nobody),
		PEER_TEST(test_half),
		PEER_TEST(test_half_becomes_whole),
		PEER_TEST(test_half_in_a_full_line),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
