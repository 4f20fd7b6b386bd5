/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the rule compiler said as JSON: the same objects in `damper check
 * --json`, in the answer to a load and in the events.
 */
#ifndef DAMP_DIAG_JSON_H
#define DAMP_DIAG_JSON_H

#include "rules/rules.h"
#include <jansson.h>

#define DAMP_JSON_SCHEMA 1      /* of everything damperd and damper print as JSON */

const char *damp_diag_level_name(enum damp_diag_level level);

/* Array of {file, line, column, end_column, level, message}; new reference. */
json_t *damp_diag_json(const struct damp_rules *r);

/* A string, or null for NULL. Bytes above 0x7f become "?" where text is not
 * UTF-8, which JSON must be. New reference. */
json_t *damp_json_text(const char *text);

#endif
