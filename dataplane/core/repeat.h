/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Has this request been here before, two or three seconds ago?
 *
 * Idea: an honest confirmable client repeats its request after 2 to 3 s (RFC
 * 7252 section 4.2) with the same Message ID and token; a flood sends fresh
 * packets. A Bloom filter for each half second remembers what was refused in
 * it; those of one key lie in one cache line. A repetition is looked for where
 * its first copy must be. This is the greylist (grey.h) for when a flood has
 * spent all of the gateway's challenges: it holds many more requests, but knows
 * only the first repetition.
 *
 * Invariant: a repetition 2 to 3 s after its first copy is always recognised.
 * Errors are the other way: a fresh packet whose four bits were set by others
 * passes for a repetition, so what a repetition gets is budgeted too. How many
 * do follows from requests a second and bytes: with 1 MiB for each 100 000 a
 * second one in 130, with twice that one in 700 (docs/floods.md). Memory is
 * fixed; one worker's own, no lock.
 *
 * References: Bloom 1970; Putze, Sanders, Singler, "Cache-, hash- and
 * space-efficient Bloom filters" (one line a key); greylisting as in RFC 6647,
 * moved to CoAP's retransmissions.
 */
#ifndef DAMP_CORE_REPEAT_H
#define DAMP_CORE_REPEAT_H

#include "types.h"

struct damp_repeat;

/* Bytes for a memory of 2^bytes_log2 bytes, its head included. */
size_t damp_repeat_bytes(unsigned bytes_log2);
/* In 64-byte aligned memory. */
struct damp_repeat *damp_repeat_init(void *mem, unsigned bytes_log2);
void damp_repeat_prefetch(const struct damp_repeat *g, uint64_t key);
/* Was key (or others that have its bits) noted 1.5 to 3.5 s ago? Writes nothing. */
bool damp_repeat_again(const struct damp_repeat *g, uint64_t key, damp_tick now);
void damp_repeat_note(struct damp_repeat *g, uint64_t key, damp_tick now);

/* Where the generations lie that a question at one moment is about, for many
 * questions at that moment. */
#define DAMP_REPEAT_BACK 6u             /* generations, the oldest that is asked for */
struct damp_repeat_time {
	uint64_t present;
	uint64_t word[DAMP_REPEAT_BACK + 1];    /* of a line, by generations back */
};
struct damp_repeat_time damp_repeat_time(damp_tick now);
/* Note key unless damp_repeat_again() is true of it, and say whether it was noted. */
bool damp_repeat_note_new(struct damp_repeat *g, uint64_t key, const struct damp_repeat_time *t);

#endif
