/* SPDX-License-Identifier: BSD-3-Clause */
/* A histogram with steps of 1/16 of the value; see learn.h. */
#ifndef DAMP_LEARN_HIST_H
#define DAMP_LEARN_HIST_H

#include <stdint.h>

#define DAMP_LEARN_BUCKETS (61u * 16u)

struct damp_learn_hist {
	uint64_t n, max;
	uint64_t bucket[DAMP_LEARN_BUCKETS];
};

void damp_learn_hist_add(struct damp_learn_hist *h, uint64_t v);

/* The least value that at least share of all values are not above, rounded up
 * by at most 1/16 of it and never above the largest; 0 without any. */
uint64_t damp_learn_hist_quantile(const struct damp_learn_hist *h, double share);

#endif
