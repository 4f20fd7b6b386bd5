/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's half of the standing capture of drops (include/damper/capture.h).
 *
 * Idea: a dropped frame lies as it came when its verdict is known, so it is
 * copied then, and nothing is copied of what passes. In a flood the budget of
 * an eighth of a second is used up at once, and the rest of it costs a test for
 * each burst.
 *
 * Threads: belongs to one worker; the wishes in the file are the main thread's.
 */
#ifndef DAMP_CORE_KEEP_H
#define DAMP_CORE_KEEP_H

#include "types.h"

#include <damper/capture.h>

#define DAMP_KEEP_SLICE (DAMP_TICK_HZ / 8)

struct damp_keep {
	bool on;                        /* somebody wants copies, and there is budget */
	uint32_t share;                 /* fraction carried over: at UINT32_MAX the next one is taken */
	unsigned left;
	damp_tick slice;                /* when the budget was filled */
};

struct damp_ctx;
struct damp_pkt;

/* Once a burst. */
void damp_keep_look(struct damp_keep *k, const struct damp_capture_file *f, damp_tick now);

/* p was dropped, and k->on: copy it if it is its turn. slot: of the rule, 0 none. */
void damp_keep_drop(const struct damp_ctx *c, const struct damp_pkt *p, uint16_t slot);

#endif
