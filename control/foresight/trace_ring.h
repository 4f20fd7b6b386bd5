/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the rings of a trace (include/damper/trace.h) while workers write them.
 *
 * Invariant: nothing is believed of the file before its length, version and
 * numbers agree. A record that a worker has overtaken is counted as lost, never
 * told; what is told comes in the order of time, as far as it is there.
 */
#ifndef DAMP_FORESIGHT_TRACE_RING_H
#define DAMP_FORESIGHT_TRACE_RING_H

#include <damper/trace.h>
#include <stdbool.h>
#include <stddef.h>

struct damp_trace_reader {
	const struct damp_trace_file *file;
	uint64_t pos[DAMP_WORKERS_MAX];         /* next record of each worker */
	uint64_t missed[DAMP_WORKERS_MAX], looked[DAMP_WORKERS_MAX]; /* when it began */
	uint64_t lost;                          /* overtaken before they were read */
	struct damp_trace_record next[DAMP_WORKERS_MAX];
	bool waits[DAMP_WORKERS_MAX];           /* next holds one */
};

/* len bytes mapped at base; reading begins at what comes from now on. False: it
 * is of another version. */
bool damp_trace_reader_open(struct damp_trace_reader *r, const void *base, size_t len);

/* The oldest record that is there, into *out; *worker: whose. False: none. */
bool damp_trace_reader_next(struct damp_trace_reader *r, struct damp_trace_record *out, unsigned *worker);

/* Since the reading began: packets that were wanted and are not told; packets
 * compared with the filter. */
uint64_t damp_trace_reader_missed(const struct damp_trace_reader *r);
uint64_t damp_trace_reader_looked(const struct damp_trace_reader *r);

#endif
