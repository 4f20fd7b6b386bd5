/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Following what the data plane writes, for a while or until the user has
 * enough: `damper capture` and `damper trace`.
 *
 * Invariant: Ctrl-C and SIGTERM end the following, not the command, so that it
 * can end what it has begun.
 */
#ifndef DAMP_FOLLOW_H
#define DAMP_FOLLOW_H

#include <stdbool.h>

/* One look; false: that was the last. */
typedef bool damp_follow_step(void *arg);

/* Call step again and again, 50 times a second, until seconds are over, it says
 * false, a signal comes, or nobody reads standard output any more. Returns
 * whether it was a signal. Once in the life of a command. */
bool damp_follow(double seconds, damp_follow_step *step, void *arg);

/* Seconds of a clock that nobody sets. */
double damp_follow_now(void);

#endif
