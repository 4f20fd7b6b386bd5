/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks as events, as part of the status, and as metrics.
 */
#ifndef DAMP_ATTACK_JSON_H
#define DAMP_ATTACK_JSON_H

#include "attacks.h"
#include "common/progview.h"

#include <jansson.h>
#include <stdio.h>

/* The event of a phase. prog: the program that runs, or NULL. New reference. */
json_t *damp_attack_event(enum damp_attack_phase phase, const struct damp_attack *x,
			  const struct damp_prog *prog);

/* Those that last: an array of the same objects as in their events. New reference. */
json_t *damp_attacks_json(struct damp_attacks *a);

/* damper_attack_active and damper_attacks_total. */
void damp_attacks_metrics(FILE *f, struct damp_attacks *a, const struct damp_snap *snap);

#endif
