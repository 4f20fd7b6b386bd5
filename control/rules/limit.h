/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of limits that the guard uses as well. */
#ifndef DAMP_RULES_LIMIT_H
#define DAMP_RULES_LIMIT_H

#include "model.h"

/* A ladder of one step, factor 1. */
struct damp_steps damp_step_one(uint8_t plen);

/* Rate and burst as cost and ticks, plen 0. at: where errors point. */
bool damp_rung_make(struct damp_ctx *c, const struct damp_quantity *rate,
		    const struct damp_quantity *burst, struct damp_place at, struct damp_rung *out);

/* The rungs of a ladder over that rate and burst. Returns their number, 0 after
 * a report. */
unsigned damp_rungs_make(struct damp_ctx *c, const struct damp_quantity *rate,
			 const struct damp_quantity *burst, struct damp_place at,
			 const struct damp_steps *s, struct damp_rung out[DAMP_RUNGS_MAX]);

/* A factor as bytes out per byte in, 8 fraction bits. */
bool damp_alpha_read(struct damp_ctx *c, const struct damp_node *n, uint16_t *alpha_q8);

#endif
