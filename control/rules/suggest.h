/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Did you mean": the known word nearest to what was written.
 *
 * Idea: optimal string alignment distance (insert, delete, replace, swap two
 * neighbours), letter case ignored; a word counts as near when at most a third
 * of its letters, and at least one, would have to change. Where none is near, the
 * word that other tools have for one of those that are possible.
 */
#ifndef DAMP_RULES_SUGGEST_H
#define DAMP_RULES_SUGGEST_H

struct damp_suggestion {
	const char *written;
	const char *name; /* the best so far, NULL when none is near */
	unsigned distance;
};

struct damp_suggestion damp_suggestion_start(const char *written);
void damp_suggestion_try(struct damp_suggestion *s, const char *candidate);

/* The nearest of a NULL-terminated list, or NULL. */
const char *damp_suggest(const char *written, const char *const *words);

#endif
