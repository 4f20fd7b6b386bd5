/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What damperd remembers about loads, in the state directory: the last good
 * rule text (rules.last.yaml) and who loaded it when and why (history.json).
 *
 * Invariant: the data plane needs none of this, and a missing, damaged or
 * unwritable state directory never stops anything. A file is replaced whole,
 * by rename.
 */
#ifndef DAMP_HISTORY_H
#define DAMP_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#define DAMP_HISTORY_FILE "history.json"
#define DAMP_HISTORY_RULES "rules.last.yaml"
#define DAMP_DIGEST_LEN 72u             /* as in program.h */

struct damp_history {
	char digest[DAMP_DIGEST_LEN];           /* of the last good load; "" none known */
	char file_digest[DAMP_DIGEST_LEN];      /* of the rule file when it was last considered */
	char name[256];                         /* file name, as the loader gave it */
	char by[64];
	char comment[256];
	int64_t at;                             /* wall clock, seconds */
	uint32_t generation;
};

/* Fill *h with what is there, else with zeros. */
void damp_history_read(const char *state_dir, struct damp_history *h);

/* Write *h and, unless text is NULL, the rule text. 0 or negative errno. */
int damp_history_write(const char *state_dir, const struct damp_history *h, const char *text,
		       size_t len);

#endif
