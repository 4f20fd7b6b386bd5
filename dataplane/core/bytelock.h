/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lock of one byte that lives inside the cache line it guards.
 *
 * Idea: whoever takes it has the line already and needs nothing else, so a
 * holder is done in a few tens of cycles. Taking may fail: a worker whose
 * neighbour was stopped while holding must not stop as well.
 *
 * Invariant: a failed take changes nothing, and what its caller does then errs
 * on the safe side (no charge admitted, no peer proved).
 */
#ifndef DAMP_CORE_BYTELOCK_H
#define DAMP_CORE_BYTELOCK_H

#include "types.h"

/* Looks at a held lock before giving up: some 0.1 ms with a pause of 40 to 140
 * cycles, a thousand times what a running holder needs. */
#define DAMP_LOCK_LOOKS 4096u

static inline void damp_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Take the lock if nobody has it. Any thread. */
static inline bool damp_bytelock_try(uint8_t *lock)
{
	return __atomic_load_n(lock, __ATOMIC_RELAXED) == 0 &&
	       __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

/* Take the lock, or give up after DAMP_LOCK_LOOKS. Any thread. The acquire
 * pairs with the release of damp_bytelock_drop(). */
static inline bool damp_bytelock_take(uint8_t *lock)
{
	for (unsigned looks = 0; looks < DAMP_LOCK_LOOKS; looks++) {
		if (damp_likely(damp_bytelock_try(lock)))
			return true;
		damp_pause();
	}
	return false;
}

static inline void damp_bytelock_drop(uint8_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
