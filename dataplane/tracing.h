/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main thread's part of traces, and its own look at frames that never came
 * (include/damper/trace.h).
 *
 * Idea: a trace is a wish in a file that workers read once a burst; it has one
 * owner, who has to ask again every few seconds. A question about a frame is
 * answered here, in the tables of the worker that would own it.
 *
 * Invariant: neither changes a verdict or any table, and no worker waits for
 * either. Main thread only.
 */
#ifndef DAMP_TRACING_H
#define DAMP_TRACING_H

#include "plane.h"

#include <damper/wire.h>

/* Carry out DAMP_WIRE_TRACE; fd -1: none came with it. Returns 0 or an errno with
 * a line in text. */
int damp_tracing_trace(struct damp_plane *p, const struct damp_wire_request *r, int fd, char *text,
		       size_t len);

/* Carry out DAMP_WIRE_PEEK for the frame in fd; *answer: a descriptor to send. */
int damp_tracing_peek(struct damp_plane *p, uint32_t side, int fd, int *answer, char *text, size_t len);

#endif
