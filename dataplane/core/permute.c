/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The permutation of Message IDs; see permute.h.
 *
 * A balanced Feistel network on two bytes. Its round function is SipHash-1-3
 * of the peer, one byte and the round; each round is its own inverse when the
 * halves are swapped, so any function of a byte makes a bijection.
 *
 * The ten bytes are two words, of which the first is the peer: the state behind it
 * is made once for all rounds, and is secret like the key. That is no other function,
 * only SipHash worked out in another order: 25 of its rounds in place of 36.
 *
 * Why six rounds and not the four of Luby and Rackoff (1988): their bound holds
 * for far fewer than 2^4 queries when a half has 8 bits, and four rounds can be
 * told from chance with some 2^8 pairs, six only with the whole code book
 * (Patarin, CRYPTO 2004).
 */
#include "permute.h"

#include "sip.h"

#define ROUNDS 6u
#define BYTES 10u

static inline struct sip begin(const struct damp_key *k, uint64_t peer_key)
{
	struct sip s = sip_init(k);

	sip_word(&s, peer_key, 1);
	return s;
}

static inline uint8_t round_of(struct sip peer, unsigned int round, uint8_t half)
{
	sip_word(&peer, (uint64_t)BYTES << 56 | round << 8 | half, 1);
	return (uint8_t)sip_final(&peer, 3);
}

uint16_t damp_mid_out(const struct damp_key *k, uint64_t peer_key, uint16_t mid)
{
	const struct sip peer = begin(k, peer_key);
	uint8_t left = (uint8_t)(mid >> 8), right = (uint8_t)mid;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		const uint8_t next = left ^ round_of(peer, i, right);

		left = right;
		right = next;
	}
	return (uint16_t)(left << 8 | right);
}

uint16_t damp_mid_in(const struct damp_key *k, uint64_t peer_key, uint16_t mid)
{
	const struct sip peer = begin(k, peer_key);
	uint8_t left = (uint8_t)(mid >> 8), right = (uint8_t)mid;

	for (unsigned int i = ROUNDS; i-- > 0;) {
		const uint8_t prev = right ^ round_of(peer, i, left);

		right = left;
		left = prev;
	}
	return (uint16_t)(left << 8 | right);
}
