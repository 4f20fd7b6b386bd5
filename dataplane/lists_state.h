/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks and members of sets over a restart of the data plane.
 *
 * Idea: a file in the state directory has what is blocked, by an operator or by
 * a rule (and for how long it would be next time), and the members of sets that
 * are filled at run time, each with the time it has left. It is written within a
 * second when an operator has changed something, at most every DAMP_LISTS_SAVE_S
 * seconds for what rules do, and at an orderly end. Names of rules and sets, not
 * numbers, find their places again.
 *
 * Invariant: no wall clock is asked. Within one boot of the machine the
 * monotonic clock goes on, and what ended meanwhile is over. Over a boot the time
 * that the machine was off is not counted: a block lasts longer then, not
 * shorter. A file that is damaged is told of and left alone.
 *
 * Reference: design.md section 6.
 */
#ifndef DAMP_LISTS_STATE_H
#define DAMP_LISTS_STATE_H

#include "plane.h"

#define DAMP_LISTS_FILE "lists"         /* below the state directory */
#define DAMP_LISTS_SAVE_S 10u
#define DAMP_LISTS_SAVED_MAX 65536u     /* blocks first */

/* Somebody has changed something. */
void damp_lists_touch(struct damp_plane *p);

/* Write it down when it is time to, or now. */
void damp_lists_save(struct damp_plane *p, bool now);

/* Put back what the file has, for the program that runs. Returns how many. */
unsigned damp_lists_restore(struct damp_plane *p);

#endif
