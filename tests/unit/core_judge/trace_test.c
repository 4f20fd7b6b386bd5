/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces and questions, in the judge: what is written down is what stood there
 * before, filters take what they ask for, everything ends and is bounded, and
 * neither changes what is judged.
 */
#include "finding.h"
#include "rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RULES                                                                                        \
	HEAD ZONES "limits:\n  few: {per: source, rate: 1 msg/s, burst: 3 msg}\n"                    \
		   "  open: {per: source, concurrent: 2}\n"                                          \
		   "  thin: {per: peer, amplification: {max: 2x, window: 1 s}}\n"                     \
		   "rules:\n"                                                                         \
		   "  - {id: shut, match: {path: /s}, then: drop}\n"                                 \
		   "  - {id: trial, mode: observe, match: {path: /t}, then: drop}\n"                 \
		   "  - {id: few, match: {from: outside, msg: request}, limit: few, over: {answer: 4.29}}\n" \
		   "  - {id: open, match: {from: outside, path: /o}, limit: open, over: drop}\n" \
		   "  - {id: thin, match: {path: /x}, limit: thin, over: drop}\n"

static struct damp_trace_file *add_trace(struct rig *r)
{
	const size_t len = sizeof(struct damp_trace_file) + sizeof(struct damp_trace_ring);
	struct damp_trace_file *f = aligned_alloc(64, (len + 63) / 64 * 64);

	assert_non_null(f);
	memset(f, 0, len);
	f->nworkers = 1;
	f->session = 1;
	f->most = 1000;
	f->filter = (struct damp_trace_filter){
		.code = DAMP_TRACE_ANY_CODE, .sides = 3, .kinds = 0xff, .verdicts = 0xff, .reason = DAMP_TRACE_ANY_REASON,
	};
	damp_judge_worker_tap(r->worker, NULL, f);
	return f;
}

static const struct damp_trace_record *last(const struct damp_trace_file *f)
{
	const struct damp_trace_ring *ring = &f->ring[0];

	assert_true(ring->head > 0);
	return &ring->slot[(ring->head - 1) % DAMP_TRACE_SLOTS];
}

/* CON GET of a path of one letter, with a Message ID of its own. */
static struct damp_pkt *get(struct rig *r, struct rig_end who, uint8_t letter)
{
	static uint8_t mid;

	return rig_send(r, DAMP_OUTSIDE, who, SERVER, BYTES(0x40, 0x01, 0x33, ++mid, 0xb1, letter));
}

static void findings_are_of_the_moment_before(void **unused)
{
	const uint32_t unit = (uint32_t)DAMP_TICK_HZ;
	struct damp_trace_file *f;
	struct rig r;

	(void)unused;
	rules_open(&r, false, RULES);
	f = add_trace(&r);
	get(&r, CLIENT, 'a');
	assert_int_equal(f->ring[0].head, 0); /* nobody asks */
	f->until = r.now + DAMP_SECONDS(100);
	for (unsigned i = 1; i < 3; i++) {
		get(&r, CLIENT, 'a');
		assert_int_equal(f->ring[0].head, i);
		assert_int_equal(last(f)->found.nrules, 1);
		assert_int_equal(last(f)->found.rules[0].rule, 2);
		assert_int_equal(last(f)->found.nrungs, 1);
		assert_in_range(last(f)->found.rungs[0].value, i * unit - 16, i * unit + 16);
	}
	/* The limit is full: its answer is told, and the frame as it came and as it left. */
	get(&r, CLIENT, 'a');
	assert_int_equal(last(f)->found.verdict, DAMP_VERDICT_ANSWER);
	assert_int_equal(last(f)->found.reason, r.pkt.reason);
	assert_int_equal(last(f)->found.rule, 2);
	assert_int_equal(last(f)->found.rule_slot, 3);
	assert_true(last(f)->found.rules[0].outcome & 1u << DAMP_OUT_OVER);
	assert_in_range(last(f)->found.rungs[0].value, 3 * unit - 16, 3 * unit + 16);
	assert_int_equal(last(f)->data[42 + 1], 0x01);
	assert_true(last(f)->found.changed && last(f)->sent_caplen == last(f)->sent_len);
	assert_int_equal(last(f)->sent[42 + 1], 0x9d);
	free(f);
	rig_close(&r);
}

static void budgets_are_told_by_owner(void **state)
{
	const bool v6 = *(bool *)*state;
	struct damp_trace_file *f;
	bool host = false, server = false;
	struct rig r;

	rules_open(&r, v6, RULES);
	f = add_trace(&r);
	f->until = r.now + DAMP_SECONDS(100);
	get(&r, CLIENT, 'a');
	assert_int_equal(last(f)->found.reason, DAMP_REASON_ACCEPTED);
	for (unsigned i = 0; i < last(f)->found.nbudgets; i++) {
		const struct damp_found_budget *b = &last(f)->found.budgets[i];

		assert_int_not_equal(b->whose, DAMP_WHOSE_UNKNOWN);
		assert_int_equal(b->debt, 0); /* the first packet of all */
		assert_int_equal(b->refused, 0);
		host |= b->reason == DAMP_REASON_LEDGER_HOST && b->whose == DAMP_WHOSE_PEER;
		server |= b->reason == DAMP_REASON_LEDGER_SERVER && b->whose == DAMP_WHOSE_DEVICE;
	}
	assert_true(host && server);
	free(f);
	rig_close(&r);
}

/* Each filter, a packet that it takes and one that it leaves. */
static void filters_take_what_they_ask_for(void **unused)
{
	const struct rig_end other = { 8, 40001 }; /* outside the /125 of CLIENT */
	struct damp_trace_file *f;
	struct rig r;

	(void)unused;
	rules_open(&r, false, RULES);
	f = add_trace(&r);
	f->until = r.now + DAMP_SECONDS(1000);
#define TAKES(taken, left, ...)                                                   \
	do {                                                                      \
		const struct damp_trace_filter all = f->filter;                   \
		uint64_t head;                                                    \
		rig_wait_ms(&r, 5000);                                            \
		__VA_ARGS__;                                                      \
		head = f->ring[0].head;                                           \
		left;                                                             \
		assert_int_equal(f->ring[0].head, head);                          \
		taken;                                                            \
		assert_int_equal(f->ring[0].head, head + 1);                      \
		f->filter = all;                                                  \
		f->rule_slot = 0;                                                 \
	} while (0)
	TAKES(get(&r, CLIENT, 'a'), get(&r, other, 'a'),
	      f->filter.from = ((struct damp_trace_end){ { [10] = 0xff, 0xff, 10, 1, 0, 0 }, 125 }));
	TAKES(get(&r, CLIENT, 'a'), get(&r, other, 'a'),
	      f->filter.host = ((struct damp_trace_end){ { [10] = 0xff, 0xff, 10, 1, 0, 1 }, 128 }));
	TAKES(get(&r, CLIENT, 'a'), rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x50, 0x45, 0x01, 1)),
	      f->filter.to = ((struct damp_trace_end){ { [10] = 0xff, 0xff, 10, 2 }, 112 }));
	TAKES(get(&r, CLIENT, 'a'), get(&r, other, 'a'), f->filter.port = 40000);
	TAKES(get(&r, CLIENT, 'a'), rig_send(&r, DAMP_INSIDE, SERVER, CLIENT, BYTES(0x50, 0x45, 0x01, 2)),
	      f->filter.sides = 1u << DAMP_OUTSIDE);
	TAKES(get(&r, CLIENT, 'a'), rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x70, 0x00, 0x01, 2)),
	      f->filter.kinds = 1u << DAMP_KIND_REQUEST);
	TAKES(get(&r, CLIENT, 'a'), rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x02, 0x01, 3)),
	      f->filter.code = 0x01);
	TAKES(get(&r, CLIENT, 's'), get(&r, CLIENT, 'a'), f->filter.verdicts = 1u << DAMP_VERDICT_DROP);
	TAKES(get(&r, CLIENT, 's'), get(&r, CLIENT, 'a'), f->filter.reason = DAMP_REASON_RULE);
	TAKES(get(&r, CLIENT, 't'), get(&r, CLIENT, 'a'), f->rule_slot = 2);
	TAKES(get(&r, CLIENT, 'x'), get(&r, CLIENT, 'a'), f->filter.path_len = 2; memcpy(f->filter.path, "/x", 2));
	/* Below /x is no /xy, and /x itself is. */
	TAKES(rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x02, 4, 0xb1, 'x', 0x01, 'y')),
	      rig_send(&r, DAMP_OUTSIDE, CLIENT, SERVER, BYTES(0x40, 0x01, 0x02, 5, 0xb2, 'x', 'y')),
	      f->filter.path_len = 2; f->filter.path_prefix = 1; memcpy(f->filter.path, "/x", 2));
	free(f);
	rig_close(&r);
}

static void a_trace_is_bounded(void **unused)
{
	struct damp_trace_file *f;
	struct rig r;

	(void)unused;
	rules_open(&r, false, RULES);
	f = add_trace(&r);
	f->until = r.now + DAMP_SECONDS(10);
	/* In one second: so many, and the rest is counted. */
	for (unsigned i = 0; i < DAMP_TRACE_PER_S + 17; i++)
		get(&r, CLIENT, 's');
	assert_int_equal(f->ring[0].head, DAMP_TRACE_PER_S);
	assert_int_equal(f->ring[0].missed, 17);
	assert_int_equal(f->ring[0].looked, DAMP_TRACE_PER_S + 17);
	/* Of a new trace, so many in all; then it is as if there were none. */
	rig_wait_ms(&r, 2000);
	f->session++;
	f->most = 2;
	for (unsigned i = 0; i < 5; i++)
		get(&r, CLIENT, 's');
	assert_int_equal(f->ring[0].head, DAMP_TRACE_PER_S + 2);
	assert_int_equal(f->ring[0].missed, 17);
	assert_int_equal(f->ring[0].looked, DAMP_TRACE_PER_S + 17 + 2);
	/* Nobody asks for it any more. */
	f->session++;
	rig_wait_ms(&r, 9000);
	get(&r, CLIENT, 's');
	assert_int_equal(f->ring[0].head, DAMP_TRACE_PER_S + 2);
	free(f);
	rig_close(&r);
}

static uint64_t seed = 11;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* Requests, answers, notifications, Empty messages and garbage of a few ends. */
static size_t random_message(uint8_t m[16], enum damp_side *side)
{
	static const uint8_t paths[] = "staox";
	const uint8_t type = (uint8_t)rnd(4), mid = (uint8_t)rnd(12), token = (uint8_t)rnd(6);
	const uint8_t answer[] = { 0x41, 0x45, 0x01, mid, token, 0x61, (uint8_t)rnd(250), 0xff, 1 };
	const uint8_t request[] = { 0x41, (uint8_t)(1 + rnd(3)), 0x01, mid, token, 0x60, 0x51, paths[rnd(5)] };
	const uint8_t empty[] = { 0x40, 0x00, 0x01, mid };
	const uint32_t what = rnd(10);
	size_t len = what < 5 ? sizeof(request) : what < 8 ? sizeof(answer) : sizeof(empty);

	*side = what < 5 ? DAMP_OUTSIDE : what < 8 ? DAMP_INSIDE : (enum damp_side)rnd(2);
	memcpy(m, what < 5 ? request : what < 8 ? answer : empty, len);
	m[0] = (uint8_t)(m[0] | type << 4);
	if (rnd(20) == 0)
		m[len++] = 0xff; /* a payload marker without payload, or one more byte */
	return len;
}

static struct rig_end random_end(enum damp_side side)
{
	return side == DAMP_OUTSIDE ? (struct rig_end){ (uint8_t)(1 + rnd(3)), 40000 } : SERVER;
}

/* Host 1 is there, until it is silent for a while. */
static void prove(struct rig *r)
{
	struct damp_addr a = { { 0xfd, [7] = 1, [15] = 1 } };

	if (!r->v6)
		a = (struct damp_addr){ { [10] = 0xff, 0xff, 10, 1, 0, 1 } };
	damp_peer_prove(r->judge->peers, damp_key_end(r->judge, &a, 40000), r->now, r->now + DAMP_SECONDS(60),
			r->now + DAMP_SECONDS(80000));
}

/* What is asked about a frame is what comes to pass when it comes, and asking
 * leaves every byte of the tables as it was. */
static void asking_changes_nothing(void **state)
{
	size_t njudge, nworker;
	void *judge, *worker, *self = calloc(1, damp_peek_bytes());
	unsigned verdicts[DAMP_VERDICT_MAX] = { 0 };
	struct rig r;

	rules_open(&r, *(bool *)*state, RULES);
	prove(&r);
	print_message("seed %llu\n", (unsigned long long)seed);
	njudge = damp_judge_bytes(&r.judge->cfg);
	nworker = damp_judge_worker_bytes(&r.judge->cfg);
	judge = malloc(njudge);
	worker = malloc(nworker);
	for (unsigned i = 0; i < 700; i++) {
		struct damp_finding f;
		uint8_t m[16], frame[256];
		enum damp_side side;
		const size_t len = random_message(m, &side);
		const struct rig_end a = random_end(side), b = random_end(!side);
		struct damp_pkt p = { .data = frame, .side = (uint8_t)side, .checksum_known = 1 };

		p.len = p.cap = (uint32_t)rig_build(&r, side, a, b, m, len, frame);
		memcpy(judge, r.judge_mem, njudge);
		memcpy(worker, r.worker_mem, nworker);
		damp_judge_peek(self, 1, r.worker, r.view, &p, r.now, &f);
		assert_memory_equal(judge, r.judge_mem, njudge);
		assert_memory_equal(worker, r.worker_mem, nworker);
		rig_send(&r, side, a, b, m, len);
		assert_int_equal(f.reason, r.pkt.reason);
		assert_int_equal(f.verdict, r.pkt.verdict);
		assert_int_equal(f.fate, r.pkt.fate);
		assert_int_equal(f.rule, r.pkt.rule);
		assert_int_equal(f.proved, r.pkt.proved);
		verdicts[r.pkt.verdict]++;
		rig_wait_ms(&r, rnd(300));
	}
	assert_true(verdicts[DAMP_VERDICT_ACCEPT] && verdicts[DAMP_VERDICT_DROP] && verdicts[DAMP_VERDICT_ANSWER] &&
		    verdicts[DAMP_VERDICT_CHALLENGE]);
	free(judge);
	free(worker);
	free(self);
	rig_close(&r);
}

/* A judge that is traced does what one does that is not, packet for packet. */
static void tracing_changes_nothing(void **state)
{
	struct damp_trace_file *f;
	struct rig one, two;

	rules_open(&one, *(bool *)*state, RULES);
	rules_open(&two, *(bool *)*state, RULES);
	print_message("seed %llu\n", (unsigned long long)seed);
	f = add_trace(&two);
	f->until = UINT64_MAX;
	f->most = UINT32_MAX;
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t m[16];
		enum damp_side side;
		const size_t len = random_message(m, &side);
		const struct rig_end a = random_end(side), b = random_end(!side);
		const unsigned ms = rnd(100);

		rig_send(&one, side, a, b, m, len);
		rig_send(&two, side, a, b, m, len);
		assert_int_equal(one.pkt.reason, two.pkt.reason);
		assert_int_equal(one.pkt.fate, two.pkt.fate);
		assert_int_equal(one.pkt.out_len, two.pkt.out_len);
		assert_memory_equal(one.frame, two.frame, one.pkt.out_len);
		assert_int_equal(last(f)->found.reason, two.pkt.reason);
		assert_int_equal(last(f)->found.fate, two.pkt.fate);
		rig_wait_ms(&one, ms);
		rig_wait_ms(&two, ms);
	}
	assert_true(f->ring[0].head + f->ring[0].missed == 3000);
	assert_memory_equal(&one.stats->worker[0], &two.stats->worker[0], sizeof(one.stats->worker[0]));
	free(f);
	rig_close(&one);
	rig_close(&two);
}

int main(void)
{
	static bool v4 = false, v6 = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_of_the_moment_before),
		{ "budgets_are_told_by_owner", budgets_are_told_by_owner, NULL, NULL, &v4 },
		{ "budgets_are_told_by_owner v6", budgets_are_told_by_owner, NULL, NULL, &v6 },
		cmocka_unit_test(filters_take_what_they_ask_for),
		cmocka_unit_test(a_trace_is_bounded),
		{ "asking_changes_nothing", asking_changes_nothing, NULL, NULL, &v4 },
		{ "asking_changes_nothing v6", asking_changes_nothing, NULL, NULL, &v6 },
		{ "tracing_changes_nothing", tracing_changes_nothing, NULL, NULL, &v4 },
		{ "tracing_changes_nothing v6", tracing_changes_nothing, NULL, NULL, &v6 },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
