/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 of several messages side by side; see sip_lanes.h.
 *
 * Rotations by 16 and 32 bits are moves of bytes; the others are two shifts.
 */
#include "sip_lanes.h"

#include "compiled.h"

#define WORDS_MAX 8u

static void lanes_in_turn(const struct damp_key *key, const uint64_t (*w)[DAMP_SIP_LANES], unsigned n,
			  uint64_t out[DAMP_SIP_LANES])
{
	for (unsigned i = 0; i < DAMP_SIP_LANES; i++) {
		uint64_t words[WORDS_MAX];

		for (unsigned k = 0; k < n && k < WORDS_MAX; k++)
			words[k] = w[k][i];
		out[i] = damp_siphash24_words(key, words, n);
	}
}

#if defined(__x86_64__)
#include <immintrin.h>

#define HALF 4u
_Static_assert(DAMP_SIP_LANES == 2 * HALF, "two vectors of four words");

struct wide { __m256i v0, v1, v2, v3; };

WITH_AVX2 ALWAYS __m256i rotl(__m256i x, int bits)
{
	return _mm256_or_si256(_mm256_slli_epi64(x, bits), _mm256_srli_epi64(x, 64 - bits));
}

WITH_AVX2 ALWAYS __m256i rotl32(__m256i x)
{
	return _mm256_shuffle_epi32(x, _MM_SHUFFLE(2, 3, 0, 1));
}

WITH_AVX2 ALWAYS __m256i rotl16(__m256i x)
{
	return _mm256_shuffle_epi8(x, _mm256_set_epi8(13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0, 7, 6,
						      13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0, 7, 6));
}

WITH_AVX2 ALWAYS void wide_round(struct wide *s)
{
	s->v0 = _mm256_add_epi64(s->v0, s->v1);
	s->v1 = _mm256_xor_si256(rotl(s->v1, 13), s->v0);
	s->v0 = rotl32(s->v0);
	s->v2 = _mm256_add_epi64(s->v2, s->v3);
	s->v3 = _mm256_xor_si256(rotl16(s->v3), s->v2);
	s->v0 = _mm256_add_epi64(s->v0, s->v3);
	s->v3 = _mm256_xor_si256(rotl(s->v3, 21), s->v0);
	s->v2 = _mm256_add_epi64(s->v2, s->v1);
	s->v1 = _mm256_xor_si256(rotl(s->v1, 17), s->v2);
	s->v2 = rotl32(s->v2);
}

WITH_AVX2 ALWAYS void wide_rounds(struct wide s[2], unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		wide_round(&s[0]);
		wide_round(&s[1]);
	}
}

WITH_AVX2 static void lanes_wide(const struct damp_key *key, const uint64_t (*w)[DAMP_SIP_LANES], unsigned n,
				 uint64_t out[DAMP_SIP_LANES])
{
	const __m256i k0 = _mm256_set1_epi64x((long long)key->k0), k1 = _mm256_set1_epi64x((long long)key->k1);
	struct wide s[2];

	s[0].v0 = _mm256_xor_si256(k0, _mm256_set1_epi64x(0x736f6d6570736575));
	s[0].v1 = _mm256_xor_si256(k1, _mm256_set1_epi64x(0x646f72616e646f6d));
	s[0].v2 = _mm256_xor_si256(k0, _mm256_set1_epi64x(0x6c7967656e657261));
	s[0].v3 = _mm256_xor_si256(k1, _mm256_set1_epi64x(0x7465646279746573));
	s[1] = s[0];
	for (unsigned k = 0; k < n; k++) {
		const __m256i *m = (const __m256i *)(const void *)w[k];
		const __m256i a = _mm256_loadu_si256(m), b = _mm256_loadu_si256(m + 1);

		s[0].v3 = _mm256_xor_si256(s[0].v3, a);
		s[1].v3 = _mm256_xor_si256(s[1].v3, b);
		wide_rounds(s, 2);
		s[0].v0 = _mm256_xor_si256(s[0].v0, a);
		s[1].v0 = _mm256_xor_si256(s[1].v0, b);
	}
	for (unsigned i = 0; i < 2; i++)
		s[i].v2 = _mm256_xor_si256(s[i].v2, _mm256_set1_epi64x(0xff));
	wide_rounds(s, 4);
	for (unsigned i = 0; i < 2; i++)
		_mm256_storeu_si256((__m256i *)(void *)(out + HALF * i),
				    _mm256_xor_si256(_mm256_xor_si256(s[i].v0, s[i].v1),
						     _mm256_xor_si256(s[i].v2, s[i].v3)));
}
#else
#define lanes_wide lanes_in_turn
#endif

void damp_sip_lanes(const struct damp_key *key, const uint64_t (*w)[DAMP_SIP_LANES], unsigned n, bool wide,
		    uint64_t out[DAMP_SIP_LANES])
{
	if (wide)
		lanes_wide(key, w, n, out);
	else
		lanes_in_turn(key, w, n, out);
}
