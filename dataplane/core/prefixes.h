/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of prefixes that change while the gateway runs: the blocked, and the
 * members of sets of `source: runtime`. Each member ends by itself.
 *
 * Idea: one hash table of fixed size for all lists, keyed by (list, length,
 * prefix), two lines of four slots for each key. Which lengths a list has is
 * known, so a look-up asks once for each; an empty list costs one load. Beside
 * the slots the main thread keeps what it needs to show them.
 *
 * Invariant: only the main thread writes, and only what an operator or a rule
 * put here: no packet makes an entry by itself, none makes one go. A worker
 * that reads a slot being reused may take one packet's decision by the old one.
 *
 * Threads: add, del, sweep and each on the main thread; has on any.
 */
#ifndef DAMP_CORE_PREFIXES_H
#define DAMP_CORE_PREFIXES_H

#include "hash.h"

#define DAMP_LISTS_MAX 32u
#define DAMP_LIST_LENGTHS_MAX 16u       /* different lengths in one list and family */
#define DAMP_LIST_FROM 0u               /* blocked: what comes from them */
#define DAMP_LIST_TO 1u                 /* blocked: what goes to them */
#define DAMP_LIST_SETS 2u               /* sets from here on */

struct damp_prefixes;

/* A member, as the main thread knows it. */
struct damp_prefix {
	struct damp_addr addr;          /* bits beyond the length are 0 */
	damp_tick due;
	uint32_t tag;                   /* of whoever put it there */
	uint8_t plen;                   /* within its family */
	uint8_t list;
};

enum damp_prefix_put { DAMP_PREFIX_ADDED, DAMP_PREFIX_CHANGED, DAMP_PREFIX_NO_ROOM, DAMP_PREFIX_LENGTHS };

/* 2^lines_log2 lines of four slots; lines_log2 0..22. mem is zeroed and 64-byte
 * aligned. */
size_t damp_prefixes_bytes(unsigned lines_log2);
struct damp_prefixes *damp_prefixes_init(void *mem, unsigned lines_log2, const struct damp_key *key);
uint64_t damp_prefixes_capacity(const struct damp_prefixes *t);

/* Members of a list, the ended but not yet swept included. Any thread. */
uint32_t damp_prefixes_count(const struct damp_prefixes *t, unsigned list);

/* Put addr/plen into a list until due; one that is there gets the new end and
 * tag. plen within its family, bounds checked by the caller. */
enum damp_prefix_put damp_prefixes_add(struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
				       unsigned plen, damp_tick due, uint32_t tag, damp_tick now);
bool damp_prefixes_del(struct damp_prefixes *t, unsigned list, const struct damp_addr *addr, unsigned plen);

/* Is this very prefix in the list, ended but not yet swept included? Main thread. */
bool damp_prefixes_holds(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
			 unsigned plen);

/* Take all members of a list away. */
void damp_prefixes_clear(struct damp_prefixes *t, unsigned list);

/* Free what has ended; fn may be NULL. Returns how many. */
unsigned damp_prefixes_sweep(struct damp_prefixes *t, damp_tick now,
			     void (*fn)(void *arg, const struct damp_prefix *p), void *arg);
/* All live members, in no order. fn must change nothing here. */
void damp_prefixes_each(const struct damp_prefixes *t, damp_tick now,
			void (*fn)(void *arg, const struct damp_prefix *p), void *arg);

/* Does a live member of the list hold addr? tag: of the longest such. */
bool damp_prefixes_has(const struct damp_prefixes *t, unsigned list, const struct damp_addr *addr,
		       damp_tick now, uint32_t *tag);

/* addr with the bits behind plen (within its family) cleared. */
struct damp_addr damp_addr_prefix(const struct damp_addr *addr, unsigned plen);

#endif
