/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One worker: a loop on an lcore of its own.
 *
 * Idea: receive a burst, parse it, hand over what other workers own, judge the
 * rest, send. One `now` and one program per round of the loop.
 *
 * Invariant: in the loop no allocation, lock, log or system call, but for the
 * sleep that `idle = sleep` asks for. Every packet taken from a queue is sent,
 * handed over or freed, and counted once (stats.h says how).
 */
#ifndef DAMP_WORKER_H
#define DAMP_WORKER_H

#include "idle.h"
#include "plane.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

/* A receive queue that this worker polls. */
struct damp_rx { uint16_t port, queue; };

/* Where this worker sends what leaves on one side. */
struct damp_out {
	uint16_t port, queue;
	bool chains;                /* the port takes multi-segment buffers */
	struct rte_ring *ring;      /* to the worker that owns the queue; NULL: this one does */
	unsigned n;
	struct rte_mbuf *pkt[DAMP_BURST];
};

/* What another worker wants sent on a queue that this one owns. */
struct damp_drain { struct rte_ring *ring; unsigned side; };

struct damp_worker {
	struct damp_plane *plane;
	struct damp_judge_worker *judge;
	struct damp_worker_stats *stats;
	struct damp_sample_ring *samples;
	unsigned index, nworkers, burst;
	struct damp_idle idle;
	unsigned until_sample;      /* packets until the next check of the port's hashing */
	damp_tick now;
	uint16_t side_port[DAMP_SIDE_MAX];
	unsigned nrx, nfrom, ndrains;
	struct damp_rx rx[DAMP_SIDE_MAX * DAMP_WORKERS_MAX];
	struct rte_ring *from[DAMP_WORKERS_MAX];        /* handed over to this worker */
	struct rte_ring *to[DAMP_WORKERS_MAX];          /* to the owner; NULL: no such ring */
	struct damp_drain drain[DAMP_SIDE_MAX * DAMP_WORKERS_MAX];
	struct damp_out out[DAMP_SIDE_MAX];
	/* One burst. */
	struct rte_mbuf *mbuf[DAMP_BURST];
	struct rte_mbuf *dead[DAMP_BURST];
	struct damp_pkt pkt[DAMP_BURST] __attribute__((aligned(DAMP_CACHE_LINE)));
	struct damp_emit emit[DAMP_EMITS];
	struct rte_mbuf *held[DAMP_HOLDS];      /* by the judge's numbers; valid while it says so */
} __attribute__((aligned(64)));

/* Give m, parsed as p, to the worker that owns it. With no room in its ring it is
 * dropped, or sent on unjudged when the program says so; m is this worker's no more. */
void damp_worker_hand_over(struct damp_worker *w, const struct damp_view *v, unsigned owner, const struct damp_pkt *p,
			   struct rte_mbuf *m);

/* The loop; arg is a struct damp_worker. Returns 0 when signals.stop is set. */
int damp_worker_run(void *arg);

#endif
