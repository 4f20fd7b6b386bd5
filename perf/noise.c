/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The noise probe: what the machine does to a thread that should run alone.
 *
 * Idea: a benchmark on a shared machine is worth what its noise is. Two numbers
 * tell the states of such a machine apart: how long a cache line takes to
 * another core and back (thousands of cycles when the other core is not really
 * there), and how much time one spinning thread loses in gaps.
 */
#include "bench.h"

#include <pthread.h>

#define TRIPS 20000u
#define BATCH 100u
#define BATCHES (TRIPS / BATCH)
#define GAP_CYCLES 1000u
#define SPIN_SECONDS 0.2
/* A partner that never comes (one core only) must not hang the probe. */
#define PATIENCE_SECONDS 0.5

struct court {
	_Alignas(DAMP_CACHE_LINE) uint32_t ball;
	_Alignas(DAMP_CACHE_LINE) uint32_t over;
};

static void *partner(void *arg)
{
	struct court *c = arg;
	uint32_t seen = 0;

	while (!__atomic_load_n(&c->over, __ATOMIC_RELAXED)) {
		const uint32_t ball = __atomic_load_n(&c->ball, __ATOMIC_ACQUIRE);

		if (ball == seen || ball % 2 == 0)
			continue;
		seen = ball + 1;
		__atomic_store_n(&c->ball, seen, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* One batch of round trips; false when the partner did not come. */
static bool play(struct court *c, uint32_t *ball, uint64_t patience)
{
	for (unsigned i = 0; i < BATCH; i++) {
		const uint64_t since = bench_lap();

		__atomic_store_n(&c->ball, *ball + 1, __ATOMIC_RELEASE);
		*ball += 2;
		while (__atomic_load_n(&c->ball, __ATOMIC_ACQUIRE) != *ball)
			if (bench_lap() - since > patience)
				return false;
	}
	return true;
}

static void pingpong(struct bench_results *r, double hz)
{
	struct court c = { 0 };
	double trip[BATCHES];
	uint32_t ball = 0;
	unsigned n = 0;
	pthread_t t;

	if (pthread_create(&t, NULL, partner, &c) != 0)
		return;
	for (; n < BATCHES; n++) {
		const uint64_t since = bench_start();

		if (!play(&c, &ball, (uint64_t)(hz * PATIENCE_SECONDS)))
			break;
		trip[n] = (double)(bench_stop() - since) / BATCH;
	}
	__atomic_store_n(&c.over, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	if (n > 0)
		bench_add(r, "noise_pingpong_cycles", "cycles", bench_median(trip, n));
}

static void gaps(struct bench_results *r, double hz)
{
	const uint64_t start = bench_start(), end = start + (uint64_t)(hz * SPIN_SECONDS);
	uint64_t lost = 0, longest = 0, last = start;

	while (last < end) {
		const uint64_t now = bench_lap(), gap = now - last;

		if (gap > GAP_CYCLES) {
			lost += gap;
			longest = gap > longest ? gap : longest;
		}
		last = now;
	}
	bench_add(r, "noise_lost_percent", "%", 100.0 * (double)lost / (double)(last - start));
	bench_add(r, "noise_gap_max_us", "us", (double)longest / hz * 1e6);
}

#define STEPS 256u

static inline __attribute__((always_inline)) void hidden(uint64_t *x)
{
	__asm__ volatile("" : "+r"(*x));
}

/* An addition that the compiler can neither leave out nor put together with others. */
#define STEP(x) ((x)++, hidden(&(x)))

static double one_chain(void)
{
	const uint64_t since = bench_start();
	uint64_t a = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		STEP(a);
		STEP(a);
		STEP(a);
		STEP(a);
	}
	return (double)(bench_stop() - since) / (4 * STEPS);
}

static double all_chains(void)
{
	const uint64_t since = bench_start();
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		STEP(a), STEP(b), STEP(c), STEP(d);
		STEP(a), STEP(b), STEP(c), STEP(d);
		STEP(a), STEP(b), STEP(c), STEP(d);
		STEP(a), STEP(b), STEP(c), STEP(d);
	}
	return (double)(bench_stop() - since) / (4 * STEPS);
}

double bench_core_share(void)
{
	const double alone = one_chain(), together = all_chains();

	return alone / together;
}

void bench_noise(struct bench_results *r, double hz)
{
	pingpong(r, hz);
	gaps(r, hz);
}
