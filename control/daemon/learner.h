/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning from live traffic: asks the data plane for samples while it lasts,
 * reads them, and keeps what was learned.
 *
 * Idea: every key at first; when the rings lose samples, one key in twice as
 * many from the next window on. What all together send comes from the counters
 * once not every key is sampled.
 *
 * Invariant: nothing is asked of the workers while nobody learns, and the lease
 * ends it when damperd is gone. What was learned is kept until the next start.
 */
#ifndef DAMP_LEARNER_H
#define DAMP_LEARNER_H

#include "control.h"

#include <jansson.h>

struct damp_learner;

/* NULL when out of memory. */
struct damp_learner *damp_learner_new(const char *runtime_dir);
void damp_learner_free(struct damp_learner *l);

/* Begin anew, or end. 0 or negative errno. Any thread. */
int damp_learner_start(struct damp_learner *l);
void damp_learner_stop(struct damp_learner *l);

/* Read what has come; several times a second, main thread. */
void damp_learner_run(struct damp_control *c, struct damp_learner *l);

/* Once a second: what the counters say. */
void damp_learner_totals(struct damp_learner *l, const struct damp_snap *snap);

/* {schema, from, learning, sample, ...learn.h}; NULL when nothing was ever
 * learned. New reference. Any thread. */
json_t *damp_learner_json(struct damp_learner *l);

#endif
