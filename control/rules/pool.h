/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of one compilation: everything is taken from a pool and given back at
 * once when the run ends.
 *
 * Idea: a rule file becomes a tree, a model and rows, all of which die
 * together; single frees would only be places for mistakes.
 *
 * Invariant: an allocation never returns NULL. When the system has no memory
 * left the process aborts: this code runs in the control plane, whose death
 * costs no packet, and a half-built program would be worse.
 */
#ifndef DAMP_RULES_POOL_H
#define DAMP_RULES_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct damp_pool_block;
struct damp_pool {
	struct damp_pool_block *blocks;
};

/* Zeroed, aligned for any type. */
void *damp_pool_alloc(struct damp_pool *p, size_t size);

/* Copy of len bytes with a NUL behind them. */
char *damp_pool_strndup(struct damp_pool *p, const char *s, size_t len);

char *damp_pool_printf(struct damp_pool *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *damp_pool_vprintf(struct damp_pool *p, const char *fmt, va_list ap);

/* The text with its control characters (C0, DEL, C1 in UTF-8) written as \n, \t
 * or \x1b: one line, and nothing that a terminal obeys. Itself when it has none. */
const char *damp_pool_visible(struct damp_pool *p, const char *text);

/* Make room for one more of n elements in an array of *cap; returns the array,
 * perhaps moved. An empty array is NULL with *cap 0. */
void *damp_pool_grow(struct damp_pool *p, void *array, size_t n, size_t *cap, size_t elem);

void damp_pool_free(struct damp_pool *p);

/* malloc() for what outlives the pool; same rule about NULL. Free with free(). */
void *damp_rules_malloc(size_t size);
char *damp_rules_strdup(const char *s);

/* Append value to the array `a` of `n` elements and capacity `cap`. */
#define DAMP_PUSH(pool, a, n, cap, value)                                                          \
	do {                                                                                       \
		(a) = damp_pool_grow((pool), (a), (n), &(cap), sizeof(*(a)));                      \
		(a)[(n)++] = (value);                                                              \
	} while (0)

#endif
