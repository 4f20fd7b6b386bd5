/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules match a packet: the bit-vector walk of program.h.
 *
 * Idea: gather one row per attribute that some rule asks for, AND their heads
 * (rows.h), and look only at words that are empty in none of them. Texts come
 * last and only when some rule that asks for them is still alive, because they are
 * the dear part.
 *
 * Invariant: the result equals testing every rule one by one, in the rules' order;
 * adding a rule that does not match costs nothing unless its word is alive in
 * every head.
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
	uint32_t nrows, ntexts;
	uint64_t alive;             /* rules in all rows so far; where rows have several words, words in which none is empty */
	uint64_t fresh;             /* of those words, not looked at yet; of the others bits[] */
	uint32_t row[DAMP_ROWS_GATHERED];
	const uint64_t *text[2];    /* words of the rows of texts */
	uint64_t bits[DAMP_ROW_WORDS_MAX]; /* rules of a word, not handed out yet */
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

/* Fill empty[], empty_is_none[] and only_by_text of a view whose patterns and workers
 * are open. Control thread. */
void damp_view_match_empty(struct damp_view *v);

/* The options of a message, as p->coap.options has them, and from bit DAMP_OPTBIT_MAX on
 * which of v's option_values it has. Of requests, responses and empty messages. */
uint64_t damp_options_and_values(const struct damp_view *v, const struct damp_pkt *p);

#endif
