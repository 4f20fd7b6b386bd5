/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load that has to be confirmed, and what to do about it now.
 *
 * Idea: before the new rules are handed over, a file says what they are, what
 * ran before, and when the time is over, as the monotonic clock of this boot.
 * Whoever reads it later can tell from what runs whether the rules ever
 * arrived, and from the clock whether their time is over. The data plane keeps
 * the rules before on its disk until the confirmation, so its own restart goes
 * back as well.
 *
 * Invariant: in doubt back. The wall clock decides nothing. Another boot, a
 * clock that stands before the beginning, a time that is over: each is back.
 * The file is gone exactly when nothing waits to be confirmed.
 */
#ifndef DAMP_TRIAL_H
#define DAMP_TRIAL_H

#include "history.h"

#include <stdbool.h>

#define DAMP_TRIAL_FILE "confirm.json"  /* below the state directory */
#define DAMP_BOOT_LEN 40u               /* /proc/sys/kernel/random/boot_id */

struct damp_trial {
	bool active;
	uint32_t generation;            /* on trial; 0: not known to have arrived */
	uint32_t base;                  /* to go back to */
	char digest[DAMP_DIGEST_LEN];   /* of the rules on trial */
	char base_digest[DAMP_DIGEST_LEN];
	char boot[DAMP_BOOT_LEN];
	uint64_t began_ms, deadline_ms; /* CLOCK_MONOTONIC of that boot */
	int64_t wall;                   /* when it ends, for people */
	char by[64];
};

enum damp_trial_step {
	DAMP_TRIAL_NONE,        /* nothing waits */
	DAMP_TRIAL_WAIT,        /* time is left */
	DAMP_TRIAL_BACK,        /* load the rules before */
	DAMP_TRIAL_OVER         /* other rules run already: forget it */
};

/* running: digest of what runs ("" the built-in program), NULL not known. */
enum damp_trial_step damp_trial_decide(const struct damp_trial *t, const char *boot,
				       uint64_t now_ms, const char *running);

/* Milliseconds that are left in this boot; 0 when none. */
uint64_t damp_trial_left_ms(const struct damp_trial *t, const char *boot, uint64_t now_ms);

/* This boot and its clock. */
void damp_trial_boot(char out[DAMP_BOOT_LEN]);
uint64_t damp_trial_now_ms(void);

/* Fill *t; not active when there is no file. A file that is damaged is active
 * with a time that is over: something was on trial. */
void damp_trial_read(const char *state_dir, struct damp_trial *t);

/* Write *t, or remove the file when it is not active. 0 or negative errno. */
int damp_trial_write(const char *state_dir, const struct damp_trial *t);

#endif
