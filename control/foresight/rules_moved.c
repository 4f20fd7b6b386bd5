/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fewest rules that have to be called moved: all but a longest increasing
 * subsequence of their new places.
 *
 * Reference: Fredman, "On computing the length of longest increasing
 * subsequences", 1975 (patience sorting, n log n).
 */
#include "rules_diff.h"

#include <stdlib.h>

#define NONE ((size_t)-1)

/* The first pile whose top is not below v. */
static size_t pile_for(const size_t *place, const size_t *top, size_t piles, size_t v)
{
	size_t low = 0, high = piles;

	while (low < high) {
		const size_t mid = (low + high) / 2;

		if (place[top[mid]] < v)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void damp_rules_moved(const size_t *place, size_t n, bool *moved)
{
	size_t *top = calloc(n + 1, sizeof(*top)), *before = calloc(n + 1, sizeof(*before));
	size_t piles = 0;

	for (size_t i = 0; i < n; i++)
		moved[i] = top != NULL && before != NULL;
	for (size_t i = 0; i < n && moved[i]; i++) {
		const size_t p = pile_for(place, top, piles, place[i]);

		before[i] = p > 0 ? top[p - 1] : NONE;
		top[p] = i;
		piles += p == piles;
	}
	for (size_t i = piles > 0 ? top[piles - 1] : NONE; i != NONE; i = before[i])
		moved[i] = false;
	free(top);
	free(before);
}
