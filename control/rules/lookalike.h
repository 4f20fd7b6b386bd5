/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Characters that only look like those of the language.
 *
 * Idea: what is copied out of a chat, a wiki or a mail has typographic quotes
 * and dashes, blanks that are none, and letters of other alphabets. Where they
 * do harm something is wrong anyway, and an eye cannot see what; so a mistake
 * whose text holds one is told which.
 *
 * Reference: Unicode TR 39 section 4 (confusables), of which these are the few
 * that stand for characters of the rule language.
 */
#ifndef DAMP_RULES_LOOKALIKE_H
#define DAMP_RULES_LOOKALIKE_H

#include "diag.h"

/* A notice to the error before it, when what stands at `at` holds one; whether it does. */
bool damp_lookalike_tell(struct damp_diags *d, struct damp_place at);

#endif
