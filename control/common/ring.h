/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the rings of the data plane: events, notices, samples, copies of
 * frames and traces (include/damper). One writer, which waits for nobody; any
 * number of readers, each with a position of its own.
 *
 * Idea: every slot begins with the number of its record. A reader copies, then
 * reads head again, and discards what the writer may have been in meanwhile.
 *
 * Invariant: a record that is handed out is whole, and each one that was written
 * is handed out or counted as lost, never both and never twice.
 */
#ifndef DAMP_RING_H
#define DAMP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct damp_ring {
	const uint64_t *head;           /* next number; release store by the writer */
	const void *slot;
	uint64_t slots;
	size_t len;                     /* of a slot, a multiple of 8 */
};

/* The view of a ring struct of include/damper. */
#define DAMP_RING(r)                                                                                       \
	((struct damp_ring){ &(r)->head, (r)->slot, sizeof((r)->slot) / sizeof((r)->slot[0]), sizeof((r)->slot[0]) })

/* Compile-time: records of this type can be read so. */
#define DAMP_RING_FITS(type)                                                                    \
	_Static_assert(sizeof(type) % 8 == 0 && offsetof(type, seq) == 0, "copied in words, its number first")

/* The number of the next record; and of the oldest that no writer can be in. */
uint64_t damp_ring_head(const struct damp_ring *r);
uint64_t damp_ring_oldest(const struct damp_ring *r);

/* Copy the record at *pos, or the next whole one, to out and move *pos behind
 * it. What was overwritten before that is added to *lost. false: no more yet. A
 * *pos beyond head, of a ring that is not what we know, becomes head. */
bool damp_ring_next(const struct damp_ring *r, uint64_t *pos, void *out, uint64_t *lost);

/* Copy len bytes, a multiple of 8, in whole 64-bit loads: a number that its
 * writer changes meanwhile is copied either before or after, never torn. Both
 * sides are aligned to 8. */
void damp_copy_words(void *dst, const void *src, size_t len);

#endif
