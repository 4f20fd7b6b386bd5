/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a rule does not match a packet: its attributes asked one by one.
 *
 * Idea: classify.c ANDs whole rows and so knows that a rule did not match, but
 * not why. Here one rule is asked about one attribute after the other, in the
 * order of the key table's match section, by plain linear searches; the first
 * that disagrees is the answer. Slow, and for people.
 *
 * Invariant: the answer "matches" is the same as that of classify.c for every
 * packet and program (tests/unit/foresight/why_test.c); only the regular
 * expressions go through the same library.
 */
#ifndef DAMP_FORESIGHT_WHY_H
#define DAMP_FORESIGHT_WHY_H

#include "classify.h"

/* X(ID, "key of `match`") */
#define DAMP_WHYS(X)                                                                        \
	X(OFF, "mode")                                                                      \
	X(FROM, "from")                                                                     \
	X(TO, "to")                                                                         \
	X(FROM_PORT, "from_port")                                                           \
	X(TO_PORT, "to_port")                                                               \
	X(MSG, "msg")                                                                       \
	X(TYPE, "type")                                                                     \
	X(CODE, "code")                                                                     \
	X(PATH, "path")                                                                     \
	X(QUERY, "query")                                                                   \
	X(OPTION, "option")                                                                 \
	X(SIZE, "size")                                                                     \
	X(VERIFIED, "verified")                                                             \
	X(SOLICITED, "solicited")                                                           \
	X(DTLS, "dtls")                                                                     \
	X(COOKIE, "cookie")                                                                 \
	X(UNTIL, "until")                                                                   \
	X(WHEN, "when")

enum damp_why {
	DAMP_WHY_MATCHES,
#define X(id, key) DAMP_WHY_##id,
	DAMP_WHYS(X)
#undef X
	DAMP_WHY_COUNT
};

struct damp_why_not {
	enum damp_why why;   /* DAMP_WHY_MATCHES: all agree */
	bool only_side;	     /* FROM, TO: the address would do on the other port */
	uint64_t options;    /* OPTION: the set the rule asks about */
	bool options_wanted; /* it wants one of them there; else none */
};

/* The key of `match`; "" for DAMP_WHY_MATCHES. */
const char *damp_why_key(enum damp_why why);

/* The value of p's path (which 0) or query (1) that rules are matched with, in
 * out (DAMP_TEXT_BYTES_MAX bytes); returns its length. */
uint32_t damp_why_text(const struct damp_pkt *p, unsigned which, char *out);

/* Ask rule number `rule` of v about p, whose kind, truths, frame and message
 * are set. Uses the scratch of worker 0. */
struct damp_why_not damp_why_not(const struct damp_view *v, const struct damp_pkt *p,
				 uint32_t rule);

#endif
