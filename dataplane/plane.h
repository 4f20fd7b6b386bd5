/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The running data plane: what main and the workers share.
 *
 * Idea: everything is set up by the main thread before the workers start and
 * then stays, but for one cache line of signals (struct damp_signals) that the
 * workers read once per loop.
 *
 * Invariant: a worker writes its own struct damp_worker, its own block of the
 * counters and its own event ring, and the one flag software_steering; all else
 * is the main thread's. A view is freed only after every worker has reported a
 * quiescent state behind its replacement.
 */
#ifndef DAMP_PLANE_H
#define DAMP_PLANE_H

#include "clock.h"
#include "config.h"
#include "core/devices.h"
#include "core/judge.h"
#include "core/routing.h"
#include "core/live.h"
#include "core/prefixes.h"

#include <damper/samples.h>

#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>

#define DAMP_RSS_KEY_MAX 64u

struct damp_worker;

/* What the workers read once per loop. */
struct damp_signals {
	struct damp_view *view;     /* release store by program.c, acquire load by workers */
	damp_tick bypass_until;     /* relaxed; a loop more or less does not matter */
	uint32_t software_steering; /* set for good when the ports' hashing cannot be trusted */
	uint32_t stop;
	uint32_t sample_one_in;     /* relaxed; 0: nobody learns (samples.h) */
} __attribute__((aligned(64)));

struct damp_port {
	uint16_t id;
	uint16_t nrx, ntx;          /* queues in use */
	bool checksums;             /* the port verifies IPv4 and UDP checksums */
	bool chains;                /* the port sends multi-segment buffers */
};

/* How the ports spread packets over queues; see rss.h. */
struct damp_rss {
	bool usable;
	const char *obstacle;       /* why not, and which port's; NULL: nothing */
	uint8_t obstacle_side;
	uint16_t reta_size;         /* of the smaller table: what the mapping repeats by */
	uint64_t hash_types;        /* enabled on both ports */
	uint8_t key[DAMP_RSS_KEY_MAX];
};

/* timekeeper.h */
struct damp_timekeeper {
	struct damp_trust trust;
	struct damp_moment moment;
	struct damp_overrides overrides;
	uint64_t kept_s;            /* what the file says */
	damp_tick next;             /* evaluation */
	damp_tick next_keep;
	bool told_untrusted, told_behind;
};

struct damp_plane {
	struct damp_signals signals;
	struct damp_config config;
	struct damp_clock clock;
	struct damp_port port[DAMP_SIDE_MAX];
	struct damp_port_names names; /* of the ports, for programs that name devices */
	struct damp_rss rss;
	int socket;                 /* of the ports, or SOCKET_ID_ANY; see scale.h */
	struct rte_mempool *pool;
	struct rte_rcu_qsbr *qsbr;
	struct damp_judge *judge;
	struct damp_worker *worker[DAMP_WORKERS_MAX];
	struct damp_stats *stats;
	struct damp_events *events;
	struct damp_capture_file *capture;
	struct damp_trace_file *trace;
	void *peek;                 /* the main thread's own, for what never came (tracing.h) */
	struct damp_sight sight;    /* at the last look */
	struct damp_timekeeper time;
	struct damp_judge_worker *judge_worker[DAMP_WORKERS_MAX]; /* of the workers */
	char set_name[DAMP_LISTS_MAX][DAMP_NAME_MAX]; /* of each list of prefixes; lists.h */
	damp_tick next_review;
	struct damp_lists_kept { /* lists_state.h */
		uint64_t added, ended;
		damp_tick next;
		bool changed, complained;
	} lists;
	struct damp_samples *samples;
	struct damp_key sample_key; /* which peers and devices are sampled */
	damp_tick sample_until;     /* end of the lease */
	struct damp_key master;     /* of Echo values and pings; survives restarts */
	struct damp_programs *programs;
	struct damp_control *control;
	int lock_fd;                /* held as long as this process runs */
};

#endif
