/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What rules tell of: `log` and `warn`.
 *
 * Idea: of the messages that a rule with `log` acts on, or would, a share is
 * drawn by lot, so that who is limited most is told of most; and the first few
 * of each end, which a small table of fingerprints remembers, so that a quiet
 * one is seen beside a loud one. All that is not told is counted for the next
 * record of the same rule.
 *
 * Invariant: at most DAMP_TELL_PER_S records a second and worker come from here,
 * whatever the rules say; and a packet that no such rule matches costs nothing.
 * Two ends that share a place in the table forget each other: the first few of
 * one may be told again, never more often than the bound above.
 */
#ifndef DAMP_CORE_TELL_H
#define DAMP_CORE_TELL_H

#include "types.h"

#include <damper/stats.h>

#define DAMP_TELL_PER_S 100u
#define DAMP_TELL_ENDS 4096u            /* a power of two */
#define DAMP_TELL_QUIET_S 600u          /* an end that was quiet so long is a new one */

struct damp_tell_end {
	uint32_t tag;
	uint32_t seen;                  /* damp_due() of the last message */
	uint32_t count;
};

/* Of one worker. */
struct damp_tell {
	uint64_t lot;                   /* state of the generator */
	damp_tick second;               /* when the budget was filled */
	unsigned left;
	uint32_t untold[DAMP_RULE_SLOTS], unwarned[DAMP_RULE_SLOTS];
	damp_tick warn_next[DAMP_RULE_SLOTS];
	struct damp_tell_end end[DAMP_TELL_ENDS];
};

/* Draw a lot: true in share_q32 of 2^32 cases. */
bool damp_tell_draw(struct damp_tell *t, uint32_t share_q32);

/* Is this one of the first `most` messages of key? Counts it. */
bool damp_tell_first(struct damp_tell *t, uint64_t key, uint32_t most, damp_tick now);

/* Is there a record left in this second? Takes it. */
bool damp_tell_budget(struct damp_tell *t, damp_tick now);

#endif
