/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What damperd knows, shared by its threads: the main thread (signals, events,
 * samples), the keeper (connection to the data plane), and the HTTP threads.
 *
 * Idea: everything that changes is in struct damp_state under one lock that is
 * held for moments only, never across a call to the data plane or a compile.
 * `loading` is the right to change what the data plane runs: one at a time.
 *
 * Invariant: damperd owns nothing that the data plane needs. state.running is
 * a copy of what the data plane runs, or NULL when that is not known.
 */
#ifndef DAMP_CONTROL_H
#define DAMP_CONTROL_H

#include "common/progview.h"
#include "common/signature.h"
#include "evlog.h"
#include "generations.h"
#include "history.h"
#include "link.h"
#include "sampler.h"
#include "stats_map.h"
#include "trial.h"

#include <pthread.h>
#include <stdbool.h>

struct damp_options {
	const char *rules_file, *runtime_dir, *state_dir;
	const char *metrics;            /* "address:port", NULL: none */
	const char *events_file;        /* NULL: none */
	const char *admin_group;
	const char *keys_dir;           /* of those who sign rules */
	struct damp_signers signers;    /* who has to, whatever the rules say; n 0: nobody */
};

struct damp_last_load {
	bool known, ok;
	int64_t at;                     /* wall clock, seconds */
	char by[64];
	char *text;                     /* diagnostics for people, NULL none */
};

struct damp_state {
	pthread_mutex_t lock;
	pthread_cond_t idle;            /* loading became false */
	bool loading;
	bool reload;                    /* SIGHUP: the keeper shall read the rule file again */
	bool stopping;

	bool up;
	char why_away[160];             /* while not up */
	uint64_t boot_id, pid;          /* of the data plane that we speak to */
	uint32_t generation, source, nworkers;
	struct damp_prog *running;
	struct damp_prog *wanted; /* last good rules: loaded again when the data plane restarts */

	struct damp_history history;    /* describes running when its digest does */
	struct damp_last_load last;
	uint64_t loads_ok, loads_rejected;
	bool state_dir_complained;
};

/* What change.h keeps. Written by the holder of the right to load. */
struct damp_record {
	pthread_mutex_t lock;
	struct damp_generations gens;
	struct damp_trial trial;
	char boot[DAMP_BOOT_LEN];
};

/* Who asks for a bypass or its end is told of it; by looks at the counters we tell of
 * what ends by its time, or was done without us. A request is asked, then answered, and
 * a look that saw the counters meanwhile says nothing: it cannot know which came first.
 * Under state.lock. */
struct damp_bypass_told {
	unsigned asked, answered;
	bool on;                        /* as it was told last */
};

struct damp_attacks;
struct damp_conditions;
struct damp_drops;
struct damp_learner;

struct damp_control {
	struct damp_options opt;
	struct damp_link *link;
	struct damp_stats_map *stats;
	struct damp_sampler *sampler;
	struct damp_evlog *evlog;
	struct damp_learner *learner;
	struct damp_attacks *attacks;
	struct damp_conditions *conditions;
	struct damp_drops *drops;
	int wake_fd;                    /* eventfd: the keeper has something to do */
	int64_t started_wall;
	char metrics_at[64];            /* where metrics are served, "" nowhere */
	struct damp_state state;
	struct damp_record record;
	struct damp_bypass_told bypass;
	uint32_t routing;               /* enum damp_routing as of the last event about it */
};

/* The parts that are the same in damperd and in tests. 0, or -1 with a line in
 * the log. */
int damp_control_init(struct damp_control *c, const struct damp_options *opt);
void damp_control_fini(struct damp_control *c);

/* Take the right to load; false when another has it, or damperd stops. wait_ms: how long
 * to wait for it. A person waits PATIENCE: damperd itself takes it for moments, which
 * nobody who has an attack should be sent away for. */
#define DAMP_LOAD_AT_ONCE 0u
#define DAMP_LOAD_PATIENCE_MS 3000u
#define DAMP_LOAD_FOREVER UINT32_MAX
bool damp_control_begin_load(struct damp_control *c, uint32_t wait_ms);
void damp_control_end_load(struct damp_control *c);

/* What the data plane runs, with a user of its own for the caller; NULL when
 * not known. */
struct damp_prog *damp_control_running(struct damp_control *c);

/* A snapshot of the data plane that we are connected to; NULL when it is away.
 * free() it. */
struct damp_snap *damp_control_snapshot(struct damp_control *c);

/* Tell of a change of our own health, in the events. */
void damp_control_health(struct damp_control *c, const char *what, const char *severity,
			 const char *text);

#endif
