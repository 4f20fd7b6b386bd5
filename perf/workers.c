/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers at once: what sharing the ledger costs them.
 *
 * Idea: two pairs of workers take turns on the same two cores. One pair shares
 * a ledger, the other has one each; all else is alike. Both halves of a pair
 * start every slice together and spin until the other is done, so a core that
 * the machine takes away is taken from both pairs alike. The pairs change places
 * after every slice (0.1 ms), first one before the other, then the other, and a
 * half's slice is compared with its own one beside it: whatever is slow for longer
 * than that is slow for both. What counts is the median of these ratios.
 *
 * uniform: a flood from a million spoofed addresses. one_victim: all of it
 * from one address (the victim), from all its ports, as reflection looks: both
 * workers then ask and charge the same lines.
 *
 * A ledger sees as many packets a second in both pairs, so that the same share
 * of them finds a budget with something left: what is answered costs more than
 * what is dropped, and a gateway's answers are limited as a whole.
 *
 * Invariant: both halves have the same clock to within a slice (0.1 ms).
 */
#include "bench.h"
#include "cases.h"
#include "team.h"

#include <getopt.h>
#include <stdlib.h>

#define FRAMES 8192u                /* of each half, in a chunk */
#define SLICES (FRAMES / SLICE_FRAMES)
#define CHUNKS 24u
#define WARM_CHUNKS 24u
#define SERVERS 4u
#define PPS 7.44e6                  /* that a ledger sees, be it from one worker or from two */

enum { SHARED, PRIVATE, KINDS };

struct traffic { const char *name; uint32_t clients; };
static const struct traffic traffics[] = { { "uniform", 1000000 }, { "one_victim", 1 } };

struct half_data {
	struct stage *stage[KINDS];
	struct stage_frame *frames;     /* FRAMES of each kind */
	uint64_t drawn;
	double cycles[KINDS][CHUNKS * SLICES];
};
_Static_assert(KINDS * FRAMES <= POOL_FRAMES, "the frames of both kinds have a place");

struct bench_pair {
	struct team meet;
	const struct traffic *traffic;
	unsigned chunks;                /* to measure; more are run to warm up */
	struct half_data half[2];
};

static void build(const struct traffic *t, struct half_data *h, unsigned self)
{
	struct frame_draw d = { 0 };

	for (unsigned i = 0; i < KINDS * FRAMES; i++) {
		uint64_t state = h->drawn++ * 2 + self;
		const uint64_t a = bench_random(&state), b = bench_random(&state);

		d.client = ((a >> 32) * t->clients) >> 32;
		d.server = (uint32_t)a % SERVERS;
		d.port = (uint16_t)(6000 + (b >> 48) % 59000);
		d.mid = (uint16_t)(b >> 32);
		d.token = (uint32_t)b;
		h->frames[i].len = frame_build(h->frames[i].data, FRAME_GET, &d, NULL);
		h->frames[i].side = DAMP_OUTSIDE;
	}
}

/* Cycles a packet of one slice, begun by both halves at once. */
static double run_slice(struct bench_pair *p, unsigned self, unsigned kind, unsigned slice)
{
	struct half_data *h = &p->half[self];
	uint64_t since, cycles;

	team_meet(&p->meet);
	since = bench_start();
	stage_measured(h->stage[kind], h->frames + kind * FRAMES + slice * SLICE_FRAMES, SLICE_FRAMES);
	cycles = bench_stop() - since;
	team_meet(&p->meet);
	return (double)cycles / SLICE_FRAMES;
}

static void half(void *arg, unsigned self)
{
	struct bench_pair *p = arg;
	struct half_data *h = &p->half[self];

	for (unsigned c = 0; c < WARM_CHUNKS + p->chunks; c++) {
		/* Warm slices are written over. */
		const unsigned at = c < WARM_CHUNKS ? 0 : (c - WARM_CHUNKS) * SLICES;

		build(p->traffic, h, self);
		for (unsigned s = 0; s < SLICES; s++) {
			const unsigned first = s % KINDS, then = 1 - first;

			h->cycles[first][at + s] = run_slice(p, self, first, s);
			h->cycles[then][at + s] = run_slice(p, self, then, s);
		}
	}
}

/* The second worker of a shared judge, in place of its own. */
static void join(struct stage *second, struct stage *first)
{
	free(second->worker);
	second->worker = damp_judge_worker_init(bench_memory(damp_judge_worker_bytes(&damp_judge_defaults)),
						first->judge, 1, &second->stats->worker[1],
						&second->events->ring[1]);
}

static bool open_pair(struct bench_pair *p)
{
	void *program;
	size_t len;

	for (unsigned self = 0; self < 2; self++) {
		struct half_data *h = &p->half[self];

		h->frames = perf_pool();
		for (unsigned kind = 0; kind < KINDS; kind++) {
			program = stage_program(NULL, &len);
			h->stage[kind] = program ? stage_open(program, len) : NULL;
			if (h->stage[kind] == NULL)
				return false;
			stage_rate(h->stage[kind], kind == SHARED ? PPS / 2 : PPS);
		}
	}
	join(p->half[1].stage[SHARED], p->half[0].stage[SHARED]);
	return true;
}

static void close_pair(struct bench_pair *p)
{
	for (unsigned self = 0; self < 2; self++) {
		perf_pool_free(p->half[self].frames);
		for (unsigned kind = 0; kind < KINDS; kind++)
			stage_close(p->half[self].stage[kind]);
	}
	free(p);
}

static double median(struct bench_pair *p, unsigned kind)
{
	static double all[2 * CHUNKS * SLICES];
	const unsigned n = p->chunks * SLICES;

	memcpy(all, p->half[0].cycles[kind], n * sizeof(*all));
	memcpy(all + n, p->half[1].cycles[kind], n * sizeof(*all));
	return bench_median(all, 2 * n);
}

/* Throughput of those who share, as a part of that of the others beside them. */
static double median_ratio(struct bench_pair *p)
{
	static double all[2 * CHUNKS * SLICES];
	const unsigned n = p->chunks * SLICES;

	for (unsigned i = 0; i < 2 * n; i++) {
		const struct half_data *h = &p->half[i / n];

		all[i] = h->cycles[PRIVATE][i % n] / h->cycles[SHARED][i % n];
	}
	return bench_median(all, 2 * n);
}

static bool measure(const struct traffic *t, unsigned chunks, struct bench_results *res)
{
	struct bench_pair *p = bench_memory(sizeof(*p));
	char name[48];

	p->meet.n = 2;
	p->traffic = t;
	p->chunks = chunks;
	if (!open_pair(p) || !team_run(2, half, p))
		return false;
	snprintf(name, sizeof(name), "two_workers_%s", t->name);
	bench_add(res, name, "ratio", median_ratio(p));
	snprintf(name, sizeof(name), "two_workers_%s_shared_cycles", t->name);
	bench_add(res, name, "cycles", median(p, SHARED));
	snprintf(name, sizeof(name), "two_workers_%s_private_cycles", t->name);
	bench_add(res, name, "cycles", median(p, PRIVATE));
	close_pair(p);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' }, { "chunks", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	static struct bench_results res;
	unsigned runs = 7, chunks = CHUNKS;
	const char *json = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'r')
			runs = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'c' && (chunks = (unsigned)strtoul(optarg, NULL, 10)) > 0 && chunks <= CHUNKS)
			continue;
		else if (opt == 'j')
			json = optarg;
		else
			return 2;
	}
	for (unsigned k = 0; k < runs && k < BENCH_RUNS_MAX; k++)
		for (unsigned t = 0; t < sizeof(traffics) / sizeof(traffics[0]); t++)
			if (!measure(&traffics[t], chunks, &res))
				return 1;
	bench_print(&res);
	return bench_write(&res, json) ? 0 : 1;
}
