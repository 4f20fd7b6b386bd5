/* SPDX-License-Identifier: BSD-3-Clause */
/* Times between the schedules of rules; see lint_when.c. */
#ifndef DAMP_RULES_LINT_WHEN_H
#define DAMP_RULES_LINT_WHEN_H

#include "model.h"

/* Remark on a time of the week at which none of these rules holds, n of them,
 * alike but for their `when`. */
void damp_lint_gap(struct damp_ctx *c, const size_t *rule, size_t n);

#endif
