/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared tables under two threads; to be run with the thread sanitizer as
 * well, which looks at the memory orders while these tests look at the sums.
 *
 * Properties: two workers on one hot key together get what one would get; no
 * order of keys locks them up; a reader never takes one peer for another; the
 * slow loop may count while a worker works.
 */
#include "ledger.h"
#include "assoc.h"
#include "tables.h"
#include "prop.h"

#include <pthread.h>

#define LOG2 4u
#define ROUNDS 100000u
#define BURST 1000000u
#define COST 70u

/* Keys of line 3: the line is the low bits. */
#define KEY(tag) ((uint64_t)(tag) << 32 | 3)

struct shared {
	struct damp_ledger *l;
	struct damp_peer_table *peers;
	struct damp_xchg_table *xchg;
	damp_tick clock;
	uint32_t asked;
	unsigned running;
};

struct job {
	struct shared *s;
	unsigned number;
	uint64_t admitted;
	uint64_t wrong;
	pthread_t thread;
};

static void run_two(struct shared *s, struct job job[2], void *(*first)(void *), void *(*second)(void *))
{
	s->running = 2;
	for (unsigned i = 0; i < 2; i++) {
		job[i] = (struct job){ .s = s, .number = i };
		assert_int_equal(pthread_create(&job[i].thread, NULL, i ? second : first, &job[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(job[i].thread, NULL), 0);
}

static void job_done(struct job *j)
{
	__atomic_fetch_sub(&j->s->running, 1, __ATOMIC_RELAXED);
}

static struct damp_ledger *ledger_new(void)
{
	return damp_ledger_init(prop_mem(damp_ledger_bytes(LOG2)), LOG2);
}

static bool charge(struct damp_ledger *l, uint64_t key, damp_tick now)
{
	const struct damp_charge c = { key, COST, BURST };

	return damp_ledger_peek(l, &c, 1, now) == -1 && damp_ledger_charge(l, &c, 1, now) == -1;
}

static void *hot_key_stopped_clock(void *arg)
{
	struct job *j = arg;

	for (unsigned i = 0; i < ROUNDS; i++)
		j->admitted += charge(j->s->l, KEY(1), 5000) ? COST : 0;
	job_done(j);
	return NULL;
}

static void test_no_charge_is_lost(void **state)
{
	struct shared s = { .l = ledger_new() };
	struct job job[2];
	uint64_t total;

	(void)state;
	run_two(&s, job, hot_key_stopped_clock, hot_key_stopped_clock);
	total = job[0].admitted + job[1].admitted;
	assert_int_equal(damp_ledger_debt(s.l, KEY(1), 5000), total);
	/* Top up, should a lock have been missed: not one charge more than fits. */
	while (charge(s.l, KEY(1), 5000))
		total += COST;
	assert_int_equal(total, BURST / COST * COST);
	free(s.l);
}

static void *hot_key_running_clock(void *arg)
{
	struct job *j = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const damp_tick now = __atomic_add_fetch(&j->s->clock, 40, __ATOMIC_RELAXED);

		/* The two are behind each other by turns, as workers' clocks are. */
		j->admitted += charge(j->s->l, KEY(1), now - 20 * j->number) ? COST : 0;
		charge(j->s->l, KEY(2 + i % 20), now);
	}
	job_done(j);
	return NULL;
}

static void test_bound_holds_in_a_crowded_line(void **state)
{
	const damp_tick start = (1ull << 32) - 900000;
	struct shared s = { .l = ledger_new(), .clock = start };
	struct job job[2];

	(void)state;
	run_two(&s, job, hot_key_running_clock, hot_key_running_clock);
	assert_true(job[0].admitted + job[1].admitted <= BURST + (s.clock - start));
	assert_true(job[0].admitted + job[1].admitted > 0);
	free(s.l);
}

static void *crossed_pairs(void *arg)
{
	struct job *j = arg;
	const struct damp_charge there[3] = { { 1, 1, BURST }, { 2, 1, BURST }, { 5, 1, BURST } };
	const struct damp_charge back[3] = { { 5, 1, BURST }, { 2, 1, BURST }, { 1, 1, BURST } };

	for (unsigned i = 0; i < ROUNDS; i++)
		j->admitted += damp_ledger_charge(j->s->l, j->number ? back : there, 3, 5000) == -1;
	job_done(j);
	return NULL;
}

static void test_crossed_orders_do_not_lock_up(void **state)
{
	struct shared s = { .l = ledger_new() };
	struct job job[2];
	uint64_t total;

	(void)state;
	run_two(&s, job, crossed_pairs, crossed_pairs);
	total = job[0].admitted + job[1].admitted;
	assert_int_equal(damp_ledger_debt(s.l, 1, 5000), total);
	assert_int_equal(damp_ledger_debt(s.l, 2, 5000), total);
	assert_int_equal(damp_ledger_debt(s.l, 5, 5000), total);
	/* A missed lock is for a stopped holder, not the order of the day. */
	assert_true(total > ROUNDS);
	free(s.l);
}

/* Six peers share the three slots of a line, and come and go. */
static void *peers_change(void *arg)
{
	struct job *j = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const damp_tick now = DAMP_SECONDS(100 + i);

		damp_peer_prove(j->s->peers, KEY(i % 6), now, now + DAMP_SECONDS(50), now + DAMP_SECONDS(60));
	}
	job_done(j);
	return NULL;
}

/* Far in the future everybody has ended, however often they are renewed, and
 * key 99 was never proved at all. */
static void *peers_ask(void *arg)
{
	const damp_tick late = DAMP_SECONDS(100 + ROUNDS + 60);
	struct job *j = arg;
	uint32_t i = 0;

	while (__atomic_load_n(&j->s->running, __ATOMIC_RELAXED) == 2) {
		j->wrong += damp_peer_proved(j->s->peers, KEY(99), 0, DAMP_SECONDS(10));
		j->wrong += damp_peer_proved(j->s->peers, KEY(i % 6), late, late + DAMP_SECONDS(10));
		j->admitted += damp_peer_proved(j->s->peers, KEY(i % 6), DAMP_SECONDS(101), late);
		j->wrong += damp_peer_live(j->s->peers, late);
		i++;
	}
	job_done(j);
	return NULL;
}

static void test_peers_are_not_mixed_up(void **state)
{
	struct shared s = { .peers = damp_peer_init(prop_mem(damp_peer_bytes(LOG2)), LOG2) };
	struct job job[2];

	(void)state;
	run_two(&s, job, peers_change, peers_ask);
	assert_int_equal(job[1].wrong, 0);
	assert_true(damp_peer_live(s.peers, DAMP_SECONDS(100)) <= 3);
	free(s.peers);
}

/* One slot of a full line goes from a peer that ends at 10 s to one that ends
 * at 20 s, and on; every key is used once. The reader asks at 15 s for the
 * former: it may never be told the deadline of the latter. */
static void *slot_changes_hands(void *arg)
{
	struct job *j = arg;

	for (uint32_t i = 0; i < 2 * ROUNDS; i += 2) {
		__atomic_store_n(&j->s->asked, 1000 + i, __ATOMIC_RELAXED);
		damp_peer_prove(j->s->peers, KEY(1000 + i), 0, DAMP_SECONDS(10), DAMP_SECONDS(60));
		damp_peer_prove(j->s->peers, KEY(1001 + i), 0, DAMP_SECONDS(20), DAMP_SECONDS(60));
	}
	job_done(j);
	return NULL;
}

static void *slot_asked_for(void *arg)
{
	struct job *j = arg;

	while (__atomic_load_n(&j->s->running, __ATOMIC_RELAXED) == 2) {
		const uint32_t asked = __atomic_load_n(&j->s->asked, __ATOMIC_RELAXED);

		j->wrong += damp_peer_proved(j->s->peers, KEY(asked), DAMP_SECONDS(15), 0);
	}
	job_done(j);
	return NULL;
}

static void test_deadlines_stay_with_their_peer(void **state)
{
	struct shared s = { .peers = damp_peer_init(prop_mem(damp_peer_bytes(LOG2)), LOG2) };
	struct job job[2];

	(void)state;
	damp_peer_prove(s.peers, KEY(1), 0, DAMP_SECONDS(50), DAMP_SECONDS(60));
	damp_peer_prove(s.peers, KEY(2), 0, DAMP_SECONDS(50), DAMP_SECONDS(60));
	run_two(&s, job, slot_changes_hands, slot_asked_for);
	assert_int_equal(job[1].wrong, 0);
	free(s.peers);
}

/* Both enter the same peer in one line: it must be there once. */
static void *peers_race(void *arg)
{
	struct job *j = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		damp_peer_prove(j->s->peers, KEY(i % 2), 0, DAMP_SECONDS(50), DAMP_SECONDS(60));
	}
	job_done(j);
	return NULL;
}

static void test_a_peer_is_entered_once(void **state)
{
	struct shared s = { .peers = damp_peer_init(prop_mem(damp_peer_bytes(LOG2)), LOG2) };
	struct job job[2];

	(void)state;
	run_two(&s, job, peers_race, peers_race);
	assert_true(damp_peer_live(s.peers, 0) <= 2);
	assert_int_equal(damp_peer_evictions(s.peers), 0);
	free(s.peers);
}

static void *exchanges_open(void *arg)
{
	struct job *j = arg;
	bool fresh;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct damp_xchg *x = damp_xchg_open(j->s->xchg, i * 7u, 0, DAMP_SECONDS(1 + i % 9), &fresh);

		x->credit += i;
		if (i % 5 == 0)
			damp_pair_close((struct damp_pair_slot *)x);
	}
	job_done(j);
	return NULL;
}

static void *exchanges_count(void *arg)
{
	struct job *j = arg;

	while (__atomic_load_n(&j->s->running, __ATOMIC_RELAXED) == 2) {
		j->wrong += damp_xchg_live(j->s->xchg, 0) > 2u << LOG2;
		j->wrong += damp_xchg_evictions(j->s->xchg) > ROUNDS;
	}
	job_done(j);
	return NULL;
}

static void test_counting_beside_a_worker(void **state)
{
	struct shared s = { .xchg = damp_xchg_init(prop_mem(damp_xchg_bytes(LOG2)), LOG2) };
	struct job job[2];

	(void)state;
	run_two(&s, job, exchanges_open, exchanges_count);
	assert_int_equal(job[1].wrong, 0);
	free(s.xchg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_charge_is_lost),
		cmocka_unit_test(test_bound_holds_in_a_crowded_line),
		cmocka_unit_test(test_crossed_orders_do_not_lock_up),
		cmocka_unit_test(test_peers_are_not_mixed_up),
		cmocka_unit_test(test_deadlines_stay_with_their_peer),
		cmocka_unit_test(test_a_peer_is_entered_once),
		cmocka_unit_test(test_counting_beside_a_worker),
	};

	return cmocka_run_group_tests_name("tables_threads", tests, NULL, NULL);
}
