/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading typed values out of nodes.
 *
 * Idea: one function for each type; each follows $names, checks the shape,
 * parses and reports at the right place, so that the walkers only say what
 * they want.
 *
 * Invariant: a function that returns false has reported why.
 */
#ifndef DAMP_RULES_READ_H
#define DAMP_RULES_READ_H

#include "model.h"

/* Of a block that was written as an action. */
#define DAMP_BLOCK_STANDS_MESSAGE                                                                         \
	"blocking is no action; it stands beside 'over': block: {after: 5 min, for: 10 min}"

/* `size: >5` is a block of text to YAML (operators.md 3.2). */
#define DAMP_BLOCK_MESSAGE "'|' and '>' begin a block of text, not %s"

/* Called for each supported key of a mapping that has a value. */
typedef void damp_key_fn(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p,
			 void *user);

/* Walk a mapping of section s: reports what is no mapping, unknown keys, keys
 * that are not supported yet and keys without a value. */
void damp_read_keys(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *n,
		    damp_key_fn *fn, void *user);

/* Report the unknown keys of a mapping of section s. One that is near a key it
 * has not is read as that from then on, so that one slip of the pen is one error. */
void damp_read_respell(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *map);

/* Follow $names through defines. A set or zone is an error here. NULL after a report. */
const struct damp_node *damp_read_deref(struct damp_ctx *c, const struct damp_node *n);

/* The text of a scalar, or NULL after a report that `what` was expected. */
const char *damp_read_scalar(struct damp_ctx *c, const struct damp_node *n, const char *what,
			     const struct damp_node **at);

bool damp_read_quantity(struct damp_ctx *c, const struct damp_node *n, unsigned want,
			struct damp_quantity *q);
bool damp_read_integer(struct damp_ctx *c, const struct damp_node *n, uint64_t low, uint64_t high,
		       uint64_t *out);
bool damp_read_truth(struct damp_ctx *c, const struct damp_node *n, bool *out);

/* Index of the word in a NULL-terminated list, -1 after a report. what: "mode". */
int damp_read_word(struct damp_ctx *c, const struct damp_node *n, const char *what,
		   const char *const *words);

/* A mode: DAMP_MODE_* or -1. */
int damp_read_mode(struct damp_ctx *c, const struct damp_node *n);

/* "a, b or c" of a NULL-terminated list, in the pool. */
const char *damp_read_words(struct damp_ctx *c, const char *const *words);

#endif
