/* SPDX-License-Identifier: BSD-3-Clause */
/* See pool.h. Blocks form a list; big requests get a block of their own. */
#include "pool.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_BLOCK_BYTES (64u << 10)

struct damp_pool_block {
	struct damp_pool_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

void *damp_rules_malloc(size_t size)
{
	void *m = malloc(size ? size : 1);

	if (!m) {
		fputs("damper: out of memory\n", stderr);
		abort();
	}
	return m;
}

char *damp_rules_strdup(const char *s)
{
	const size_t len = strlen(s) + 1;

	return memcpy(damp_rules_malloc(len), s, len);
}

static struct damp_pool_block *block_new(struct damp_pool *p, size_t size)
{
	struct damp_pool_block *b = damp_rules_malloc(sizeof(*b) + size);

	memset(b, 0, sizeof(*b) + size);
	b->size = size;
	b->next = p->blocks;
	p->blocks = b;
	return b;
}

void *damp_pool_alloc(struct damp_pool *p, size_t size)
{
	const size_t step = alignof(max_align_t);
	const size_t need = (size + step - 1) / step * step;
	struct damp_pool_block *b = p->blocks;
	void *m;

	if (!b || b->size - b->used < need)
		b = block_new(p, need > POOL_BLOCK_BYTES ? need : POOL_BLOCK_BYTES);
	m = b->data + b->used;
	b->used += need;
	return m;
}

char *damp_pool_strndup(struct damp_pool *p, const char *s, size_t len)
{
	char *m = damp_pool_alloc(p, len + 1);

	if (len)
		memcpy(m, s, len);
	return m;
}

char *damp_pool_vprintf(struct damp_pool *p, const char *fmt, va_list ap)
{
	va_list again;
	char *m;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return damp_pool_strndup(p, "", 0);
	m = damp_pool_alloc(p, (size_t)len + 1);
	vsnprintf(m, (size_t)len + 1, fmt, ap);
	return m;
}

char *damp_pool_printf(struct damp_pool *p, const char *fmt, ...)
{
	va_list ap;
	char *m;

	va_start(ap, fmt);
	m = damp_pool_vprintf(p, fmt, ap);
	va_end(ap);
	return m;
}

void *damp_pool_grow(struct damp_pool *p, void *array, size_t n, size_t *cap, size_t elem)
{
	void *m;

	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 8;
	m = damp_pool_alloc(p, *cap * elem);
	if (n)
		memcpy(m, array, n * elem);
	return m;
}

void damp_pool_free(struct damp_pool *p)
{
	while (p->blocks) {
		struct damp_pool_block *b = p->blocks;

		p->blocks = b->next;
		free(b);
	}
}
