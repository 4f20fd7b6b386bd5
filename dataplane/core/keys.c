/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashes of endpoints, prefixes, exchanges and Message IDs.
 *
 * Invariant: both directions of a conversation give the same key, so that the
 * response finds what its request left; keys of different things never share
 * a hasher and domain.
 *
 * An address is hashed once, and once more for each prefix length the ledger
 * asks for. Ports and ledger domains, of which there are many for one address,
 * are mixed into that hash by a bijection (hash.h): whoever does not know the
 * hash learns nothing about where its ports and domains lie.
 *
 * Reference: RFC 7252 section 5.3.2 (matching by endpoint and token), 4.4
 * (Message IDs are per pair of endpoints).
 */
#include "judge_keys.h"
#include "pkt_facts.h"

#define WHOLE 128u

/* Length of a prefix as one of the 16-byte address. */
static unsigned bits_of(const struct damp_addr *a, unsigned plen)
{
	const unsigned bits = damp_addr_is_v4(a) ? 96 + plen : plen;

	return bits < WHOLE ? bits : WHOLE;
}

static uint64_t hash_bits(const struct damp_judge *j, const struct damp_addr *a, unsigned bits)
{
	uint64_t w[2];

	damp_prefix_words(a, bits, w);
	if (bits == WHOLE)
		return damp_hasher2(&j->h_addr, w[0], w[1]);
	return damp_hasher3(&j->h_addr, w[0], w[1], bits);
}

uint64_t damp_hash_prefix(const struct damp_judge *j, const struct damp_addr *a, unsigned plen)
{
	return hash_bits(j, a, bits_of(a, plen));
}

uint64_t damp_key_end(const struct damp_judge *j, const struct damp_addr *a, uint16_t port)
{
	return damp_key_port(hash_bits(j, a, WHOLE), port);
}

void damp_hash_rungs(const struct damp_ctx *c, struct damp_pkt *p)
{
	const struct damp_addr *peer = damp_peer_addr(p);
	const struct damp_rung_bits b = damp_rung_bits(c->g, p->frame.v6);

	p->peer_host = b.host == WHOLE ? p->peer_whole : hash_bits(c->j, peer, b.host);
	p->peer_net = b.net == WHOLE ? p->peer_whole : hash_bits(c->j, peer, b.net);
	p->rungs_hashed = 1;
}

/* The hash of a prefix of the peer, some of which the packet has, or may have. */
static uint64_t peer_hash(const struct damp_ctx *c, unsigned plen)
{
	const struct damp_pkt *p = c->p;
	const struct damp_rung_bits b = damp_rung_bits(c->g, p->frame.v6);
	const unsigned bits = p->frame.v6 ? plen : plen + 96;

	if (bits >= WHOLE)
		return p->peer_whole;
	if (damp_likely(p->rungs_hashed) && bits == b.host)
		return p->peer_host;
	if (damp_likely(p->rungs_hashed) && bits == b.net)
		return p->peer_net;
	return hash_bits(c->j, damp_peer_addr(p), bits);
}

static uint64_t known_hash(const struct damp_ctx *c, const struct damp_addr *a, unsigned plen)
{
	if (a == damp_peer_addr(c->p))
		return peer_hash(c, plen);
	if (plen == 0)
		return c->j->anybody;
	if (a == damp_device_addr(c->p) && plen + (c->p->frame.v6 ? 0 : 96) >= WHOLE)
		return c->p->device_whole;
	return damp_hash_prefix(c->j, a, plen);
}

uint64_t damp_key_prefix(const struct damp_ctx *c, const struct damp_addr *a, unsigned plen, uint64_t domain)
{
	return damp_ledger_key(known_hash(c, a, plen), domain);
}

uint64_t damp_key_group(const struct damp_judge *j, const struct damp_pkt *p)
{
	return damp_hasher3(&j->h_xchg, p->device_key, 0x40u | (uint64_t)p->coap.token_len << 8, damp_token_word(p));
}

uint64_t damp_key_seen(const struct damp_judge *j, const struct damp_pkt *p, enum damp_seen_kind kind, uint32_t value)
{
	const uint64_t ends = kind != DAMP_SEEN_FRAGMENT ? damp_key_ends(p->peer_key, p->device_key) :
			      damp_key_ends(damp_key_end(j, &p->frame.src, 0), damp_key_end(j, &p->frame.dst, 0));

	return damp_hasher2(&j->h_mid, ends, damp_seen_word(kind, value));
}
