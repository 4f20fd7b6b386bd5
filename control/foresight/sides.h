/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which side a captured frame came in on. On the wire the port says so; in a
 * capture something else has to.
 *
 * Idea: the best witness that there is, in this order: prefixes or MAC
 * addresses named on the command line; pcapng interfaces named "inside" and
 * "outside"; the inside prefixes of the rules; and at last a guess, that the
 * end with the CoAP port is a device and devices are inside.
 *
 * Invariant: how each frame's side was found is counted, so that a report can
 * say what it rests on.
 */
#ifndef DAMP_FORESIGHT_SIDES_H
#define DAMP_FORESIGHT_SIDES_H

#include "capture.h"
#include "view.h"
#include "witness.h"

#define DAMP_SIDES_MAX 64u

struct damp_side_prefix {
	struct damp_addr addr;
	unsigned bits;
};

struct damp_sides {
	const struct damp_view *view; /* of the rules that are asked */
	unsigned nprefixes, nmacs;
	struct damp_side_prefix prefix[DAMP_SIDES_MAX];
	uint8_t mac[DAMP_SIDES_MAX][6];
	uint64_t coap_frames[DAMP_SIDE_BY_MAX]; /* CoAP and DTLS frames by witness */
};

/* An address or prefix and its length within the family. False with a line in
 * why (DAMP_DESCRIBE_WHY bytes). */
bool damp_prefix_of(const char *text, struct damp_addr *out, unsigned *plen, char *why);

/* "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". False with a line in why
 * (DAMP_DESCRIBE_WHY bytes). */
bool damp_sides_add_prefix(struct damp_sides *s, const char *text, char *why);
/* "02:00:00:00:00:01" */
bool damp_sides_add_mac(struct damp_sides *s, const char *text, char *why);

/* The side a frame came in on. */
enum damp_side damp_sides_of(struct damp_sides *s, const struct damp_captured *f);

#endif
