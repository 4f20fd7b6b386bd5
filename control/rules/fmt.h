/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One layout for rule files: what reader and writer share.
 *
 * Idea: libfyaml's scanner cuts the text into tokens; whatever lies between two
 * of them is blank, punctuation or a comment. Out of that comes a tree that
 * holds each scalar as it was written, each comment, and which lines had an
 * empty one before them. The writer lays it out anew. Which collection is
 * written in brackets and which in lines stays as the author has it.
 *
 * Invariant: the text that comes out has the same nodes and as many comments
 * (fmt.c compares), and laid out again it does not change.
 *
 * libfyaml's own emitter loses most comments in 0.7.12, hence this.
 */
#ifndef DAMP_RULES_FMT_H
#define DAMP_RULES_FMT_H

#include "node.h"

/* A line is broken inside brackets where it would get longer. */
#define DAMP_FMT_WIDTH 100u
#define DAMP_FMT_INDENT 2u

struct damp_fmt_note {
	const char *text;           /* with its '#' */
	int column;                 /* where it began, from 0 */
	bool blank;                 /* an empty line was before it */
};

struct damp_fmt_notes {
	struct damp_fmt_note *note;
	size_t n, cap;
};

enum damp_fmt_kind { DAMP_FMT_SCALAR, DAMP_FMT_BLOCK_TEXT, DAMP_FMT_LIST, DAMP_FMT_MAP };

struct damp_fmt_node;

/* An item of a list, or a pair of a mapping. */
struct damp_fmt_entry {
	struct damp_fmt_notes before;
	bool blank;                 /* an empty line was before it, behind the notes */
	bool colon;                 /* a ':' was written */
	struct damp_fmt_node *key, *value; /* NULL: none */
	const char *mark_comment;   /* behind '-' or 'key:', the value is below */
	struct damp_fmt_notes between;     /* lines between that and the value */
	const char *comment;        /* behind the value or its comma */
};

struct damp_fmt_node {
	enum damp_fmt_kind kind;
	bool flow;                  /* in brackets */
	const char *text;           /* of a scalar, as written; of a block of text its lines */
	const char *head;           /* of a block of text: `|`, `>-` */
	struct damp_fmt_entry *entry;
	size_t n, cap;
	const char *open_comment;   /* behind the opening bracket */
	struct damp_fmt_notes foot; /* comments behind the last entry */
};

/* fmt_read.c: the tree of text that damp_node_load() took without an error.
 * NULL after a report. */
struct damp_fmt_node *damp_fmt_read(struct damp_diags *d, const struct damp_source *src,
				    size_t *ncomments);

/* fmt_write.c: malloc'ed text. */
char *damp_fmt_write(struct damp_pool *pool, const struct damp_fmt_node *root, size_t *len);

#endif
