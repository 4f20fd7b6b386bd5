/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program as JSON: the same objects from damperd, for the program that runs,
 * and from `damper check`, for one that was just compiled. All new references.
 */
#ifndef DAMP_PROGRAM_JSON_H
#define DAMP_PROGRAM_JSON_H

#include "progview.h"
#include <jansson.h>

/* Object with name, revision, digest, mode, rules, observing, limits, bytes. */
json_t *damp_program_json(const struct damp_progview *v);

/* Array of {name, kind, per, ipv4: [rung], ipv6: [rung]}; a rung is {prefix,
 * per_s, burst, unit}. */
json_t *damp_program_limits_json(const struct damp_progview *v);

/* The guard's limits, by name, each a rung. */
json_t *damp_program_guard_json(const struct damp_progview *v);

#endif
