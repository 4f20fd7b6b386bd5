/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash with 1-3 and 2-4 rounds, over bytes and over whole words; see
 * hash.h.
 *
 * Invariant: the word functions give the value of the byte function over the
 * same little-endian bytes, so that each can test the other.
 */
#include "hash.h"
#include "sip.h"

static inline uint64_t load_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline uint64_t sip_bytes(const struct damp_key *key, const uint8_t *p, size_t len, unsigned c,
				 unsigned d)
{
	struct sip s = sip_init(key);
	uint64_t last = (uint64_t)(len & 0xff) << 56;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(&s, load_le64(p), c);
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(&s, last, c);
	return sip_final(&s, d);
}

uint64_t damp_siphash24(const struct damp_key *key, const void *data, size_t len)
{
	return sip_bytes(key, data, len, 2, 4);
}

uint64_t damp_siphash24_words(const struct damp_key *key, const uint64_t *w, unsigned n)
{
	struct sip s = sip_init(key);

	for (unsigned i = 0; i < n; i++)
		sip_word(&s, w[i], 2);
	return sip_final(&s, 4);
}

uint64_t damp_siphash13(const struct damp_key *key, const void *data, size_t len)
{
	return sip_bytes(key, data, len, 1, 3);
}

uint64_t damp_hash1(const struct damp_key *key, uint64_t a)
{
	struct sip s = sip_init(key);

	sip_word(&s, a, 1);
	sip_word(&s, 8ull << 56, 1);
	return sip_final(&s, 3);
}

uint64_t damp_hash2(const struct damp_key *key, uint64_t a, uint64_t b)
{
	struct sip s = sip_init(key);

	sip_word(&s, a, 1);
	sip_word(&s, b, 1);
	sip_word(&s, 16ull << 56, 1);
	return sip_final(&s, 3);
}

uint64_t damp_hash3(const struct damp_key *key, uint64_t a, uint64_t b, uint64_t c)
{
	struct sip s = sip_init(key);

	sip_word(&s, a, 1);
	sip_word(&s, b, 1);
	sip_word(&s, c, 1);
	sip_word(&s, 24ull << 56, 1);
	return sip_final(&s, 3);
}

struct damp_key damp_key_derive(const struct damp_key *master, const char *purpose, uint64_t epoch)
{
	uint8_t label[16 + 8 + 1] = { 0 };
	const size_t n = strnlen(purpose, 16);
	struct damp_key k;

	memcpy(label, purpose, n);
	memcpy(label + 16, &epoch, sizeof(epoch));
	k.k0 = damp_siphash24(master, label, sizeof(label));
	label[24] = 1;
	k.k1 = damp_siphash24(master, label, sizeof(label));
	return k;
}

uint64_t damp_fnv1a(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * DAMP_FNV1A_PRIME;
	return h;
}
