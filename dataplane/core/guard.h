/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guard's default numbers: what holds when a rule file does not say
 * otherwise, and all there is when there is no rule file.
 */
#ifndef DAMP_CORE_GUARD_H
#define DAMP_CORE_GUARD_H

#include <damper/program.h>

/* Fill *g with the defaults. Any thread. */
void damp_guard_defaults(struct damp_guard *g);

/* The same of what the control plane watches for. */
void damp_watch_defaults(struct damp_watch *w);

#endif
