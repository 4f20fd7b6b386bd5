/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ledger by hand-made cases: the arithmetic of one key, all or nothing,
 * lines that are full, the 32-bit wrap, clocks that leap and slip. The promise
 * under any load is tested in tests/property.
 */
#include "ledger.h"
#include "table_mem.h"
#include <damper/program.h>

#define LOG2 4u
#define KEPT_LINES 4u                /* behind the others: a sixteenth of them, but four at least */
#define LINES ((1u << LOG2) + KEPT_LINES)
#define SPAN (1ull << 28)           /* ticks between two agings of a line (ledger.c) */

struct fix {
	struct damp_ledger *l;
	size_t bytes;
};

static int setup(void **state)
{
	static struct fix f;

	f.bytes = damp_ledger_bytes(LOG2);
	f.l = damp_ledger_init(table_mem(f.bytes), LOG2);
	*state = &f;
	return f.l == NULL;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	free(f->l);
	return 0;
}

static int charge1(struct damp_ledger *l, uint64_t key, uint32_t cost, uint32_t burst, damp_tick now)
{
	const struct damp_charge c = { key, cost, burst };
	const int peeked = damp_ledger_peek(l, &c, 1, now);
	const int charged = damp_ledger_charge(l, &c, 1, now);

	assert_int_equal(peeked, charged);
	return charged;
}

/* Fill a line: key (line, tag 1..7) has debt 100, 200 .. 700 at now. */
static void fill_line(struct damp_ledger *l, uint32_t line, damp_tick now)
{
	for (uint32_t i = 1; i <= DAMP_LEDGER_WAYS; i++)
		assert_int_equal(charge1(l, key_at(line, i), 100 * i, 1000, now), -1);
}

static void test_sizes(void **state)
{
	static const struct { unsigned log2; size_t bytes; } v[] = {
		{ 0, 0 }, { 3, 0 }, { 4, 128 + 64 * (16 + 4) }, { 7, 128 + 64 * (128 + 8) },
		{ 14, 128 + (64u << 14) + (64u << 10) }, { 26, 128 + (64ull << 26) + (64ull << 22) },
		{ 27, 0 }, { 64, 0 },
	};
	struct fix *f = *state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_int_equal(damp_ledger_bytes(v[i].log2), v[i].bytes);
	assert_null(damp_ledger_init(f->l, 3));
	assert_null(damp_ledger_init(f->l, 27));
	assert_int_equal(damp_ledger_lines(f->l), LINES);
}

static void test_cost_rounds_up_and_saturates(void **state)
{
	static const struct { uint64_t cost_q16; uint32_t units, ticks; } v[] = {
		{ 0, 1000, 0 },
		{ 1, 1, 1 },                            /* 2^-16 of a tick is a tick */
		{ 65536, 1, 1 }, { 65536, 7, 7 }, { 65537, 1, 2 },
		{ 262 * 65536, 1280, 262 * 1280 },      /* 4 kB/s: 2^20 / 4000 ticks a byte */
		{ 65536, UINT32_MAX, UINT32_MAX },
		{ 65537, UINT32_MAX, UINT32_MAX },
		{ UINT64_MAX, UINT32_MAX, UINT32_MAX }, /* no overflow on the way */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_int_equal(damp_cost(v[i].cost_q16, v[i].units), v[i].ticks);
}

static void test_one_key_is_gcra(void **state)
{
	static const struct { damp_tick now; uint32_t cost; int result; uint32_t debt; } v[] = {
		{ 5000, 30, -1, 30 }, { 5000, 30, -1, 60 }, { 5000, 30, -1, 90 },
		{ 5000, 30, 0, 90 },                    /* 120 > 100 */
		{ 5000, 10, -1, 100 },                  /* exactly the burst */
		{ 5000, 1, 0, 100 }, { 5000, 0, -1, 100 },
		{ 5029, 30, 0, 71 }, { 5030, 30, -1, 100 },
		{ 5130, 100, -1, 100 },                 /* drained to the tick */
		{ 9000, 100, -1, 100 },                 /* idle time is not saved up */
		{ 9000, 1, 0, 100 },
	};
	struct fix *f = *state;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		assert_int_equal(charge1(f->l, key_at(3, 9), v[i].cost, 100, v[i].now), v[i].result);
		assert_int_equal(damp_ledger_debt(f->l, key_at(3, 9), v[i].now), v[i].debt);
	}
}

static void test_limits_of_a_charge(void **state)
{
	static const struct { uint32_t cost, burst; int result; } v[] = {
		{ 0, 0, -1 }, { 1, 0, 0 },
		{ DAMP_BURST_TICKS_MAX, DAMP_BURST_TICKS_MAX, -1 },
		{ DAMP_BURST_TICKS_MAX + 1, DAMP_BURST_TICKS_MAX, 0 },
		{ 1, DAMP_BURST_TICKS_MAX + 1, 0 },     /* burst refused, whatever the cost */
		{ UINT32_MAX, UINT32_MAX, 0 },
		{ UINT32_MAX, DAMP_BURST_TICKS_MAX, 0 },
	};
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		assert_int_equal(charge1(f->l, key_at(i, 1), v[i].cost, v[i].burst, 77), v[i].result);
	/* 2^30 of debt and a cost that would wrap 32 bits. */
	assert_int_equal(charge1(f->l, key_at(2, 1), UINT32_MAX - 7, DAMP_BURST_TICKS_MAX, 77), 0);
}

static void test_number_of_charges(void **state)
{
	struct fix *f = *state;
	struct damp_charge c[25];

	for (uint32_t i = 0; i < 25; i++)
		c[i] = (struct damp_charge){ key_at(i, i + 1), 10, 100 };
	assert_int_equal(damp_ledger_charge(f->l, c, 0, 5), -1);
	assert_int_equal(damp_ledger_charge(f->l, c, 16, 5), -1);
	assert_int_equal(damp_ledger_live(f->l, 5, 0, LINES), 16);
	assert_int_equal(damp_ledger_peek(f->l, c, 25, 5), 24);
	assert_int_equal(damp_ledger_charge(f->l, c, 25, 5), 24);
	assert_int_equal(damp_ledger_debt(f->l, c[0].key, 5), 10);
}

static void test_all_or_nothing(void **state)
{
	/* Lines in falling order, so that the order of the caller is not theirs. */
	struct damp_charge c[4] = {
		{ key_at(9, 1), 10, 100 }, { key_at(7, 1), 10, 100 },
		{ key_at(5, 1), 10, 100 }, { key_at(2, 1), 10, 100 },
	};
	struct fix *f = *state;

	assert_int_equal(damp_ledger_charge(f->l, c, 4, 50), -1);
	for (unsigned refused = 0; refused < 4; refused++) {
		struct damp_charge d[4];

		memcpy(d, c, sizeof(d));
		for (unsigned i = refused; i < 4; i++)
			d[i].cost = 91;         /* this one and all after it */
		assert_int_equal(damp_ledger_peek(f->l, d, 4, 50), refused);
		assert_int_equal(damp_ledger_charge(f->l, d, 4, 50), refused);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(damp_ledger_debt(f->l, c[i].key, 50), 10);
	}
}

static void test_refused_writes_nothing(void **state)
{
	const struct damp_charge refused[3] = {
		{ key_at(1, 50), 10, 1000 },    /* a newcomer that would evict */
		{ key_at(2, 50), 10, 1000 },
		{ key_at(1, 51), 10, 100 },     /* inherits 100: refused */
	};
	struct fix *f = *state;
	void *before = table_mem(f->bytes);

	fill_line(f->l, 1, 900);
	memcpy(before, f->l, f->bytes);
	assert_int_equal(damp_ledger_charge(f->l, refused, 3, 900), 2);
	assert_memory_equal(f->l, before, f->bytes);
	assert_int_equal(damp_ledger_peek(f->l, refused, 3, 900), 2);
	assert_int_equal(damp_ledger_peek(f->l, refused, 2, 900 + 9 * SPAN), -1);
	assert_int_equal(damp_ledger_debt(f->l, key_at(1, 50), 900), 100);
	assert_int_equal(damp_ledger_live(f->l, 900, 0, LINES), 7);
	damp_ledger_prefetch(f->l, key_at(1, 50));
	assert_memory_equal(f->l, before, f->bytes);
	free(before);
}

static void test_newcomer_inherits(void **state)
{
	struct fix *f = *state;
	const damp_tick t = 4000;

	fill_line(f->l, 6, t);
	assert_int_equal(damp_ledger_evictions(f->l), 0);
	assert_int_equal(damp_ledger_debt(f->l, key_at(6, 8), t), 100);
	assert_int_equal(charge1(f->l, key_at(6, 8), 901, 1000, t), 0);
	assert_int_equal(damp_ledger_evictions(f->l), 0);
	assert_int_equal(charge1(f->l, key_at(6, 8), 50, 1000, t), -1);
	assert_int_equal(damp_ledger_evictions(f->l), 1);
	assert_int_equal(damp_ledger_debt(f->l, key_at(6, 8), t), 150);
	/* Key 1 went; it comes back with the least debt of the line, above its own. */
	assert_int_equal(damp_ledger_debt(f->l, key_at(6, 1), t), 150);
	for (uint32_t i = 2; i <= 7; i++)
		assert_int_equal(damp_ledger_debt(f->l, key_at(6, i), t), 100 * i);
	/* A way that is paid up is free: no inheritance, no eviction. */
	assert_int_equal(charge1(f->l, key_at(6, 9), 5, 1000, t + 150), -1);
	assert_int_equal(damp_ledger_debt(f->l, key_at(6, 9), t + 150), 5);
	assert_int_equal(damp_ledger_evictions(f->l), 1);
}

static void test_two_newcomers_on_an_empty_line(void **state)
{
	const struct damp_charge c[2] = { { key_at(4, 1), 10, 100 }, { key_at(4, 2), 20, 100 } };
	struct fix *f = *state;

	assert_int_equal(damp_ledger_charge(f->l, c, 2, 60), -1);
	assert_int_equal(damp_ledger_debt(f->l, c[0].key, 60), 10);
	assert_int_equal(damp_ledger_debt(f->l, c[1].key, 60), 20);
	assert_int_equal(damp_ledger_live(f->l, 60, 4, 1), 2);
}

static void test_two_newcomers_on_a_full_line(void **state)
{
	/* They take the ways with 100 and 200. The first would come to 105, below
	 * the 200 that is forgotten for the second, and is raised to it. */
	const struct damp_charge c[2] = { { key_at(4, 21), 5, 1000 }, { key_at(4, 22), 7, 1000 } };
	struct fix *f = *state;

	fill_line(f->l, 4, 60);
	assert_int_equal(damp_ledger_charge(f->l, c, 2, 60), -1);
	assert_int_equal(damp_ledger_evictions(f->l), 2);
	assert_int_equal(damp_ledger_debt(f->l, c[0].key, 60), 200);
	assert_int_equal(damp_ledger_debt(f->l, c[1].key, 60), 207);
	assert_int_equal(damp_ledger_debt(f->l, key_at(4, 1), 60), 200);
	assert_int_equal(damp_ledger_debt(f->l, key_at(4, 2), 60), 200);
}

static void test_resident_and_newcomer_on_a_full_line(void **state)
{
	/* The resident is the least, but charged here: the newcomer takes the next. */
	const struct damp_charge c[2] = { { key_at(4, 1), 1, 1000 }, { key_at(4, 22), 7, 1000 } };
	struct fix *f = *state;

	fill_line(f->l, 4, 60);
	assert_int_equal(damp_ledger_charge(f->l, c, 2, 60), -1);
	assert_int_equal(damp_ledger_evictions(f->l), 1);
	assert_int_equal(damp_ledger_debt(f->l, key_at(4, 1), 60), 200);
	assert_int_equal(damp_ledger_debt(f->l, key_at(4, 22), 60), 207);
	assert_int_equal(damp_ledger_debt(f->l, key_at(4, 2), 60), 200);
}

static void test_more_charges_than_ways(void **state)
{
	struct damp_charge c[10];
	struct fix *f = *state;

	for (uint32_t i = 0; i < 10; i++)
		c[i] = (struct damp_charge){ key_at(11, i + 1), 10 + i, 1000 };
	assert_int_equal(damp_ledger_peek(f->l, c, 10, 60), -1);
	assert_int_equal(damp_ledger_charge(f->l, c, 10, 60), -1);
	assert_int_equal(damp_ledger_live(f->l, 60, 11, 1), 7);
	for (uint32_t i = 0; i < 10; i++)
		assert_true(damp_ledger_debt(f->l, c[i].key, 60) >= c[i].cost);
}

static void test_equal_tags_share(void **state)
{
	/* Keys that differ only between tag and line bits: one budget, the safe side. */
	const struct damp_charge c[2] = {
		{ key_at(4, 1), 60, 100 }, { key_at(4 + (1u << LOG2), 1), 60, 100 },
	};
	struct fix *f = *state;

	assert_int_equal(damp_ledger_peek(f->l, c, 2, 60), 1);
	assert_int_equal(damp_ledger_charge(f->l, c, 2, 60), 1);
	assert_int_equal(damp_ledger_charge(f->l, c, 1, 60), -1);
	assert_int_equal(damp_ledger_debt(f->l, c[1].key, 60), 60);
}

static void test_tag_zero_is_a_key_like_others(void **state)
{
	struct fix *f = *state;

	assert_int_equal(charge1(f->l, key_at(8, 5), 40, 100, 60), -1);
	assert_int_equal(charge1(f->l, 8, 30, 100, 60), -1);
	assert_int_equal(charge1(f->l, 8, 30, 100, 60), -1);
	assert_int_equal(damp_ledger_debt(f->l, 8, 60), 60);
	assert_int_equal(damp_ledger_debt(f->l, key_at(8, 5), 60), 40);
	assert_int_equal(damp_ledger_live(f->l, 60, 8, 1), 2);
}

static void test_arithmetic_at_the_wraps(void **state)
{
	static const damp_tick turn[] = {
		SPAN, 2 * SPAN, 4 * SPAN, 5 * SPAN, 1ull << 31, 3ull << 30, 1ull << 32,
		(1ull << 32) + (1ull << 31), 1ull << 33, 1ull << 45, 1ull << 60, 0 - 9 * SPAN,
	};
	/* Ticks before the turn at which a key starts, each key in a line of its own. */
	static const uint32_t before[1u << LOG2] = {
		121, 120, 119, 118, 101, 100, 61, 60, 59, 41, 21, 20, 19, 2, 1, 0,
	};
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(turn) / sizeof(turn[0]); i++) {
		for (uint32_t b = 0; b < 1u << LOG2; b++) {
			const damp_tick t = turn[i] - before[b];
			const uint64_t key = key_at(b, i + 1);

			assert_int_equal(charge1(f->l, key, 60, 100, t), -1);
			assert_int_equal(charge1(f->l, key, 60, 100, t + 19), 0);
			assert_int_equal(charge1(f->l, key, 60, 100, t + 20), -1);
			assert_int_equal(damp_ledger_debt(f->l, key, t + 119), 1);
			assert_int_equal(damp_ledger_debt(f->l, key, t + 120), 0);
		}
	}
}

/* A debt of the longest kind drains to the tick, with the line kept busy by
 * another key, with the line left alone, and from any place in a span. */
static void test_longest_debt_drains_to_the_tick(void **state)
{
	static const damp_tick from[] = { 0, 1, SPAN - 1, (1ull << 31) - 5, (1ull << 32) - 1, 1ull << 40 };
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		for (uint32_t busy = 0; busy < 2; busy++) {
			const uint32_t line = 2 * i + busy;
			const uint64_t key = key_at(line, 1);
			const damp_tick end = from[i] + DAMP_BURST_TICKS_MAX;

			assert_int_equal(charge1(f->l, key, DAMP_BURST_TICKS_MAX, DAMP_BURST_TICKS_MAX,
						 from[i]), -1);
			for (damp_tick t = from[i]; busy && t < end; t += SPAN / 3)
				assert_int_equal(charge1(f->l, key_at(line, 2), 1, 10, t), -1);
			assert_int_equal(damp_ledger_debt(f->l, key, end - SPAN), SPAN);
			assert_int_equal(damp_ledger_debt(f->l, key, end - 1), 1);
			assert_int_equal(damp_ledger_debt(f->l, key, end), 0);
		}
	}
}

/* A way left alone in a busy line: half a turn of 32 bits later its old tat
 * would look like one far ahead. */
static void test_old_way_in_a_busy_line(void **state)
{
	static const int64_t around[] = { -2, -1, 0, 1, 2 };
	const damp_tick start = 12345, step = 40 * DAMP_TICK_HZ;
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (uint32_t turns = 1; turns <= 2; turns++) {
			const uint32_t line = 2 * i + turns;
			const damp_tick end = start + 100 + turns * (1ull << 31) + (damp_tick)around[i];

			assert_int_equal(charge1(f->l, key_at(line, 1), 100, 100, start), -1);
			for (damp_tick t = start; t < end; t += step)
				assert_int_equal(charge1(f->l, key_at(line, 2), 1, 10, t), -1);
			assert_int_equal(damp_ledger_debt(f->l, key_at(line, 1), end), 0);
			assert_int_equal(charge1(f->l, key_at(line, 1), 100, 100, end), -1);
			assert_int_equal(damp_ledger_debt(f->l, key_at(line, 1), end), 100);
		}
	}
}

static void test_clock_leaps_ahead(void **state)
{
	static const damp_tick leap[] = {
		1000, SPAN, 4 * SPAN, 5 * SPAN, (1ull << 30) + 1,
		(1ull << 31) - 1, 1ull << 31, (1ull << 31) + 1,
		(1ull << 32) - 1, 1ull << 32,   /* the same low half: every tat looks ahead */
		(1ull << 32) + 1, 1ull << 40, 1ull << 59,
	};
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(leap) / sizeof(leap[0]); i++) {
		const damp_tick t = 5 * SPAN - 17;

		f->l = damp_ledger_init(f->l, LOG2);
		fill_line(f->l, i, t);
		assert_int_equal(damp_ledger_live(f->l, t + leap[i], 0, LINES), 0);
		for (uint32_t k = 1; k <= 8; k++)
			assert_int_equal(charge1(f->l, key_at(i, k + 4), 100, 100, t + leap[i]),
					 k <= DAMP_LEDGER_WAYS ? -1 : 0);
	}
}

static void test_clock_slips_back(void **state)
{
	static const damp_tick at[] = { 5000, SPAN, 8 * SPAN, 1ull << 31, 1ull << 32, (1ull << 32) + SPAN };
	struct fix *f = *state;

	for (uint32_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const uint64_t key = key_at(i, 1);

		assert_int_equal(charge1(f->l, key, 100, 100, at[i]), -1);
		/* Another worker, 10 ticks behind and perhaps in the span before. */
		assert_int_equal(damp_ledger_debt(f->l, key, at[i] - 10), 110);
		assert_int_equal(charge1(f->l, key, 1, 100, at[i] - 10), 0);
		assert_int_equal(charge1(f->l, key, 10, 120, at[i] - 10), -1);
		assert_int_equal(damp_ledger_debt(f->l, key, at[i]), 110);
	}
}

static void test_clock_steps_back(void **state)
{
	struct fix *f = *state;

	fill_line(f->l, 1, 20 * SPAN);
	assert_int_equal(damp_ledger_debt(f->l, key_at(1, 3), 18 * SPAN), 0);
	assert_int_equal(charge1(f->l, key_at(1, 3), 60, 100, 18 * SPAN), -1);
	assert_int_equal(charge1(f->l, key_at(1, 3), 60, 100, 18 * SPAN), 0);
	assert_int_equal(damp_ledger_live(f->l, 18 * SPAN, 0, LINES), 1);
}

static void test_live_wraps_round(void **state)
{
	struct fix *f = *state;

	fill_line(f->l, 15, 60);
	fill_line(f->l, 0, 60);
	assert_int_equal(damp_ledger_live(f->l, 60, 15, 1 + KEPT_LINES + 1), 14);
	assert_int_equal(damp_ledger_live(f->l, 60, 15, 1 + KEPT_LINES), 7);
	assert_int_equal(damp_ledger_live(f->l, 60, 1, 14), 0);
	assert_int_equal(damp_ledger_live(f->l, 60 + 350, 15, 1 + KEPT_LINES + 1), 8);
}

static void test_kept_lines_are_apart(void **state)
{
	const uint64_t kept = key_at(3, 9) | DAMP_LEDGER_KEPT;
	struct fix *f = *state;

	for (uint32_t line = 0; line < 1u << LOG2; line++)
		fill_line(f->l, line, 60);
	assert_int_equal(damp_ledger_debt(f->l, key_at(3, 9), 60), 100);        /* inherited */
	assert_int_equal(damp_ledger_debt(f->l, kept, 60), 0);
	assert_int_equal(charge1(f->l, kept, 50, 50, 60), -1);
	assert_int_equal(charge1(f->l, kept, 1, 50, 60), 0);
	/* The fourth kept line, behind the others. */
	assert_int_equal(damp_ledger_live(f->l, 60, (1u << LOG2) + 3, 1), 1);
	/* Four lines: the key of the next sixteen is on the same one, and full it is for all. */
	for (uint32_t tag = 10; tag < 16; tag++)
		assert_int_equal(charge1(f->l, key_at(3, tag) | DAMP_LEDGER_KEPT, 50, 50, 60), -1);
	assert_int_equal(damp_ledger_debt(f->l, key_at(7, 99) | DAMP_LEDGER_KEPT, 60), 50);
	assert_int_equal(damp_ledger_debt(f->l, key_at(2, 99) | DAMP_LEDGER_KEPT, 60), 0);
}

static void test_stuck_lock_refuses(void **state)
{
	const struct damp_charge c[3] = {
		{ key_at(9, 1), 10, 100 }, { key_at(3, 1), 10, 100 }, { key_at(12, 1), 10, 100 },
	};
	struct fix *f = *state;
	/* Two lines of head; in a line, the lock is behind the 4-byte epoch. */
	uint8_t *lock = (uint8_t *)f->l + 128 + 9 * 64 + 4;

	*lock = 1;
	assert_int_equal(damp_ledger_charge(f->l, c, 3, 60), 0);
	assert_int_equal(damp_ledger_live(f->l, 60, 0, LINES), 0);
	assert_int_equal(damp_ledger_charge(f->l, c + 1, 2, 60), -1);   /* the others are free */
	*lock = 0;
	assert_int_equal(damp_ledger_charge(f->l, c, 3, 60), -1);
	assert_int_equal(*lock, 0);
}

#define LEDGER_TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

/* What is owed is charged above a burst, up to what the ledger can tell, and never lost. */
static void test_owe(void **state)
{
	const uint64_t key = key_at(3, 1);
	struct fix *f = *state;
	uint8_t *lock = (uint8_t *)f->l + 128 + 3 * 64 + 4;

	assert_true(damp_ledger_owe(f->l, key, 500, 60));
	assert_int_equal(charge1(f->l, key, 10, 100, 60), 0);
	assert_true(damp_ledger_owe(f->l, key, 7, 60));
	assert_int_equal(damp_ledger_debt(f->l, key, 60), 507);
	*lock = 1;
	assert_false(damp_ledger_owe(f->l, key, 7, 60));
	*lock = 0;
	assert_int_equal(damp_ledger_debt(f->l, key, 60), 507);
	assert_true(damp_ledger_owe(f->l, key, UINT32_MAX, 60));
	assert_int_equal(damp_ledger_debt(f->l, key, 60), DAMP_BURST_TICKS_MAX);
	assert_true(damp_ledger_owe(f->l, key, 1, 60));
	assert_int_equal(damp_ledger_debt(f->l, key, 60), DAMP_BURST_TICKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_owe),
		LEDGER_TEST(test_sizes),
		LEDGER_TEST(test_cost_rounds_up_and_saturates),
		LEDGER_TEST(test_one_key_is_gcra),
		LEDGER_TEST(test_limits_of_a_charge),
		LEDGER_TEST(test_number_of_charges),
		LEDGER_TEST(test_all_or_nothing),
		LEDGER_TEST(test_refused_writes_nothing),
		LEDGER_TEST(test_newcomer_inherits),
		LEDGER_TEST(test_two_newcomers_on_an_empty_line),
		LEDGER_TEST(test_two_newcomers_on_a_full_line),
		LEDGER_TEST(test_resident_and_newcomer_on_a_full_line),
		LEDGER_TEST(test_more_charges_than_ways),
		LEDGER_TEST(test_equal_tags_share),
		LEDGER_TEST(test_tag_zero_is_a_key_like_others),
		LEDGER_TEST(test_arithmetic_at_the_wraps),
		LEDGER_TEST(test_longest_debt_drains_to_the_tick),
		LEDGER_TEST(test_old_way_in_a_busy_line),
		LEDGER_TEST(test_clock_leaps_ahead),
		LEDGER_TEST(test_clock_slips_back),
		LEDGER_TEST(test_clock_steps_back),
		LEDGER_TEST(test_live_wraps_round),
		LEDGER_TEST(test_kept_lines_are_apart),
		LEDGER_TEST(test_stuck_lock_refuses),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
