/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of table keys; see hasher.h for the idea and why it is enough.
 *
 * Invariant: the value depends on the key, the words and h->aes alone.
 */
#include "hasher.h"

#if defined(__x86_64__)
#include <wmmintrin.h>

bool damp_hasher_can_aes(void)
{
	return __builtin_cpu_supports("aes");
}

__attribute__((target("aes"))) static uint64_t aes3(const struct damp_hasher *h, uint64_t a, uint64_t b,
						     uint64_t c)
{
	const __m128i *k = (const __m128i *)(const void *)h->key;
	__m128i x = _mm_xor_si128(_mm_set_epi64x((long long)b, (long long)a), k[0]);

	for (unsigned i = 1; i <= 4; i++)
		x = _mm_aesenc_si128(x, k[i]);
	x = _mm_xor_si128(x, _mm_cvtsi64_si128((long long)c));
	for (unsigned i = 5; i <= 8; i++)
		x = _mm_aesenc_si128(x, k[i]);
	return (uint64_t)_mm_cvtsi128_si64(x);
}
/* The two chains fill each other's waits. */
__attribute__((target("aes"))) static void aes3_pair(const struct damp_hasher *h, const uint64_t first[2],
						      const uint64_t second[2], uint64_t c, uint64_t out[2])
{
	const __m128i *k = (const __m128i *)(const void *)h->key;
	const __m128i third = _mm_cvtsi64_si128((long long)c);
	__m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)first), k[0]);
	__m128i y = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)second), k[0]);

	for (unsigned i = 1; i <= 4; i++) {
		x = _mm_aesenc_si128(x, k[i]);
		y = _mm_aesenc_si128(y, k[i]);
	}
	x = _mm_xor_si128(x, third);
	y = _mm_xor_si128(y, third);
	for (unsigned i = 5; i <= 8; i++) {
		x = _mm_aesenc_si128(x, k[i]);
		y = _mm_aesenc_si128(y, k[i]);
	}
	out[0] = (uint64_t)_mm_cvtsi128_si64(x);
	out[1] = (uint64_t)_mm_cvtsi128_si64(y);
}
#else
bool damp_hasher_can_aes(void)
{
	return false;
}

static void aes3_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2], uint64_t c,
		      uint64_t out[2])
{
	out[0] = damp_hash3(&h->sip, first[0], first[1], c);
	out[1] = damp_hash3(&h->sip, second[0], second[1], c);
}

static uint64_t aes3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c)
{
	return damp_hash3(&h->sip, a, b, c);
}
#endif

void damp_hasher_init(struct damp_hasher *h, const struct damp_key *master, const char *purpose)
{
	memset(h, 0, sizeof(*h));
	h->sip = damp_key_derive(master, purpose, 0);
	for (unsigned i = 0; i <= DAMP_HASHER_ROUNDS; i++) {
		const struct damp_key k = damp_key_derive(master, purpose, i + 1u);

		h->key[i][0] = k.k0;
		h->key[i][1] = k.k1;
	}
	h->aes = damp_hasher_can_aes();
}

uint64_t damp_hasher3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c)
{
	if (damp_likely(h->aes))
		return aes3(h, a, b, c);
	return damp_hash3(&h->sip, a, b, c);
}

void damp_hasher3_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2], uint64_t c,
		       uint64_t out[2])
{
	if (damp_likely(h->aes)) {
		aes3_pair(h, first, second, c, out);
		return;
	}
	out[0] = damp_hash3(&h->sip, first[0], first[1], c);
	out[1] = damp_hash3(&h->sip, second[0], second[1], c);
}
