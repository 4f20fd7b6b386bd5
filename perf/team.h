/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads, each on a core of its own, that meet by spinning.
 *
 * Idea: all spin whenever they do not work, in everything that is compared, so
 * that what the machine takes from busy cores is taken from all of it.
 */
#ifndef DAMP_PERF_TEAM_H
#define DAMP_PERF_TEAM_H

#include "types.h"

#define TEAM_MAX 16u

struct team {
	_Alignas(DAMP_CACHE_LINE) uint32_t waiting;
	_Alignas(DAMP_CACHE_LINE) uint32_t round;
	uint32_t n;
};

/* Cores there are, at most TEAM_MAX. */
unsigned team_cores(void);

/* Run fn(arg, i) on core i for i below n, until all return. False: no threads. */
bool team_run(unsigned n, void (*fn)(void *arg, unsigned self), void *arg);

/* All t->n come here before one leaves. */
void team_meet(struct team *t);

#endif
