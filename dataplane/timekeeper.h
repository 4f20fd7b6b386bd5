/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main thread's part of time: reads the clocks, keeps the latest time
 * proven across restarts, ends overrides, and evaluates what is in force.
 *
 * Idea: a small file in the state directory holds a Unix time that has certainly
 * passed. It is written when there is something new to say, at most once in
 * DAMP_TIME_KEEP_S and at the end, so that flash memory lasts.
 *
 * Invariant: this goes on without the control plane. Overrides run on the
 * monotonic clock and end with this process. Main thread only.
 *
 * Reference: design.md section 6; core/moment.h, core/live.h.
 */
#ifndef DAMP_TIMEKEEPER_H
#define DAMP_TIMEKEEPER_H

#include "plane.h"

#define DAMP_TIME_KEEP_S 600u

/* Before the first program is opened. */
void damp_timekeeper_start(struct damp_plane *p);

/* Evaluate v, which is about to be published. */
void damp_timekeeper_apply(struct damp_plane *p, struct damp_view *v);

/* Once a second read the clocks and evaluate the running program. */
void damp_timekeeper_tick(struct damp_plane *p);

/* Set the mode of a rule ("": of all) of the running program for so many
 * seconds, 0 ends that. Returns 0, or an errno with a line in text. */
int damp_timekeeper_mode(struct damp_plane *p, const char *rule, unsigned mode, uint64_t seconds, char *text,
			 size_t len);

/* Keep the latest time proven. */
void damp_timekeeper_stop(struct damp_plane *p);

#endif
