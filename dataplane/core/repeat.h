/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often has this request been here before, as RFC 7252 section 4.2 repeats it?
 *
 * Idea: an honest confirmable client repeats its request T = 2 to 3 s after the
 * first copy and 2 T after the second, with the same Message ID and token; a flood
 * sends fresh packets. One cache line a key remembers what was refused: a Bloom
 * filter for each 5/8 s says who was here once, a few tags say who was here twice.
 * A repetition is looked for where the copy before it must be. This is the
 * greylist (grey.h) for when a flood has spent all of the gateway's challenges: it
 * holds many more requests, but knows only the first two repetitions.
 *
 * The tags make two crowds of one. Of a flood of millions a second some fresh
 * requests look like a repetition, and an attacker may repeat each of his; but
 * what looks like the second repetition was taken for the first one before.
 * Whoever pays for challenges prefers the higher count (challenge.c).
 *
 * Invariant: a filter that is half full takes nobody else until its time is over,
 * so a fresh packet passes for a repetition in one of 30 cases at most, whatever
 * comes: who is late in a crowd is forgotten, not everybody mistaken. With room
 * (60 000 requests a second for each MiB) a repetition 1.9 to 3.1 s after the
 * first copy is always recognised, and one 3.8 to 6.2 s after that if its line
 * had a tag free. What that leaves at which rate is in docs/floods.md. Memory is
 * fixed; one worker's own, no lock.
 *
 * References: Bloom 1970; Putze, Sanders, Singler, "Cache-, hash- and
 * space-efficient Bloom filters" (one line a key); greylisting as in RFC 6647,
 * moved to CoAP's retransmissions.
 */
#ifndef DAMP_CORE_REPEAT_H
#define DAMP_CORE_REPEAT_H

#include "types.h"

/* The most copies that are told apart. */
#define DAMP_REPEAT_MOST 2u

/* The head; behind it the lines. */
struct damp_repeat {
	uint32_t nlines;
	uint8_t pad[DAMP_CACHE_LINE - sizeof(uint32_t)];
};

/* The line of a key, whose uppermost bit says that there is one. */
static inline void *damp_repeat_line(const struct damp_repeat *g, uint64_t key)
{
	const uint64_t number = (uint64_t)(uint32_t)(key >> 31) * g->nlines >> 32;

	return (uint8_t *)(uintptr_t)(g + 1) + number * DAMP_CACHE_LINE;
}

/* Bytes for a memory of so many lines of 64 bytes, its head included. */
size_t damp_repeat_bytes(uint32_t lines);
/* In 64-byte aligned memory; at least one line. */
struct damp_repeat *damp_repeat_init(void *mem, uint32_t lines);
static inline void damp_repeat_prefetch(const struct damp_repeat *g, uint64_t key)
{
	damp_prefetch(damp_repeat_line(g, key));
}
/* How many copies of key (or of others that look like it) were here before it,
 * each in its time: 0 to DAMP_REPEAT_MOST. Writes nothing. */
unsigned damp_repeat_copies(const struct damp_repeat *g, uint64_t key, damp_tick now);
/* This copy was refused too; copies is what damp_repeat_copies() says of it. */
void damp_repeat_note(struct damp_repeat *g, uint64_t key, unsigned copies, damp_tick now);

/* Where the generations lie that a question at one moment is about, for many
 * questions at that moment. */
#define DAMP_REPEAT_BACK 5u             /* generations, the oldest that is asked for */
struct damp_repeat_time {
	uint16_t present;                   /* in a circle */
	uint8_t word[DAMP_REPEAT_BACK + 1]; /* of a line, by generations back */
};
struct damp_repeat_time damp_repeat_time(damp_tick now);
/* Note key unless damp_repeat_copies() has any of it, and say whether it had none. */
bool damp_repeat_note_new(struct damp_repeat *g, uint64_t key, const struct damp_repeat_time *t);

#endif
