/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the rule compiler said, and what it made, as JSON: the same objects in
 * `damper check --json`, in the answer to a load and in the events.
 */
#ifndef DAMP_DIAG_JSON_H
#define DAMP_DIAG_JSON_H

#include "rules/rules.h"
#include "progview.h"
#include <jansson.h>

#define DAMP_JSON_SCHEMA 1      /* of everything damperd and damper print as JSON */

const char *damp_diag_level_name(enum damp_diag_level level);

/* Array of {file, line, column, end_column, level, message}; new reference. */
json_t *damp_diag_json(const struct damp_rules *r);

/* Object with name, revision, digest, mode, rules, observing, limits and bytes
 * of a program; new reference. */
json_t *damp_program_json(const struct damp_progview *v);

#endif
