/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing rules so that it can be undone: the generations that are kept, the
 * load that waits to be confirmed, and going back.
 *
 * Idea: loader.c hands programs over; this file keeps the record around it. A
 * load on trial is written down before the data plane hears of it (trial.h),
 * so that a kill at any point leaves enough to go back by.
 *
 * Invariant: all calls but damp_change_json() and damp_change_waits() are for
 * the holder of the right to load (control.h), one at a time.
 */
#ifndef DAMP_CHANGE_H
#define DAMP_CHANGE_H

#include "loader.h"

/* After damp_control_init(): read what an earlier damperd has left. */
void damp_change_start(struct damp_control *c);

/* Does a load wait to be confirmed? Says so in text. */
bool damp_change_waits(struct damp_control *c, char *text, size_t len);

/* The same for the API: {generation, base, by, remaining_s, overdue, until}, or
 * null. New reference. */
json_t *damp_change_json(struct damp_control *c);

/*
 * Before r->prog is handed over: make sure that what runs now can be gone back
 * to, and begin the trial when seconds > 0. 0 or negative errno; an error
 * matters only with a trial. *least: the number the generation shall have at
 * least.
 */
int damp_change_arm(struct damp_control *c, const struct damp_load_job *job,
		    const struct damp_load_result *r, uint32_t seconds, uint32_t *least);

/* It was not handed over. */
void damp_change_disarm(struct damp_control *c);

/* It runs as r->generation; text: its rules, NULL not known. 0 or negative
 * errno when it could not be kept. */
int damp_change_loaded(struct damp_control *c, const struct damp_load_job *job,
		       const struct damp_load_result *r, const char *text, size_t len);

/* What runs is not kept, though it is what job, compiled into r, says: keep it
 * with its text. */
void damp_change_found(struct damp_control *c, const struct damp_load_job *job,
		       const struct damp_load_result *r);

/* Is what runs kept? */
bool damp_change_known(struct damp_control *c);

/* What to do about the trial, by what is known to run. */
enum damp_trial_step damp_change_look(struct damp_control *c);

/* Milliseconds until damp_change_look() has to be asked again, at most max. */
int damp_change_wait_ms(struct damp_control *c, int max);

/* Step OVER: forget the trial. Step BACK: load the rules before, for the reason
 * why; r as for a load. */
void damp_change_over(struct damp_control *c);
void damp_change_back(struct damp_control *c, const char *why, struct damp_load_result *r);

/* The rules to go on with while a trial lasts; NULL when there is none, or they
 * are not kept. One user. */
struct damp_prog *damp_change_base(struct damp_control *c);

/* For the API, which needs no right beforehand: r->status OK, BUSY and so on,
 * and one line in r->text. number 0: the one before what runs. */
void damp_change_confirm(struct damp_control *c, const char *by, struct damp_load_result *r);
void damp_change_rollback(struct damp_control *c, uint32_t number, const struct damp_load_job *job,
			  struct damp_load_result *r);

#endif
