/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the property tests share: a seeded generator, and the exact memory of a
 * table. The seed comes from DAMPER_SEED, else it is fixed; it is always
 * printed, so that a failure can be had again.
 */
#ifndef DAMP_TEST_PROP_H
#define DAMP_TEST_PROP_H

#include "../splitmix.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define PROP_SEED_DEFAULT 20240731ull

struct prop_rng { uint64_t state; };

static inline uint64_t prop_seed(void)
{
	const char *given = getenv("DAMPER_SEED");
	const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : PROP_SEED_DEFAULT;

	print_message("DAMPER_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

static inline uint64_t prop_next(struct prop_rng *r)
{
	return splitmix(&r->state);
}

/* 0 .. n-1 */
static inline uint32_t prop_below(struct prop_rng *r, uint32_t n)
{
	return (uint32_t)(((prop_next(r) >> 32) * n) >> 32);
}

static inline void *prop_mem(size_t bytes)
{
	void *mem = aligned_alloc(64, bytes);

	assert_non_null(mem);
	memset(mem, 0xa5, bytes);
	return mem;
}

#endif
