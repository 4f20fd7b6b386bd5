/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases: how many things of one owner are under way at once, in fixed memory:
 * uploads of an address, observations of a server.
 *
 * Idea: no counter that somebody would have to count down, but a set of items
 * with deadlines. Who is still there renews its lease; who is not is forgotten.
 * A line of 64 bytes holds eight; an owner whose cap is larger has as many lines
 * as the cap needs, and all of them are looked at, which is cheap because only
 * beginnings ask.
 *
 * Invariant: memory is given at init and never grows. Counting errs both ways
 * by little: tags of 16 bits may count a stranger, and a line full of strangers
 * forgets the lease that ends soonest. What a loss means is one more upload or
 * observation, never a byte toward an unproved address.
 *
 * Threads: shared by all workers. Nothing is locked; a lease is taken, renewed and
 * dropped in one step each. Two workers may take the last place at once, or a way
 * that both found free: then one looks for another.
 *
 * References: attacks.md AV-13, AV-29; RFC 7959 section 2.5; RFC 7641 section 7.
 */
#ifndef DAMP_CORE_LEASE_H
#define DAMP_CORE_LEASE_H

#include "types.h"

#define DAMP_LEASE_CAP_MAX 1024u
#define DAMP_LEASE_WAYS 8u

struct damp_lease_table;

/* lines_log2: 0..26; beyond, bytes is 0 and init NULL. Memory 64-byte aligned. */
size_t damp_lease_bytes(unsigned lines_log2);
struct damp_lease_table *damp_lease_init(void *mem, unsigned lines_log2);
/* Use the wide registers where this machine has them, as it is after init, or not;
 * says whether they are used. Nothing depends on it. Before the workers run. */
bool damp_lease_set_wide(struct damp_lease_table *t, bool wide);

/* One of the owners of what takes a lease of each; with what a look found: the item's
 * own lease, and then nothing else matters, or how many others the owner holds. */
struct damp_lease_place {
	uint64_t owner;
	uint32_t cap;
	uint32_t others;
	uint64_t *slot;
	uint64_t was;
};

/* Start the load of all their lines. */
void damp_lease_prefetch(const struct damp_lease_table *t, const struct damp_lease_place *p, unsigned n);
/* Look at all of them: is there room in each? */
bool damp_lease_look(const struct damp_lease_table *t, struct damp_lease_place *p, unsigned n, uint64_t item,
		     damp_tick now);
/* After a look of the same moment: hold item in each that has room. */
void damp_lease_take_seen(struct damp_lease_table *t, const struct damp_lease_place *p, unsigned n,
			  uint64_t item, damp_tick now, damp_tick due);

/* Does the owner hold item already, or fewer than cap items? cap 0: no bound.
 * owner and item are keyed hashes; cap at most DAMP_LEASE_CAP_MAX, and of one
 * owner always the same. */
bool damp_lease_room(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now);
/* How many items the owner holds. */
uint32_t damp_lease_count(const struct damp_lease_table *t, uint64_t owner, uint32_t cap, damp_tick now);
/* Does the owner hold item? */
bool damp_lease_held(const struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap,
		     damp_tick now);
/* Hold item until due, anew or renewed. Does nothing when there is no room. */
void damp_lease_take(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap, damp_tick now,
		     damp_tick due);
void damp_lease_drop(struct damp_lease_table *t, uint64_t owner, uint64_t item, uint32_t cap);

uint64_t damp_lease_evictions(const struct damp_lease_table *t);
uint64_t damp_lease_live(const struct damp_lease_table *t, damp_tick now);

#endif
