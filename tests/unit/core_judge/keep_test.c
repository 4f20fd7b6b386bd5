/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The standing capture of drops: what is copied, how much of it at most, that a
 * flood's short way copies too, and that no verdict depends on it.
 */
#include "rules_rig.h"

#include "judge_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RULES HEAD ZONES "rules:\n  - {id: r, match: {from: outside, path: /a}, then: drop}\n"

struct bench {
	struct rig r;
	struct damp_capture_file *file;
};

static void open_bench(struct bench *b, const char *rules, uint64_t share)
{
	const size_t len = sizeof(*b->file) + sizeof(b->file->ring[0]);

	rules_open(&b->r, false, rules);
	b->file = aligned_alloc(64, len);
	memset(b->file, 0, len);
	b->file->keep_until = UINT64_MAX;
	b->file->keep_share = share;
	damp_judge_worker_tap(b->r.worker, b->file, NULL);
}

static void close_bench(struct bench *b)
{
	rig_close(&b->r);
	free(b->file);
}

static void get(struct bench *b, uint8_t path, uint8_t mid)
{
	rig_send(&b->r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x00, mid, 0xb1, path));
}

static uint64_t kept(const struct bench *b)
{
	return b->file->ring[0].head;
}

static void what_is_dropped(void **state)
{
	const struct damp_capture_record *c;
	struct bench b;
	uint8_t frame[256];
	size_t len;

	(void)state;
	open_bench(&b, RULES, DAMP_KEEP_ALL);
	get(&b, 'b', 1);
	assert_int_equal(kept(&b), 0);  /* passed */
	get(&b, 'a', 2);
	assert_int_equal(kept(&b), 1);
	c = &b.file->ring[0].slot[0];
	len = rig_build(&b.r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x00, 2, 0xb1, 'a'), frame);
	assert_int_equal(c->len, len);
	assert_int_equal(c->caplen, len);
	assert_memory_equal(c->data, frame, len);
	assert_int_equal(c->seq, 0);
	assert_int_equal(c->reason, DAMP_REASON_RULE);
	assert_int_equal(c->verdict, DAMP_VERDICT_DROP);
	assert_int_equal(c->rule_slot, 1);
	assert_int_equal(c->side, DAMP_OUTSIDE);
	assert_int_equal(c->kept, 1);
	/* Nobody asked for it on demand: nothing was missed. */
	assert_int_equal(b.file->ring[0].missed, 0);
	b.file->keep_until = b.r.now;   /* the lease is over */
	get(&b, 'a', 3);
	assert_int_equal(kept(&b), 1);
	close_bench(&b);
}

static void shares(void **state)
{
	static const struct { uint64_t share; unsigned of, kept; } rows[] = {
		{ DAMP_KEEP_ALL, 10, 10 }, { 1u << 31, 10, 5 },  { (1ull << 32) / 3, 9, 3 },
		{ (1ull << 32) / 10, 10, 1 }, { 1, 60, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;

		open_bench(&b, RULES, rows[i].share);
		for (unsigned n = 0; n < rows[i].of; n++)
			get(&b, 'a', (uint8_t)n);
		if (kept(&b) != rows[i].kept)
			fail_msg("%zu: %llu of %u", i, (unsigned long long)kept(&b), rows[i].of);
		close_bench(&b);
	}
}

/* So many in an eighth of a second; the others are dropped like them. */
static void budget(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, RULES, DAMP_KEEP_ALL);
	for (unsigned slice = 1; slice <= 3; slice++) {
		for (unsigned n = 0; n < 2 * DAMP_KEEP_PER_SLICE; n++)
			get(&b, 'a', (uint8_t)n);
		assert_int_equal(kept(&b), slice * DAMP_KEEP_PER_SLICE);
		rig_wait_ms(&b.r, 126);
	}
	assert_int_equal(rules_counted_id(&b.r, "r", DAMP_OUT_ACTED), 6 * DAMP_KEEP_PER_SLICE);
	close_bench(&b);
}

/* Both at once: each has its own record, marked as such. */
static void beside_a_capture(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, RULES, DAMP_KEEP_ALL);
	b.file->want = DAMP_CAPTURE_WANT(1u << DAMP_VERDICT_DROP | 1u << DAMP_VERDICT_ACCEPT, DAMP_CAPTURE_ANY_REASON);
	b.file->until = UINT64_MAX;
	get(&b, 'a', 1);
	assert_int_equal(kept(&b), 2);
	assert_int_equal(b.file->ring[0].slot[0].kept, 0);
	assert_int_equal(b.file->ring[0].slot[1].kept, 1);
	assert_memory_equal(b.file->ring[0].slot[0].data, b.file->ring[0].slot[1].data,
			    b.file->ring[0].slot[0].caplen);
	get(&b, 'b', 2);        /* passes: on demand alone, over what was the slot of nobody */
	assert_int_equal(kept(&b), 3);
	assert_int_equal(b.file->ring[0].slot[2].kept, 0);
	close_bench(&b);
}

/* A flood whose server is spent takes the short way, which keeps copies too, and
 * judges as without. */
static void in_a_flood(void **state)
{
	uint64_t refused[2];

	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		struct bench b;
		const struct damp_capture_record *c;

		open_bench(&b, HEAD "guard: {servers: {rate: 1 msg/s, burst: 1 msg}, "
			   "challenges: {all: {rate: 1 msg/s, burst: 1 msg}}}\n", on ? DAMP_KEEP_ALL : 0);
		b.file->keep_until = on ? UINT64_MAX : 0;
		for (unsigned n = 0; n < 40; n++)
			rig_send(&b.r, DAMP_OUTSIDE, (struct rig_end){ (uint8_t)(n + 1), 40000 }, SERVER,
				 BYTES(0x50, 0x01, 0x00, (uint8_t)n, 0xb1, 'a'));
		refused[on] = b.r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_LEDGER_SERVER].packets +
			      b.r.stats->worker[0].reason[DAMP_OUTSIDE][DAMP_REASON_CHALLENGE_RATE].packets;
		assert_int_equal(b.r.worker->tap.on, false);
		if (on) {
			assert_int_equal(kept(&b), refused[0]);
			assert_int_equal(refused[1], refused[0]);
			c = &b.file->ring[0].slot[kept(&b) - 1];
			assert_int_equal(c->data[c->len - 1], 'a');
		} else {
			assert_int_equal(kept(&b), 0);
			assert_in_range(refused[0], 20, 40);
		}
		close_bench(&b);
	}
}

/* Longer than what is kept: the length is told, the copy is cut. */
static void long_frames(void **state)
{
	static uint8_t msg[1700] = { 0x40, 0x01, 0x00, 0x01, 0xb1, 'a', 0xff };
	struct bench b;

	(void)state;
	open_bench(&b, RULES, DAMP_KEEP_ALL);
	rig_send(&b.r, DAMP_OUTSIDE, CLIENT, SERVER, msg, sizeof(msg));
	assert_int_equal(kept(&b), 1);
	assert_int_equal(b.file->ring[0].slot[0].len, 14 + 20 + 8 + sizeof(msg));
	assert_int_equal(b.file->ring[0].slot[0].caplen, DAMP_CAPTURE_SNAP);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_dropped), cmocka_unit_test(shares),	 cmocka_unit_test(budget),
		cmocka_unit_test(beside_a_capture), cmocka_unit_test(in_a_flood), cmocka_unit_test(long_frames),
	};

	return cmocka_run_group_tests_name("keeping what is dropped", tests, NULL, NULL);
}
