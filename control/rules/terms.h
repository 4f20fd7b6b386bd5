/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The common shape of match values: one item, a list of items, {not: ...},
 * $names, and `any`.
 *
 * Idea: whatever the type of the items, their lists are flattened here into a
 * plain term and negated ones, so that each reader only has to understand a
 * single item.
 *
 * Invariant: term 0 is the plain one (perhaps empty); the value agrees when an
 * item of term 0 agrees, or when no item of one of the others does.
 */
#ifndef DAMP_RULES_TERMS_H
#define DAMP_RULES_TERMS_H

#include "model.h"

/* Bound against defines that multiply (a: [$b, $b], b: [$c, $c] ...). */
#define DAMP_VISITS_MAX 262144u

struct damp_leaf {
	const struct damp_node *node; /* the item as it stands in the file */
	const struct damp_node *use;  /* the $name in the rule that led to it, else node */
	const struct damp_name *name; /* the prefix set or zone it names, else NULL */
};

struct damp_term {
	bool negated;
	struct damp_leaf *leaf;
	size_t n, cap;
};

struct damp_terms {
	bool any; /* everything agrees */
	struct damp_term *t;
	size_t n, cap, visits;
};

/* What may stand in a value. */
struct damp_terms_want {
	const char *key;	/* as messages name it */
	enum damp_set_kind set; /* kind of set that fits, DAMP_SET_KIND_MAX none */
	bool zones;		/* zones fit */
};

/* Flatten a value. False after a report. */
bool damp_terms_read(struct damp_ctx *c, const struct damp_node *n,
		     const struct damp_terms_want *want, struct damp_terms *out);

/* Report an item, with a notice at the use of the name that led there. */
void damp_leaf_error(struct damp_ctx *c, const struct damp_leaf *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The text of an item that has to be a scalar; NULL after a report. */
const char *damp_leaf_text(struct damp_ctx *c, const struct damp_leaf *l, const char *what);

/* match_addr.c: a list of prefixes without zones and negation (zones, sets). */
bool damp_addrs_read(struct damp_ctx *c, const struct damp_node *n, struct damp_addrs *out);

/* Readers of one match key each; they report and leave `out` unasked on errors. */
void damp_endpoint_read(struct damp_ctx *c, const struct damp_node *n, const char *key, bool source,
			struct damp_addr_cond *out);
void damp_ports_read(struct damp_ctx *c, const struct damp_node *n, const char *key,
		     struct damp_number_cond *out);
void damp_size_read(struct damp_ctx *c, const struct damp_node *n, struct damp_number_cond *out);
void damp_msg_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out);
void damp_type_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out);
void damp_code_read(struct damp_ctx *c, const struct damp_node *n, struct damp_bits_cond *out);
void damp_truth_read(struct damp_ctx *c, const struct damp_node *n, const char *key,
		     struct damp_bits_cond *out);
/* dtls, or (cookie) the cookie of a ClientHello; both on one `out` must agree. */
void damp_hello_read(struct damp_ctx *c, const struct damp_node *n, bool cookie,
		     struct damp_bits_cond *out);
void damp_text_read(struct damp_ctx *c, const struct damp_node *n, enum damp_text_id id,
		    struct damp_text_cond *out);
void damp_option_read(struct damp_ctx *c, const struct damp_node *n, struct damp_match *m);

/* match_number.c, match_text.c: check the items of a set that no rule may use. */
void damp_set_check(struct damp_ctx *c, const struct damp_set *set);

#endif
