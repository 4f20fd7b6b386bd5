/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits as text, for `check` and `show limits`. */
#ifndef DAMP_LIMITS_TEXT_H
#define DAMP_LIMITS_TEXT_H

#include "cli.h"

/* A table of limits (program_json.h), one row for each rung of a ladder. */
void damp_limits_print(const struct damp_cli *cli, const json_t *limits, unsigned indent);

/* The guard's limits. */
void damp_guard_print(const struct damp_cli *cli, const json_t *guard, unsigned indent);

#endif
