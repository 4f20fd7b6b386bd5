/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that stand in the way of others; see lint.h. */
#ifndef DAMP_RULES_LINT_COVER_H
#define DAMP_RULES_LINT_COVER_H

#include "model.h"

void damp_lint_cover(struct damp_ctx *c, const struct damp_program_hdr *program);

#endif
