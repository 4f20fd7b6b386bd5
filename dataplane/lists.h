/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main thread's part of blocks and of sets filled at run time: names of
 * sets, requests of operators, the workers' notes.
 *
 * Idea: a set keeps its list of prefixes by its name as long as this process
 * runs, whatever program asks for it, so a reload loses no member. A list that
 * no running rule asks for is given to another name when all others are taken.
 *
 * Invariant: all of it goes on without the control plane and ends by itself, on
 * the monotonic clock. Main thread only.
 */
#ifndef DAMP_LISTS_H
#define DAMP_LISTS_H

#include "plane.h"

#include <damper/wire.h>

/* Give the sets of v, which is about to be published, their lists; take back
 * blocks that its rules do not know. */
void damp_lists_apply(struct damp_plane *p, struct damp_view *v);

/* The list of a set by its name, -1 when none has it. */
int damp_lists_named(const struct damp_plane *p, const char *name);

/* From now on each block that begins or ends, and each member of a set whose time
 * is over, is put into the ring of notices (events.h). Once, when there is a judge. */
void damp_lists_tell(struct damp_plane *p);

/* Read the workers' notes; once a second end what is over. */
void damp_lists_tick(struct damp_plane *p);

/* Requests of wire.h. Returns 0, or an errno with a line in text. */
int damp_lists_block(struct damp_plane *p, const struct damp_wire_request *r, char *text, size_t len);
int damp_lists_set(struct damp_plane *p, const struct damp_wire_request *r, char *text, size_t len);

/* A memfd of struct damp_wire_item: what is blocked, or the members of the sets.
 * -1 when there is no memory. */
int damp_lists_show(struct damp_plane *p, enum damp_wire_list what);

#endif
