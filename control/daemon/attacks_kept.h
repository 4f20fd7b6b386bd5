/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The attacks that last, kept beside the counters, so that a damperd that comes
 * back goes on with them under the same id. JSON, written whole or not at all.
 */
#ifndef DAMP_ATTACKS_KEPT_H
#define DAMP_ATTACKS_KEPT_H

#include "attacks.h"

#define DAMP_ATTACKS_KEPT 64u   /* more than that do not outlive a restart */

struct damp_attack_kept {
	struct damp_attack x;           /* without tops and rates */
	struct damp_counter last[DAMP_OUTCOME_MAX];     /* the counters as of then */
};

/* dir NULL: nowhere. A failure is left out: the events have been told. */
void damp_attacks_kept_write(const char *dir, uint64_t boot_id, const struct damp_attack_kept *kept,
			     unsigned n);

/* Those of this boot; returns how many. Nothing that is out of range. */
unsigned damp_attacks_kept_read(const char *dir, uint64_t boot_id,
				struct damp_attack_kept kept[DAMP_ATTACKS_KEPT]);

#endif
