/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture as samples to learn from.
 *
 * Idea: with rules the judge on the bench says what would have become of each
 * frame, so that what limits act on is left out. Without, everything that is
 * well-formed CoAP or DTLS counts: a gateway without a filter let it all pass.
 */
#ifndef DAMP_FORESIGHT_LEARN_CAPTURE_H
#define DAMP_FORESIGHT_LEARN_CAPTURE_H

#include "bench.h"
#include "common/learn.h"
#include "sides.h"

struct damp_learn_capture {
	struct damp_bench *bench;
	struct damp_sides *sides;
	bool judged;                    /* by rules; else all that is well-formed passes */
	int64_t first_ns, last_ns;
	uint64_t frames, cut;
};

/* One frame; times never run back. */
void damp_learn_frame(struct damp_learn_capture *c, struct damp_learn *l,
		      const struct damp_captured *f);

#endif
