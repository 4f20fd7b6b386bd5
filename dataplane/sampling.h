/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing samples (include/damper/samples.h); a worker, its own ring. */
#ifndef DAMP_SAMPLING_H
#define DAMP_SAMPLING_H

#include "core/judge_state.h"

#include <damper/samples.h>

/* The paths of n parsed packets, 0 for what is no request: before they are judged,
 * which may rewrite them. */
void damp_sampling_paths(const struct damp_key *key, const struct damp_pkt *pkt, unsigned n, uint64_t *path);

/* Record those of n judged packets of which the peer, device, path or tenant is
 * one of one_in, a power of two. v: by which they were judged; now: of the burst. */
void damp_sampling_take(struct damp_sample_ring *ring, const struct damp_key *key, uint32_t one_in,
			const struct damp_view *v, const struct damp_pkt *pkt, const uint64_t *path,
			unsigned n, damp_tick now);

#endif
