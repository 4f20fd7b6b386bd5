/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking, every ten seconds, whether both directions are seen (core/routing.h);
 * what is found is told to the judge and kept in the segment. Main thread.
 */
#ifndef DAMP_SIGHT_H
#define DAMP_SIGHT_H

#include "plane.h"

void damp_sight_tick(struct damp_plane *p);

#endif
