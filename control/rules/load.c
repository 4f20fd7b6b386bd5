/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libfyaml to nodes; see node.h.
 *
 * Idea: syntax errors are collected from libfyaml and put into our own list;
 * everything it would accept but the profile does not (aliases, anchors, tags,
 * merge keys, duplicate keys, a second document) is refused here, by name.
 *
 * Invariant: no libfyaml pointer outlives this file; fy_document_root() is
 * never called on NULL (it crashes in 0.7.12).
 *
 * Reference: operators.md 3.2, 3.3 (calls and traps of 0.7.12).
 */
#include "lookalike.h"
#include "node.h"
#include "source_line.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAMP_TOO_DEEP_MESSAGE "nested deeper than %u levels"

struct loader {
	struct damp_diags *d;
	const struct damp_source *src;
	unsigned before; /* errors before this file */
	bool too_deep;
	struct fy_token_iter *text; /* reads each scalar */
};

static struct damp_place whole(const struct loader *l)
{
	return (struct damp_place){ .src = l->src };
}

static struct damp_place token_place(const struct loader *l, struct fy_token *t,
				     struct damp_place fallback)
{
	const struct fy_mark *s = t ? fy_token_start_mark(t) : NULL,
			     *e = t ? fy_token_end_mark(t) : NULL;
	struct damp_place at = { .src = l->src };

	if (!s)
		return fallback;
	at.line = s->line + 1;
	at.column = s->column + 1;
	at.end_column = e && e->line == s->line && e->column > s->column ? e->column + 1
									 : at.column + 1;
	return at;
}

/* An anchor has no mark of its own; its '&' is looked for before what it names. */
static struct damp_place anchor_place(const struct loader *l, struct fy_anchor *anchor, struct damp_place at)
{
	size_t len = 0, bytes = 0;
	const char *name = fy_anchor_get_text(anchor, &len), *line;

	for (int back = 0; name && back < 2 && at.line > back; back++) {
		line = damp_source_line(l->src, at.line - back, &bytes);
		for (size_t i = bytes; line && i-- > 0;) {
			if (line[i] != '&' || bytes - i <= len || memcmp(line + i + 1, name, len) != 0)
				continue;
			at.line -= back;
			at.column = damp_utf8_count(line, i) + 1;
			at.end_column = at.column + 1 + damp_utf8_count(name, len);
			return at;
		}
	}
	return at;
}

static void refuse(struct loader *l, struct fy_node *n, struct damp_place at)
{
	struct fy_anchor *anchor = fy_node_get_anchor(n);

	if (fy_node_get_style(n) == FYNS_ALIAS) {
		at.column--; /* libfyaml's mark is behind the asterisk */
		damp_diag_error(
			l->d, at,
			"YAML aliases are not used in rule files; write a define and $name");
	}
	if (anchor)
		at = anchor_place(l, anchor, at);
	if (anchor)
		damp_diag_error(
			l->d, at,
			"YAML anchors are not used in rule files; write a define and $name");
	if (fy_node_get_tag_token(n))
		damp_diag_error(l->d, token_place(l, fy_node_get_tag_token(n), at),
				fy_node_is_scalar(n) && !fy_token_get_text_length(fy_node_get_scalar_token(n))
					? "'!' begins a tag in YAML; to turn a condition round, write {not: ...}"
					: "YAML tags are not used in rule files; types come from the keys");
}

static struct damp_node *convert(struct loader *l, struct fy_node *n, struct damp_place at,
				 unsigned depth);

static struct damp_node *node_new(struct loader *l, enum damp_node_kind kind, struct damp_place at)
{
	struct damp_node *out = damp_pool_alloc(l->d->pool, sizeof(*out));

	out->kind = kind;
	out->at = at;
	out->text = "";
	return out;
}

/* Append the chunks of a token to out (NULL: only count them). Returns the bytes. */
static size_t gather(struct fy_token_iter *it, struct fy_token *t, char *out)
{
	const struct fy_iter_chunk *c = NULL;
	size_t len = 0;
	int err;

	fy_token_iter_start(t, it);
	while ((c = fy_token_iter_chunk_next(it, c, &err)) != NULL) {
		if (out)
			memcpy(out + len, c->str, c->len);
		len += c->len;
	}
	fy_token_iter_finish(it);
	return len;
}

/* The text of a scalar, NUL behind it. By chunks, as fy_node_get_scalar() of
 * 0.7.12 loses 1 KiB for each scalar that it puts together of more than ten. */
static const char *scalar_text(struct loader *l, struct fy_node *n, size_t *len)
{
	struct fy_token *t = n ? fy_node_get_scalar_token(n) : NULL;
	char *out;

	*len = t ? gather(l->text, t, NULL) : 0;
	out = damp_pool_alloc(l->d->pool, *len + 1);
	if (*len)
		gather(l->text, t, out);
	return out;
}

/* What YAML, and JSON with it, calls no value (YAML 1.2 section 10.3.2). */
static bool is_null(const char *text)
{
	return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
	       strcmp(text, "NULL") == 0;
}

static struct damp_node *convert_scalar(struct loader *l, struct fy_node *n, struct damp_place at)
{
	struct damp_node *out = node_new(l, DAMP_NODE_SCALAR, at);
	const enum fy_node_style style = n ? fy_node_get_style(n) : FYNS_PLAIN;

	out->text = scalar_text(l, n, &out->len);
	out->empty = style == FYNS_PLAIN && is_null(out->text);
	out->block = style == FYNS_LITERAL || style == FYNS_FOLDED;
	return out;
}

static struct damp_node *convert_list(struct loader *l, struct fy_node *n, struct damp_place at,
				      unsigned depth)
{
	const int count = fy_node_sequence_item_count(n);
	struct damp_node *out = node_new(l, DAMP_NODE_LIST, at);
	struct fy_node *item;
	void *it = NULL;

	out->items = damp_pool_alloc(l->d->pool,
				     (size_t)(count > 0 ? count : 1) * sizeof(*out->items));
	while ((item = fy_node_sequence_iterate(n, &it)) && out->n < (size_t)count)
		out->items[out->n++] = convert(l, item, at, depth + 1);
	if (out->n)
		out->at = out->items[0]->at;
	return out;
}

static void check_key(struct loader *l, const struct damp_node *key)
{
	if (key->kind != DAMP_NODE_SCALAR)
		damp_diag_error(l->d, key->at, "a key must be a word, not a list or mapping");
	else if (damp_node_is(key, "<<"))
		damp_diag_error(l->d, key->at, "YAML merge keys are not used in rule files");
}

static int by_text(const void *a, const void *b)
{
	const struct damp_pair *p = *(struct damp_pair *const *)a,
			       *q = *(struct damp_pair *const *)b;
	const int c = strcmp(p->key->text, q->key->text);

	return c ? c : (p > q) - (p < q);
}

static void check_twice(struct loader *l, const struct damp_node *map)
{
	const struct damp_pair **p = damp_pool_alloc(l->d->pool, (map->n + 1) * sizeof(*p));

	for (size_t i = 0; i < map->n; i++)
		p[i] = &map->pairs[i];
	qsort(p, map->n, sizeof(*p), by_text);
	for (size_t i = 1, first = 0; i < map->n; i++) {
		if (strcmp(p[i]->key->text, p[first]->key->text) != 0) {
			first = i;
			continue;
		}
		damp_diag_error(l->d, p[i]->key->at, "key '%s' is used twice", p[i]->key->text);
		damp_diag_notice(l->d, p[first]->key->at, "first used here");
	}
}

static struct damp_node *convert_map(struct loader *l, struct fy_node *n, struct damp_place at,
				     unsigned depth)
{
	const int count = fy_node_mapping_item_count(n);
	struct damp_node *out = node_new(l, DAMP_NODE_MAP, at);
	struct fy_node_pair *pair;
	void *it = NULL;

	out->pairs = damp_pool_alloc(l->d->pool,
				     (size_t)(count > 0 ? count : 1) * sizeof(*out->pairs));
	while ((pair = fy_node_mapping_iterate(n, &it)) && out->n < (size_t)count) {
		struct damp_pair *p = &out->pairs[out->n++];

		p->key = convert(l, fy_node_pair_key(pair), at, depth + 1);
		p->value = convert(l, fy_node_pair_value(pair), p->key->at, depth + 1);
		check_key(l, p->key);
	}
	if (out->n)
		out->at = out->pairs[0].key->at;
	check_twice(l, out);
	return out;
}

/* at: the place to use when n has none of its own (its key, its parent). */
static struct damp_node *convert(struct loader *l, struct fy_node *n, struct damp_place at,
				 unsigned depth)
{
	struct damp_node *out;

	if (depth > DAMP_FILE_DEPTH_MAX) {
		if (!l->too_deep)
			damp_diag_error(l->d, at, DAMP_TOO_DEEP_MESSAGE, DAMP_FILE_DEPTH_MAX);
		l->too_deep = true;
		return node_new(l, DAMP_NODE_SCALAR, at);
	}
	if (!n || fy_node_is_scalar(n)) {
		/* The mark of a block of text is at its text; its key says more. */
		if (n && fy_node_get_style(n) != FYNS_LITERAL &&
		    fy_node_get_style(n) != FYNS_FOLDED)
			at = token_place(l, fy_node_get_scalar_token(n), at);
		out = convert_scalar(l, n, at);
	} else if (fy_node_is_sequence(n)) {
		out = convert_list(l, n, at, depth);
	} else {
		out = convert_map(l, n, at, depth);
	}
	if (n)
		refuse(l, n, out->at);
	/* `!inside` is nothing with a tag to YAML. */
	out->refused = n && out->empty && fy_node_get_tag_token(n);
	return out;
}

/* The bracket that is open at the given place, as far as a look at quotes and
 * comments can tell: YAML reports a missing one far behind it. */
static struct damp_place open_bracket(const struct damp_source *src, int line, int column)
{
	struct damp_place stack[DAMP_FILE_DEPTH_MAX + 1] = { { .line = 0 } };
	struct damp_place at = { .src = src, .line = 1, .column = 1 };
	size_t n = 0;
	char quote = 0, before = ' ';

	for (const char *p = src->text;
	     *p && (at.line < line || (at.line == line && at.column < column)); p++) {
		if (quote) {
			quote = *p == quote ? 0 : quote;
		} else if ((*p == '"' || *p == '\'') && strchr(" \t[{,:", before)) {
			quote = *p;
		} else if (*p == '#' && strchr(" \t\n", before)) {
			while (p[1] && p[1] != '\n')
				p++;
		} else if ((*p == '[' || *p == '{') && n < DAMP_FILE_DEPTH_MAX) {
			at.end_column = at.column + 1;
			stack[++n] = at;
		} else if ((*p == ']' || *p == '}') && n) {
			n--;
		}
		before = *p;
		if (*p == '\n') {
			at.line++;
			at.column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return stack[n];
}

/* `key: fe80::` is a syntax error to YAML; say what it was meant to be. */
static bool colon_address(const struct damp_source *src, int line)
{
	const char *p = src->text;

	while (line-- > 1 && (p = strchr(p, '\n')))
		p++;
	for (; p && *p && *p != '\n'; p++)
		if (p[0] == ':' && p[1] == ':' && strchr("\n ,]}", p[2]))
			return true;
	return false;
}

/* What people meant who ran into one of YAML's reserved characters. */
static const char *hint_of(const char *message)
{
	static const struct {
		const char *part, *hint;
	} hints[] = {
		{ "start with '>'", "ranges are written '64 B..' and '..96 B'" },
		{ "start with '@'", "names are written '$name'" },
		{ "start with '%'", "quote text that begins with '%'" },
		{ "expected '-' indicator", "the keys of one item stand under each other; is this line indented as those "
		  "above, and does a bracket close too early?" },
		{ "at the end of block sequence", "the keys of one item stand under each other; is this line indented as "
		  "those above?" },
		{ "invalid value after mapping", "a key is followed by a colon and a blank: 'then: drop'" },
		{ "invalid indentation in mapping", "this line is indented unlike those above that it belongs to" },
		{ "multiline plain key", "a key is followed by a colon and a blank: 'id: a'" },
		{ "nested block mapping", "text with a colon and a blank in it stands in quotes" },
		{ "double-quoted scalar", "look for a quote above that is not closed" },
		{ "single-quoted scalar", "look for a quote above that is not closed" },
		{ "invalid alias", "'*' begins an alias in YAML; write '/*', or quote it" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strstr(message, hints[i].part))
			return hints[i].hint;
	return NULL;
}

/* What stands where a comma was expected: the end of text that YAML took apart. */
static const char *hint_of_comma(const char *line, size_t len, size_t at)
{
	const char before = at ? line[at - 1] : ' ', here = at < len ? line[at] : '\n';
	size_t end = at;

	if (before == '$' && here == '{')
		return "names are written '$name', without brackets";
	if (strchr("[{", here) && before != ' ')
		return "text with a bracket in it stands in quotes";
	if (here == ':' && before == ']')
		return "an address is written without brackets, and its port goes into 'from_port' or 'to_port'";
	if (here == ':')
		return strchr("\"' ", before) ? NULL : "text with a colon and a blank in it stands in quotes";
	while (end && line[end - 1] == ' ')
		end--;
	return end && strchr("\"'", line[end - 1]) ? "nothing stands behind the end of quoted text; quote all of it, or nothing"
						   : NULL;
}

/* Byte of the character at column (from 1). */
static size_t byte_of(const char *line, size_t len, int column)
{
	uint32_t code;
	size_t i = 0;

	while (--column > 0 && i < len)
		i += damp_utf8_next(line + i, len - i, &code);
	return i;
}

/* What the line says that the message does not. */
static const char *hint_of_line(const struct fy_diag_error *e, const struct damp_source *src)
{
	size_t len = 0, at;
	const char *line = damp_source_line(src, e->line, &len);

	if (!line)
		return NULL;
	at = byte_of(line, len, e->column);
	if (strstr(e->msg, "missing comma") && open_bracket(src, e->line, e->column).line == e->line)
		return hint_of_comma(line, len, at);
	if (strstr(e->msg, "multiline plain key") && at >= 2 && line[at - 1] == ' ' && line[at - 2] == ':')
		return "the next line is indented further than this one: its keys stand under the first key of this";
	return NULL;
}

static void hint(struct loader *l, const struct fy_diag_error *e, struct damp_place here)
{
	struct damp_place bracket = { .line = 0 }, before = here, behind = here;

	before.column = 1;
	before.end_column = here.column;
	behind.column = here.column + 1;
	behind.end_column = INT32_MAX;
	if (damp_lookalike_tell(l->d, before) || damp_lookalike_tell(l->d, behind))
		return;
	if (colon_address(l->src, e->line)) {
		damp_diag_notice(
			l->d, here,
			"an address that ends in '::' needs a length (fe80::/64) or quotes");
		return;
	}
	if (hint_of_line(e, l->src)) {
		damp_diag_notice(l->d, here, "%s", hint_of_line(e, l->src));
		return;
	}
	if (hint_of(e->msg)) {
		damp_diag_notice(l->d, here, "%s", hint_of(e->msg));
		return;
	}
	if (strstr(e->msg, "flow"))
		bracket = open_bracket(l->src, e->line, e->column);
	if (bracket.line)
		damp_diag_notice(l->d, bracket, "this bracket is still open there");
}

static void report_syntax(struct loader *l, struct fy_diag *diag)
{
	const struct fy_diag_error *e;
	void *it = NULL;

	while ((e = fy_diag_errors_iterate(diag, &it))) {
		const struct damp_place here = {
			.src = l->src,
			.line = e->line,
			.column = e->column,
			.end_column = e->column + 1,
		};

		if (e->type != FYET_ERROR)
			continue;
		if (strstr(e->msg, "Max depth"))
			damp_diag_error(l->d, here, DAMP_TOO_DEEP_MESSAGE, DAMP_FILE_DEPTH_MAX);
		else
			damp_diag_error(l->d, here, "%s", e->msg);
		hint(l, e, here);
	}
}

static struct damp_node *load_document(struct loader *l, struct fy_parser *p, struct fy_diag *diag)
{
	struct fy_document *doc = fy_parse_load_document(p), *more;
	struct damp_node *root = NULL;

	if (!doc) {
		report_syntax(l, diag);
		if (l->d->errors == l->before)
			damp_diag_error(l->d, whole(l), "the file holds no rules");
		return NULL;
	}
	root = convert(
		l, fy_document_root(doc),
		(struct damp_place){ .src = l->src, .line = 1, .column = 1, .end_column = 2 }, 0);
	more = fy_parse_load_document(p);
	if (more) {
		struct damp_node *second = convert(l, fy_document_root(more), whole(l), 0);

		damp_diag_error(l->d, second->at, "only one document per file");
		fy_parse_document_destroy(p, more);
	} else if (fy_parser_get_stream_error(p)) {
		report_syntax(l, diag);
	}
	fy_parse_document_destroy(p, doc);
	return root;
}

static struct damp_node *load_stream(struct loader *l, FILE *fp)
{
	struct fy_parse_cfg cfg = {
		.search_path = "",
		.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_DISABLE_MMAP_OPT |
			 FYPCF_ALLOW_DUPLICATE_KEYS,
	};
	struct fy_diag_cfg dcfg;
	struct damp_node *root = NULL;
	struct fy_parser *p;

	fy_diag_cfg_default(&dcfg);
	dcfg.fp = NULL;
	cfg.diag = fy_diag_create(&dcfg);
	if (!cfg.diag)
		return NULL;
	fy_diag_set_collect_errors(cfg.diag, true);
	p = fy_parser_create(&cfg);
	if (p && fy_parser_set_input_fp(p, l->src->name, fp) == 0)
		root = load_document(l, p, cfg.diag);
	if (p)
		fy_parser_destroy(p);
	fy_diag_destroy(cfg.diag);
	return root;
}

struct damp_node *damp_node_load(struct damp_diags *d, const struct damp_source *src)
{
	struct loader l = { .d = d, .src = src, .before = d->errors };
	struct damp_node *root = NULL;
	FILE *fp;

	if (!damp_node_check_text(d, src))
		return NULL;
	fp = src->len ? fmemopen((void *)(uintptr_t)src->text, src->len, "r") : NULL;
	l.text = fy_token_iter_create(NULL);
	if (fp && l.text)
		root = load_stream(&l, fp);
	if (fp)
		fclose(fp);
	fy_token_iter_destroy(l.text);
	if (!root && d->errors == l.before)
		damp_diag_error(d, whole(&l), "the file holds no rules");
	if (root && root->kind != DAMP_NODE_MAP) {
		damp_diag_error(d, root->at,
				root->empty
					? "the file holds no rules"
					: "a rule file is a mapping; it begins with 'version: 1'");
		return NULL;
	}
	return root;
}

bool damp_node_is(const struct damp_node *n, const char *s)
{
	return n->kind == DAMP_NODE_SCALAR && n->len == strlen(s) &&
	       memcmp(n->text, s, n->len) == 0;
}

const struct damp_node *damp_node_get(const struct damp_node *map, const char *key)
{
	for (size_t i = 0; i < map->n && map->kind == DAMP_NODE_MAP; i++)
		if (damp_node_is(map->pairs[i].key, key))
			return map->pairs[i].value;
	return NULL;
}
