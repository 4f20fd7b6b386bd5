/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A loaded rule file as a plain tree.
 *
 * Idea: libfyaml parses, and its document is copied at once into nodes of our
 * own. All its peculiarities (values without a token, tags, aliases, block
 * marks) are met in load.c and nowhere else.
 *
 * Invariant: every node has a place a caret can point at. A scalar is text; its
 * type comes from the key table, never from YAML.
 */
#ifndef DAMP_RULES_NODE_H
#define DAMP_RULES_NODE_H

#include "diag.h"

/* The profile's bounds (operators.md 3.2). */
#define DAMP_FILE_BYTES_MAX (4u << 20)
#define DAMP_FILE_DEPTH_MAX 16u

enum damp_node_kind { DAMP_NODE_SCALAR, DAMP_NODE_LIST, DAMP_NODE_MAP };

struct damp_pair;

struct damp_node {
	enum damp_node_kind kind;
	bool empty; /* nothing was written: `key:`, or null */
	bool block; /* a block of text, after `|` or `>` */
	bool refused; /* a key nobody knows, a value that is none: has been reported */
	struct damp_place at;
	const char *text; /* of a scalar: NUL-terminated, len bytes */
	size_t len;
	size_t n; /* of a list or mapping */
	struct damp_node **items;
	struct damp_pair *pairs;
};

struct damp_pair {
	struct damp_node *key, *value;
};

/* Check the raw text: size, UTF-8, no tabs, no directives. Reports and returns
 * false when it cannot be parsed at all. */
bool damp_node_check_text(struct damp_diags *d, const struct damp_source *src);

/* Parse src. Returns the root mapping, or NULL after reporting why not.
 * Refused constructs are reported and the rest is still returned, so that one
 * run shows all mistakes. */
struct damp_node *damp_node_load(struct damp_diags *d, const struct damp_source *src);

/* Is n a scalar that reads exactly s? */
bool damp_node_is(const struct damp_node *n, const char *s);

/* The value of key in a mapping, NULL when it has none. */
const struct damp_node *damp_node_get(const struct damp_node *map, const char *key);

#endif
