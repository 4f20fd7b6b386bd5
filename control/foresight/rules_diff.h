/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What changes from one rule set to another, as meant, not as written.
 *
 * Idea: both are compiled with their outline (rules/outline.h) and compared
 * thing by thing and key by key. A rule has moved when it is not part of the
 * longest run of rules that kept their order. The budgets of a limit are lost
 * when the program would count under another key (program.h: state_key).
 *
 * Invariant: two rule sets that mean the same give no change, whatever their
 * text; what only was made explicit is told, and is no change.
 */
#ifndef DAMP_FORESIGHT_RULES_DIFF_H
#define DAMP_FORESIGHT_RULES_DIFF_H

#include "rules.h"

#include <jansson.h>

/*
 * Compare two results that hold a program and an outline. Returns an object
 *   differ      true when there are changes
 *   changes     [{kind, name, change: added|removed|changed|moved, at: {old, new},
 *                keys: [{key, old, new, old_default, new_default, at, factor,
 *                added, removed, items}], position, behind}]
 *   explicit    [{kind, name, key, value, change: written|left_out, at}]
 *   state_lost  [{limit, why, at}]
 *   program     {old, new}: {rules, limits, bytes}
 * New reference; NULL when out of memory or a program is damaged.
 */
json_t *damp_rules_diff(const struct damp_rules *old, const struct damp_rules *new);

/* rules_moved.c: which of n different numbers are not part of the longest
 * rising run; moved[i] for place i. */
void damp_rules_moved(const size_t *place, size_t n, bool *moved);

#endif
