/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry: what an answer will decide. A request that a limit counts only
 * when its answer says so leaves a note here under its exchange; a registration
 * at a resource directory leaves one under its Location, so that who refreshes
 * or deletes it there is known to mean it (RFC 9176 section 5.3). A message that
 * left in fragments leaves one under its two ends for its ACK or RST.
 *
 * Idea: notes of 24 bytes with a deadline, two a line beside the line's lock,
 * as in the other small tables (assoc.h).
 *
 * Invariant: memory is given at init and never grows. Of two live notes in a
 * line the one that ends soonest gives way to a third; a note that is lost
 * leaves one creation or refresh uncounted, or one ACK unmatched, never a byte
 * toward an unproved address.
 *
 * Threads: shared by all workers, since a registrant may change its port between
 * registration and refresh, and fragments have no ports to choose a worker by. Every call takes the byte lock of one line; a lock
 * that is not to be had is a note that is not there.
 */
#ifndef DAMP_CORE_REGISTRY_H
#define DAMP_CORE_REGISTRY_H

#include "types.h"

enum damp_reg_what {
	DAMP_REG_NONE,
	DAMP_REG_CREATES,          /* owner: key of the ledger; amount: what one costs */
	DAMP_REG_REGISTERS,        /* owner: of leases; amount: lifetime in seconds */
	DAMP_REG_REGISTERS_AGAIN,  /* likewise, of what is registered already */
	DAMP_REG_REFRESHES,
	DAMP_REG_DELETES,
	DAMP_REG_LOCATION,         /* kept under the Location of a registration */
	DAMP_REG_SPLIT             /* owner: Message IDs that left in fragments (decide_fragment.c) */
};

struct damp_reg {
	uint64_t owner;
	uint32_t amount;
	uint16_t item;              /* of the lease: the upper 16 bits of its hash */
	uint16_t cap : 12;          /* of the lease */
	uint16_t what : 4;          /* enum damp_reg_what */
};
_Static_assert(sizeof(struct damp_reg) == 16, "two notes with their keys in a line");

#define DAMP_REG_CAP_MAX 4095u     /* what 12 bits hold */

struct damp_registry;

/* lines_log2: 0..26; beyond, bytes is 0 and init NULL. Memory 64-byte aligned. */
size_t damp_registry_bytes(unsigned lines_log2);
struct damp_registry *damp_registry_init(void *mem, unsigned lines_log2);

/* The note under key; what is DAMP_REG_NONE when there is none. */
struct damp_reg damp_registry_find(struct damp_registry *t, uint64_t key, damp_tick now);
/* The same, and the note is gone. */
struct damp_reg damp_registry_take(struct damp_registry *t, uint64_t key, damp_tick now);
void damp_registry_put(struct damp_registry *t, uint64_t key, const struct damp_reg *n, damp_tick now, damp_tick due);

uint64_t damp_registry_evictions(const struct damp_registry *t);
uint64_t damp_registry_live(const struct damp_registry *t, damp_tick now);

#endif
