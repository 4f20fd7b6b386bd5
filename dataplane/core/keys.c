/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hashes of endpoints, prefixes, exchanges and Message IDs.
 *
 * Invariant: both directions of a conversation give the same key, so that the
 * response finds what its request left; keys of different things never share
 * a SipHash key and domain.
 *
 * Reference: RFC 7252 section 5.3.2 (matching by endpoint and token), 4.4
 * (Message IDs are per pair of endpoints).
 */
#include "judge_state.h"

static void load_addr(const struct damp_addr *a, uint64_t w[2])
{
	w[0] = damp_get64(a->b);
	w[1] = damp_get64(a->b + 8);
}

uint64_t damp_key_end(const struct damp_judge *j, const struct damp_addr *a, uint16_t port)
{
	uint64_t w[2];

	load_addr(a, w);
	return damp_hash3(&j->k_end, w[0], w[1], port);
}

uint64_t damp_key_prefix(const struct damp_judge *j, const struct damp_addr *a, unsigned plen, uint64_t domain)
{
	const unsigned bits = damp_addr_is_v4(a) ? 96 + plen : plen;
	uint64_t w[2];

	load_addr(a, w);
	if (bits < 64) {
		w[0] = bits ? w[0] & ~0ull << (64 - bits) : 0;
		w[1] = 0;
	} else if (bits < 128) {
		w[1] = bits > 64 ? w[1] & ~0ull << (128 - bits) : 0;
	}
	return damp_hash3(&j->k_prefix, w[0], w[1], domain << 8 | bits);
}

static uint64_t load_token(const struct damp_pkt *p)
{
	const uint8_t *t = p->data + p->frame.payload_off + p->coap.token_off;
	uint64_t v = 0;

	for (unsigned i = 0; i < p->coap.token_len && i < DAMP_COAP_TOKEN_MAX; i++)
		v = v << 8 | t[i];
	return v;
}

uint64_t damp_key_xchg(const struct damp_judge *j, const struct damp_pkt *p, uint64_t peer, uint64_t device)
{
	const bool request = p->kind == DAMP_KIND_REQUEST;
	const bool asked_inside = request == (p->side == DAMP_INSIDE);

	/* DTLS hides its tokens: one conversation per pair of endpoints. */
	if (p->kind == DAMP_KIND_DTLS)
		return damp_hash3(&j->k_xchg, peer, damp_mix(device, 0x20), 0);
	return damp_hash3(&j->k_xchg, peer, damp_mix(device, (uint64_t)p->coap.token_len << 1 | asked_inside),
			  load_token(p));
}

uint64_t damp_key_group(const struct damp_judge *j, const struct damp_pkt *p)
{
	return damp_hash3(&j->k_xchg, damp_key_end(j, damp_device_addr(p), damp_device_port(p)),
			  0x40u | (uint64_t)p->coap.token_len << 8, load_token(p));
}

uint64_t damp_key_grey(const struct damp_judge *j, const struct damp_pkt *p)
{
	return damp_hash2(&j->k_mid, p->xchg_key, p->coap.mid) | 1ull << 63;
}

uint64_t damp_key_seen(const struct damp_judge *j, const struct damp_pkt *p, enum damp_seen_kind kind, uint32_t value)
{
	if (kind == DAMP_SEEN_FRAGMENT)
		return damp_hash3(&j->k_mid, damp_key_end(j, &p->frame.src, 0), damp_key_end(j, &p->frame.dst, 0),
				  (uint64_t)kind << 32 | value);
	return damp_hash3(&j->k_mid, p->peer_key, p->device_key, (uint64_t)kind << 32 | value);
}
