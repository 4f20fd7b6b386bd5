/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Live findings as explanations: what the running judge wrote down of a packet,
 * put together with what follows from the frame and the program of the same
 * generation.
 *
 * Idea: programs are known by generation, the running one and the one before,
 * because records of both are in a ring when a load comes in between. Each has a
 * bench of its own on which frames are read and rules are asked why not.
 *
 * Invariant: nothing that stood in a table is made up: `measured` names what the
 * finding tells, `derived` what was worked out here. A record whose program is
 * gone is told without rules, and says so.
 */
#ifndef DAMP_FORESIGHT_TRACED_H
#define DAMP_FORESIGHT_TRACED_H

#include "bench.h"
#include <damper/trace.h>
#include <jansson.h>

struct damp_traced_program {
	struct damp_bench *bench;
	uint8_t *modes;
	uint64_t zero_us; /* wall time that the bench began at */
	json_t *origin;
};

struct damp_traced {
	const struct damp_stats *stats; /* modes of rules and the trust in the clock; may be NULL */
	struct damp_traced_program program[2]; /* the newest first */
};

/* A program that runs from now on, copied; origin is borrowed. wall_s: now. False
 * with a line in err. */
bool damp_traced_add(struct damp_traced *t, const void *block, size_t len, uint64_t wall_s, json_t *origin,
		     char *err, size_t errlen);
/* Is there a program of this generation? */
bool damp_traced_knows(const struct damp_traced *t, uint32_t generation);
void damp_traced_free(struct damp_traced *t);

/* What a record says. peeked: it is the answer to a question, frame has all its
 * bytes; else NULL, and those of the record are taken. New reference. */
json_t *damp_traced_json(struct damp_traced *t, const struct damp_trace_record *r, const uint8_t *peeked);

#endif
