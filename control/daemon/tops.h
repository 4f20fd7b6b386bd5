/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who and what the refused messages of an attack are, from the sampled records
 * of the workers (events.h): targets, networks they come from, paths.
 *
 * Idea: Space-Saving (Metwally, Agrawal and El Abbadi 2005): a few counters; a
 * newcomer takes the least one over together with its count, so whoever makes a
 * large part is among them, whatever the number of others.
 *
 * Invariant: memory is fixed. Counts are of samples, so they rank; the attack's
 * own totals come from the counters.
 */
#ifndef DAMP_TOPS_H
#define DAMP_TOPS_H

#include <damper/events.h>

#define DAMP_TOP_SLOTS 16u
#define DAMP_TOP_KEY 40u
#define DAMP_TOP_SEEN 512u      /* different source addresses that are told apart, a power of two */

struct damp_top_entry {
	uint64_t count;                 /* packets that its records stand for; 0: free */
	uint8_t key[DAMP_TOP_KEY];      /* an address, or a path; zeros behind it */
	uint8_t len;                    /* of the path, or of the prefix within its family */
};

struct damp_top {
	uint64_t sum;                   /* of all that was ever counted */
	struct damp_top_entry entry[DAMP_TOP_SLOTS];
};

struct damp_tops {
	uint64_t records;
	uint32_t sources;               /* different ones, at least: no more than DAMP_TOP_SEEN are told apart */
	struct damp_top target, network, path;
	uint64_t seen[DAMP_TOP_SEEN];
};

/* Count a record. */
void damp_tops_note(struct damp_tops *t, const struct damp_event *e);

/* The entries, largest first; returns how many. */
unsigned damp_top_sorted(const struct damp_top *t, const struct damp_top_entry *out[DAMP_TOP_SLOTS]);

#endif
