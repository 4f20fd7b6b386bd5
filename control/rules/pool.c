/* SPDX-License-Identifier: BSD-3-Clause */
/* See pool.h. Blocks form a list; big requests get a block of their own. */
#include "pool.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
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

/* Bytes of the control character that text begins with, 0 when it is none. */
static unsigned control_len(const char *text, unsigned *code)
{
	const uint8_t a = (uint8_t)text[0], b = (uint8_t)(a ? text[1] : 0);
	const bool c1 = a == 0xc2 && b >= 0x80 && b < 0xa0;

	*code = c1 ? b : a;
	return c1 ? 2 : (a && a < 0x20) || a == 0x7f;
}

const char *damp_pool_visible(struct damp_pool *p, const char *text)
{
	size_t found = 0, at = 0;
	unsigned code, len;
	char *out;

	for (const char *t = text; *t; t++)
		found += control_len(t, &code) != 0;
	if (!found)
		return text;
	out = damp_pool_alloc(p, strlen(text) + 4 * found + 1);
	for (; *text; text += len ? len : 1) {
		len = control_len(text, &code);
		if (!len)
			out[at++] = *text;
		else if (code == '\n' || code == '\t')
			at += (size_t)sprintf(out + at, "\\%c", code == '\n' ? 'n' : 't');
		else
			at += (size_t)sprintf(out + at, "\\x%02x", code);
	}
	return out;
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
