/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memo of text matches; see memo.h for the idea and the invariant.
 */
#include "memo.h"

#include <stdlib.h>

#define WAYS 4u
#define PROBATION 2u            /* the first way of newcomers; those before it have proved useful */

/* The keys of a set lie apart from the rows, so that a look-up reads one line
 * before it knows its row. row: which of the set's rows belongs to a way. */
struct memo_set {
	uint64_t key[WAYS];
	uint8_t row[WAYS];
	uint8_t next_new, next_kept;    /* ways to replace next: on probation, and kept */
	uint8_t pad[26];
};
_Static_assert(sizeof(struct memo_set) == DAMP_CACHE_LINE, "a set is a cache line");

struct damp_memo {
	struct memo_set *sets;
	uint64_t *rows;
	uint64_t mask;
	uint32_t nwords;
};

/* Written here, by whoever opens a program: memory of calloc() has no pages until it is
 * first written, and that would be by a worker, one page after the other, after each reload. */
static uint64_t *rows_new(size_t words)
{
	const size_t bytes = (words * sizeof(uint64_t) / DAMP_CACHE_LINE + 1) * DAMP_CACHE_LINE;
	uint64_t *rows = aligned_alloc(DAMP_CACHE_LINE, bytes);

	if (rows != NULL)
		memset(rows, 0, bytes);
	return rows;
}

struct damp_memo *damp_memo_new(uint32_t nwords, unsigned entries_log2)
{
	const size_t n = (size_t)1 << entries_log2, sets = n / WAYS;
	struct damp_memo *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->sets = aligned_alloc(DAMP_CACHE_LINE, sets * sizeof(*m->sets));
	m->rows = rows_new(n * nwords);
	m->mask = sets - 1;
	m->nwords = nwords;
	if (m->sets == NULL || m->rows == NULL) {
		damp_memo_free(m);
		return NULL;
	}
	for (size_t i = 0; i < sets; i++)
		m->sets[i] = (struct memo_set){ .row = { 0, 1, 2, 3 }, .next_new = PROBATION };
	return m;
}

void damp_memo_free(struct damp_memo *m)
{
	if (m == NULL)
		return;
	free(m->sets);
	free(m->rows);
	free(m);
}

/* 0 says that a way is empty. */
static uint64_t stored(uint64_t key)
{
	return key + (key == 0);
}

static uint64_t *row_of(const struct damp_memo *m, const struct memo_set *s, unsigned way)
{
	return m->rows + ((size_t)(s - m->sets) * WAYS + s->row[way]) * m->nwords;
}

/* Change places with one that was kept longest. Returns the way where it is now. */
static unsigned keep(struct memo_set *s, unsigned way)
{
	const unsigned to = s->next_kept;
	const uint64_t key = s->key[to];
	const uint8_t row = s->row[to];

	s->key[to] = s->key[way];
	s->row[to] = s->row[way];
	s->key[way] = key;
	s->row[way] = row;
	s->next_kept = (uint8_t)((to + 1) % PROBATION);
	return to;
}

const uint64_t *damp_memo_find(struct damp_memo *m, uint64_t key)
{
	struct memo_set *s = &m->sets[key & m->mask];

	for (unsigned way = 0; way < WAYS; way++)
		if (s->key[way] == stored(key))
			return row_of(m, s, way < PROBATION ? way : keep(s, way));
	return NULL;
}

uint64_t *damp_memo_put(struct damp_memo *m, uint64_t key)
{
	struct memo_set *s = &m->sets[key & m->mask];
	const unsigned way = s->next_new;

	s->next_new = way + 1u < WAYS ? (uint8_t)(way + 1) : PROBATION;
	s->key[way] = stored(key);
	return row_of(m, s, way);
}
