/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all benchmarks share: a clock, memory, results and the noise probe.
 *
 * Idea: a benchmark measures a case several times (runs) and hands each value
 * to the result row of its name; a row prints as median, least and most, and
 * all rows of one program go into one JSON array, which perf/run joins with
 * the others' into build/perf/results.json.
 *
 * Invariant: a value is what was measured. Nothing is subtracted, nothing is
 * thrown away but by taking medians, and what could not be measured here has
 * no row. A row of the slices that had a core of their own stands beside the one of
 * all slices, never in its place.
 */
#ifndef DAMP_PERF_BENCH_H
#define DAMP_PERF_BENCH_H

#include "types.h"

#include <stdio.h>
#include <time.h>

#define BENCH_RUNS_MAX 64u
#define BENCH_ROWS_MAX 256u

struct bench_row {
	char name[56];
	char unit[16];
	unsigned runs;
	double value[BENCH_RUNS_MAX];
};

struct bench_results {
	unsigned n;
	struct bench_row row[BENCH_ROWS_MAX];
};

/* Time stamps around a measured region; what lies between cannot leak out. */
#if defined(__x86_64__)
static inline uint64_t bench_start(void)
{
	uint64_t t;

	__builtin_ia32_lfence();
	t = __builtin_ia32_rdtsc();
	__builtin_ia32_lfence();
	return t;
}

static inline uint64_t bench_stop(void)
{
	unsigned cpu;
	const uint64_t t = __builtin_ia32_rdtscp(&cpu);

	__builtin_ia32_lfence();
	return t;
}

/* Without fences: for laps inside a region, as the worker takes them. */
static inline uint64_t bench_lap(void)
{
	return __builtin_ia32_rdtsc();
}
#else
/* A "cycle" is then a nanosecond. */
static inline uint64_t bench_lap(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t bench_start(void)
{
	return bench_lap();
}

static inline uint64_t bench_stop(void)
{
	return bench_lap();
}
#endif

/* SplitMix64 (Steele, Lea, Flood 2014): seeds and draws that must be repeatable. */
static inline uint64_t bench_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* Cycles of bench_start() in a second, measured over 50 ms. */
double bench_hz(void);

/* Zeroed memory in huge pages where the kernel gives them, else in small ones;
 * ends the program when there is none. To be freed. */
void *bench_memory(size_t bytes);
/* How much of this process lies in huge pages. */
size_t bench_huge_bytes(void);

/* Add the value of one run to the row of that name, which is made if absent. */
void bench_add(struct bench_results *r, const char *name, const char *unit, double value);
/* Median of n values; sorts them. n at least 1. */
double bench_median(double *values, unsigned n);
void bench_print(const struct bench_results *r);
/* False when the file cannot be written. path NULL: nothing to do. */
bool bench_write(const struct bench_results *r, const char *path);

/*
 * How noisy the machine is now: adds noise_pingpong_cycles (a cache line sent
 * to another thread and back), noise_lost_percent (time in gaps above 1000
 * cycles while one thread spins) and noise_gap_max_us. Takes about 0.4 s.
 */
void bench_noise(struct bench_results *r, double hz);

/*
 * How much of its core this thread has just now: 1 when it has all of it, about a half
 * when another thread of the core is busy, which a virtual machine cannot see otherwise.
 * Four independent chains of additions are timed against one, which hardly feels
 * such a neighbour; no frequency has a part in it. Some 2 000 cycles; touches no memory.
 */
double bench_core_share(void);
/* Above it the core counts as ours alone. */
#define BENCH_WHOLE_CORE 0.9

/* Instructions that this thread retires in user mode: a descriptor, or -1
 * where the kernel or the machine does not count them. */
int bench_instructions_open(void);
uint64_t bench_instructions_read(int fd);

/* What the small benchmarks are told: --runs N (7; at most BENCH_RUNS_MAX) and --json
 * FILE. Ends the program with 2 and a line when it is told anything else. */
struct bench_options { unsigned runs; const char *json; };
struct bench_options bench_options(int argc, char **argv);

/* Processor, kernel, compiler, load, huge pages: one line each, to stdout. */
void bench_machine(double hz);

#endif
