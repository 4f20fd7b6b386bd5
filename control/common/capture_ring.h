/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing the records of a worker's capture ring (include/damper/capture.h) as
 * pcapng: for `damper capture` and for damperd's copies of drops.
 */
#ifndef DAMP_CAPTURE_RING_H
#define DAMP_CAPTURE_RING_H

#include "ring.h"

#include <damper/capture.h>
#include <stdio.h>

DAMP_RING_FITS(struct damp_capture_record);

/* Write a record with its verdict, reason and rule (id, "" none) as comment; at most
 * snap bytes of the frame. Returns the bytes written. */
size_t damp_capture_write(FILE *f, const struct damp_capture_record *r, const char *rule_id, uint32_t snap);

#endif
