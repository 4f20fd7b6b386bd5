/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What rules tell of: shares by lot, the first few of each end, warnings, and
 * that all of it is counted and bounded.
 */
#include "rules_rig.h"
#include "tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DROPS(log) HEAD ZONES "rules:\n  - {id: r, match: {from: outside, path: /a}, then: drop, " log "}\n" \
	"  - {id: s, match: {from: outside, path: /b}, then: drop}\n"

static void get(struct rig *r, uint8_t host, char path)
{
	rig_send(r, DAMP_OUTSIDE, (struct rig_end){ host, 40000 }, SERVER,
		 BYTES(0x50, 0x01, 0x00, host, 0xb1, (uint8_t)path));
}

static uint64_t records(const struct rig *r)
{
	return r->events->ring[0].head;
}

static const struct damp_event *record(const struct rig *r, uint64_t n)
{
	return &r->events->ring[0].slot[n % DAMP_EVENT_SLOTS];
}

/* All that is told stands for all that happened; none twice. */
static void shares_add_up(void **state)
{
	uint64_t told = 0, loud = 0;
	struct rig r;

	rules_open(&r, *(bool *)*state, DROPS("log: {sample: 1/20}, severity: critical"));
	for (unsigned i = 0; i < 4000; i++) {
		get(&r, i % 10 ? 1 : 2, 'a');   /* host 1 sends nine times as much */
		rig_wait_ms(&r, 5);
	}
	for (uint64_t i = 0; i < records(&r); i++) {
		const struct damp_event *e = record(&r, i);

		assert_int_equal(e->how, DAMP_TOLD_LOG);
		assert_int_equal(e->rule_slot, 1);
		assert_int_equal(e->loud, DAMP_LOUD_CRITICAL);
		assert_int_equal(e->verdict, DAMP_VERDICT_DROP);
		told += e->represents;
		loud += e->src[15] == 1;
	}
	assert_in_range(records(&r), 140, 260);
	assert_true(told <= 4000 && told > 3800);
	/* The louder is told of more. */
	assert_in_range(loud * 100 / records(&r), 80, 97);
	rig_close(&r);
}

static void the_first_of_each(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, DROPS("log: {first: 2 per source}"));
	for (unsigned i = 0; i < 20; i++)
		for (uint8_t host = 1; host <= 5; host++)
			get(&r, host, 'a');
	assert_int_equal(records(&r), 10);
	/* Quiet for ten minutes: as new. */
	rig_wait_ms(&r, 601 * 1000);
	get(&r, 3, 'a');
	assert_int_equal(records(&r), 11);
	assert_int_equal(record(&r, 10)->represents, 20 * 5 - 10 + 1);
	rig_close(&r);
}

/* A flood of new sources, each told of: no more than the bound, and counted. */
static void telling_is_bounded(void **state)
{
	uint64_t before;
	struct rig r;

	rules_open(&r, *(bool *)*state, DROPS("log: {sample: 1/1}"));
	for (unsigned i = 0; i < 1000; i++)
		get(&r, (uint8_t)i, 'a');
	assert_int_equal(records(&r), DAMP_TELL_PER_S);
	rig_wait_ms(&r, 1001);
	get(&r, 1, 'a');
	assert_int_equal(record(&r, DAMP_TELL_PER_S)->represents, 1000 - DAMP_TELL_PER_S + 1);
	/* A rule without `log` is sampled as ever: one per reason and second. */
	before = records(&r);
	for (unsigned i = 0; i < 50; i++)
		get(&r, 1, 'b');
	assert_int_equal(records(&r), before + 1);
	assert_int_equal(record(&r, before)->how, DAMP_TOLD_SAMPLE);
	rig_close(&r);
}

/* What would have been says so; what has been is not hidden by it. */
static void observed_says_would(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: trial, mode: observe, match: {path: /a}, then: {answer: 4.03}, log: {sample: 1/1}}\n"
		   "  - {id: plain, mode: observe, match: {path: /b}, then: drop}\n");
	get(&r, 1, 'a');
	get(&r, 1, 'b');
	assert_int_equal(records(&r), 2);
	assert_int_equal(record(&r, 0)->would, DAMP_VERDICT_ANSWER);
	assert_int_equal(record(&r, 0)->verdict, DAMP_VERDICT_ACCEPT);
	assert_true(record(&r, 0)->observed);
	assert_int_equal(record(&r, 1)->would, DAMP_VERDICT_DROP);
	assert_int_equal(record(&r, 1)->rule_slot, 2);
	rig_close(&r);
}

/* At 80 % and not before, once a second, and never when nothing is left. */
static void warnings_come_before(void **state)
{
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "limits:\n  l: {per: target, rate: 1 msg/min, burst: 5 msg}\n"
		   "rules:\n  - {id: l, match: {from: outside, msg: request}, limit: l, over: drop, warn: 70%}\n");
	for (unsigned i = 1; i <= 3; i++)
		get(&r, (uint8_t)i, 'a');
	assert_int_equal(records(&r), 0);
	get(&r, 4, 'a');
	assert_int_equal(records(&r), 1);
	assert_int_equal(record(&r, 0)->how, DAMP_TOLD_WARN);
	assert_in_range(record(&r, 0)->used_percent, 80, 81);
	assert_int_equal(record(&r, 0)->verdict, DAMP_VERDICT_ACCEPT);
	get(&r, 5, 'a');
	assert_int_equal(records(&r), 1);
	get(&r, 6, 'a');
	assert_int_equal(record(&r, 1)->how, DAMP_TOLD_SAMPLE);
	assert_int_equal(record(&r, 1)->reason, DAMP_REASON_RULE_LIMIT);
	rig_wait_ms(&r, 61 * 1000);
	get(&r, 7, 'a');
	assert_int_equal(records(&r), 3);
	assert_int_equal(record(&r, 2)->how, DAMP_TOLD_WARN);
	assert_int_equal(record(&r, 2)->represents, 2);
	rig_close(&r);
	/* Of what is open at once as well. */
	rules_open(&r, *(bool *)*state, HEAD ZONES "limits:\n  o: {per: target, concurrent: 4}\n"
		   "rules:\n  - {id: o, match: {from: outside, msg: request}, limit: o, over: drop, warn: 75%}\n");
	get(&r, 1, 'a');
	get(&r, 2, 'a');
	assert_int_equal(records(&r), 0);
	get(&r, 3, 'a');
	assert_int_equal(records(&r), 1);
	assert_int_equal(record(&r, 0)->used_percent, 75);
	rig_close(&r);
}

/* What is told of a message is what it asked for, though it left in another form: without
 * its Observe the path lies elsewhere in it. */
static void the_path_is_its_own(void **state)
{
	/* CON GET, MID 1, Observe 0, Uri-Path "lamp"; and behind it Block2 0/0/64. */
	static const uint8_t observe[] = { 0x40, 0x01, 0x00, 0x01, 0x60, 0x54, 'l', 'a', 'm', 'p', 0xc1, 0x02 };
	const struct damp_event *e;
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: plain, match: {path: /lamp}, then: {strip: observe}, log: {sample: 1/1}}\n");
	rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, observe, sizeof(observe));
	assert_int_equal(r.pkt.fate, DAMP_FATE_FORWARD);
	assert_int_equal(r.pkt.verdict, DAMP_VERDICT_SHAPE);
	assert_int_equal(r.pkt.out_len, r.pkt.len - 1);
	assert_int_equal(records(&r), 1);
	e = record(&r, 0);
	assert_int_equal(e->how, DAMP_TOLD_LOG);
	assert_int_equal(e->path_len, 5);
	assert_memory_equal(e->path, "/lamp", 5);
	rig_close(&r);
}

/* A path that is longer than a record has room for is cut off there, not left out. */
static void long_paths_are_cut_off(void **state)
{
	/* CON GET, MID 1, Uri-Path of 40 bytes: length 13 + 27. */
	uint8_t get[6 + 40] = { 0x40, 0x01, 0x00, 0x01, 0xbd, 0x1b };
	const struct damp_event *e;
	struct rig r;

	rules_open(&r, *(bool *)*state, HEAD ZONES
		   "rules:\n  - {id: r, match: {from: outside, msg: request}, then: drop, log: {sample: 1/1}}\n");
	for (unsigned n = 34; n <= 40; n++) {
		get[5] = (uint8_t)(n - 13);
		memset(get + 6, 'a' + (int)(n - 34), n);
		rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, get, 6 + n);
		e = record(&r, records(&r) - 1);
		assert_int_equal(e->path_len, n < sizeof(e->path) ? n + 1 : sizeof(e->path));
		assert_int_equal(e->path[0], '/');
		assert_memory_equal(e->path + 1, get + 6, e->path_len - 1u);
	}
	assert_int_equal(records(&r), 7);
	rig_close(&r);
}

static bool v4 = false, v6 = true;
#define BOTH(f) { #f " IPv4", f, NULL, NULL, &v4 }, { #f " IPv6", f, NULL, NULL, &v6 }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(shares_add_up), BOTH(the_first_of_each), BOTH(telling_is_bounded), BOTH(observed_says_would),
		BOTH(warnings_come_before), BOTH(the_path_is_its_own),
		BOTH(long_paths_are_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
