/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash of table keys; see hasher.h for the idea and why it is enough.
 *
 * Invariant: the value depends on the key, the words and h->aes alone.
 */
#include "hasher.h"

#if defined(DAMP_HASHER_HAS_AES)
bool damp_hasher_can_aes(void)
{
	return __builtin_cpu_supports("aes");
}

DAMP_WITH_AES static uint64_t aes2(const struct damp_hasher *h, uint64_t a, uint64_t b)
{
	return damp_aes2(h, a, b);
}

DAMP_WITH_AES static uint64_t aes3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c)
{
	return damp_aes3(h, a, b, c);
}

DAMP_WITH_AES static void aes2_pair(const struct damp_hasher *h, const uint64_t first[2],
				    const uint64_t second[2], uint64_t out[2])
{
	damp_aes2_pair(h, first, second, out);
}
#else
bool damp_hasher_can_aes(void)
{
	return false;
}

/* There is one kind. */
#define aes2(h, a, b) damp_hash2(&(h)->sip, a, b)
#define aes3(h, a, b, c) damp_hash3(&(h)->sip, a, b, c)

static void aes2_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2],
		      uint64_t out[2])
{
	out[0] = damp_hash2(&h->sip, first[0], first[1]);
	out[1] = damp_hash2(&h->sip, second[0], second[1]);
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

uint64_t damp_hasher2(const struct damp_hasher *h, uint64_t a, uint64_t b)
{
	return damp_likely(h->aes) ? aes2(h, a, b) : damp_hash2(&h->sip, a, b);
}

uint64_t damp_hasher3(const struct damp_hasher *h, uint64_t a, uint64_t b, uint64_t c)
{
	return damp_likely(h->aes) ? aes3(h, a, b, c) : damp_hash3(&h->sip, a, b, c);
}

void damp_hasher2_pair(const struct damp_hasher *h, const uint64_t first[2], const uint64_t second[2],
		       uint64_t out[2])
{
	if (damp_likely(h->aes)) {
		aes2_pair(h, first, second, out);
		return;
	}
	out[0] = damp_hash2(&h->sip, first[0], first[1]);
	out[1] = damp_hash2(&h->sip, second[0], second[1]);
}

const struct damp_hashing damp_hashing_called = { damp_hasher2, damp_hasher3, damp_hasher2_pair };
