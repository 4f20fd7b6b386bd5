/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits with more keys than the ledger has room for; see lint.h. */
#ifndef DAMP_RULES_LINT_ROOM_H
#define DAMP_RULES_LINT_ROOM_H

#include "model.h"

void damp_lint_room(struct damp_ctx *c);

/* Does it keep its keys in the ledger? The other kinds have places of their own. */
static inline bool damp_limit_is_charged(const struct damp_limit *l)
{
	return l->kind == DAMP_LIMIT_MESSAGES || l->kind == DAMP_LIMIT_BYTES;
}

#endif
