/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing samples (include/damper/samples.h); a worker, its own ring. */
#ifndef DAMP_SAMPLING_H
#define DAMP_SAMPLING_H

#include "core/judge_state.h"

#include <damper/samples.h>

/* Record those of n judged packets whose peer or device is one of one_in, a
 * power of two. now: of the burst. */
void damp_sampling_take(struct damp_sample_ring *ring, const struct damp_key *key, uint32_t one_in,
			const struct damp_pkt *pkt, unsigned n, damp_tick now);

#endif
