/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * include: several files as one tree.
 *
 * Idea: what included files hold is put into the tree of the root file before
 * anything is read, so that no later code knows of files; each node keeps the
 * file it stands in, and diagnostics name it.
 *
 * Invariant: a file is part of the tree once.
 *
 * Reference: operators.md 3.2.
 */
#ifndef DAMP_RULES_INCLUDE_H
#define DAMP_RULES_INCLUDE_H

#include "model.h"

#define DAMP_INCLUDE_DEPTH_MAX 8u

/* root itself when it includes nothing, else a tree with all parts. Reports. */
const struct damp_node *damp_include_expand(struct damp_ctx *c, const struct damp_node *root);

#endif
