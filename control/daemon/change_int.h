/* SPDX-License-Identifier: BSD-3-Clause */
/* Between change.c and change_api.c. */
#ifndef DAMP_CHANGE_INT_H
#define DAMP_CHANGE_INT_H

#include "change.h"

/* The digest of what runs; false when that is not known. */
bool damp_change_running(struct damp_control *c, char digest[DAMP_DIGEST_LEN]);

/* Time left of the trial; r->lock is held. */
uint64_t damp_change_left_ms(const struct damp_record *r);

/* Fill in what the program says of itself. */
void damp_change_describe(struct damp_generation *g, const struct damp_prog *p);

/* End the trial. 0, or negative errno when the disk still says it goes on. */
int damp_change_end(struct damp_control *c, enum damp_generation_state how, const char *by);

/* Log it, and tell of it in the events. what: "confirmed", "gone_back". */
void damp_change_tell(struct damp_control *c, const char *what, const struct damp_trial *t,
		      const char *text);

/* Load a generation that is kept; job says who, why and how. */
void damp_change_load_kept(struct damp_control *c, uint32_t number, struct damp_load_job *job,
			   struct damp_load_result *r);

#endif
