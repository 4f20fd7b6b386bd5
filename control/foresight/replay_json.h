/* SPDX-License-Identifier: BSD-3-Clause */
/* The result of a replay as JSON: fixed keys in a fixed order, no clock but the
 * capture's. */
#ifndef DAMP_FORESIGHT_REPLAY_JSON_H
#define DAMP_FORESIGHT_REPLAY_JSON_H

#include "replay.h"
#include <jansson.h>

/*
 * Object with schema, capture, sides, state, sets (new, against: counts, bytes,
 * worst_amplification, reasons, tables), changed (null without --against) and
 * rules. file: as the user named it; origins: what the sets were made of, whose
 * references are kept. New reference.
 */
json_t *damp_replay_json(const struct damp_replay *r, const char *file, json_t *const origins[2]);

#endif
