/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker does when no packets come.
 *
 *	poll    looks again at once, with a pause instruction between
 *	pause   waits longer and longer, up to DAMP_IDLE_WAIT_US, without a system
 *		call: in the processor's light sleep (tpause) where it has one, else
 *		in pause instructions. The core stays the worker's.
 *	sleep   gives the core to others for DAMP_IDLE_SLEEP_US at a time
 *
 * Idea: the first rounds without a packet only pause, so that a gap between
 * bursts costs nothing; waiting begins when the silence has lasted.
 *
 * Invariant: after a packet has come it is looked for within 100 us, in every
 * mode: nothing here waits longer than 50 us at a time, and the kernel is told
 * not to add its slack to it. One packet brings back polling.
 */
#ifndef DAMP_IDLE_H
#define DAMP_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#define DAMP_IDLE_WAIT_US 20u
#define DAMP_IDLE_SLEEP_US 50u

enum damp_idle_mode { DAMP_IDLE_POLL, DAMP_IDLE_PAUSE, DAMP_IDLE_SLEEP };

struct damp_idle {
	uint8_t mode;               /* enum damp_idle_mode */
	bool tpause;                /* the processor can wait until a time stamp */
	unsigned empty;             /* rounds without a packet, in a row */
	uint64_t wait, wait_least, wait_most; /* cycles */
};

void damp_idle_init(struct damp_idle *i, enum damp_idle_mode mode, uint64_t tsc_hz);

/* On the worker's own thread, before its loop. */
void damp_idle_thread(const struct damp_idle *i);

static inline void damp_idle_busy(struct damp_idle *i)
{
	i->empty = 0;
	i->wait = 0;
}

/* A round brought nothing: wait a little. True: the caller shall sleep
 * DAMP_IDLE_SLEEP_US, after telling whoever waits for it. */
bool damp_idle_wait(struct damp_idle *i);

#endif
