/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the time stamp counter to the ticks of the judge (2^-20 s).
 *
 * Idea: ticks = cycles x mult >> 64, one multiplication and no division on the
 * fast path. All workers share the zero and the factor, so their clocks agree
 * as far as the counters of the cores do.
 *
 * Invariant: tick 0 lies DAMP_CLOCK_LEAD_S before the start, so that no tick a
 * worker ever sees is 0, which the tables take for "never". Wall time is taken
 * once, at the start, and counted on from there: a step of the wall clock
 * changes no deadline and no Echo value.
 */
#ifndef DAMP_CLOCK_H
#define DAMP_CLOCK_H

#include "core/types.h"

#define DAMP_CLOCK_LEAD_S 16u

struct damp_clock {
	uint64_t zero;              /* counter value of tick 0 */
	uint64_t mult;              /* ticks per cycle, 64 fraction bits */
	uint64_t wall_s;            /* CLOCK_REALTIME seconds at tick 0 */
};

/* A clock whose "now" is DAMP_CLOCK_LEAD_S at counter value tsc and wall time
 * wall_s. hz: counts per second, more than DAMP_TICK_HZ. */
static inline struct damp_clock damp_clock_make(uint64_t tsc, uint64_t hz, uint64_t wall_s)
{
	const unsigned __int128 one = (unsigned __int128)DAMP_TICK_HZ << 64;

	return (struct damp_clock){
		.zero = tsc - hz * DAMP_CLOCK_LEAD_S,
		.mult = (uint64_t)(one / hz),
		.wall_s = wall_s - DAMP_CLOCK_LEAD_S,
	};
}

static inline damp_tick damp_clock_tick(const struct damp_clock *c, uint64_t tsc)
{
	return (damp_tick)(((unsigned __int128)(tsc - c->zero) * c->mult) >> 64);
}

/* The wall time the Echo values are made of, at tick now. */
static inline uint64_t damp_clock_wall_s(const struct damp_clock *c, damp_tick now)
{
	return c->wall_s + now / DAMP_TICK_HZ;
}

#endif
