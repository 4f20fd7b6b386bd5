/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entry to the formatter; see fmt.h.
 *
 * Invariant: no text is handed out before it was read again and found to hold
 * the same nodes and as many comments.
 */
#include "fmt.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>

static bool same_nodes(const struct damp_node *a, const struct damp_node *b)
{
	if (a->kind != b->kind || a->n != b->n || a->empty != b->empty || a->len != b->len ||
	    memcmp(a->text, b->text, a->len) != 0)
		return false;
	for (size_t i = 0; i < a->n && a->kind == DAMP_NODE_LIST; i++)
		if (!same_nodes(a->items[i], b->items[i]))
			return false;
	for (size_t i = 0; i < a->n && a->kind == DAMP_NODE_MAP; i++)
		if (!same_nodes(a->pairs[i].key, b->pairs[i].key) ||
		    !same_nodes(a->pairs[i].value, b->pairs[i].value))
			return false;
	return true;
}

/* Is text, laid out, what old was? */
static bool holds(struct damp_pool *pool, const struct damp_node *old, size_t ncomments,
		  const char *text, size_t len)
{
	const struct damp_source src = { .name = "", .text = text, .len = len };
	struct damp_diags d = { .pool = pool };
	const struct damp_node *now = damp_node_load(&d, &src);
	size_t again = 0;

	return now && !d.errors && same_nodes(old, now) && damp_fmt_read(&d, &src, &again) &&
	       again == ncomments;
}

static char *format(struct damp_diags *d, const struct damp_source *src, size_t *len)
{
	const unsigned before = d->errors;
	const struct damp_node *node = damp_node_load(d, src);
	const struct damp_fmt_node *root = NULL;
	size_t ncomments = 0;
	char *text;

	if (node && d->errors == before)
		root = damp_fmt_read(d, src, &ncomments);
	if (!root)
		return NULL;
	text = damp_fmt_write(d->pool, root, len);
	if (holds(d->pool, node, ncomments, text, *len))
		return text;
	damp_diag_error(d, (struct damp_place){ .src = src },
			"this layout is not understood; nothing was changed");
	free(text);
	return NULL;
}

char *damp_rules_format_text(const char *text, size_t len, const char *name,
			     const struct damp_rules_options *opt, struct damp_rules *out,
			     size_t *out_len)
{
	struct damp_pool pool = { NULL };
	struct damp_diags d = { .pool = &pool };
	struct damp_source src = { .name = opt && opt->shown_as ? opt->shown_as : name, .len = len };
	char *formatted;

	memset(out, 0, sizeof(*out));
	src.text = damp_pool_strndup(&pool, text, len > DAMP_FILE_BYTES_MAX ? 0 : len);
	formatted = format(&d, &src, out_len);
	damp_diags_finish(&d, opt && opt->colour, out);
	damp_pool_free(&pool);
	return formatted;
}
