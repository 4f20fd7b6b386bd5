/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exchanges and observations. Both are the same table under two faces, so each
 * case runs on both, by a table of their functions over the common beginning
 * of their slots.
 */
#include "assoc.h"
#include "tables.h"
#include "table_mem.h"

#define LOG2 2u
#define SIXTEENTH (1ull << 16)      /* ticks of one damp_due() */
#define S(n) DAMP_SECONDS(n)

struct head {
	uint64_t key;
	uint32_t due;
	uint8_t rest[20];
};

struct face {
	const char *name;
	size_t (*bytes)(unsigned lines_log2);
	void *(*init)(void *mem, unsigned lines_log2);
	struct head *(*find)(void *t, uint64_t key, damp_tick now);
	struct head *(*open)(void *t, uint64_t key, damp_tick now, damp_tick due, bool *fresh);
	void (*close)(struct head *h);
	uint64_t (*evictions)(const void *t);
	uint64_t (*live)(const void *t, damp_tick now);
};

static void *xchg_init(void *mem, unsigned log2) { return damp_xchg_init(mem, log2); }
static void *obs_init(void *mem, unsigned log2) { return damp_obs_init(mem, log2); }

static struct head *xchg_find(void *t, uint64_t key, damp_tick now)
{
	damp_xchg_prefetch(t, key);
	return (struct head *)damp_xchg_find(t, key, now);
}

static struct head *obs_find(void *t, uint64_t key, damp_tick now)
{
	return (struct head *)damp_obs_find(t, key, now);
}

static struct head *xchg_open(void *t, uint64_t key, damp_tick now, damp_tick due, bool *fresh)
{
	return (struct head *)damp_xchg_open(t, key, now, due, fresh);
}

static struct head *obs_open(void *t, uint64_t key, damp_tick now, damp_tick due, bool *fresh)
{
	return (struct head *)damp_obs_open(t, key, now, due, fresh);
}

static void xchg_close(struct head *h) { damp_pair_close((struct damp_pair_slot *)h); }
static void obs_close(struct head *h) { damp_obs_close((struct damp_obs *)h); }
static uint64_t xchg_evictions(const void *t) { return damp_xchg_evictions(t); }
static uint64_t obs_evictions(const void *t) { return damp_obs_evictions(t); }
static uint64_t xchg_live(const void *t, damp_tick now) { return damp_xchg_live(t, now); }
static uint64_t obs_live(const void *t, damp_tick now) { return damp_obs_live(t, now); }

static const struct face faces[2] = {
	{ "xchg", damp_xchg_bytes, xchg_init, xchg_find, xchg_open, xchg_close, xchg_evictions, xchg_live },
	{ "obs", damp_obs_bytes, obs_init, obs_find, obs_open, obs_close, obs_evictions, obs_live },
};

/* Each case gets a fresh table of either face. */
static void on_both(void (*body)(const struct face *f, void *t))
{
	for (unsigned i = 0; i < 2; i++) {
		void *t = faces[i].init(table_mem(faces[i].bytes(LOG2)), LOG2);

		print_message("  %s\n", faces[i].name);
		assert_non_null(t);
		body(&faces[i], t);
		free(t);
	}
}

static struct head *must_open(const struct face *f, void *t, uint64_t key, damp_tick now, damp_tick due)
{
	bool fresh = false;
	struct head *h = f->open(t, key, now, due, &fresh);

	assert_non_null(h);
	assert_true(fresh);
	return h;
}

static void sizes(const struct face *f, void *t)
{
	assert_int_equal(f->bytes(0), 128 + 64);
	assert_int_equal(f->bytes(10), 128 + (64u << 10));
	assert_int_equal(f->bytes(26), 128 + (64ull << 26));
	assert_int_equal(f->bytes(27), 0);
	assert_null(f->init(t, 27));
}

static void opens_and_finds(const struct face *f, void *t)
{
	static const uint8_t zero[20];
	const damp_tick now = S(100);
	bool fresh = true;
	struct head *h;

	assert_null(f->find(t, 5, now));
	h = must_open(f, t, 5, now, now + S(10));
	assert_int_equal(h->key, 5);
	assert_int_equal(h->due, damp_due(now + S(10)));
	assert_memory_equal(h->rest, zero, sizeof(zero));
	h->rest[7] = 77;
	assert_ptr_equal(f->find(t, 5, now), h);
	assert_null(f->find(t, 5 + (1ull << 40), now));         /* all 64 bits count */
	assert_ptr_equal(f->open(t, 5, now + S(1), now + S(90), &fresh), h);
	assert_false(fresh);
	assert_int_equal(h->rest[7], 77);
	assert_int_equal(h->due, damp_due(now + S(10)));        /* an open one is left alone */
	assert_int_equal(f->live(t, now), 1);
}

static void ends_at_its_deadline(const struct face *f, void *t)
{
	const damp_tick now = S(100), due = now + S(2);
	static const uint8_t zero[20];
	struct head *h;

	h = must_open(f, t, 9, now, due);
	memset(h->rest, 0xff, sizeof(h->rest));
	assert_ptr_equal(f->find(t, 9, due - 1), h);
	assert_null(f->find(t, 9, due));
	assert_int_equal(f->live(t, due - SIXTEENTH), 1);
	assert_int_equal(f->live(t, due), 0);
	h = must_open(f, t, 9, due, due + S(1));
	assert_memory_equal(h->rest, zero, sizeof(zero));
	assert_int_equal(f->evictions(t), 0);
}

static void full_line_loses_the_soonest(const struct face *f, void *t)
{
	const damp_tick now = S(100);

	must_open(f, t, key_at(1, 1), now, now + S(9));
	must_open(f, t, key_at(1, 2), now, now + S(8));
	must_open(f, t, key_at(2, 1), now, now + S(7));         /* another line */
	assert_int_equal(f->evictions(t), 0);
	must_open(f, t, key_at(1, 3), now, now + S(1));
	assert_int_equal(f->evictions(t), 1);
	assert_non_null(f->find(t, key_at(1, 1), now));
	assert_null(f->find(t, key_at(1, 2), now));
	assert_non_null(f->find(t, key_at(2, 1), now));
	/* What has ended is free: nothing is evicted for it. */
	must_open(f, t, key_at(1, 4), now + S(2), now + S(9));
	assert_int_equal(f->evictions(t), 1);
	assert_non_null(f->find(t, key_at(1, 1), now + S(2)));
	assert_int_equal(f->live(t, now + S(2)), 3);
}

static void closes(const struct face *f, void *t)
{
	const damp_tick now = S(100);

	must_open(f, t, key_at(3, 1), now, now + S(9));
	must_open(f, t, key_at(3, 2), now, now + S(8));
	f->close(f->find(t, key_at(3, 1), now));
	assert_null(f->find(t, key_at(3, 1), now));
	assert_int_equal(f->live(t, now), 1);
	must_open(f, t, key_at(3, 3), now, now + S(1));         /* into the closed one */
	assert_int_equal(f->evictions(t), 0);
	assert_non_null(f->find(t, key_at(3, 2), now));
}

static void key_zero(const struct face *f, void *t)
{
	const damp_tick now = S(100);
	struct head *h;

	assert_null(f->find(t, 0, now));
	h = must_open(f, t, 0, now, now + S(9));
	assert_int_not_equal(h->key, 0);
	assert_ptr_equal(f->find(t, 0, now), h);
	f->close(h);
	assert_null(f->find(t, 0, now));
}

/* The 32-bit count of sixteenths goes through 2^31 and 2^32. */
static void deadlines_at_the_wraps(const struct face *f, void *t)
{
	static const damp_tick turn[] = { 1ull << 47, 1ull << 48, 1ull << 49 };

	for (uint32_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
		const damp_tick now = turn[i] - S(5);
		struct head *h = must_open(f, t, key_at(i, i + 1), now, turn[i] + S(5));

		assert_ptr_equal(f->find(t, key_at(i, i + 1), turn[i] + S(4)), h);
		assert_null(f->find(t, key_at(i, i + 1), turn[i] + S(5)));
		f->close(h);
		/* A deadline that falls on 0 itself. */
		h = must_open(f, t, key_at(i, i + 9), now, turn[i]);
		assert_ptr_equal(f->find(t, key_at(i, i + 9), turn[i] - 1), h);
		assert_null(f->find(t, key_at(i, i + 9), turn[i] + SIXTEENTH));
		f->close(h);
		/* Slots never used are free at any time. */
		assert_int_equal(f->live(t, turn[i] + S(1)), 0);
		assert_int_equal(f->evictions(t), 0);
	}
}

static void test_sizes(void **state) { (void)state; on_both(sizes); }
static void test_opens_and_finds(void **state) { (void)state; on_both(opens_and_finds); }
static void test_ends_at_its_deadline(void **state) { (void)state; on_both(ends_at_its_deadline); }
static void test_full_line(void **state) { (void)state; on_both(full_line_loses_the_soonest); }
static void test_closes(void **state) { (void)state; on_both(closes); }
static void test_key_zero(void **state) { (void)state; on_both(key_zero); }
static void test_wraps(void **state) { (void)state; on_both(deadlines_at_the_wraps); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_opens_and_finds),
		cmocka_unit_test(test_ends_at_its_deadline),
		cmocka_unit_test(test_full_line),
		cmocka_unit_test(test_closes),
		cmocka_unit_test(test_key_zero),
		cmocka_unit_test(test_wraps),
	};

	return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
