/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes from and toward each unproved outside address, to find the worst
 * amplification.
 *
 * Invariant: memory is bounded. Addresses beyond DAMP_PEERS_MAX are not
 * followed, and counted, so that a report can say so. Equal input gives the
 * same worst address: of equals the lowest.
 */
#ifndef DAMP_FORESIGHT_PEERS_H
#define DAMP_FORESIGHT_PEERS_H

#include "types.h"

#define DAMP_PEERS_MAX (1u << 19)

struct damp_peer_bytes {
	struct damp_addr addr;
	uint64_t in, out;
};

struct damp_peers {
	struct damp_peer_bytes
		*slot; /* hash table with open addressing; addr is never all zeros in use */
	size_t nslots, n;
	uint64_t not_followed; /* packets */
};

/* False when out of memory. */
bool damp_peers_add(struct damp_peers *t, const struct damp_addr *a, uint64_t in, uint64_t out);

/* The address with the largest out / in of those that sent anything; NULL when
 * nothing went to such a one. */
const struct damp_peer_bytes *damp_peers_worst(const struct damp_peers *t);

void damp_peers_free(struct damp_peers *t);

#endif
