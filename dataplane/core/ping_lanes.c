/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pings side by side; see ping_lanes.h.
 *
 * A lane is one packet's: first both addresses and both ports as they came, then the
 * words of its answer. Both sums are made at once, the IP header's in the lower half of a
 * lane and the datagram's in the upper one.
 */
#include "ping_lanes.h"

#include "sip_wide.h"

#if defined(__x86_64__)
#define HALF (DAMP_SIP_LANES / 2)

_Static_assert(offsetof(struct damp_frame, dport) == offsetof(struct damp_frame, sport) + 2, "one word of ports");

/* Bytes of each lane, lowest first; -1: 0. */
#define BYTES(a, b, c, d, e, f, g, h)                                                          \
	_mm256_setr_epi8(a, b, c, d, e, f, g, h, (a) + OF_2(a), (b) + OF_2(b), (c) + OF_2(c),  \
			 (d) + OF_2(d), (e) + OF_2(e), (f) + OF_2(f), (g) + OF_2(g), (h) + OF_2(h), \
			 a, b, c, d, e, f, g, h, (a) + OF_2(a), (b) + OF_2(b), (c) + OF_2(c),  \
			 (d) + OF_2(d), (e) + OF_2(e), (f) + OF_2(f), (g) + OF_2(g), (h) + OF_2(h))
/* The second lane of a register is eight bytes further. */
#define OF_2(byte) ((byte) < 0 ? 0 : 8)

WITH_AVX2 ALWAYS __m256i all(uint64_t v)
{
	return _mm256_set1_epi64x((long long)v);
}

ALWAYS uint32_t load_half(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

WITH_AVX2 ALWAYS __m256i four(const __m128i v[HALF])
{
	return _mm256_set_m128i(_mm_unpacklo_epi64(v[2], v[3]), _mm_unpacklo_epi64(v[0], v[1]));
}

/* Who sent it below, whom it was for above. */
WITH_AVX2 ALWAYS __m256i load_ends(const struct damp_frame *const f[HALF])
{
	__m128i v[HALF];

	for (unsigned i = 0; i < HALF; i++)
		v[i] = _mm_insert_epi32(_mm_cvtsi32_si128((int)load_half(f[i]->src.b + 12)),
					(int)load_half(f[i]->dst.b + 12), 1);
	return four(v);
}

WITH_AVX2 ALWAYS __m256i load_ports(const struct damp_frame *const f[HALF])
{
	__m128i v[HALF];

	for (unsigned i = 0; i < HALF; i++)
		v[i] = _mm_cvtsi32_si128((int)load_half(&f[i]->sport));
	return four(v);
}

/* The complements of both sums of 32 bits, folded to 16 with the carry put back. */
WITH_AVX2 ALWAYS __m256i fold(__m256i sums)
{
	const __m256i turned = _mm256_shuffle_epi8(sums, BYTES(2, 3, 0, 1, 6, 7, 4, 5));

	return _mm256_xor_si256(_mm256_srli_epi32(_mm256_add_epi32(sums, turned), 16), _mm256_set1_epi32(UINT16_MAX));
}

/* The checksum of the IP header in the lower half, of the datagram in the upper one, which
 * is never 0. ports, mid: at their places in the third and the fourth word. */
WITH_AVX2 ALWAYS __m256i check(__m256i ends, __m256i ports, __m256i mid)
{
	const __m256i low = _mm256_set1_epi32(UINT16_MAX), upper = all((uint64_t)UINT32_MAX << 32);
	const __m256i parts = _mm256_add_epi32(_mm256_and_si256(ends, low), _mm256_srli_epi32(ends, 16));
	const __m256i both = _mm256_add_epi32(parts, _mm256_shuffle_epi32(parts, _MM_SHUFFLE(2, 3, 0, 1)));
	__m256i sums = _mm256_add_epi32(both, all(EMPTY_V4_IP_SUM | (EMPTY_V4_UDP_SUM + EMPTY_V4_MESSAGE(DAMP_COAP_CON)) << 32));
	__m256i none;

	sums = _mm256_add_epi32(sums, _mm256_add_epi32(_mm256_srli_epi32(ports, 16), _mm256_and_si256(ports, low)));
	sums = fold(_mm256_add_epi32(sums, _mm256_srli_epi32(mid, 16)));
	none = _mm256_and_si256(_mm256_cmpeq_epi32(sums, _mm256_setzero_si256()), _mm256_and_si256(upper, low));
	return _mm256_or_si256(sums, none);
}

/* Four of them, from what is one register a word. */
WITH_AVX2 ALWAYS void store_four(struct damp_ping_v4 out[HALF], __m256i w0, __m256i w1, __m256i w2, __m256i w3)
{
	const __m256i even01 = _mm256_unpacklo_epi64(w0, w1), odd01 = _mm256_unpackhi_epi64(w0, w1);
	const __m256i even23 = _mm256_unpacklo_epi64(w2, w3), odd23 = _mm256_unpackhi_epi64(w2, w3);
	__m256i *to = (__m256i *)(void *)out;

	_mm256_store_si256(to, _mm256_permute2x128_si256(even01, even23, 0x20));
	_mm256_store_si256(to + 1, _mm256_permute2x128_si256(odd01, odd23, 0x20));
	_mm256_store_si256(to + 2, _mm256_permute2x128_si256(even01, even23, 0x31));
	_mm256_store_si256(to + 3, _mm256_permute2x128_si256(odd01, odd23, 0x31));
}

WITH_AVX2 ALWAYS void make_four(struct damp_ping_v4 out[HALF], __m256i ends, __m256i came, __m256i hash)
{
	/* The one's port where the other's was, and both as they are sent. */
	const __m256i ports = _mm256_shuffle_epi8(came, BYTES(-1, -1, -1, -1, 3, 2, 1, 0));
	const __m256i mid = _mm256_shuffle_epi8(hash, BYTES(-1, -1, -1, -1, -1, -1, 1, 0));
	const __m256i sums = check(ends, ports, mid);
	const __m256i w0 = all(EMPTY_V4_HEAD | EMPTY_V4_IP_LEN << 16 | EMPTY_V4_DF << 48);
	const __m256i w1 = _mm256_blend_epi32(_mm256_or_si256(_mm256_slli_epi32(sums, 16), all(EMPTY_V4_LIFE)), ends, 0xaa);
	const __m256i w2 = _mm256_blend_epi32(ends, ports, 0xaa);
	const __m256i w3 = _mm256_or_si256(_mm256_or_si256(_mm256_srli_epi64(sums, 16), mid),
					   all(EMPTY_V4_UDP_LEN | EMPTY_V4_MESSAGE(DAMP_COAP_CON) << 32));

	store_four(out, w0, w1, w2, w3);
}

WITH_AVX2 static void lanes(const struct damp_ping_moment *m, const struct damp_frame *const f[DAMP_SIP_LANES],
			    struct damp_ping_v4 out[DAMP_SIP_LANES])
{
	const __m256i in_order = BYTES(1, 0, 3, 2, -1, -1, -1, -1), rest = all(m->rest);
	__m256i ends[2], ports[2], hash[2];
	struct sip_wide s[2];

	for (unsigned i = 0; i < 2; i++) {
		ends[i] = load_ends(f + HALF * i);
		ports[i] = load_ports(f + HALF * i);
	}
	sip_wide_init(s, &m->key);
	sip_wide_word(s, ends[0], ends[1]);
	sip_wide_word(s, _mm256_or_si256(_mm256_shuffle_epi8(ports[0], in_order), rest),
		      _mm256_or_si256(_mm256_shuffle_epi8(ports[1], in_order), rest));
	sip_wide_final(s, hash);
	for (unsigned i = 0; i < 2; i++)
		make_four(out + HALF * i, ends[i], ports[i], hash[i]);
}

void damp_ping_lanes(const struct damp_ping_moment *m, const struct damp_frame *const f[DAMP_SIP_LANES],
		     struct damp_ping_v4 out[DAMP_SIP_LANES])
{
	lanes(m, f, out);
}
#else
void damp_ping_lanes(const struct damp_ping_moment *m, const struct damp_frame *const f[DAMP_SIP_LANES],
		     struct damp_ping_v4 out[DAMP_SIP_LANES])
{
	(void)m, (void)f, (void)out;
}
#endif
