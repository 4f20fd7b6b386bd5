/* SPDX-License-Identifier: BSD-3-Clause */
/* A plane without EAL, ports or workers: enough to load programs and to keep state. */
#ifndef DAMP_TEST_BARE_PLANE_H
#define DAMP_TEST_BARE_PLANE_H

#include "worker.h"

/* One worker's worth of counters, no judge. The caller ends it with free_plane(). */
struct damp_plane *bare_plane(const char *state_dir);
void free_plane(struct damp_plane *p);

#endif
