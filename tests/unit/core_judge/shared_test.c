/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers of one judge: what one victim gets from both is what it would get from
 * one, what the gateway asks is within its budget but for what each may ask in a burst
 * (answer.c), and what is refused writes nothing that they share, not even a lock. So any
 * number of workers may refuse for the same victim without waiting for each other.
 *
 * That nothing is written is asked of the machine: the judge's memory can only be read
 * meanwhile, and a write ends the test.
 */
#include "rig.h"

#include <damper/coap.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "judge_state.h"

#define WORKERS 2u
#define FRAME_MAX 128u
#define SPENDING 64u            /* bursts until nothing is left */
#define REFUSED 64u

struct pair {
	struct rig r;
	void *shared;
	size_t bytes;
	void *own[WORKERS];
	struct damp_judge_worker *worker[WORKERS];
};

/* What floods: from which hosts, to how many servers, and as what. */
struct flood { uint8_t first, hosts, servers; bool con; };

struct burst {
	struct damp_pkt pkt[DAMP_BURST];
	uint8_t frame[DAMP_BURST][FRAME_MAX];
	uint64_t drawn;
};

static void *pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void pair_open(struct pair *p, bool v6, void (*change)(struct damp_guard *g))
{
	static const struct damp_key key = { 1, 2 };
	const struct damp_judge_config *cfg;

	rig_open_guard(&p->r, v6, change);
	cfg = &p->r.judge->cfg;
	p->bytes = damp_judge_bytes(cfg);
	p->shared = pages(p->bytes);
	p->r.judge = damp_judge_init(p->shared, cfg, &key, 1700000000, 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		p->own[i] = pages(damp_judge_worker_bytes(cfg));
		p->worker[i] = damp_judge_worker_init(p->own[i], p->r.judge, i, &p->r.stats->worker[i],
						      &p->r.events->ring[i]);
		assert_non_null(p->worker[i]);
	}
}

static void pair_close(struct pair *p)
{
	for (unsigned i = 0; i < WORKERS; i++)
		munmap(p->own[i], damp_judge_worker_bytes(&p->r.judge->cfg));
	munmap(p->shared, p->bytes);
	rig_close(&p->r);
}

/* Each another request: token, Message ID and port are new. */
static void build(struct burst *b, const struct rig *r, const struct flood *f)
{
	for (unsigned i = 0; i < DAMP_BURST; i++, b->drawn++) {
		const uint64_t n = b->drawn * DAMP_GOLDEN;
		const struct rig_end from = { (uint8_t)(f->first + n % f->hosts), (uint16_t)(10000 + (n >> 20) % 50000) };
		const struct rig_end to = { (uint8_t)(2 + (n >> 40) % f->servers), DAMP_PORT_COAP };
		/* CON or NON GET /a with a token of 4 bytes. */
		uint8_t m[10] = { f->con ? 0x44 : 0x54, DAMP_COAP_GET, [8] = 0xb1, [9] = 'a' };
		struct damp_pkt *p = &b->pkt[i];

		memcpy(m + 2, &b->drawn, 2);
		memcpy(m + 4, &b->drawn, 4);
		memset(p, 0, sizeof(*p));
		p->side = DAMP_OUTSIDE;
		p->data = b->frame[i];
		p->len = (uint32_t)rig_build(r, DAMP_OUTSIDE, from, to, m, sizeof(m), p->data);
		p->cap = FRAME_MAX;
	}
}

static void judge(struct pair *p, unsigned worker, struct burst *b, damp_tick now)
{
	struct damp_emit emits[DAMP_EMITS];
	unsigned held;

	damp_judge_parse(p->r.view, b->pkt, DAMP_BURST);
	damp_judge_run(p->worker[worker], p->r.view, b->pkt, DAMP_BURST, now, false);
	while (damp_judge_unhold(p->worker[worker], now, &held))
		;
	damp_judge_emits(p->worker[worker], now, emits, DAMP_EMITS);
}

static void run(struct pair *p, struct burst *b, const struct flood *f, unsigned bursts)
{
	for (unsigned i = 0; i < bursts; i++) {
		build(b, &p->r, f);
		judge(p, i % WORKERS, b, p->r.now);
	}
}

static void may_write(struct pair *p, bool may)
{
	assert_int_equal(mprotect(p->shared, p->bytes, PROT_READ | (may ? PROT_WRITE : 0)), 0);
}

static void nothing_is_written(bool v6, const struct flood *f, void (*change)(struct damp_guard *g))
{
	static struct burst b;
	struct pair p;

	pair_open(&p, v6, change);
	run(&p, &b, f, SPENDING);
	may_write(&p, false);
	run(&p, &b, f, REFUSED);
	may_write(&p, true);
	for (unsigned i = 0; i < DAMP_BURST; i++)
		assert_int_equal(b.pkt[i].fate, DAMP_FATE_DROP);
	pair_close(&p);
}

static void holding(struct damp_guard *g)
{
	g->hold = 1;
}

static void poor_servers(struct damp_guard *g)
{
	g->server.burst_ticks /= 50;
}

static void poor_gateway(struct damp_guard *g)
{
	poor_servers(g);
	g->challenge_all.burst_ticks /= 5000;
}

static void poor_network(struct damp_guard *g)
{
	poor_servers(g);
	g->challenge_host.burst_ticks *= 20;
	g->challenge_host.cost_q16 /= 20;
}

/* The gateway's budget is the first that is spent. */
static void gateway_first(struct damp_guard *g)
{
	struct damp_rung *wide[] = { &g->challenge_host, &g->challenge_net4, &g->challenge_net6 };

	g->server.burst_ticks /= 50;
	g->challenge_all.cost_q16 = (DAMP_TICK_HZ << 16) / 50;
	g->challenge_all.burst_ticks = (uint32_t)(DAMP_TICK_HZ / 50 * 40);
	for (unsigned i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		wide[i]->cost_q16 /= 400;
		wide[i]->burst_ticks = (uint32_t)DAMP_SECONDS(2);
	}
}

static void test_refusing_writes_nothing(void **state)
{
	static const struct flood victim = { 9, 1, 4, true }, non = { 9, 1, 4, false }, carpet = { 1, 200, 4, true };
	static const struct { const struct flood *f; void (*change)(struct damp_guard *g); } cases[] = {
		{ &victim, NULL }, { &victim, holding }, { &victim, poor_servers }, { &victim, poor_gateway },
		{ &non, NULL }, { &non, holding }, { &non, poor_servers }, { &non, poor_gateway },
		{ &carpet, NULL }, { &carpet, holding }, { &carpet, poor_servers }, { &carpet, poor_gateway },
		{ &carpet, poor_network }, { &carpet, gateway_first },
	};

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			nothing_is_written(v6, cases[i].f, cases[i].change);
}

#define ROUNDS 600u
#define STEP DAMP_SECONDS(1) / 64

struct job {
	struct pair *p;
	const struct flood *f;
	unsigned worker;
	uint64_t served, asked;
	damp_tick *clock;
	pthread_t thread;
};

static void *flood(void *arg)
{
	struct job *j = arg;
	struct burst *b = calloc(1, sizeof(*b));

	b->drawn = (uint64_t)j->worker << 32;
	for (unsigned i = 0; i < ROUNDS; i++) {
		build(b, &j->p->r, j->f);
		judge(j->p, j->worker, b, __atomic_add_fetch(j->clock, STEP, __ATOMIC_RELAXED));
		for (unsigned k = 0; k < DAMP_BURST; k++) {
			j->served += b->pkt[k].fate == DAMP_FATE_FORWARD;
			j->asked += b->pkt[k].fate == DAMP_FATE_BACK;
		}
	}
	free(b);
	return NULL;
}

/* What a rung admits at most in a time: its burst, and what comes in meanwhile. */
static uint64_t most(const struct damp_rung *r, damp_tick ticks)
{
	return (((uint64_t)r->burst_ticks + ticks) << 16) / r->cost_q16;
}

/* Served and asked by both at once, and in which time. */
struct sums { uint64_t served, asked; damp_tick spent; };

static struct sums flood_both(struct pair *p, const struct flood *f)
{
	struct job job[WORKERS];
	damp_tick clock = p->r.now;

	for (unsigned i = 0; i < WORKERS; i++) {
		job[i] = (struct job){ .p = p, .f = f, .worker = i, .clock = &clock };
		assert_int_equal(pthread_create(&job[i].thread, NULL, flood, &job[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(job[i].thread, NULL), 0);
	return (struct sums){ job[0].served + job[1].served, job[0].asked + job[1].asked, clock - p->r.now };
}

/* Held, a request is neither served nor asked here. */
static void two_workers(void (*change)(struct damp_guard *g), bool holds)
{
	static const struct flood victim = { 9, 1, 4, true };
	const struct damp_guard *g;
	struct sums s;
	struct pair p;

	pair_open(&p, false, change);
	g = p.r.view->guard;
	s = flood_both(&p, &victim);
	assert_true(s.served <= most(&g->first_host, s.spent));
	/* What comes again, or looks so, has a budget of its own. */
	assert_true(s.asked <= most(&g->challenge_host, s.spent) + most(&g->challenge_retry, s.spent));
	/* and they were spent, but for what a missed lock costs */
	assert_true(s.served + 2 >= most(&g->first_host, s.spent));
	assert_true(holds || s.asked + 2 >= most(&g->challenge_host, s.spent));
	pair_close(&p);
}

/* Paid for after a look at the budgets; and without, by afford.c. */
static void test_two_workers_give_what_one_would(void **state)
{
	(void)state;
	two_workers(NULL, false);
	two_workers(holding, true);
}

static void test_two_workers_ask_what_the_gateway_may(void **state)
{
	static const struct flood carpet = { 1, 200, 4, true };
	struct damp_rung all;
	struct sums s;
	struct pair p;

	(void)state;
	pair_open(&p, false, gateway_first);
	s = flood_both(&p, &carpet);
	all = p.r.view->guard->challenge_all;
	assert_true(s.asked + DAMP_BURST >= most(&all, s.spent));
	/* What looks like a second copy may use the burst twice (repeat.h). */
	all.burst_ticks *= 2;
	assert_true(s.asked <= most(&all, s.spent) + WORKERS * DAMP_BURST);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusing_writes_nothing), cmocka_unit_test(test_two_workers_give_what_one_would),
		cmocka_unit_test(test_two_workers_ask_what_the_gateway_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
