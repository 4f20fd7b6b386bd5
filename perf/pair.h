/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two threads, each on a core of its own, that meet by spinning.
 *
 * Idea: both spin whenever they do not work, in everything that is compared, so
 * that what the machine takes from two busy cores is taken from all of it.
 */
#ifndef DAMP_PERF_PAIR_H
#define DAMP_PERF_PAIR_H

#include "types.h"

struct pair {
	_Alignas(DAMP_CACHE_LINE) uint32_t waiting;
	_Alignas(DAMP_CACHE_LINE) uint32_t round;
};

/* Run fn(arg, 0) on core 0 and fn(arg, 1) on core 1, until both return. Where
 * there is one core they share it. False: no thread. */
bool pair_run(void (*fn)(void *arg, unsigned self), void *arg);

/* Both come here before one leaves. */
void pair_meet(struct pair *p);

#endif
