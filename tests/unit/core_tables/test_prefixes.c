/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of prefixes: what is in, until when, how much fits; against a plain
 * list of the same members.
 */
#include "prefixes.h"
#include "table_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct damp_key key = { 1, 2 };

static struct damp_addr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return (struct damp_addr){ { [10] = 0xff, 0xff, (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d } };
}

static struct damp_prefixes *make(unsigned log2)
{
	void *mem = aligned_alloc(DAMP_CACHE_LINE, damp_prefixes_bytes(log2));

	memset(mem, 0, damp_prefixes_bytes(log2));
	return damp_prefixes_init(mem, log2, &key);
}

static bool has(const struct damp_prefixes *t, unsigned list, struct damp_addr a, damp_tick now)
{
	uint32_t tag = 77;

	return damp_prefixes_has(t, list, &a, now, &tag);
}

static void members_come_and_end(void **state)
{
	struct damp_prefixes *t = make(6);
	struct damp_addr net = v4(192, 0, 2, 99), host = v4(203, 0, 113, 5), six = { { 0x20, 1, 0xd, 0xb8, 1 } };
	const damp_tick now = DAMP_SECONDS(100), end = DAMP_SECONDS(160);
	uint32_t tag;

	(void)state;
	assert_false(has(t, 2, host, now));
	assert_int_equal(damp_prefixes_add(t, 2, &net, 24, end, 5, now), DAMP_PREFIX_ADDED);
	assert_int_equal(damp_prefixes_add(t, 2, &host, 32, end + DAMP_SECONDS(60), 6, now), DAMP_PREFIX_ADDED);
	assert_int_equal(damp_prefixes_add(t, 3, &six, 40, end, 7, now), DAMP_PREFIX_ADDED);
	assert_int_equal(damp_prefixes_count(t, 2), 2);
	assert_true(has(t, 2, v4(192, 0, 2, 0), now));
	assert_true(has(t, 2, v4(192, 0, 2, 255), now));
	assert_false(has(t, 2, v4(192, 0, 3, 0), now));
	assert_false(has(t, 2, v4(203, 0, 113, 6), now));
	assert_false(has(t, 3, v4(192, 0, 2, 0), now));        /* another list */
	assert_false(has(t, 2, six, now));
	six.b[15] = 9;
	assert_true(has(t, 3, six, now));
	six.b[4] = 2;
	assert_false(has(t, 3, six, now));
	/* The longest says whose it is. */
	net = v4(203, 0, 113, 0);
	damp_prefixes_add(t, 2, &net, 24, end, 8, now);
	assert_true(damp_prefixes_has(t, 2, &host, now, &tag));
	assert_int_equal(tag, 6);
	/* An end to the sixteenth of a second, no sooner. */
	assert_true(has(t, 2, v4(192, 0, 2, 1), end - 1));
	assert_false(has(t, 2, v4(192, 0, 2, 1), end + DAMP_TICK_HZ / 8));
	assert_true(has(t, 2, host, end + DAMP_SECONDS(59)));
	assert_int_equal(damp_prefixes_sweep(t, end, NULL, NULL), 3);
	assert_int_equal(damp_prefixes_count(t, 2), 1);
	/* The same again is no second one. */
	assert_int_equal(damp_prefixes_add(t, 2, &host, 32, end + DAMP_SECONDS(99), 9, end), DAMP_PREFIX_CHANGED);
	assert_int_equal(damp_prefixes_count(t, 2), 1);
	assert_true(damp_prefixes_del(t, 2, &host, 32));
	assert_false(damp_prefixes_del(t, 2, &host, 32));
	assert_int_equal(damp_prefixes_count(t, 2), 0);
	assert_false(has(t, 2, host, end));
	free(t);
}

static void edges(void **state)
{
	struct damp_prefixes *t = make(6);
	struct damp_addr a = v4(10, 0, 0, 1), all4 = v4(0, 0, 0, 0), all6 = { { 0 } }, six = { { 0x20, 1 } };

	(void)state;
	assert_int_equal(damp_prefixes_add(t, 0, &all4, 0, 1000, 0, 0), DAMP_PREFIX_ADDED);
	assert_true(has(t, 0, a, 1));
	assert_false(has(t, 0, six, 1));
	assert_int_equal(damp_prefixes_add(t, 1, &all6, 0, 1000, 0, 0), DAMP_PREFIX_ADDED);
	assert_true(has(t, 1, six, 1));
	/* Every address of ours has 16 bytes, but a family is a family. */
	assert_false(has(t, 1, a, 1));
	for (unsigned plen = 1; plen < DAMP_LIST_LENGTHS_MAX; plen++)
		assert_int_equal(damp_prefixes_add(t, 0, &a, plen, 1000, 0, 0), DAMP_PREFIX_ADDED);
	assert_int_equal(damp_prefixes_add(t, 0, &a, 32, 1000, 0, 0), DAMP_PREFIX_LENGTHS);
	assert_true(damp_prefixes_del(t, 0, &a, 3));
	assert_int_equal(damp_prefixes_add(t, 0, &a, 32, 1000, 0, 0), DAMP_PREFIX_ADDED);
	damp_prefixes_clear(t, 0);
	assert_int_equal(damp_prefixes_count(t, 0), 0);
	assert_int_equal(damp_prefixes_count(t, 1), 1);
	free(t);
}

/* Half of the slots always fit; then the answer is "no room", and all that was
 * said to be in is in. */
static void fills_up(void **state)
{
	struct damp_prefixes *t = make(8);
	const unsigned capacity = (unsigned)damp_prefixes_capacity(t);
	unsigned in = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * capacity; i++) {
		struct damp_addr a = v4(10, i >> 16, i >> 8, i);
		const enum damp_prefix_put put = damp_prefixes_add(t, 2, &a, 32, 1000000000, i, 1);

		if (i < capacity / 2)
			assert_int_equal(put, DAMP_PREFIX_ADDED);
		in += put == DAMP_PREFIX_ADDED;
		assert_true((put == DAMP_PREFIX_ADDED) == has(t, 2, a, 2));
	}
	assert_int_equal(damp_prefixes_count(t, 2), in);
	assert_in_range(in, capacity * 3 / 4, capacity);
	free(t);
}

#define MEMBERS 300
#define ROUNDS 30000

/* Against a list of members, with random prefixes, lists, ends and removals. */
static void as_a_plain_list(void **state)
{
	struct { struct damp_addr a; unsigned plen, list; damp_tick due; bool in; } m[MEMBERS];
	struct damp_prefixes *t = make(8);
	uint64_t seed = 4711;
	damp_tick now = DAMP_SECONDS(1);

	(void)state;
	memset(m, 0, sizeof(m));
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct damp_addr a;
		unsigned i, list;
		bool want = false;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		i = (unsigned)(seed >> 33) % MEMBERS;
		a = v4(10, (unsigned)(seed >> 50) & 1, (unsigned)(seed >> 40) & 7, (unsigned)(seed >> 20) & 31);
		list = (unsigned)(seed >> 60) & 1;
		now += DAMP_TICK_HZ / 16;
		if (!m[i].in) {
			m[i].a = a;
			m[i].plen = 23 + (unsigned)(seed >> 55) % 10;
			m[i].list = list;
			m[i].due = now + (seed >> 30) % 64 * (DAMP_TICK_HZ / 16);
			m[i].a = damp_addr_prefix(&a, m[i].plen);
			m[i].in = true;
			for (unsigned k = 0; k < MEMBERS; k++)  /* the same one again takes the place of the old */
				if (k != i && m[k].in && m[k].list == list && m[k].plen == m[i].plen &&
				    memcmp(&m[k].a, &m[i].a, 16) == 0)
					m[k].in = false;
			assert_true(damp_prefixes_add(t, list, &a, m[i].plen, m[i].due, i, now) <= DAMP_PREFIX_CHANGED);
		} else if (seed >> 63) {
			/* One whose end is past may be gone already: a sweep makes room. */
			assert_true(damp_prefixes_del(t, m[i].list, &m[i].a, m[i].plen) || m[i].due <= now);
			m[i].in = false;
		} else if (seed >> 62 & 1) {
			damp_prefixes_sweep(t, now, NULL, NULL);
		}
		for (unsigned k = 0; k < MEMBERS; k++) {
			const struct damp_addr net = damp_addr_prefix(&a, m[k].plen);

			want |= m[k].in && m[k].list == list && m[k].due > now && memcmp(&net, &m[k].a, 16) == 0;
		}
		if (has(t, list, a, now) != want)
			fail_msg("round %u (seed 4711): %d", round, want);
	}
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_and_end), cmocka_unit_test(edges), cmocka_unit_test(fills_up),
		cmocka_unit_test(as_a_plain_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
