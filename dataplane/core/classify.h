/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules match a packet: the bit-vector walk of program.h.
 *
 * Idea: gather one row per attribute, AND their heads, and then only the words
 * that are empty in none of them (Baboescu and Varghese 2001); hand out the set
 * bits in order. Texts come last and only when some rule is still alive
 * without them, because they are the dear part.
 *
 * Invariant: the result equals testing every rule one by one; adding a rule
 * that does not match costs nothing unless its word is alive in every head.
 */
#ifndef DAMP_CORE_CLASSIFY_H
#define DAMP_CORE_CLASSIFY_H

#include "judge.h"

/* Seven attributes of every packet, the hello of DTLS or both texts, type, code,
 * and option masks. */
#define DAMP_ROWS_GATHERED (11u + DAMP_OPTION_ROWS_MAX)

/* A longer path or query is matched as an empty text. */
#define DAMP_TEXT_BYTES_MAX 1400u

struct damp_matches {
	const struct damp_view *view;
	const uint64_t *row[DAMP_ROWS_GATHERED];        /* their heads; see view.h */
	uint32_t nrows;
	uint32_t word;              /* the word that is being handed out */
	uint64_t bits;              /* of it, not handed out yet */
	uint64_t alive;             /* words behind it in which no row is empty */
};

/* What a text look-up cost. */
struct damp_text_cost { uint64_t memo_hits, memo_misses, hs_scans; };

/* Gather the rows of a parsed packet whose classes and truths are set. worker:
 * whose memo and scratch to use. */
void damp_matches_begin(struct damp_matches *m, const struct damp_view *v, unsigned worker,
			const struct damp_pkt *p, struct damp_text_cost *cost);

/* Is there a next one? Hands out nothing. */
bool damp_matches_any(struct damp_matches *m);

/* The next matching rule's index, or -1. */
int32_t damp_matches_next(struct damp_matches *m);

/* Fill empty[] of a view whose patterns and workers are open. Control thread. */
void damp_view_match_empty(struct damp_view *v);

#endif
