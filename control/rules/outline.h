/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The outline of a rule set: everything it says, as plain values that can be
 * compared with those of another rule set.
 *
 * Idea: a checked file is walked once more with the key table. Each rule,
 * limit, set, zone and so on becomes a thing with a name, each of its keys a
 * value: includes are in place, defines resolved, defaults filled in, and what
 * means the same (20 msg/s, 1200 msg/min) reads the same in `canon`. A new key
 * of the language needs nothing here: the table says of what kind it is.
 *
 * Invariant: made of files without errors only. The items of a value are
 * sorted by canon, each is there once, and their order in the file means
 * nothing (lists of the language are sets).
 */
#ifndef DAMP_RULES_OUTLINE_H
#define DAMP_RULES_OUTLINE_H

#include "model.h"
#include "pool.h"

struct damp_outline_item {
	const char *canon; /* equal when the meaning is */
	const char *text;  /* as it was written */
};

struct damp_outline_value {
	const char *key;  /* "rate", "match.path", "unproved.rate" */
	const char *text; /* all of it, shortened when there are many items */
	struct damp_outline_item *item;
	size_t n, cap;
	const char *unit; /* of number; NULL: it is not one quantity */
	double number;
	bool written; /* false: the default */
	const char *file;
	int line; /* 0: not in the file */
};

struct damp_outline_thing {
	const char *kind; /* key of the file's top level: "rules", "guard" */
	const char *name; /* "" when there is one only */
	const char *file;
	int line;
	size_t order; /* among those of its kind */
	struct damp_outline_value *value;
	size_t n, cap;
};

struct damp_outline {
	struct damp_pool pool; /* owns all of it */
	struct damp_outline_thing *thing; /* kinds together, each in the file's order */
	size_t n, cap;
};

/* Of a model that was read without errors. The result lives in c's pool. */
struct damp_outline *damp_outline_make(struct damp_ctx *c);

void damp_outline_free(struct damp_outline *o);

/* outline_value.c: the items of a node, whose key is of kind. */
struct damp_outline_value damp_outline_value_of(struct damp_ctx *c, enum damp_key_kind kind,
						const struct damp_node *n);

/* n, or the value of the define that it names. */
const struct damp_node *damp_outline_resolve(struct damp_ctx *c, const struct damp_node *n);

#endif
