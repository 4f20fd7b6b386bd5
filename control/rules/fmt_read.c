/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens to a tree; see fmt.h. */
#include "fmt.h"

#include <libfyaml.h>
#include <limits.h>
#include <string.h>

struct token {
	enum fy_token_type type;
	enum fy_scalar_style style;
	size_t start, end;          /* with quotes; of a block of text its lines */
};

struct reader {
	struct damp_diags *d;
	const struct damp_source *src;
	struct token *t;
	size_t nt, cap, i;
	size_t pos;                 /* end of what was taken */
	size_t stop;                /* and where the next thing begins, once it was */
	bool seen;                  /* looked for */
	const char *comment;        /* on the line of what was taken */
	struct damp_fmt_notes notes;
	bool blank;
	size_t ncomments;
	unsigned depth;
	bool failed;
};

static struct damp_fmt_node *read_node(struct reader *r, bool flow);

static bool has_text(const struct token *t)
{
	switch (t->type) {
	case FYTT_KEY:
		return t->end > t->start; /* the '?' of a complex key */
	case FYTT_DOCUMENT_START:
	case FYTT_DOCUMENT_END:
	case FYTT_FLOW_SEQUENCE_START:
	case FYTT_FLOW_SEQUENCE_END:
	case FYTT_FLOW_MAPPING_START:
	case FYTT_FLOW_MAPPING_END:
	case FYTT_BLOCK_ENTRY:
	case FYTT_FLOW_ENTRY:
	case FYTT_VALUE:
	case FYTT_SCALAR:
		return true;
	default:
		return false;
	}
}

static bool is_block_text(const struct token *t)
{
	return t->type == FYTT_SCALAR && (t->style == FYSS_LITERAL || t->style == FYSS_FOLDED);
}

/* The marks of a quoted scalar are inside of its quotes. */
static void add_token(struct reader *r, struct fy_token *fyt)
{
	const struct fy_mark *s = fy_token_start_mark(fyt), *e = fy_token_end_mark(fyt);
	struct token t = { .type = fy_token_get_type(fyt) };

	if (!s || !e || e->input_pos > r->src->len || s->input_pos > e->input_pos)
		return;
	t.start = s->input_pos;
	t.end = e->input_pos;
	if (t.type == FYTT_SCALAR)
		t.style = fy_token_scalar_style(fyt);
	if (t.type == FYTT_SCALAR && t.start > 0 && t.end < r->src->len &&
	    (t.style == FYSS_SINGLE_QUOTED || t.style == FYSS_DOUBLE_QUOTED)) {
		t.start--;
		t.end++;
	}
	DAMP_PUSH(r->d->pool, r->t, r->nt, r->cap, t);
}

static bool scan(struct reader *r)
{
	const struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_DISABLE_MMAP_OPT | FYPCF_QUIET,
	};
	struct fy_parser *p = fy_parser_create(&cfg);
	struct fy_token *t;
	bool good;

	if (!p)
		return false;
	good = fy_parser_set_string(p, r->src->text, r->src->len) == 0;
	while (good && (t = fy_scan(p))) {
		add_token(r, t);
		fy_scan_token_free(p, t);
	}
	good = good && !fy_parser_get_stream_error(p);
	fy_parser_destroy(p);
	return good && r->nt > 0;
}

/* The comment at pos; behind something on its line it is that one's. Returns its end. */
static size_t take_one(struct reader *r, size_t pos, size_t end, size_t newlines)
{
	const char *text = r->src->text;
	struct damp_fmt_note n = { .blank = newlines > 1 || r->blank };
	size_t line = pos, len;

	while (line > 0 && text[line - 1] != '\n')
		line--;
	n.column = (int)(pos - line);
	for (len = 0; pos + len < end && text[pos + len] != '\n';)
		len++;
	end = pos + len;
	while (len && strchr(" \t\r", text[pos + len - 1]))
		len--;
	n.text = damp_pool_strndup(r->d->pool, text + pos, len);
	r->ncomments++;
	if (newlines == 0) {
		r->comment = n.text;
		return end;
	}
	r->blank = false;
	DAMP_PUSH(r->d->pool, r->notes.note, r->notes.n, r->notes.cap, n);
	return end;
}

/* Where the next thing begins that is no comment and no blank, from pos on. */
static size_t step_over(struct reader *r, size_t pos, size_t end)
{
	const char *text = r->src->text;
	size_t newlines = pos == 0 || text[pos - 1] == '\n';

	while (pos < end && strchr(" \t\n\r#", text[pos])) {
		if (text[pos] == '#') {
			pos = take_one(r, pos, end, newlines);
			newlines = 0;
			continue;
		}
		newlines += text[pos++] == '\n';
	}
	r->blank = r->blank || newlines > 1;
	return pos;
}

/* A comment whose place is taken stands for itself. */
static void comment_to_note(struct reader *r)
{
	const struct damp_fmt_note n = { .text = r->comment, .column = INT_MAX };

	if (r->comment)
		DAMP_PUSH(r->d->pool, r->notes.note, r->notes.n, r->notes.cap, n);
	r->comment = NULL;
}

/* Look at what lies between the last thing taken and the next. */
static void see(struct reader *r)
{
	size_t i = r->i;

	if (r->seen)
		return;
	comment_to_note(r);
	while (i < r->nt && !has_text(&r->t[i]))
		i++;
	r->stop = step_over(r, r->pos, i < r->nt ? r->t[i].start : r->src->len);
	r->seen = true;
}

static enum fy_token_type next(const struct reader *r)
{
	return r->i < r->nt ? r->t[r->i].type : FYTT_STREAM_END;
}

static struct token take(struct reader *r)
{
	const struct token t = r->i < r->nt ? r->t[r->i] : (struct token){ .type = FYTT_STREAM_END };

	see(r);
	r->i++;
	if (has_text(&t)) {
		r->pos = t.end;
		r->seen = false;
		r->blank = false;
	}
	return t;
}

static const char *take_comment(struct reader *r)
{
	const char *c;

	see(r);
	c = r->comment;
	r->comment = NULL;
	return c;
}

static struct damp_fmt_notes take_notes(struct reader *r)
{
	struct damp_fmt_notes n;

	see(r);
	n = r->notes;
	r->notes = (struct damp_fmt_notes){ .n = 0 };
	return n;
}

/* The notes that stand at column or farther right: they belong to what ends. */
static struct damp_fmt_notes take_foot(struct reader *r, int column)
{
	struct damp_fmt_notes all = take_notes(r), foot = { .n = 0 };
	size_t i = 0;

	for (; i < all.n && all.note[i].column >= column; i++)
		DAMP_PUSH(r->d->pool, foot.note, foot.n, foot.cap, all.note[i]);
	for (; i < all.n; i++)
		DAMP_PUSH(r->d->pool, r->notes.note, r->notes.n, r->notes.cap, all.note[i]);
	return foot;
}

static int column_of(const struct reader *r, size_t pos)
{
	size_t line = pos;

	while (line > 0 && r->src->text[line - 1] != '\n')
		line--;
	return (int)(pos - line);
}

static struct damp_fmt_node *node_new(struct reader *r, enum damp_fmt_kind kind, bool flow)
{
	struct damp_fmt_node *n = damp_pool_alloc(r->d->pool, sizeof(*n));

	n->kind = kind;
	n->flow = flow;
	return n;
}

static struct damp_fmt_node *fail(struct reader *r, const char *why)
{
	if (!r->failed)
		damp_diag_error(r->d, (struct damp_place){ .src = r->src }, "%s", why);
	r->failed = true;
	return NULL;
}

/* `|` and what follows it stand before the marks of the token. */
static struct damp_fmt_node *read_block_text(struct reader *r)
{
	struct damp_fmt_node *n = node_new(r, DAMP_FMT_BLOCK_TEXT, false);
	const struct token *t = &r->t[r->i];
	const char *text = r->src->text;
	size_t at, end;

	see(r);
	at = end = r->stop;
	while (end < t->start && strchr("|>+-", text[end]))
		end++;
	if (end == at || (end < t->start && text[end] >= '0' && text[end] <= '9'))
		return fail(r, "a block of text with an indentation number is not laid out");
	n->head = damp_pool_strndup(r->d->pool, text + at, end - at);
	step_over(r, end, t->start);
	/* The mark may be behind the indentation of a comment that follows. */
	for (end = t->end; end > t->start && text[end - 1] == ' ';)
		end--;
	n->text = damp_pool_strndup(r->d->pool, text + t->start, end - t->start);
	r->i++;
	r->pos = end;
	r->seen = false;
	r->blank = !strchr(n->head, '+') && end > 1 && text[end - 2] == '\n';
	return n;
}

static struct damp_fmt_node *read_scalar(struct reader *r)
{
	struct damp_fmt_node *n = node_new(r, DAMP_FMT_SCALAR, false);
	struct token t;

	if (is_block_text(&r->t[r->i]))
		return read_block_text(r);
	t = take(r);
	n->text = damp_pool_strndup(r->d->pool, r->src->text + t.start, t.end - t.start);
	return n;
}

/* Does a value begin here? */
static bool begins_node(const struct reader *r)
{
	switch (next(r)) {
	case FYTT_SCALAR:
	case FYTT_FLOW_SEQUENCE_START:
	case FYTT_FLOW_MAPPING_START:
	case FYTT_BLOCK_SEQUENCE_START:
	case FYTT_BLOCK_MAPPING_START:
		return true;
	default:
		return false;
	}
}

/* What was seen before this entry becomes part of it. */
static struct damp_fmt_entry *entry_new(struct reader *r, struct damp_fmt_node *n)
{
	struct damp_fmt_entry e = { .before = take_notes(r) };

	e.blank = r->blank;
	r->blank = false;
	DAMP_PUSH(r->d->pool, n->entry, n->n, n->cap, e);
	return &n->entry[n->n - 1];
}

/* The value behind '-' or ':', and the comments around it. indentless: a list
 * may follow without its own indentation. */
static void read_value(struct reader *r, struct damp_fmt_entry *e, bool flow, bool indentless)
{
	const bool value = begins_node(r) || (indentless && next(r) == FYTT_BLOCK_ENTRY);
	bool collection;

	if (!value) {
		e->comment = take_comment(r);
		return;
	}
	collection = next(r) == FYTT_BLOCK_MAPPING_START || next(r) == FYTT_BLOCK_SEQUENCE_START ||
		     next(r) == FYTT_BLOCK_ENTRY;
	e->mark_comment = take_comment(r);
	if (!collection && !is_block_text(&r->t[r->i]))
		e->between = take_notes(r);
	r->blank = false;
	e->value = read_node(r, flow);
	if (e->value && !collection)
		e->comment = take_comment(r);
}

static void read_pair(struct reader *r, struct damp_fmt_node *n, bool flow)
{
	struct damp_fmt_entry *e = entry_new(r, n);

	if (next(r) == FYTT_KEY)
		take(r);
	if (begins_node(r))
		e->key = read_node(r, flow);
	if (next(r) != FYTT_VALUE) {
		e->comment = take_comment(r);
		return;
	}
	take(r);
	e->colon = true;
	read_value(r, e, flow, !flow);
}

static struct damp_fmt_node *read_block_map(struct reader *r)
{
	struct damp_fmt_node *n = node_new(r, DAMP_FMT_MAP, false);
	const int column = column_of(r, r->t[r->i].start);

	take(r);
	while (!r->failed && (next(r) == FYTT_KEY || next(r) == FYTT_VALUE))
		read_pair(r, n, false);
	n->foot = take_foot(r, column);
	if (next(r) != FYTT_BLOCK_END)
		return fail(r, "this layout is not understood");
	take(r);
	return n;
}

static struct damp_fmt_node *read_block_list(struct reader *r)
{
	struct damp_fmt_node *n = node_new(r, DAMP_FMT_LIST, false);
	const bool own = next(r) == FYTT_BLOCK_SEQUENCE_START;
	const int column = column_of(r, r->t[r->i].start);

	if (own)
		take(r);
	while (!r->failed && next(r) == FYTT_BLOCK_ENTRY) {
		struct damp_fmt_entry *e = entry_new(r, n);

		take(r);
		read_value(r, e, false, false);
	}
	/* Without indentation of its own, comments at its column belong to the next key. */
	n->foot = take_foot(r, own ? column : column + 1);
	if (!own)
		return n;
	if (next(r) != FYTT_BLOCK_END)
		return fail(r, "this layout is not understood");
	take(r);
	return n;
}

static struct damp_fmt_node *read_flow(struct reader *r, bool map)
{
	struct damp_fmt_node *n = node_new(r, map ? DAMP_FMT_MAP : DAMP_FMT_LIST, true);
	const enum fy_token_type end = map ? FYTT_FLOW_MAPPING_END : FYTT_FLOW_SEQUENCE_END;

	take(r);
	n->open_comment = take_comment(r);
	while (!r->failed && next(r) != end) {
		if (next(r) == FYTT_KEY || next(r) == FYTT_VALUE || map) {
			read_pair(r, n, true);
		} else {
			struct damp_fmt_entry *e = entry_new(r, n);

			read_value(r, e, true, false);
		}
		if (next(r) != FYTT_FLOW_ENTRY)
			break;
		take(r);
		see(r);
		if (!n->entry[n->n - 1].comment)
			n->entry[n->n - 1].comment = take_comment(r);
		comment_to_note(r);
	}
	n->foot = take_notes(r);
	if (next(r) != end)
		return fail(r, "this layout is not understood");
	take(r);
	return n;
}

static struct damp_fmt_node *read_node(struct reader *r, bool flow)
{
	struct damp_fmt_node *n = NULL;

	if (++r->depth > DAMP_FILE_DEPTH_MAX + 1)
		return fail(r, "nested too deep");
	switch (next(r)) {
	case FYTT_SCALAR: n = read_scalar(r); break;
	case FYTT_FLOW_MAPPING_START: n = read_flow(r, true); break;
	case FYTT_FLOW_SEQUENCE_START: n = read_flow(r, false); break;
	case FYTT_BLOCK_MAPPING_START: n = flow ? NULL : read_block_map(r); break;
	default: n = flow ? NULL : read_block_list(r); break;
	}
	r->depth--;
	return n ? n : fail(r, "this layout is not understood");
}

struct damp_fmt_node *damp_fmt_read(struct damp_diags *d, const struct damp_source *src,
				    size_t *ncomments)
{
	struct reader r = { .d = d, .src = src };
	struct damp_fmt_node *root;

	if (!scan(&r))
		return fail(&r, "this layout is not understood");
	while (next(&r) == FYTT_STREAM_START || next(&r) == FYTT_DOCUMENT_START)
		take(&r);
	if (next(&r) != FYTT_BLOCK_MAPPING_START)
		see(&r);
	if (r.comment || (r.notes.n && next(&r) != FYTT_BLOCK_MAPPING_START))
		return fail(&r, "a comment before the brackets of the whole file, or behind '---', is not laid out");
	root = read_node(&r, false);
	while (root && next(&r) != FYTT_STREAM_END)
		take(&r);
	if (root && (take_comment(&r) || take_notes(&r).n))
		return fail(&r, "a comment behind the end of the file's text is not laid out");
	*ncomments = r.ncomments;
	return root;
}
