/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 of several messages side by side; see sip_lanes.h.
 */
#include "sip_wide.h"

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
WITH_AVX2 static void lanes_wide(const struct damp_key *key, const uint64_t (*w)[DAMP_SIP_LANES], unsigned n,
				 uint64_t out[DAMP_SIP_LANES])
{
	struct sip_wide s[2];
	__m256i h[2];

	sip_wide_init(s, key);
	for (unsigned k = 0; k < n; k++) {
		const __m256i *m = (const __m256i *)(const void *)w[k];
		const __m256i a = _mm256_loadu_si256(m), b = _mm256_loadu_si256(m + 1);

		sip_wide_word(s, a, b);
	}
	sip_wide_final(s, h);
	_mm256_storeu_si256((__m256i *)(void *)out, h[0]);
	_mm256_storeu_si256((__m256i *)(void *)(out + DAMP_SIP_LANES / 2), h[1]);
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
