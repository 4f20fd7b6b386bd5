/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a worker's capture ring (include/damper/capture.h), and writing its
 * records as pcapng: for `damper capture` and for damperd's copies of drops.
 */
#ifndef DAMP_CAPTURE_RING_H
#define DAMP_CAPTURE_RING_H

#include <damper/capture.h>
#include <stdbool.h>
#include <stdio.h>

/* Oldest record of a ring with this head that no writer can be in. */
uint64_t damp_capture_oldest(uint64_t head);

/* Copy record pos; false when it was overwritten meanwhile. */
bool damp_capture_copy(const struct damp_capture_ring *ring, uint64_t pos, struct damp_capture_record *out);

/* Write it with its verdict, reason and rule (id, "" none) as comment; at most
 * snap bytes of the frame. Returns the bytes written. */
size_t damp_capture_write(FILE *f, const struct damp_capture_record *r, const char *rule_id, uint32_t snap);

#endif
