/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker gets a packet: queues and rings on paper, symmetric hashing, what
 * happens when a ring is full; the clock and the waiting of idle workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "idle.h"
#include "rss.h"
#include "scale.h"
#include "steer.h"
#include "worker.h"

#include <stdlib.h>

static void workers_follow_lcores_and_queues(void **state)
{
	static const struct { unsigned lcores; uint16_t rx[2], tx[2]; unsigned workers; } cases[] = {
		{ 4, { 8, 8 }, { 8, 8 }, 4 },   /* one a core */
		{ 4, { 8, 2 }, { 8, 8 }, 2 },   /* the port with fewer queues decides */
		{ 4, { 8, 8 }, { 3, 8 }, 3 },   /* send queues count too */
		{ 4, { 1, 1 }, { 1, 1 }, 2 },   /* two ports of one queue: one worker from either side */
		{ 1, { 1, 1 }, { 1, 1 }, 1 },
		{ 0, { 8, 8 }, { 8, 8 }, 1 },   /* check_lcores() then says what is missing */
		{ 64, { 64, 64 }, { 64, 64 }, DAMP_WORKERS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rte_eth_dev_info info[DAMP_SIDE_MAX] = { 0 };

		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++) {
			info[side].max_rx_queues = cases[i].rx[side];
			info[side].max_tx_queues = cases[i].tx[side];
		}
		assert_int_equal(damp_scale_workers(cases[i].lcores, info), cases[i].workers);
	}
}

/* Rounds without a packet until it is time to sleep; 0: never within 5000. */
static unsigned rounds_to_sleep(struct damp_idle *i)
{
	for (unsigned n = 1; n <= 5000; n++)
		if (damp_idle_wait(i))
			return n;
	return 0;
}

static void idle_workers_wait(void **state)
{
	const uint64_t hz = 1000000;    /* a cycle is 1 us here, so the longest wait is 20 cycles */
	struct damp_idle i;
	unsigned first;

	(void)state;
	damp_idle_init(&i, DAMP_IDLE_POLL, hz);
	assert_int_equal(rounds_to_sleep(&i), 0);
	assert_int_equal(i.wait, 0);
	damp_idle_init(&i, DAMP_IDLE_PAUSE, hz);
	assert_int_equal(rounds_to_sleep(&i), 0);
	assert_int_equal(i.wait, DAMP_IDLE_WAIT_US);
	damp_idle_busy(&i);
	assert_int_equal(i.wait, 0);
	damp_idle_init(&i, DAMP_IDLE_SLEEP, hz);
	first = rounds_to_sleep(&i);
	assert_true(first > 64);
	assert_int_equal(rounds_to_sleep(&i), 1);
	damp_idle_busy(&i);             /* one packet brings back polling */
	assert_int_equal(rounds_to_sleep(&i), first);
}

static void clock_counts_ticks(void **state)
{
	static const uint64_t hz[] = { 2000000, 1000000000, 2500000000, 4999999999 };

	(void)state;
	for (size_t i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
		const uint64_t zero = ~0ull - 5 * hz[i]; /* the counter may wrap */
		const struct damp_clock c = damp_clock_make(zero, hz[i], 1000000);
		damp_tick last = 0;

		/* Rounding down once a factor: at most one tick late in a day. */
		for (uint64_t s = 0; s <= 86400; s += 4321) {
			const damp_tick now = damp_clock_tick(&c, zero + s * hz[i]);

			assert_true(now >= last);
			assert_in_range(DAMP_SECONDS(s + DAMP_CLOCK_LEAD_S) - now, 0, 1);
			assert_in_range(damp_clock_wall_s(&c, now + 1), 1000000 + s, 1000000 + s);
			last = now;
		}
		assert_true(damp_clock_tick(&c, zero) > 0);
	}
}

/* Every queue is polled by one worker, and every worker that can be is kept
 * busy; with symmetric hashing both sides of a queue meet. */
static void queues_are_dealt_out(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= DAMP_WORKERS_MAX; n++)
		for (unsigned q = 0; q < n; q++) {
			assert_true(damp_steer_poller(DAMP_OUTSIDE, q, n, false) < n);
			assert_true(damp_steer_poller(DAMP_INSIDE, q, n, false) < n);
			assert_int_equal(damp_steer_poller(DAMP_OUTSIDE, q, n, true), q);
			assert_int_equal(damp_steer_poller(DAMP_INSIDE, q, n, true), q);
		}
	assert_int_equal(damp_steer_poller(DAMP_OUTSIDE, 0, 2, false), 0);
	assert_int_equal(damp_steer_poller(DAMP_INSIDE, 0, 2, false), 1);
}

static void senders_use_their_own_queue(void **state)
{
	struct damp_plane p = { 0 };

	(void)state;
	for (unsigned n = 1; n <= DAMP_WORKERS_MAX; n++)
		for (unsigned queues = 1; queues <= n; queues++) {
			p.config.nworkers = n;
			for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
				p.port[side] = (struct damp_port){ .nrx = (uint16_t)queues, .ntx = (uint16_t)queues };
			for (unsigned q = 0; q < queues; q++) {
				const unsigned w = damp_steer_sender(&p, DAMP_INSIDE, q);

				assert_true(w < n);
				assert_int_equal(w % queues, q);
			}
		}
	/* One queue a port, two workers: what comes in outside leaves inside
	 * without changing workers, and the reverse. */
	p.config.nworkers = 2;
	p.port[0] = p.port[1] = (struct damp_port){ .nrx = 1, .ntx = 1 };
	assert_int_equal(damp_steer_sender(&p, DAMP_INSIDE, 0), damp_steer_poller(DAMP_OUTSIDE, 0, 2, false));
	assert_int_equal(damp_steer_sender(&p, DAMP_OUTSIDE, 0), damp_steer_poller(DAMP_INSIDE, 0, 2, false));
}

static uint64_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005ull + 1442695040888963407ull;
	return *s ^ *s >> 33;
}

static void random_frame(uint64_t *seed, struct damp_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->v6 = next_random(seed) & 1;
	for (unsigned i = 0; i < 16; i++) {
		f->src.b[i] = (uint8_t)next_random(seed);
		f->dst.b[i] = (uint8_t)next_random(seed);
	}
	f->sport = (uint16_t)next_random(seed);
	f->dport = (uint16_t)next_random(seed);
}

static void hash_is_symmetric(void **state)
{
	const uint64_t first_seed = 9175;
	uint64_t seed = first_seed;
	unsigned differ = 0;
	uint32_t last = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)first_seed);
	for (unsigned i = 0; i < 2000; i++) {
		struct damp_rss rss = { .usable = true, .reta_size = 128 };
		struct rte_mbuf m;
		struct damp_frame f, back;
		uint32_t hash;

		memset(&m, 0, sizeof(m));
		damp_rss_key(next_random(&seed), rss.key);
		assert_in_range(__builtin_popcount(damp_get16(rss.key)), 5, 11);
		random_frame(&seed, &f);
		back = f;
		back.src = f.dst;
		back.dst = f.src;
		back.sport = f.dport;
		back.dport = f.sport;
		hash = damp_rss_hash(&rss, &f);
		assert_int_equal(hash, damp_rss_hash(&rss, &back));
		differ += hash != last;
		last = hash;
		assert_true(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
		assert_false(damp_rss_agrees(&rss, &m, &f, (hash % 128 % 3 + 1) % 3, 3));
		m.ol_flags = RTE_MBUF_F_RX_RSS_HASH;
		m.hash.rss = hash;
		assert_true(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
		m.hash.rss = hash ^ 1;
		assert_false(damp_rss_agrees(&rss, &m, &f, hash % 128 % 3, 3));
	}
	assert_true(differ > 1900);
}

/* The verification suite of Microsoft's RSS specification: IPv4 with ports. */
static void hash_is_toeplitz(void **state)
{
	static const uint8_t key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	struct damp_frame f = {
		.src.b = { [10] = 0xff, 0xff, 66, 9, 149, 187 }, .sport = 2794,
		.dst.b = { [10] = 0xff, 0xff, 161, 142, 100, 80 }, .dport = 1766,
	};
	struct damp_rss rss = { .reta_size = 128 };

	(void)state;
	memcpy(rss.key, key, sizeof(key));
	assert_int_equal(damp_rss_hash(&rss, &f), 0x51ccc178);
}

static void rss_needs_both_ports(void **state)
{
	const struct rte_eth_dev_info good = {
		.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP,
		.reta_size = 128, .hash_key_size = 40, .max_rx_queues = 4, .max_tx_queues = 4,
	};
	struct rte_eth_dev_info info[DAMP_SIDE_MAX] = { good, good };
	struct damp_rss rss;

	(void)state;
	damp_rss_plan(&rss, info, 2, 1);
	assert_true(rss.usable);
	assert_null(rss.obstacle);
	damp_rss_plan(&rss, info, 1, 1);
	assert_false(rss.usable);
	damp_rss_plan(&rss, info, 5, 1);
	assert_false(rss.usable);
	assert_string_equal(rss.obstacle, "has fewer queues than there are workers");
	info[DAMP_INSIDE].reta_size = 0;
	damp_rss_plan(&rss, info, 2, 1);
	assert_false(rss.usable);
	assert_string_equal(rss.obstacle, "has no redirection table that can be set");
	assert_int_equal(rss.obstacle_side, DAMP_INSIDE);
	info[DAMP_INSIDE] = good;
	info[DAMP_INSIDE].flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	damp_rss_plan(&rss, info, 2, 1);
	assert_false(rss.usable);
	info[DAMP_INSIDE] = good;
	info[DAMP_INSIDE].reta_size = 64;
	damp_rss_plan(&rss, info, 2, 1);
	assert_true(rss.usable);
	assert_int_equal(rss.reta_size, 64);
	info[DAMP_OUTSIDE].reta_size = info[DAMP_INSIDE].reta_size = 2048;
	damp_rss_plan(&rss, info, 2, 1);
	assert_true(rss.usable);
	assert_int_equal(rss.reta_size, 2048);
	info[DAMP_OUTSIDE].reta_size = 2049;
	damp_rss_plan(&rss, info, 2, 1);
	assert_false(rss.usable);
	assert_string_equal(rss.obstacle, "has no redirection table that can be set");
	assert_int_equal(rss.obstacle_side, DAMP_OUTSIDE);
}

/* A ring of our own between two workers, and frames that nobody may free: a
 * second reference to each is ours. */
struct overload {
	struct damp_worker w;
	struct damp_worker_stats stats;
	struct rte_mbuf m[2];
	struct damp_pkt p;
	struct damp_guard guard;
	struct damp_view view;
	struct rte_ring *ring;
};

static struct overload *overload_begin(uint8_t policy)
{
	struct overload *o = aligned_alloc(64, (sizeof(*o) + 63) / 64 * 64);

	memset(o, 0, sizeof(*o));
	o->ring = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)rte_ring_get_memsize(2));
	assert_int_equal(rte_ring_init(o->ring, "full", 2, RING_F_SP_ENQ | RING_F_SC_DEQ), 0); /* holds one */
	o->w.stats = &o->stats;
	o->w.to[1] = o->ring;
	o->w.side_port[DAMP_OUTSIDE] = 0;
	o->w.side_port[DAMP_INSIDE] = 1;
	for (unsigned i = 0; i < 2; i++) {
		rte_mbuf_refcnt_set(&o->m[i], 2);
		o->m[i].nb_segs = 1;
		o->m[i].pkt_len = o->m[i].data_len = 60;
	}
	o->p = (struct damp_pkt){ .side = DAMP_OUTSIDE, .kind = DAMP_KIND_REQUEST, .len = 60 };
	o->p.frame.ip_len = 46;
	o->guard.overload = policy;
	o->view.guard = &o->guard;
	damp_worker_hand_over(&o->w, &o->view, 1, &o->p, &o->m[0]);
	damp_worker_hand_over(&o->w, &o->view, 1, &o->p, &o->m[1]);
	return o;
}

/* fail: overload, both ways: each packet has one reason, and one place to go. */
static void overload_goes_by_its_policy(void **state)
{
	static const uint8_t policy[] = { DAMP_OVERLOAD_CLOSED, DAMP_OVERLOAD_OPEN };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct overload *o = overload_begin(policy[i]);
		const bool open = policy[i] == DAMP_OVERLOAD_OPEN;

		assert_int_equal(rte_ring_count(o->ring), 1);
		assert_int_equal(o->stats.steered_out, 1);
		assert_int_equal(o->stats.overload_passed, open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_STEER_FULL].packets, !open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_STEER_FULL].bytes, open ? 0 : 46);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_BYPASS].packets, open);
		assert_int_equal(o->stats.reason[DAMP_OUTSIDE][DAMP_REASON_BYPASS].bytes, open ? 46 : 0);
		assert_int_equal(o->stats.kind[DAMP_OUTSIDE][DAMP_KIND_REQUEST].packets, open);
		assert_int_equal(o->stats.verdict[DAMP_OUTSIDE][0][DAMP_VERDICT_BYPASS].packets, open);
		assert_int_equal(o->w.out[DAMP_INSIDE].n, open);        /* toward where it was going */
		assert_int_equal(o->w.out[DAMP_OUTSIDE].n, 0);
		assert_int_equal(rte_mbuf_refcnt_read(&o->m[1]), open ? 2 : 1);
		free(o->ring);
		free(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_follow_lcores_and_queues),
		cmocka_unit_test(idle_workers_wait),
		cmocka_unit_test(clock_counts_ticks),
		cmocka_unit_test(queues_are_dealt_out),
		cmocka_unit_test(senders_use_their_own_queue),
		cmocka_unit_test(hash_is_symmetric),
		cmocka_unit_test(hash_is_toeplitz),
		cmocka_unit_test(rss_needs_both_ports),
		cmocka_unit_test(overload_goes_by_its_policy),
	};

	return cmocka_run_group_tests_name("queues and workers", tests, NULL, NULL);
}
