/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditional attributes in a query: how often somebody wants to be notified
 * (draft-ietf-core-conditional-attributes `c.pmin`, `c.pmax`, `c.epmin`,
 * `c.epmax`; the bare names of LwM2M).
 *
 * Idea: a period below the bound is written over with the bound, in as many
 * bytes: "0.1" becomes "3.0", "1" becomes "3", "07" stays. So nothing moves, and
 * the same query always becomes the same query, which re-registration and
 * cancellation rely on (RFC 7641 section 3.6).
 *
 * Invariant: a pure function of the query and the bounds. What cannot be read
 * as a number, or has no room for the bound, is DAMP_ATTRS_REFUSE; a name
 * without a value says nothing (LwM2M takes an attribute back so).
 *
 * Reference: attacks.md AV-14.
 */
#ifndef DAMP_CORE_ATTRS_H
#define DAMP_CORE_ATTRS_H

#include "frame.h"
#include "scan.h"
#include <damper/program.h>

enum damp_attrs {
	DAMP_ATTRS_FINE,            /* nothing there, or nothing below its bound */
	DAMP_ATTRS_CLAMP,
	DAMP_ATTRS_REFUSE
};

/* What the query of m asks for. */
enum damp_attrs damp_attrs_check(const uint8_t *msg, const struct damp_coap *m, const struct damp_guard *g);

/* Write the bounds over what is below them, in a frame for which the check said
 * CLAMP, and put its UDP checksum right. No byte moves. */
void damp_attrs_clamp(uint8_t *data, const struct damp_frame *f, const struct damp_coap *m,
		      const struct damp_guard *g);

#endif
