/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message IDs of inside servers, permuted per outside peer (attacks.md 3.3
 * A13).
 *
 * Idea: servers number their messages one after another, so who has seen one
 * can acknowledge the next for somebody else (RFC 7641 section 7). The gateway
 * puts a keyed bijection of the Message ID on the wire, another one for each
 * peer. Then an ACK or RST that names one is proof that its sender receives,
 * or a guess among 65536. Nothing is stored.
 *
 * Invariant: for each key and peer, out is a bijection on 16 bits and in is its
 * inverse. So two messages that differ in ID differ still, and the receiver's
 * deduplication (RFC 7252 section 4.5) is none the worse.
 *
 * The secret is of this purpose alone (damp_key_derive). What 16 bits bear: an
 * observer of one peer's IDs learns that peer's table entry by entry and no
 * other's.
 */
#ifndef DAMP_CORE_PERMUTE_H
#define DAMP_CORE_PERMUTE_H

#include "hash.h"

/* The Message ID to put on the wire toward a peer, and the one the inside
 * server chose. peer_key: keyed hash of the peer's endpoint. Any thread. */
uint16_t damp_mid_out(const struct damp_key *k, uint64_t peer_key, uint16_t mid);
uint16_t damp_mid_in(const struct damp_key *k, uint64_t peer_key, uint16_t mid);

#endif
