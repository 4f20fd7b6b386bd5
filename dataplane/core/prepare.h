/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pass 1 and what follows when its lines have come (prepare.c).
 */
#ifndef DAMP_CORE_PREPARE_H
#define DAMP_CORE_PREPARE_H

#include "judge_state.h"

/* prepare.c: pass 1, all that follows from the packets and the program alone: their
 * classes and keys; and load the lines that deciding may ask for. */
void damp_prepare(const struct damp_ctx *c, struct damp_pkt *p, unsigned n);
/* Then, when the lines have come: what depends on who has proved itself. */
void damp_foresee(const struct damp_ctx *c, struct damp_pkt *p, unsigned n);
/* The keys of a request that pass 1 left out, because it will be answered (answer.h);
 * it was not. */
void damp_prepare_rest(const struct damp_ctx *c, struct damp_pkt *p);

#endif
