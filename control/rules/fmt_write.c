/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tree to text; see fmt.h.
 *
 * Idea: lines are collected with the comment behind them apart, so that the
 * comments of lines that follow each other can be put under each other at the
 * end. A comment ends its line: whatever is put next begins a new one.
 */
#include "fmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	char *text;
	size_t len, cap;
	const char *comment;
	bool blank;                 /* an empty line comes before it */
};

struct writer {
	struct damp_pool *pool;
	struct line *line;
	size_t n, cap;
};

static void write_node(struct writer *w, const struct damp_fmt_node *n, size_t indent);

/* Characters, not bytes. */
static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

static struct line *last(struct writer *w)
{
	return &w->line[w->n - 1];
}

static size_t column(struct writer *w)
{
	return width_of(last(w)->text, last(w)->len);
}

static void put_n(struct writer *w, const char *text, size_t len)
{
	struct line *l = last(w);

	while (l->cap < l->len + len)
		l->text = damp_pool_grow(w->pool, l->text, l->cap, &l->cap, 1);
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

static void put(struct writer *w, const char *text)
{
	put_n(w, text, strlen(text));
}

static void pad(struct writer *w, size_t to)
{
	while (column(w) < to)
		put(w, " ");
}

static void new_line(struct writer *w, size_t indent, bool blank)
{
	const struct line l = { .text = damp_pool_alloc(w->pool, 1), .blank = blank && w->n > 0 };

	DAMP_PUSH(w->pool, w->line, w->n, w->cap, l);
	pad(w, indent);
}

static bool only_blanks(const struct line *l)
{
	size_t i = 0;

	while (i < l->len && l->text[i] == ' ')
		i++;
	return i == l->len;
}

static void put_comment(struct writer *w, const char *comment, size_t indent)
{
	if (!comment)
		return;
	if (last(w)->comment)
		new_line(w, indent, false);
	if (only_blanks(last(w)))
		put(w, comment);
	else
		last(w)->comment = comment;
}

/* at_begin: of a collection, where no empty line stays. */
static void put_notes(struct writer *w, const struct damp_fmt_notes *notes, size_t indent, bool at_begin)
{
	for (size_t i = 0; i < notes->n; i++) {
		new_line(w, indent, notes->note[i].blank && !(at_begin && i == 0));
		put(w, notes->note[i].text);
	}
}

/* A scalar of several lines: those below the first go to indent. */
static void put_scalar(struct writer *w, const char *text, size_t indent)
{
	const char *nl;
	size_t len;

	for (; (nl = strchr(text, '\n')); text = nl + 1) {
		len = (size_t)(nl - text);
		while (len && (text[len - 1] == ' ' || text[len - 1] == '\r'))
			len--;
		put_n(w, text, len);
		nl += strspn(nl, " \r\n") - 1;
		/* Each empty line in there is a line break of the text. */
		for (const char *p = strchr(text, '\n') + 1; p <= nl; p++)
			if (*p == '\n')
				new_line(w, 0, false);
		new_line(w, indent, false);
	}
	put(w, text);
}

/* Without the empty lines at the end; the blanks of the last line are text. */
static size_t without_empty_lines(const char *text, size_t len)
{
	size_t end = len;

	for (size_t i = len; i > 0 && strchr(" \r\n", text[i - 1]); i--)
		if (text[i - 1] == '\n')
			end = i - 1;
	return end;
}

static void put_block_text(struct writer *w, const struct damp_fmt_node *n, size_t indent)
{
	const char *p = n->text, *nl;
	size_t strip = 0, end = strlen(p);

	while (p[strip] == ' ' || p[strip] == '\r' || p[strip] == '\n')
		strip++;
	/* Of blanks alone: they are all indentation (YAML 1.2.2 section 8.1.1.1). */
	if (p[strip] == '\0') {
		strip = end;
	} else {
		while (strip && p[strip - 1] == ' ')
			strip--;
		strip = strspn(p + strip, " ");
	}
	if (!strchr(n->head, '+'))
		end = without_empty_lines(p, end);
	for (const char *stop = p + end; p < stop; p = nl + 1) {
		size_t len;

		nl = memchr(p, '\n', (size_t)(stop - p));
		nl = nl ? nl : stop;
		len = (size_t)(nl - p);
		len -= len && p[len - 1] == '\r';
		new_line(w, 0, false);
		if (len > strip) {
			pad(w, indent);
			put_n(w, p + strip, len - strip);
		}
	}
}

static bool has_comments(const struct damp_fmt_entry *e)
{
	return e->before.n || e->between.n || e->mark_comment || e->comment;
}

/* On one line; SIZE_MAX when it cannot be. */
static size_t flat_width(const struct damp_fmt_node *n)
{
	size_t all = 2;

	if (n->kind == DAMP_FMT_SCALAR)
		return strchr(n->text, '\n') ? SIZE_MAX : width_of(n->text, strlen(n->text));
	if (!n->flow || n->open_comment || n->foot.n)
		return SIZE_MAX;
	for (size_t i = 0; i < n->n; i++) {
		const struct damp_fmt_entry *e = &n->entry[i];
		const size_t key = e->key ? flat_width(e->key) : 0,
			     value = e->value ? flat_width(e->value) : 0;

		if (key == SIZE_MAX || value == SIZE_MAX || has_comments(e))
			return SIZE_MAX;
		all += key + value + (e->colon ? 1 : 0) + (e->colon && e->value ? 1 : 0) + (i ? 2 : 0);
	}
	return all;
}

static size_t flat_entry(const struct damp_fmt_entry *e)
{
	const struct damp_fmt_node one = { .kind = DAMP_FMT_MAP, .flow = true,
					   .entry = (struct damp_fmt_entry *)(uintptr_t)e, .n = 1 };
	const size_t width = flat_width(&one);

	return width == SIZE_MAX ? width : width - 2;
}

static void write_flow_entry(struct writer *w, const struct damp_fmt_entry *e, size_t indent)
{
	if (e->key)
		write_node(w, e->key, indent);
	if (e->colon)
		put(w, ":");
	put_comment(w, e->mark_comment, indent);
	put_notes(w, &e->between, indent, true);
	if (!e->value)
		return;
	if (last(w)->comment || e->between.n)
		new_line(w, indent, false);
	else if (e->colon)
		put(w, " ");
	write_node(w, e->value, indent);
}

/* What follows a break stands under the first entry. */
static void write_flow(struct writer *w, const struct damp_fmt_node *n)
{
	size_t indent;

	put(w, n->kind == DAMP_FMT_MAP ? "{" : "[");
	indent = column(w);
	put_comment(w, n->open_comment, indent);
	for (size_t i = 0; i < n->n; i++) {
		const struct damp_fmt_entry *e = &n->entry[i];
		const size_t width = flat_entry(e), behind = i + 1 < n->n ? 1 : 2;

		put_notes(w, &e->before, indent, i == 0);
		if (last(w)->comment || e->before.n)
			new_line(w, indent, false);
		else if (i && (width == SIZE_MAX || column(w) + 1 + width + behind > DAMP_FMT_WIDTH))
			new_line(w, indent, false);
		else if (i)
			put(w, " ");
		write_flow_entry(w, e, indent);
		if (i + 1 < n->n)
			put(w, ",");
		put_comment(w, e->comment, indent);
	}
	put_notes(w, &n->foot, indent, false);
	if (last(w)->comment || n->foot.n)
		new_line(w, indent, false);
	put(w, n->kind == DAMP_FMT_MAP ? "}" : "]");
}

/* Does it go on where it is, behind '-' or 'key:'? */
static bool goes_inline(const struct damp_fmt_node *n)
{
	return n->kind == DAMP_FMT_SCALAR || n->flow;
}

/* indent: of what the value belongs to. */
static void write_value(struct writer *w, const struct damp_fmt_entry *e, size_t indent)
{
	const struct damp_fmt_node *v = e->value;
	bool same_line;

	if (v && v->kind == DAMP_FMT_BLOCK_TEXT) {
		put(w, " ");
		put(w, v->head);
		put_comment(w, e->mark_comment ? e->mark_comment : e->comment, indent);
		put_block_text(w, v, indent + DAMP_FMT_INDENT);
		return;
	}
	same_line = v && goes_inline(v) && !e->between.n && !(e->mark_comment && e->comment);

	if (same_line) {
		put(w, " ");
		write_node(w, v, indent + DAMP_FMT_INDENT);
		put_comment(w, e->mark_comment, indent + DAMP_FMT_INDENT);
	} else {
		put_comment(w, e->mark_comment, indent + DAMP_FMT_INDENT);
		put_notes(w, &e->between, indent + DAMP_FMT_INDENT, true);
		if (v && goes_inline(v))
			new_line(w, indent + DAMP_FMT_INDENT, false);
		if (v)
			write_node(w, v, indent + DAMP_FMT_INDENT);
	}
	put_comment(w, e->comment, indent + DAMP_FMT_INDENT);
}

static void write_block(struct writer *w, const struct damp_fmt_node *n, size_t indent, bool goes_on);

static void write_item(struct writer *w, const struct damp_fmt_entry *e, size_t indent)
{
	const struct damp_fmt_node *v = e->value;

	put(w, "-");
	if (v && !goes_inline(v) && !e->mark_comment && v->n && !v->entry[0].before.n) {
		put(w, " ");
		write_block(w, v, indent + DAMP_FMT_INDENT, true);
		return;
	}
	write_value(w, e, indent);
}

/* goes_on: the first entry stands on the line that is there. */
static void write_block(struct writer *w, const struct damp_fmt_node *n, size_t indent, bool goes_on)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct damp_fmt_entry *e = &n->entry[i];

		put_notes(w, &e->before, indent, i == 0 && indent > 0);
		if (i || !goes_on)
			new_line(w, indent, e->blank && (i || e->before.n || indent == 0));
		if (n->kind == DAMP_FMT_LIST) {
			write_item(w, e, indent);
			continue;
		}
		if (e->key)
			write_node(w, e->key, indent);
		put(w, ":");
		write_value(w, e, indent);
	}
	put_notes(w, &n->foot, indent, false);
}

static void write_node(struct writer *w, const struct damp_fmt_node *n, size_t indent)
{
	if (n->kind == DAMP_FMT_SCALAR)
		put_scalar(w, n->text, indent);
	else if (n->flow)
		write_flow(w, n);
	else
		write_block(w, n, indent, false);
}

/* Comments behind lines that follow each other begin in one column: the lines
 * of such a run from first on, and that column. */
static size_t run_end(const struct writer *w, size_t first, size_t *comments)
{
	size_t i = first;

	for (*comments = 0; i < w->n && w->line[i].comment && (i == first || !w->line[i].blank); i++) {
		const size_t width = width_of(w->line[i].text, w->line[i].len) + DAMP_FMT_INDENT;

		*comments = width > *comments ? width : *comments;
	}
	return i;
}

static void print_lines(const struct writer *w, FILE *f)
{
	size_t end = 0, comments = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct line *l = &w->line[i];
		const size_t width = width_of(l->text, l->len);

		if (i >= end)
			end = run_end(w, i, &comments);
		fprintf(f, "%s%.*s", l->blank ? "\n" : "", (int)l->len, l->text);
		if (l->comment)
			fprintf(f, "%*s%s", (int)(comments - width), "", l->comment);
		fputc('\n', f);
	}
}

char *damp_fmt_write(struct damp_pool *pool, const struct damp_fmt_node *root, size_t *len)
{
	struct writer w = { .pool = pool };
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		abort();
	if (root->flow) {
		new_line(&w, 0, false);
		write_flow(&w, root);
	} else {
		write_block(&w, root, 0, false);
	}
	print_lines(&w, f);
	fclose(f);
	return text;
}
