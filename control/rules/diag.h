/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Diagnostics: what is wrong, and exactly where.
 *
 * Idea: every message has a place in a source; all messages of a run are kept,
 * put into the order of the file and rendered once, with the source line and a
 * caret, as compilers do.
 *
 * Invariant: a notice belongs to the error or warning reported before it and
 * stays behind it when the messages are sorted.
 *
 * Reference: operators.md 3.2, 3.3.
 */
#ifndef DAMP_RULES_DIAG_H
#define DAMP_RULES_DIAG_H

#include "pool.h"
#include "rules.h"

/* After so many errors the rest is only counted. */
#define DAMP_DIAGS_MAX 200u

/* A file, or text that poses as one. Lines are found on demand. */
struct damp_source {
	const char *name; /* as shown to the user */
	const char *path; /* from the directory of the root file */
	const char *text; /* NUL behind len bytes */
	size_t len;
	unsigned order; /* 0 is the root file; then as they were read */
};

/* Where: line and columns count from 1, in characters; line 0 is the file. */
struct damp_place {
	const struct damp_source *src;
	int line, column, end_column;
};

struct damp_message {
	enum damp_diag_level level;
	struct damp_place at;
	const char *text;
	size_t group; /* index of the message this notice belongs to */
};

struct damp_diags {
	struct damp_pool *pool;
	struct damp_message *m;
	size_t n, cap;
	unsigned errors, warnings;
	bool muted; /* the last report is not shown, nor are its notices */
};

void damp_diag_error(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void damp_diag_warning(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A notice that stands for itself. */
void damp_diag_remark(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void damp_diag_notice(struct damp_diags *d, struct damp_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sort, hand over as malloc'ed structs and as text. */
void damp_diags_finish(struct damp_diags *d, bool colour, struct damp_rules *out);

#endif
