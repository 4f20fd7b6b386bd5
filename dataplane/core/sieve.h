/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths and queries that no pattern can match, told by the first values that differ.
 *
 * Idea: to know which patterns a path matches takes its text, hashes of it and a
 * scan, some 900 instructions; most paths, and all that an attacker draws by lot,
 * match none. What a pattern's text must begin with is known when a program is
 * opened: all of a literal, the values of a prefix, and of a regular expression what
 * stands before its first operator. These beginnings are a tree of values; it lies
 * here as a hash table whose entry says, for "these values so far", whether a
 * pattern goes on, ends, or leaves the rest open. A path is walked through it as it
 * lies in the message, value by value, and in the first or second step there is
 * nothing to go on to.
 *
 * Invariant: what is held back matches no pattern. What is let by may match none:
 * keys of the table may collide, long values are hashed by both ends only, and
 * patterns that begin with an operator let everything by.
 *
 * Threads: made by the control thread, immutable then.
 *
 * Reference: program.h, struct damp_text_head; filtering before matching as in
 * Hyperscan's own literal stage (Wang and others, NSDI 2019), but before any text is made.
 */
#ifndef DAMP_CORE_SIEVE_H
#define DAMP_CORE_SIEVE_H

#include "types.h"

struct damp_view;

struct damp_sieve {
	uint16_t *slot;             /* a tag, and what goes on here; NULL: everything is let by */
	uint64_t mask, seed;
	bool simple;                /* there is a table, and no parts */
	uint32_t parts;             /* bit n: patterns leave the rest of a value open behind n bytes */
};

/* The sieve of a text of v: 0 paths, 1 queries. False: out of memory. */
bool damp_sieve_open(struct damp_sieve *s, const struct damp_view *v, unsigned text);
void damp_sieve_close(struct damp_sieve *s);

/* May a pattern match the values of the options of one number between at and end of a
 * frame? The scan has found them to be whole. */
bool damp_sieve_lets_by(const struct damp_sieve *s, const uint8_t *frame, uint32_t at, uint32_t end);

#endif
