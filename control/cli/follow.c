/* SPDX-License-Identifier: BSD-3-Clause */
/* See follow.h. */
#include "follow.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define POLL_NS 20000000L

static volatile sig_atomic_t stopped; /* a signal handler has no argument to reach more */

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

double damp_follow_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool damp_follow(double seconds, damp_follow_step *step, void *arg)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	const double end = damp_follow_now() + seconds;

	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	while (!stopped && damp_follow_now() < end && !ferror(stdout)) {
		nanosleep(&pause, NULL);
		if (!step(arg))
			break;
	}
	return stopped != 0;
}
