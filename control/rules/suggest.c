/* SPDX-License-Identifier: BSD-3-Clause */
/* See suggest.h. */
#include "suggest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define WORD_MAX 64u

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned d[3][WORD_MAX + 1];
	unsigned *before = d[0], *last = d[1], *now = d[2];

	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			const int x = tolower((unsigned char)a[i - 1]),
				  y = tolower((unsigned char)b[j - 1]);

			now[j] = min2(min2(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				now[j] = min2(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

struct damp_suggestion damp_suggestion_start(const char *written)
{
	return (struct damp_suggestion){ .written = written };
}

void damp_suggestion_try(struct damp_suggestion *s, const char *candidate)
{
	const size_t n = strlen(s->written), m = strlen(candidate);
	const size_t near = m / 3 > 1 ? m / 3 : 1;
	unsigned d;

	if (n > WORD_MAX || m > WORD_MAX || !n)
		return;
	d = distance(s->written, n, candidate, m);
	if (d > near || d >= m || (s->name && d >= s->distance))
		return;
	s->name = candidate;
	s->distance = d;
}

const char *damp_suggest(const char *written, const char *const *words)
{
	struct damp_suggestion s = damp_suggestion_start(written);

	for (; *words; words++)
		damp_suggestion_try(&s, *words);
	return s.name;
}
