/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members of a set out of a text file, one a line.
 *
 * Idea: each line becomes a node as if it stood in a list of the rule file, so
 * that the readers of items and their messages are the same. This is no YAML:
 * lists of prefixes come from other programs, and their lines are taken whole.
 *
 * Invariant: a member has a place, so that a caret can point into the file.
 */
#include "files.h"
#include "read.h"
#include "source_line.h"

#include <string.h>

#define LINE_MAX_BYTES 1024u

static bool blank(char ch)
{
	return ch == ' ' || ch == '\r';
}

/* What is left of a line without its comment and the blanks around it. */
static size_t trim(const char **line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((*line)[i] == '#' && (i == 0 || blank((*line)[i - 1])))
			len = i;
	while (len && blank((*line)[len - 1]))
		len--;
	while (len && blank(**line)) {
		(*line)++;
		len--;
	}
	return len;
}

static struct damp_node *member(struct damp_ctx *c, const char *text, size_t len,
				struct damp_place at)
{
	struct damp_node *n = damp_pool_alloc(c->pool, sizeof(*n));

	n->kind = DAMP_NODE_SCALAR;
	n->at = at;
	n->text = damp_pool_strndup(c->pool, text, len);
	n->len = len;
	return n;
}

static const struct damp_node *read_lines(struct damp_ctx *c, const struct damp_source *src)
{
	struct damp_node *list = damp_pool_alloc(c->pool, sizeof(*list));
	const char *end = src->text + src->len;
	struct damp_place at = { .src = src, .line = 1 };
	size_t cap = 0;

	list->kind = DAMP_NODE_LIST;
	list->text = "";
	list->at = (struct damp_place){ .src = src };
	for (const char *p = src->text + damp_bom_length(src); p < end; at.line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *text = p;
		const size_t len = trim(&text, (size_t)((nl ? nl : end) - p));

		at.column = (int)(text - p) + 1;
		at.end_column = at.column + (int)len;
		p = nl ? nl + 1 : end;
		if (len > LINE_MAX_BYTES)
			damp_diag_error(c->diags, at, "a line of more than %u bytes", LINE_MAX_BYTES);
		else if (len)
			DAMP_PUSH(c->pool, list->items, list->n, cap, member(c, text, len, at));
	}
	return list;
}

const struct damp_node *damp_set_file_read(struct damp_ctx *c, const struct damp_node *n)
{
	const struct damp_node *at;
	const char *written = damp_read_scalar(c, n, "a path", &at), *path;
	const struct damp_source *src;
	char why[DAMP_WHY_MAX];

	if (!written)
		return NULL;
	path = damp_files_path(c->files, at->at.src, written);
	if (!path) {
		damp_diag_error(c->diags, at->at, DAMP_LEAVES_MESSAGE, written);
		return NULL;
	}
	src = damp_files_read(c->files, path, why);
	if (!src) {
		damp_diag_error(c->diags, at->at, "%s", why);
		return NULL;
	}
	return damp_node_check_text(c->diags, src) ? read_lines(c, src) : NULL;
}
