/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What told the side that a captured frame came in on (sides.h), by name.
 */
#ifndef DAMP_FORESIGHT_WITNESS_H
#define DAMP_FORESIGHT_WITNESS_H

/* X(ID, "json label", "for people") */
#define DAMP_SIDE_WITNESSES(X)                                                              \
	X(PREFIX, "prefix", "the inside prefixes given")                                    \
	X(MAC, "mac", "the outside MAC addresses given")                                    \
	X(INTERFACE, "interface", "the names of the capture's interfaces")                  \
	X(RULES, "rules", "the inside prefixes of the rules")                               \
	X(GUESS, "guess", "a guess: the end with the CoAP port is inside")

enum damp_side_witness {
#define X(id, label, text) DAMP_SIDE_BY_##id,
	DAMP_SIDE_WITNESSES(X)
#undef X
	DAMP_SIDE_BY_MAX
};

const char *damp_side_witness_label(enum damp_side_witness w);
const char *damp_side_witness_text(enum damp_side_witness w);

#endif
