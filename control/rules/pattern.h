/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Patterns of paths and queries.
 *
 * Idea: what a user writes is brought into the canonical text of program.h, in
 * which a byte can stand for one thing only; then most patterns are literals
 * or prefixes, and only a `*` inside or a regular expression needs a scan.
 *
 * Invariant: an expression is anchored at both ends, and its size, fully
 * unrolled, is bounded before Hyperscan sees it.
 *
 * References: program.h (struct damp_text_literal); RFC 7252 section 6.5;
 * RFC 3986 section 2.1.
 */
#ifndef DAMP_RULES_PATTERN_H
#define DAMP_RULES_PATTERN_H

#include "model.h"

/* Positions one expression, and all of a text together, may unroll to. */
#define DAMP_REGEX_COST_MAX 2048u
#define DAMP_REGEX_COST_SUM 65536u

/* Flags all expressions are compiled with. */
#define DAMP_HS_FLAGS (HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | HS_FLAG_DOTALL)

/* Read a glob. On failure says why (DAMP_WHY_MAX bytes). */
bool damp_pattern_parse(struct damp_pool *p, enum damp_text_id id, const char *text,
			struct damp_pattern *out, char *why);

/* Read a regular expression of the user's. */
bool damp_regex_parse(struct damp_pool *p, const char *text, struct damp_pattern *out, char *why);

/* Positions the expression unrolls to; saturates at UINT32_MAX. */
uint32_t damp_regex_cost(const char *text);

#endif
