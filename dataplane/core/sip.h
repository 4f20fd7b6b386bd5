/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rounds of SipHash and what stands around them, inline: for hash.c, and for who
 * hashes much that begins alike and keeps the state behind that beginning (permute.c).
 *
 * Invariant: sip_init(), sip_word() for each little-endian word, of which the last has
 * the length in its highest byte, and sip_final() make the hash of the bytes.
 *
 * Reference: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef DAMP_CORE_SIP_H
#define DAMP_CORE_SIP_H

#include "hash.h"

struct sip { uint64_t v0, v1, v2, v3; };

static inline uint64_t rotl(uint64_t x, unsigned b)
{
	return (x << b) | (x >> (64 - b));
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline struct sip sip_init(const struct damp_key *key)
{
	return (struct sip){
		.v0 = key->k0 ^ 0x736f6d6570736575ull,
		.v1 = key->k1 ^ 0x646f72616e646f6dull,
		.v2 = key->k0 ^ 0x6c7967656e657261ull,
		.v3 = key->k1 ^ 0x7465646279746573ull,
	};
}

static inline void sip_word(struct sip *s, uint64_t m, unsigned rounds)
{
	s->v3 ^= m;
	for (unsigned i = 0; i < rounds; i++)
		sip_round(s);
	s->v0 ^= m;
}

static inline uint64_t sip_final(struct sip *s, unsigned rounds)
{
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < rounds; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#endif
