/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files other processes map: counters, events and samples, in the runtime
 * directory.
 *
 * Invariant: the files are made aside and renamed when they are whole, so a
 * reader that opens them always finds valid ones; a reader that still holds
 * those of an earlier run sees them stand still and another boot_id in the new
 * ones. A lock file keeps a second data plane out of the directory.
 *
 * Main thread only.
 */
#ifndef DAMP_SEGMENT_H
#define DAMP_SEGMENT_H

#include "plane.h"

/* Make the directory, lock it and map the files. Returns 0, or -1 said on
 * stderr. */
int damp_segment_open(struct damp_plane *p);

/* Bytes of the files of captures, of traces and of samples. */
size_t damp_segment_capture_len(const struct damp_plane *p);
size_t damp_segment_trace_len(const struct damp_plane *p);
size_t damp_segment_samples_len(const struct damp_plane *p);

/* The slot of a rule id that has one. */
bool damp_segment_find(const struct damp_stats *s, const char *id, uint32_t *slot);

/* The counter slot of a rule id: the one it has had since the start, or a new
 * one, or 0 when there is none left or the id is too long. */
uint16_t damp_segment_slot(struct damp_stats *s, const char *id);

#endif
