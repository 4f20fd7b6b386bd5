/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rounds of SipHash-2-4 over two vectors of four messages, inline: for sip_lanes.c,
 * and for who has the words of its messages in vectors already (ping_lanes.c).
 *
 * Rotations by 16 and 32 bits are moves of bytes; the others are two shifts. The two
 * vectors fill each other's waits.
 */
#ifndef DAMP_CORE_SIP_WIDE_H
#define DAMP_CORE_SIP_WIDE_H

#include "compiled.h"
#include "sip_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

_Static_assert(DAMP_SIP_LANES == 2 * 4, "two vectors of four words");

struct sip_wide { __m256i v0, v1, v2, v3; };

WITH_AVX2 ALWAYS __m256i rotl_wide(__m256i x, int bits)
{
	return _mm256_or_si256(_mm256_slli_epi64(x, bits), _mm256_srli_epi64(x, 64 - bits));
}

WITH_AVX2 ALWAYS __m256i rotl32_wide(__m256i x)
{
	return _mm256_shuffle_epi32(x, _MM_SHUFFLE(2, 3, 0, 1));
}

WITH_AVX2 ALWAYS __m256i rotl16_wide(__m256i x)
{
	return _mm256_shuffle_epi8(x, _mm256_set_epi8(13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0, 7, 6,
						      13, 12, 11, 10, 9, 8, 15, 14, 5, 4, 3, 2, 1, 0, 7, 6));
}

WITH_AVX2 ALWAYS void sip_wide_round(struct sip_wide *s)
{
	s->v0 = _mm256_add_epi64(s->v0, s->v1);
	s->v1 = _mm256_xor_si256(rotl_wide(s->v1, 13), s->v0);
	s->v0 = rotl32_wide(s->v0);
	s->v2 = _mm256_add_epi64(s->v2, s->v3);
	s->v3 = _mm256_xor_si256(rotl16_wide(s->v3), s->v2);
	s->v0 = _mm256_add_epi64(s->v0, s->v3);
	s->v3 = _mm256_xor_si256(rotl_wide(s->v3, 21), s->v0);
	s->v2 = _mm256_add_epi64(s->v2, s->v1);
	s->v1 = _mm256_xor_si256(rotl_wide(s->v1, 17), s->v2);
	s->v2 = rotl32_wide(s->v2);
}

WITH_AVX2 ALWAYS void sip_wide_rounds(struct sip_wide s[2], unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		sip_wide_round(&s[0]);
		sip_wide_round(&s[1]);
	}
}

WITH_AVX2 ALWAYS void sip_wide_init(struct sip_wide s[2], const struct damp_key *key)
{
	const __m256i k0 = _mm256_set1_epi64x((long long)key->k0), k1 = _mm256_set1_epi64x((long long)key->k1);

	s[0].v0 = _mm256_xor_si256(k0, _mm256_set1_epi64x(0x736f6d6570736575));
	s[0].v1 = _mm256_xor_si256(k1, _mm256_set1_epi64x(0x646f72616e646f6d));
	s[0].v2 = _mm256_xor_si256(k0, _mm256_set1_epi64x(0x6c7967656e657261));
	s[0].v3 = _mm256_xor_si256(k1, _mm256_set1_epi64x(0x7465646279746573));
	s[1] = s[0];
}

/* One word more of the first four messages, and of the others. */
WITH_AVX2 ALWAYS void sip_wide_word(struct sip_wide s[2], __m256i a, __m256i b)
{
	s[0].v3 = _mm256_xor_si256(s[0].v3, a);
	s[1].v3 = _mm256_xor_si256(s[1].v3, b);
	sip_wide_rounds(s, 2);
	s[0].v0 = _mm256_xor_si256(s[0].v0, a);
	s[1].v0 = _mm256_xor_si256(s[1].v0, b);
}

WITH_AVX2 ALWAYS void sip_wide_final(struct sip_wide s[2], __m256i out[2])
{
	for (unsigned i = 0; i < 2; i++)
		s[i].v2 = _mm256_xor_si256(s[i].v2, _mm256_set1_epi64x(0xff));
	sip_wide_rounds(s, 4);
	for (unsigned i = 0; i < 2; i++)
		out[i] = _mm256_xor_si256(_mm256_xor_si256(s[i].v0, s[i].v1), _mm256_xor_si256(s[i].v2, s[i].v3));
}
#endif

#endif
