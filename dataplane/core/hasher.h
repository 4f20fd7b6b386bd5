/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of table keys: two or three 64-bit words and a secret to one word.
 *
 * Idea: a packet needs three such hashes, and SipHash-1-3 costs 120 instructions
 * each. One round of AES is one instruction where the processor has it, and four
 * rounds with secret, independent round keys map two inputs that differ to a
 * given difference with a probability below 2^-112 (Keliher and Sui, "Exact
 * maximum expected differential and linear probability for two-round AES", 2007,
 * and the four-round bound that follows). So: 16 bytes and four rounds for two
 * words; for three the other 8 bytes and four rounds more, as ALRED does it
 * (Daemen and Rijmen, "A new MAC construction ALRED", FSE 2005); and 64 bits of
 * the result. Where there is no such instruction it is SipHash-1-3. Which of the
 * two is chosen once.
 *
 * Invariant: the value never leaves the process in any form: an outsider sees at
 * most that two inputs fell on one line, and cannot choose a key. What is seen
 * outside (Echo, Message IDs) is SipHash (hash.h). Keys of different things have
 * hashers of their own.
 */
#ifndef DAMP_CORE_HASHER_H
#define DAMP_CORE_HASHER_H

#include "hash.h"

#if defined(__x86_64__)
#include <wmmintrin.h>
#endif

#define DAMP_HASHER_ROUNDS 8u

struct damp_hasher {
	uint64_t key[DAMP_HASHER_ROUNDS + 1][2];    /* before the first round, and of each */
	struct damp_key sip;
	bool aes;
} __attribute__((aligned(16)));

/* A hasher for one purpose (a short literal, at most 16 bytes), of the kind this
 * machine is best at. Any thread. */
void damp_hasher_init(struct damp_hasher *h, const struct damp_key *master, const char *purpose);

/* The two kinds of hash, for who is compiled once for each (prepare.c). */
struct damp_hashing {
	uint64_t (*two)(const struct damp_hasher *h, uint64_t a, uint64_t b);
	uint64_t (*three)(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c);
	void (*pair)(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2],
		     uint64_t out[2]);
};
/* As calls, which look at the hasher for its kind. */
extern const struct damp_hashing damp_hashing_called;

/* Has this machine the instruction? */
bool damp_hasher_can_aes(void);

/* The hash of a and b; of a, b and c. Of one hasher the two have nothing to do with
 * each other. Any thread. */
uint64_t damp_hasher2(const struct damp_hasher *h, uint64_t a, uint64_t b);
uint64_t damp_hasher3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c);

/* Two hashes of two words at once. Any thread. */
void damp_hasher2_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2],
		       uint64_t out[2]);

#if defined(__x86_64__)
#define DAMP_HASHER_HAS_AES 1
/* The same where h->aes is true, for functions that are compiled for the instruction. */
#define DAMP_WITH_AES __attribute__((target("aes")))

#define DAMP_AES_INLINE DAMP_WITH_AES static inline __attribute__((always_inline))

/* Four rounds, of which the first key was added. */
DAMP_AES_INLINE __m128i damp_aes_rounds(__m128i x, const __m128i k[static 4])
{
	for (unsigned i = 0; i < 4; i++)
		x = _mm_aesenc_si128(x, k[i]);
	return x;
}

DAMP_AES_INLINE uint64_t damp_aes2(const struct damp_hasher *h, uint64_t a, uint64_t b)
{
	const __m128i *k = (const __m128i *)(const void *)h->key;
	const __m128i x = _mm_xor_si128(_mm_set_epi64x((long long)b, (long long)a), k[0]);

	return (uint64_t)_mm_cvtsi128_si64(damp_aes_rounds(x, k + 5));
}

DAMP_AES_INLINE uint64_t damp_aes3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c)
{
	const __m128i *k = (const __m128i *)(const void *)h->key;
	__m128i x = _mm_xor_si128(_mm_set_epi64x((long long)b, (long long)a), k[0]);

	x = _mm_xor_si128(damp_aes_rounds(x, k + 1), _mm_cvtsi64_si128((long long)c));
	return (uint64_t)_mm_cvtsi128_si64(damp_aes_rounds(x, k + 5));
}

/* The two chains fill each other's waits. */
DAMP_AES_INLINE void damp_aes2_pair(const struct damp_hasher *h, const uint64_t first[2],
				    const uint64_t second[2], uint64_t out[2])
{
	const __m128i *k = (const __m128i *)(const void *)h->key;
	__m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)first), k[0]);
	__m128i y = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)second), k[0]);

	for (unsigned i = 5; i <= 8; i++) {
		x = _mm_aesenc_si128(x, k[i]);
		y = _mm_aesenc_si128(y, k[i]);
	}
	out[0] = (uint64_t)_mm_cvtsi128_si64(x);
	out[1] = (uint64_t)_mm_cvtsi128_si64(y);
}
#endif

#endif
