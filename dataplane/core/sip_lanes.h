/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 of several short messages side by side.
 *
 * Idea: a round is adds, rotations and exclusive ors of four words, each of which waits
 * for the one before it. Vectors take a round of several messages in the instructions
 * of one, and two vectors fill each other's waits. So what a burst asks for together
 * (the Message IDs of its pings) costs a third.
 *
 * Invariant: every value is that of damp_siphash24_words() (test_hash.c), so that
 * gateways of different machines with one secret agree.
 */
#ifndef DAMP_CORE_SIP_LANES_H
#define DAMP_CORE_SIP_LANES_H

#include "hash.h"

#define DAMP_SIP_LANES 8u

/* The hashes of DAMP_SIP_LANES messages of n words each (hash.h), word k of message i
 * at w[k][i]. wide: with the vectors, where damp_has_avx2() says so. Any thread. */
void damp_sip_lanes(const struct damp_key *key, const uint64_t (*w)[DAMP_SIP_LANES], unsigned n, bool wide,
		    uint64_t out[DAMP_SIP_LANES]);

#endif
