/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses and prefixes as intervals of numbers, and sets of them.
 *
 * Invariant: an interval list that was normalised is sorted, disjoint and
 * without neighbours that touch.
 */
#ifndef DAMP_RULES_ADDR_H
#define DAMP_RULES_ADDR_H

#include "node.h"

#include <stdint.h>

typedef unsigned __int128 damp_u128;

enum damp_family { DAMP_V4, DAMP_V6, DAMP_FAMILIES };

struct damp_span {
	damp_u128 low, high;
};

struct damp_spans {
	struct damp_span *s;
	size_t n, cap;
};

/* Addresses of both families. */
struct damp_addrs {
	struct damp_spans family[DAMP_FAMILIES];
};

void damp_spans_add(struct damp_pool *p, struct damp_spans *s, damp_u128 low, damp_u128 high);
void damp_spans_normalise(struct damp_spans *s);

/* The complement within 0..max of normalised spans. */
struct damp_spans damp_spans_invert(struct damp_pool *p, const struct damp_spans *s, damp_u128 max);
bool damp_spans_hold(const struct damp_spans *s, damp_u128 v);

/* Add the prefix or full address of text. On failure says why (DAMP_WHY_MAX). */
bool damp_prefix_parse(struct damp_pool *p, const char *text, struct damp_addrs *out, char *why);

/* Everything, and what frame.h calls a group: 224.0.0.0/4, the limited
 * broadcast address, ff00::/8. */
void damp_addrs_any(struct damp_pool *p, struct damp_addrs *out);
void damp_addrs_multicast(struct damp_pool *p, struct damp_addrs *out);
void damp_addrs_join(struct damp_pool *p, struct damp_addrs *to, const struct damp_addrs *from);
void damp_addrs_normalise(struct damp_addrs *a);

#endif
