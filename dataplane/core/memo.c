/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches; see memo.h for the idea and the invariant.
 */
#include "memo.h"

#include <stdlib.h>

struct damp_memo {
	uint64_t mask;
	uint32_t stride;            /* words per entry: key and row */
	uint32_t pad;
	uint64_t entry[];
};

struct damp_memo *damp_memo_new(uint32_t nwords, unsigned lines_log2)
{
	const size_t n = (size_t)1 << lines_log2, stride = (size_t)nwords + 1;
	struct damp_memo *m = calloc(1, sizeof(*m) + n * stride * sizeof(uint64_t));

	if (m == NULL)
		return NULL;
	m->mask = n - 1;
	m->stride = (uint32_t)stride;
	return m;
}

void damp_memo_free(struct damp_memo *m)
{
	free(m);
}

const uint64_t *damp_memo_find(const struct damp_memo *m, uint64_t key)
{
	const uint64_t *e = m->entry + (key & m->mask) * m->stride;

	return e[0] == (key | 1) ? e + 1 : NULL;
}

uint64_t *damp_memo_put(struct damp_memo *m, uint64_t key)
{
	uint64_t *e = m->entry + (key & m->mask) * m->stride;

	/* The low bit is part of the index, so setting it keeps 0 for "empty"
	 * only where index bit 0 is ambiguous: an even and an odd key live in
	 * different entries. */
	e[0] = key | 1;
	return e + 1;
}
