/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of dropped messages, kept all the time when the rule file says so
 * (`capture: drops`): out of the workers' capture rings into pcapng files below
 * the state directory.
 *
 * Idea: the files are segments of an eighth of the room; a full one is closed,
 * the next begins, and the oldest go until there is room for a whole segment.
 * Names count up, so their order does not hang on the clock.
 *
 * Invariant: all files together never take more than the room. Rate and size of
 * a copy are bounded by the data plane (capture.h), which ends the copying by
 * itself when nobody renews the lease. A disk that is full costs copies, nothing
 * else: it is told of and tried again.
 *
 * Threads: run and write on the main thread; stats on any.
 */
#ifndef DAMP_DROPS_H
#define DAMP_DROPS_H

#include "control.h"

#include <damper/capture.h>

#define DAMP_DROPS_DIR "drops"          /* below the state directory */

struct damp_drops_stats {
	bool on;
	uint64_t kept, lost;            /* records written since damperd started; overwritten before that */
	uint64_t files, bytes, room;    /* on disk; room 0: nothing is kept */
};

struct damp_drops;

struct damp_drops *damp_drops_new(const char *runtime_dir, const char *state_dir);
void damp_drops_free(struct damp_drops *d);

/* Each tick: ask the data plane for copies as the running rules say, and write. */
void damp_drops_run(struct damp_control *c, struct damp_drops *d);

/* The second half of it, for w with keep_bytes: write what came. snap: for the
 * names of rules, may be NULL. now_s: wall clock, 0 when it is not trusted, and
 * nothing is old then. Returns the text of a failure, once, or NULL. */
const char *damp_drops_write(struct damp_drops *d, const struct damp_watch *w, const struct damp_snap *snap,
			     int64_t now_s, int64_t mono_s);

struct damp_drops_stats damp_drops_stats(struct damp_drops *d);

#endif
