/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge found about one packet, written down for people: for explain,
 * for the traces of live packets, and for questions about frames that never came.
 *
 * Idea: the decision says what was done; here stands beside it what was looked at:
 * the limits of the rules that matched and each budget the guard was asked about,
 * as they stood. The questions are learned by deciding once more, with somebody
 * who listens: deciding changes nothing.
 *
 * Invariant: reads tables and writes only the finding. Whoever reads a finding
 * needs no table and no secret; keys are told as addresses.
 */
#ifndef DAMP_CORE_FINDING_H
#define DAMP_CORE_FINDING_H

#include "decision.h"

#include <damper/trace.h>

/* Before d is carried out on p, whose look-ups are done (damp_judge_decide()). */
void damp_finding_open(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		       struct damp_finding *f);

/* What became of p, behind damp_commit(). */
void damp_finding_close(const struct damp_pkt *p, const struct damp_decision *d, struct damp_finding *f);

/*
 * What would become of a frame that came in now to worker w, whose tables are read
 * while it works: each entry is of this moment or the one before. Changes nothing,
 * not even the deadline of a proof, and builds nothing that would leave.
 *
 * self: damp_peek_bytes() of zeroed memory of the asker's own; its worker number in
 * v is `index`, which no worker has. p: filled by the caller as for a burst.
 */
size_t damp_peek_bytes(void);
void damp_judge_peek(void *self, unsigned index, const struct damp_judge_worker *w, const struct damp_view *v,
		     struct damp_pkt *p, damp_tick now, struct damp_finding *f);

#endif
