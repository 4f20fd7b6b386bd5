/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditions that the rule file has a policy for (`fail`, and the guard's
 * `asymmetric`): which of them hold now, and what the policy is.
 *
 * Idea: the data plane acts by the policy whether or not anybody looks; this
 * only tells, from what it counted. One that is counted (no room, an overload)
 * holds for DAMP_CONDITION_HOLD_S behind the last packet that met it.
 *
 * Threads: look on the main thread, the others on any.
 */
#ifndef DAMP_CONDITIONS_H
#define DAMP_CONDITIONS_H

#include "stats_map.h"

#include <damper/program.h>
#include <jansson.h>
#include <stdio.h>

#define DAMP_CONDITION_HOLD_S 10

/* X(NAME, "label", does another part tell of it?, "what it means") */
#define DAMP_CONDITIONS(X)                                                                                     \
	X(FILTER_DOWN, "filter_down", true, "no data plane runs: nothing is forwarded")                        \
	X(TABLE_FULL, "table_full", false, "no room to record exchanges of unproved peers")                    \
	X(OVERLOAD, "overload", false, "packets find a ring, the buffers or a port's queue full")              \
	X(CLOCK_UNSYNCED, "clock_unsynced", false, "the wall clock is not trusted: rules with 'when' go by the policy") \
	X(UNANSWERED, "unanswered", true, "requests are seen, their answers take another way")                 \
	X(UNASKED, "unasked", true, "answers are seen whose requests took another way")

enum damp_condition {
#define X(name, label, told, text) DAMP_CONDITION_##name,
	DAMP_CONDITIONS(X)
#undef X
	DAMP_CONDITION_MAX
};

struct damp_conditions;

struct damp_conditions *damp_conditions_new(void);
void damp_conditions_free(struct damp_conditions *c);

/* One of those that nobody else tells of begins or ends. */
typedef void damp_condition_fn(void *arg, const char *label, bool begins, const char *text);

/* Look, once a second. snap: NULL when the data plane is away. guard: of the
 * running program, NULL when not known (then the policies of before hold). */
void damp_conditions_look(struct damp_conditions *c, const struct damp_snap *snap, const struct damp_guard *guard,
			  int64_t mono_s, damp_condition_fn *told, void *arg);

bool damp_condition_holds(struct damp_conditions *c, enum damp_condition which);

/* Those that hold: [{condition, policy, text}]. New reference. */
json_t *damp_conditions_json(struct damp_conditions *c);

/* damper_fail_active{condition,policy}, one line for each condition. */
void damp_conditions_metrics(FILE *f, struct damp_conditions *c);

#endif
