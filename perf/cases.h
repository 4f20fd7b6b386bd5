/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases of the pipeline benchmark: what is sent, at what rate, against
 * which state, and what must come of it.
 *
 * Idea: a case is a row of a table. A chunk is one pass over the pool: build
 * the frames (and whatever they need on record), then measure all of it, slice
 * by slice. The frames of a chunk are written before any is read, so the pool's
 * size decides from which cache they come. A slice is long enough for the clock
 * (some 0.1 ms) and short enough that most are not interrupted.
 *
 * Invariant: a case that did something else than it says is no measurement: the
 * share of packets with the expected reason is taken from the judge's own
 * counters and reported beside the time.
 */
#ifndef DAMP_PERF_CASES_H
#define DAMP_PERF_CASES_H

#include "frames.h"
#include "stage.h"

/* 2 MiB of frame lines: more than a core's second-level cache. The stride is
 * that of an mbuf: 2048 bytes of data room, 128 before it, so that frames do
 * not all fall into one cache set. */
#define POOL_FRAMES 16384u
#define POOL_STRIDE 2176u
#define SLICE_FRAMES 1024u          /* 16 bursts */
#define SLICES_MAX (POOL_FRAMES / SLICE_FRAMES)

struct perf_case {
	const char *name;
	enum frame_kind kind;           /* measured; what it answers is sent before */
	bool v6, proved, checksum_known;
	bool mix;                       /* requests and answers in turns: the honest mix */
	bool random_paths;              /* a path of its own for each request */
	const char *begin;              /* the first value of all of them */
	bool alone;                     /* one kind of the mix: measured only when asked for by name */
	enum frame_extra extra;         /* what all of its messages have */
	uint32_t clients, servers;
	uint32_t pps;                   /* of the virtual clock; 0: 10 GbE full of these frames */
	uint32_t skip_s;                /* on the virtual clock, before each chunk */
	uint32_t warm, warm_pps;        /* packets first sent, slowly: fills the tables */
	uint32_t rules;                 /* run a program of so many rules, none of which matches */
	uint32_t patterns, regexes;     /* or of so many path patterns, of them regular expressions */
	uint32_t warm_fast;             /* packets then sent at the rate: spends the budgets */
	enum damp_reason expect;
	double share;                   /* in percent, what that reason must reach; 0: 99 */
};

extern const struct perf_case perf_cases[];
extern const unsigned perf_ncases;

struct perf_run {
	const struct perf_case *c;
	struct stage *s;
	struct stage_frame *pool;
	unsigned frames;                /* of the pool, used in a chunk */
	uint64_t drawn;                 /* numbers of draws used up */
	uint64_t measured;              /* packets; below, what became of them */
	uint64_t reasons[DAMP_REASON_MAX];
};

/* The pool all cases share. */
struct stage_frame *perf_pool(void);
void perf_pool_free(struct stage_frame *pool);
/* Open the stage and bring it to the state of the case. False: said on stderr. */
bool perf_open(struct perf_run *r, const struct perf_case *c, struct stage_frame *pool, unsigned frames,
	       const char *program);
void perf_close(struct perf_run *r);
/* Build the next chunk and everything it needs. */
void perf_prepare(struct perf_run *r);
/* Cycles per packet of one slice: all of it, parsing alone, and, where laps are taken,
 * the judge's passes (judge.h); and the share of the core that the thread had right before
 * it or right after, whichever was less (bench_core_share()). */
struct perf_slice { double cycles, parse, keys, proofs, decide, core; };
/* Measure it; probe: ask for the share of the core, else it is 1. Returns how many slices it had. */
unsigned perf_measure(struct perf_run *r, bool probe, struct perf_slice slice[SLICES_MAX]);

#endif
