/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that have to be signed: by whom the file itself says (`signed_by`), and
 * by whom damperd was told (`--signed-by`), whatever a file says.
 *
 * Invariant: what is checked is the very text that was compiled, by its digest.
 */
#ifndef DAMP_SIGNED_H
#define DAMP_SIGNED_H

#include "loader.h"

/* Behind a compile that went well: true, with r->signed_by, when all have signed
 * who have to and the revision is no old one; else r says what is wrong. */
bool damp_signed_check(const struct damp_control *c, const struct damp_load_job *job,
		       struct damp_load_result *r);

/* The same for a generation that is kept, by what was noted of it. */
bool damp_signed_kept(const struct damp_control *c, struct damp_load_result *r);

/* They run: their revision is the newest. 0 or negative errno. */
int damp_signed_note(const struct damp_control *c, const struct damp_load_result *r);

#endif
