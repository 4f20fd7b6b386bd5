/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slow exact model of one key: GCRA in 64 bits, nothing ever forgotten.
 *
 * Fed with what a ledger admitted, exact_charge() returning false means that
 * the ledger broke its promise: GCRA refuses exactly what would exceed burst +
 * window in some window that ends now.
 */
#ifndef DAMP_TEST_EXACT_H
#define DAMP_TEST_EXACT_H

#include "types.h"

struct exact {
	damp_tick tat;
	uint32_t burst;
};

static inline uint64_t exact_debt(const struct exact *x, damp_tick now)
{
	return x->tat > now ? x->tat - now : 0;
}

static inline bool exact_admits(const struct exact *x, uint32_t cost, damp_tick now)
{
	return exact_debt(x, now) + cost <= x->burst;
}

static inline bool exact_charge(struct exact *x, uint32_t cost, damp_tick now)
{
	const bool ok = exact_admits(x, cost, now);

	if (ok)
		x->tat = now + exact_debt(x, now) + cost;
	return ok;
}

#endif
