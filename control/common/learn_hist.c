/* SPDX-License-Identifier: BSD-3-Clause */
/* See learn_hist.h. Below 32 each value has a bucket of its own; above, each
 * power of two has 16. */
#include "learn_hist.h"

#include <math.h>

#define STEPS 16u

static unsigned bucket_of(uint64_t v)
{
	unsigned shift;

	if (v < 2 * STEPS)
		return (unsigned)v;
	shift = 63u - (unsigned)__builtin_clzll(v) - 4u; /* v >> shift lies in 16..31 */
	return shift * STEPS + (unsigned)(v >> shift);
}

/* The largest value of a bucket. */
static uint64_t top_of(unsigned bucket)
{
	const unsigned shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;

	return (((uint64_t)bucket - shift * STEPS + 1) << shift) - 1;
}

void damp_learn_hist_add(struct damp_learn_hist *h, uint64_t v)
{
	h->n++;
	h->bucket[bucket_of(v)]++;
	if (v > h->max)
		h->max = v;
}

uint64_t damp_learn_hist_quantile(const struct damp_learn_hist *h, double share)
{
	const uint64_t rank = (uint64_t)ceil(share * (double)h->n);
	uint64_t seen = 0;

	for (unsigned i = 0; i < DAMP_LEARN_BUCKETS && h->n > 0; i++) {
		seen += h->bucket[i];
		if (seen >= rank && seen > 0)
			return top_of(i) < h->max ? top_of(i) : h->max;
	}
	return h->max;
}
