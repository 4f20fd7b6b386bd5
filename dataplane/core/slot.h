/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filling a slot of a broadcast ring (include/damper/events.h), whatever its records.
 *
 * Invariant: a reader that copied any word of a new record finds a head that has come
 * to this slot, and discards the copy (control/common/ring.h). For that the head before,
 * and the mark of the slot, are to be seen before the first word: a release store of the
 * mark would hold back nothing that follows it. Machines that keep stores in order pay no
 * instruction for it.
 *
 * Threads: of one ring one writer.
 */
#ifndef DAMP_CORE_SLOT_H
#define DAMP_CORE_SLOT_H

#include <stdint.h>

/* Before the first word of a record is written. seq: of the slot. */
static inline void damp_slot_open(uint64_t *seq)
{
	__atomic_store_n(seq, UINT64_MAX, __ATOMIC_RELAXED);
	/* Partner: the acquire fence of a reader between its copy and its look at head. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Behind the last: the record is number n. */
static inline void damp_slot_close(uint64_t *seq, uint64_t *head, uint64_t n)
{
	__atomic_store_n(seq, n, __ATOMIC_RELEASE);
	__atomic_store_n(head, n + 1, __ATOMIC_RELEASE);
}

#endif
