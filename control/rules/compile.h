/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compiler: from the checked model to the block of program.h.
 *
 * Idea: every attribute asks the same question, "which rules agree with this
 * value?", once for each distinguishable value. The answers are rows; equal
 * rows are stored once.
 *
 * Invariant: row 0 is all zeros. Rows are only appended, so a row's number is
 * final.
 *
 * References: program.h; Lakshman and Stiliadis 1998 (bit vectors).
 */
#ifndef DAMP_RULES_COMPILE_H
#define DAMP_RULES_COMPILE_H

#include "model.h"
#include <damper/program.h>

/* Bytes that grow; one for each section. */
struct damp_bytes {
	char *data;
	size_t len, cap;
};

struct damp_build {
	const struct damp_ctx *c;
	struct damp_program_hdr hdr;
	struct damp_bytes sec[DAMP_SEC_MAX];
	uint32_t *row_slots; /* hash table over the rows: number + 1, 0 free */
	size_t nslots;
	uint64_t *scratch; /* one row */
};

/* Append to a section; returns the offset within it. */
size_t damp_build_put(struct damp_build *b, enum damp_section_id s, const void *data, size_t len);

/* The offset of a string, stored once for each call. */
uint32_t damp_build_string(struct damp_build *b, const char *text);

/* Rows (compile_rows.c). */
static inline void damp_row_set(uint64_t *row, size_t rule)
{
	row[rule >> 6] |= 1ull << (rule & 63);
}
/* Clear and return the scratch row. */
uint64_t *damp_row_start(struct damp_build *b);
/* The number of this row, an old one when there is an equal. */
uint32_t damp_row_add(struct damp_build *b, const uint64_t *row);
/* n rows in sequence, whatever there was before. */
uint32_t damp_rows_append(struct damp_build *b, const uint64_t *rows, size_t n);

/* Parts. */
void damp_build_rows(struct damp_build *b);  /* kind, type, code, truths, sizes, ports, options */
void damp_build_addrs(struct damp_build *b); /* ranges and classes */
void damp_build_texts(struct damp_build *b); /* paths and queries */

/* Compile. Returns the malloc'ed block and its length, or NULL after a report. */
struct damp_program_hdr *damp_build_program(const struct damp_ctx *c, const char *digest,
					    size_t *len);

#endif
