/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules match a packet: the bit-vector walk of program.h.
 *
 * Idea: gather one row per attribute, AND them word by word, hand out the set
 * bits in order. Texts come last and only when some rule is still alive
 * without them, because they are the dear part.
 *
 * Invariant: the result equals testing every rule one by one; adding a rule
 * that does not match costs at most its share of a word.
 */
#ifndef DAMP_CORE_CLASSIFY_H
#define DAMP_CORE_CLASSIFY_H

#include "judge.h"

/* Seven attributes of every packet, type, code, both texts, and option masks. */
#define DAMP_ROWS_GATHERED (11u + DAMP_OPTION_ROWS_MAX)

/* A longer path or query is matched as an empty text. */
#define DAMP_TEXT_BYTES_MAX 1400u

struct damp_matches {
	const struct damp_view *view;
	const uint64_t *row[DAMP_ROWS_GATHERED];
	uint32_t nrows;
	uint32_t word;              /* next word to AND */
	uint64_t bits;              /* of the word before it, not handed out yet; rules in force only */
};

/* What a text look-up cost. */
struct damp_text_cost { uint64_t memo_hits, memo_misses, hs_scans; };

/* Gather the rows of a parsed packet whose classes and truths are set. worker:
 * whose memo and scratch to use. */
void damp_matches_begin(struct damp_matches *m, const struct damp_view *v, unsigned worker,
			const struct damp_pkt *p, struct damp_text_cost *cost);

/* The next matching rule's index, or -1. */
int32_t damp_matches_next(struct damp_matches *m);

#endif
