/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's half of captures (include/damper/capture.h).
 *
 * Threads: a tap belongs to one worker; the wishes in the file are the main
 * thread's.
 */
#ifndef DAMP_CORE_TAP_H
#define DAMP_CORE_TAP_H

#include "types.h"

#include <damper/capture.h>

struct damp_tap {
	const struct damp_capture_file *file;   /* NULL: none */
	struct damp_capture_ring *ring;
	bool on;                        /* in this burst */
	damp_tick second;               /* when the budget was filled */
	unsigned left;
};

struct damp_ctx;
struct damp_pkt;
struct damp_decision;

/* Once a burst: does somebody want copies now? */
static inline void damp_tap_look(struct damp_tap *t, damp_tick now)
{
	t->on = t->file != NULL && now < __atomic_load_n(&t->file->until, __ATOMIC_ACQUIRE);
}

/* Copy the frame of p as it is now; NULL when there is no room in this second. */
struct damp_capture_record *damp_tap_begin(struct damp_tap *t, const struct damp_pkt *p, damp_tick now);

/* p has its verdict: keep the copy if it is wanted. */
void damp_tap_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		  struct damp_capture_record *r);

#endif
