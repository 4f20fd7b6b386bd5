/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases: caps per owner, renewal, ends, and what a full table forgets. */
#include "lease.h"

#include "hash.h"
#include "table_mem.h"

static const struct damp_key key = { 3, 4 };
static const damp_tick start = DAMP_SECONDS(100);

static uint64_t h(uint64_t x)
{
	return damp_hash1(&key, x);
}

/* How many of items 0..n-1 an owner gets. */
static unsigned take_all(struct damp_lease_table *t, uint64_t owner, unsigned n, uint32_t cap, damp_tick now,
			 damp_tick life)
{
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!damp_lease_room(t, owner, h(i), cap, now))
			continue;
		damp_lease_take(t, owner, h(i), cap, now, now + life);
		got++;
	}
	return got;
}

static void caps_hold(void **state)
{
	static const uint32_t caps[] = { 1, 4, 7, 8, 64, 200 };
	void *mem = table_mem(damp_lease_bytes(8));
	struct damp_lease_table *t = damp_lease_init(mem, 8);

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		/* Of 300 items two may look the same. */
		assert_in_range(take_all(t, h(1000 + i), 300, caps[i], start, DAMP_SECONDS(10)), caps[i], caps[i] + 3);
	assert_int_equal(damp_lease_live(t, start), 1 + 4 + 7 + 8 + 64 + 200);
	assert_int_equal(damp_lease_live(t, start + DAMP_SECONDS(11)), 0);
	assert_int_equal(damp_lease_evictions(t), 0);
	(void)state;
	free(mem);
}

static void renewing_and_ending(void **state)
{
	void *mem = table_mem(damp_lease_bytes(8));
	struct damp_lease_table *t = damp_lease_init(mem, 8);
	const uint64_t owner = h(5);

	assert_int_equal(take_all(t, owner, 3, 2, start, DAMP_SECONDS(10)), 2);
	assert_false(damp_lease_room(t, owner, h(2), 2, start));
	assert_true(damp_lease_room(t, owner, h(0), 2, start));
	/* One is renewed, the other ends. */
	damp_lease_take(t, owner, h(0), 2, start, start + DAMP_SECONDS(20));
	assert_int_equal(damp_lease_live(t, start), 2);
	assert_true(damp_lease_room(t, owner, h(2), 2, start + DAMP_SECONDS(11)));
	assert_int_equal(damp_lease_live(t, start + DAMP_SECONDS(11)), 1);
	damp_lease_drop(t, owner, h(0), 2);
	assert_int_equal(damp_lease_live(t, start), 1);
	/* No bound, no lease. */
	assert_true(damp_lease_room(t, owner, h(9), 0, start));
	damp_lease_take(t, owner, h(9), 0, start, start + DAMP_SECONDS(20));
	assert_int_equal(damp_lease_live(t, start), 1);
	(void)state;
	free(mem);
}

/* A table of one line: the lease that ends soonest is forgotten, and counted. */
static void a_full_line_forgets(void **state)
{
	void *mem = table_mem(damp_lease_bytes(0));
	struct damp_lease_table *t = damp_lease_init(mem, 0);

	for (unsigned i = 0; i < DAMP_LEASE_WAYS; i++)
		damp_lease_take(t, h(100 + i), h(i), 4, start, start + DAMP_SECONDS(10 + i));
	damp_lease_take(t, h(200), h(9), 4, start, start + DAMP_SECONDS(60));
	assert_int_equal(damp_lease_evictions(t), 1);
	assert_int_equal(damp_lease_live(t, start), DAMP_LEASE_WAYS);
	assert_int_equal(damp_lease_live(t, start + DAMP_SECONDS(59)), 1);
	(void)state;
	free(mem);
}

/* The same words whatever the registers, also where an owner's lines go over the end. */
static void wide_or_not(void **state)
{
	static const uint32_t caps[] = { 0, 1, 2, 8, 9, 64 };
	void *mem[2] = { table_mem(damp_lease_bytes(4)), table_mem(damp_lease_bytes(4)) };
	struct damp_lease_table *t[2];
	damp_tick now = start;

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		t[k] = damp_lease_init(mem[k], 4);
	if (!damp_lease_set_wide(t[0], true))
		print_message("no wide registers here\n");
	assert_false(damp_lease_set_wide(t[1], false));
	for (uint64_t i = 0; i < 20000; i++) {
		const uint64_t r = h(i), owner = h(500 + r % 40), item = h(r >> 8 & 63);
		const uint32_t cap = caps[r % 40 % 6];

		assert_int_equal(damp_lease_room(t[0], owner, item, cap, now),
				 damp_lease_room(t[1], owner, item, cap, now));
		for (unsigned k = 0; k < 2; k++) {
			if (r >> 20 & 7)
				damp_lease_take(t[k], owner, item, cap, now, now + DAMP_SECONDS(1 + (r >> 24 & 15)));
			else
				damp_lease_drop(t[k], owner, item, cap);
		}
		now += DAMP_SECONDS(1) / 32;
	}
	assert_true(damp_lease_evictions(t[0]) > 100);
	/* All but the flag. */
	assert_memory_equal((char *)mem[0] + 64, (char *)mem[1] + 64, damp_lease_bytes(4) - 64);
	free(mem[0]);
	free(mem[1]);
}

static void sizes(void **state)
{
	uint64_t line[8];

	(void)state;
	assert_int_equal(damp_lease_bytes(27), 0);
	assert_null(damp_lease_init(line, 27));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caps_hold), cmocka_unit_test(renewing_and_ending),
		cmocka_unit_test(a_full_line_forgets), cmocka_unit_test(wide_or_not),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
