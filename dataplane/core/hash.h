/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashing. SipHash 2-4 for values an outsider sees (Echo, ping Message IDs,
 * the program checksum), 1-3 for what is short or rare; the keys of the tables,
 * which every packet needs, are hasher.h's.
 *
 * Invariant: no table that traffic can fill is indexed by anything but a keyed
 * hash with a secret, per-process key. CRC and Toeplitz are linear: one known
 * collision gives a family (anchors.md 2). Keys of different purposes are
 * derived, never shared (attacks.md AV-49 d).
 *
 * Reference: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#ifndef DAMP_CORE_HASH_H
#define DAMP_CORE_HASH_H

#include "types.h"

struct damp_key { uint64_t k0, k1; };

/* SipHash-2-4 of len bytes. Any thread. */
uint64_t damp_siphash24(const struct damp_key *key, const void *data, size_t len);

/* The same of up to 8 n - 1 bytes as n little-endian words, n at least 1: the
 * last has the length in its highest byte, and zeros below it. Any thread. */
uint64_t damp_siphash24_words(const struct damp_key *key, const uint64_t *w, unsigned n);

/* SipHash-1-3 of len bytes. Any thread. */
uint64_t damp_siphash13(const struct damp_key *key, const void *data, size_t len);

/* SipHash-1-3 of one, two or three 64-bit words, the same value as of their
 * little-endian bytes. Inlined rounds: these are the fast path's. */
uint64_t damp_hash1(const struct damp_key *key, uint64_t a);
uint64_t damp_hash2(const struct damp_key *key, uint64_t a, uint64_t b);
uint64_t damp_hash3(const struct damp_key *key, uint64_t a, uint64_t b, uint64_t c);

/* A sub-key for one purpose, from a master key. purpose: a short literal, at
 * most 16 bytes; epoch separates generations of the same purpose. */
struct damp_key damp_key_derive(const struct damp_key *master, const char *purpose, uint64_t epoch);

/* FNV-1a 64, unkeyed: only for tables the operator fills (program.h texts). */
#define DAMP_FNV1A_PRIME 0x100000001b3ull
uint64_t damp_fnv1a(const void *data, size_t len);

#define DAMP_GOLDEN 0x9e3779b97f4a7c15ull       /* 2^64 over the golden ratio, odd */

/*
 * Combine a keyed hash with a public number (a limit's index, a port): a
 * bijective finaliser, so distinct hashes stay distinct. Not for
 * attacker-chosen input on its own.
 */
static inline uint64_t damp_mix(uint64_t keyed, uint64_t pub)
{
	uint64_t x = keyed + (pub + 1) * DAMP_GOLDEN;

	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
	return x ^ (x >> 32);
}

#endif
