/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which program runs: the first one, the swap to another, the renewal of the
 * secrets.
 *
 * Idea: read, copy, update. The main thread opens a new view while the workers
 * run on, publishes it by one release store and closes the old one when every
 * worker has passed a quiescent state. Nothing a worker does waits for it.
 *
 * Invariant: there is always a running program, and a load that fails changes
 * nothing. Main thread only.
 */
#ifndef DAMP_PROGRAMS_H
#define DAMP_PROGRAMS_H

#include "plane.h"

/* The last good program of the state directory, else the built-in one, which
 * is announced. Before the workers start. Returns 0, or -1 said on stderr. */
int damp_programs_start(struct damp_plane *p);

/* Run the program of len bytes at block (malloc'ed, taken over in any case) and,
 * unless how has DAMP_LOAD_PROVISIONAL, keep it as the last good one (wire.h).
 * Returns 0 or -1. text says what is wrong, or that the program runs but could
 * not be kept; empty otherwise. */
int damp_programs_load(struct damp_plane *p, void *block, size_t len, uint64_t how, char *text,
		       size_t textlen);

/* Keep the running program as the last good one. 0, or -1 with text. */
int damp_programs_keep(struct damp_plane *p, char *text, size_t textlen);

/* Free what no worker uses any more; renew the secrets when they are due. */
void damp_programs_tick(struct damp_plane *p);

/* After the workers have ended. */
void damp_programs_stop(struct damp_plane *p);

/* The running program's view, for the main thread. */
static inline const struct damp_view *damp_programs_view(const struct damp_plane *p)
{
	return p->signals.view;
}

#endif
