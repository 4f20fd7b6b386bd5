/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rows of an opened program, and which bit of them stands for which rule.
 *
 * Idea: of a thousand rules a packet agrees with a handful. Each row has a head, a
 * word with bit w set when its word w is not 0, and words that are empty in one row
 * need not be looked at in any (aggregated bit vectors; Baboescu and Varghese 2001).
 * That helps only if the rules that one row rules out stand together, and an operator
 * writes them as he likes. So rules change places here, as that paper proposes: those
 * that ask for a path come first, then those that ask for a query, a source and so
 * on, each group at a word of its own. The path that no rule is about then empties
 * all words of its group at once, and the AND of a few heads leaves nothing: a
 * thousand rules cost what ten do.
 *
 * Invariant: rows mean what the program's mean; only the places of the bits differ,
 * and within a word they are in the order of the rules. Bits that stand for no rule
 * are set in no row. A program of one word is used as it is: each row is its head.
 *
 * Threads: made by the control thread, immutable then.
 *
 * Reference: Baboescu and Varghese, "Scalable packet classification", SIGCOMM 2001.
 */
#ifndef DAMP_CORE_ROWS_H
#define DAMP_CORE_ROWS_H

#include "types.h"
#include <damper/program.h>

struct damp_view;

#define DAMP_ROW_WORDS_MAX (DAMP_RULES_MAX / 64)
#define DAMP_NO_RULE UINT16_MAX

/* What rules ask for, what rules most packets out first: the order of the groups. */
enum damp_dimension {
	DAMP_DIM_PATH,
	DAMP_DIM_QUERY,
	DAMP_DIM_SRC,
	DAMP_DIM_DST,
	DAMP_DIM_DST_PORT,
	DAMP_DIM_SRC_PORT,
	DAMP_DIM_OPTIONS,
	DAMP_DIM_SIZE,
	DAMP_DIM_CODE,
	DAMP_DIM_TYPE,
	DAMP_DIM_HELLO,
	DAMP_DIM_TRUTH,
	DAMP_DIM_KIND,
	DAMP_DIMS
};

struct damp_rows {
	const uint64_t *heads;      /* [nrows] */
	const uint64_t *words;      /* [nrows][nwords] */
	uint32_t nwords;
	uint32_t all;               /* the row that holds every rule; UINT32_MAX: there is none */
	uint64_t whole;             /* a bit for each word */
	uint32_t asked;             /* bit d: a rule asks for dimension d, the texts aside */
	uint64_t asks_text[2];      /* words (rules, when there is one word) that path, query have a say in */
	uint16_t *rule_at;          /* [nwords * 64] rule of a bit, or DAMP_NO_RULE */
	uint16_t *bit_of;           /* [nrules] */
	void *owned[2];
};

/* The rows of v, whose other pointers into its program are set. False: out of memory. */
bool damp_rows_open(struct damp_rows *r, const struct damp_view *v);
void damp_rows_close(struct damp_rows *r);

static inline const uint64_t *damp_row(const struct damp_rows *r, uint32_t row)
{
	return r->words + (size_t)row * r->nwords;
}

/* Has a rule its bit in a row (or in any other words laid out as rows are)? */
static inline bool damp_row_has(const struct damp_rows *r, const uint64_t *words, uint32_t rule)
{
	return words[r->bit_of[rule] / 64] >> (r->bit_of[rule] % 64) & 1;
}

/* The row of a text is made while a program runs: its head and then its words, or,
 * where there is one word, that. */
static inline uint32_t damp_text_row_skip(const struct damp_rows *r)
{
	return r->nwords > 1;
}

static inline uint32_t damp_text_row_size(const struct damp_rows *r)
{
	return damp_text_row_skip(r) + r->nwords;
}

/* The head of nwords words (at most 64). */
static inline uint64_t damp_row_head(const uint64_t *words, uint32_t nwords)
{
	uint64_t head = 0;

	for (uint32_t w = 0; w < nwords; w++)
		head |= (uint64_t)(words[w] != 0) << w;
	return head;
}

#endif
