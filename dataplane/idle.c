/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting; see idle.h.
 */
/* rte_power_pause() and the question whether there is one are still called so. */
#define ALLOW_EXPERIMENTAL_API
#include "idle.h"

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_power_intrinsics.h>
#include <sys/prctl.h>

#define PAUSE_AFTER 64u             /* rounds */
#define WAIT_AFTER 1024u
#define WAIT_LEAST_US 1u

void damp_idle_init(struct damp_idle *i, enum damp_idle_mode mode, uint64_t tsc_hz)
{
	struct rte_cpu_intrinsics can = { 0 };

	rte_cpu_get_intrinsics_support(&can);
	*i = (struct damp_idle){
		.mode = (uint8_t)mode,
		.tpause = can.power_pause,
		.wait_least = tsc_hz / 1000000 * WAIT_LEAST_US,
		.wait_most = tsc_hz / 1000000 * DAMP_IDLE_WAIT_US,
	};
}

void damp_idle_thread(const struct damp_idle *i)
{
	/* The kernel may lengthen a sleep by 50 us otherwise. */
	if (i->mode == DAMP_IDLE_SLEEP)
		prctl(PR_SET_TIMERSLACK, 1ul);
}

static void wait_longer(struct damp_idle *i)
{
	const uint64_t longer = i->wait > 0 ? 2 * i->wait : i->wait_least;
	const uint64_t end = rte_rdtsc() + (longer < i->wait_most ? longer : i->wait_most);

	i->wait = longer < i->wait_most ? longer : i->wait_most;
	if (i->tpause && rte_power_pause(end) == 0)
		return;
	while (rte_rdtsc() < end)
		rte_pause();
}

bool damp_idle_wait(struct damp_idle *i)
{
	if (i->empty < WAIT_AFTER) {
		if (++i->empty >= PAUSE_AFTER)
			rte_pause();
		return false;
	}
	if (i->mode == DAMP_IDLE_SLEEP)
		return true;
	if (i->mode == DAMP_IDLE_PAUSE)
		wait_longer(i);
	else
		rte_pause();
	return false;
}
