/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates: how fast the counters move now. The main thread takes a sample each
 * second; a rate is the difference to the oldest sample kept.
 *
 * Invariant: samples of two starts of the data plane are never compared.
 */
#ifndef DAMP_SAMPLER_H
#define DAMP_SAMPLER_H

#include "stats_map.h"

#define DAMP_SAMPLES 11u        /* ten seconds */

struct damp_sample {
	uint64_t boot_id;
	int64_t mono_ns;
	struct damp_counter rx, drops;
	uint64_t unproved_in, unproved_out;
	uint64_t busy[DAMP_WORKERS_MAX], idle[DAMP_WORKERS_MAX], packets[DAMP_WORKERS_MAX];
};

struct damp_rates {
	bool valid;                     /* false until there are two samples */
	double window_s;
	double rx_pps, rx_Bps, drop_pps, unproved_in_Bps, unproved_out_Bps;
	double load[DAMP_WORKERS_MAX];          /* 0 .. 1 */
	double pps[DAMP_WORKERS_MAX];
	double cycles_per_packet[DAMP_WORKERS_MAX];     /* 0 when no packet came */
};

struct damp_sampler;

struct damp_sampler *damp_sampler_new(void);
void damp_sampler_free(struct damp_sampler *s);

/* Take a sample of snap at mono_ns (CLOCK_MONOTONIC). Any thread. */
void damp_sampler_add(struct damp_sampler *s, const struct damp_snap *snap, int64_t mono_ns);

/* Rates between the oldest and the newest sample of boot_id. Any thread. */
struct damp_rates damp_sampler_rates(struct damp_sampler *s, uint64_t boot_id);

#endif
