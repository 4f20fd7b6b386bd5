/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring whose writer waits for nobody: what is overwritten, half written or of
 * another ring is counted or left, never handed out.
 */
#include "common/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 8u

struct record {
	uint64_t seq, value;
};

DAMP_RING_FITS(struct record);

struct ring {
	uint64_t head;
	struct record slot[SLOTS];
};

/* The writer's side, in two halves: while it is in a slot, and when it is done. */
static void write_half(struct ring *r)
{
	__atomic_store_n(&r->slot[r->head % SLOTS].seq, UINT64_MAX, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void write_whole(struct ring *r)
{
	struct record *s = &r->slot[r->head % SLOTS];

	write_half(r);
	__atomic_store_n(&s->value, r->head * 3, __ATOMIC_RELAXED);
	__atomic_store_n(&s->seq, r->head, __ATOMIC_RELAXED);
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

static void test_positions(void **state)
{
	static const struct {
		const char *name;
		uint64_t written, pos;
		unsigned got;
		uint64_t lost, first;
	} row[] = {
		{ "empty", 0, 0, 0, 0, 0 },
		{ "from the beginning", 5, 0, 5, 0, 0 },
		{ "the last one", 5, 4, 1, 0, 4 },
		{ "nothing new", 5, 5, 0, 0, 0 },
		{ "full but for the slot that a writer may be in", SLOTS, 0, SLOTS - 1, 1, 1 },
		{ "overtaken", 30, 2, SLOTS - 1, 30 - SLOTS + 1 - 2, 30 - SLOTS + 1 },
		{ "of another, older ring", 5, 77, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct ring r = { 0 };
		const struct damp_ring view = DAMP_RING(&r);
		uint64_t pos = row[i].pos, lost = 0;
		struct record out, first = { 0 };
		unsigned got = 0;

		while (r.head < row[i].written)
			write_whole(&r);
		while (damp_ring_next(&view, &pos, &out, &lost)) {
			assert_int_equal(out.value, out.seq * 3);
			if (got++ == 0)
				first = out;
		}
		if (got != row[i].got || lost != row[i].lost || (got > 0 && first.seq != row[i].first))
			fail_msg("%s: %u, %d lost, first %d", row[i].name, got, (int)lost, (int)first.seq);
		assert_int_equal(pos, row[i].written);
	}
}

static void test_half_written(void **state)
{
	struct ring r = { 0 };
	const struct damp_ring view = DAMP_RING(&r);
	uint64_t pos = 0, lost = 0;
	struct record out;

	(void)state;
	while (r.head < SLOTS + 2)
		write_whole(&r);
	write_half(&r); /* in the slot of number 2, which stays out of reach */
	assert_int_equal(damp_ring_oldest(&view), 3);
	assert_true(damp_ring_next(&view, &pos, &out, &lost));
	assert_int_equal(out.seq, 3);
	assert_int_equal(lost, 3);
	/* A slot that does not hold what it should: counted, and the next one read. */
	r.slot[4].seq = 99;
	assert_true(damp_ring_next(&view, &pos, &out, &lost));
	assert_int_equal(out.seq, 5);
	assert_int_equal(lost, 4);
}

#define RACE 200000u

static void *race_writer(void *arg)
{
	for (unsigned i = 0; i < RACE; i++)
		write_whole(arg);
	return NULL;
}

static void test_against_a_writer(void **state)
{
	struct ring r = { 0 };
	const struct damp_ring view = DAMP_RING(&r);
	uint64_t pos = 0, lost = 0, got = 0, next = 0;
	struct record out;
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, race_writer, &r), 0);
	while (pos < RACE)
		while (damp_ring_next(&view, &pos, &out, &lost)) {
			if (out.value != out.seq * 3 || out.seq < next)
				fail_msg("record %d after %d holds %d", (int)out.seq, (int)next, (int)out.value);
			next = out.seq + 1;
			got++;
		}
	pthread_join(writer, NULL);
	assert_int_equal(got + lost, RACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_against_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
