/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of table keys: three 64-bit words and a secret to one word.
 *
 * Idea: a packet needs four such hashes, and SipHash-1-3 costs 120 instructions
 * each. One round of AES is one instruction where the processor has it, and four
 * rounds with secret, independent round keys map two inputs that differ to a
 * given difference with a probability below 2^-112 (Keliher and Sui, "Exact
 * maximum expected differential and linear probability for two-round AES", 2007,
 * and the four-round bound that follows). So: 16 bytes, four rounds, the other 8
 * bytes, four rounds, as ALRED does it (Daemen and Rijmen, "A new MAC
 * construction ALRED", FSE 2005), and 64 bits of the result. Where there is no
 * such instruction it is SipHash-1-3. Which of the two is chosen once.
 *
 * Invariant: the value never leaves the process in any form: an outsider sees at
 * most that two inputs fell on one line, and cannot choose a key. What is seen
 * outside (Echo, Message IDs) is SipHash (hash.h). Keys of different things have
 * hashers of their own.
 */
#ifndef DAMP_CORE_HASHER_H
#define DAMP_CORE_HASHER_H

#include "hash.h"

#define DAMP_HASHER_ROUNDS 8u

struct damp_hasher {
	uint64_t key[DAMP_HASHER_ROUNDS + 1][2];    /* before the first round, and of each */
	struct damp_key sip;
	bool aes;
} __attribute__((aligned(16)));

/* A hasher for one purpose (a short literal, at most 16 bytes), of the kind this
 * machine is best at. Any thread. */
void damp_hasher_init(struct damp_hasher *h, const struct damp_key *master, const char *purpose);

/* Has this machine the instruction? */
bool damp_hasher_can_aes(void);

/* The hash of a, b and c. Any thread. */
uint64_t damp_hasher3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c);

/* Two at once: of first and c, and of second and c. Any thread. */
void damp_hasher3_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2], uint64_t c,
		       uint64_t out[2]);

#endif
