/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits with more keys than the ledger has room for; see lint.h. */
#ifndef DAMP_RULES_LINT_ROOM_H
#define DAMP_RULES_LINT_ROOM_H

#include "model.h"

void damp_lint_room(struct damp_ctx *c);

#endif
