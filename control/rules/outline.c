/* SPDX-License-Identifier: BSD-3-Clause */
/* The walk; see outline.h. What a single value is: outline_value.c. */
#include "outline.h"

#include <string.h>

struct walk {
	struct damp_ctx *c;
	struct damp_outline *o;
	const struct damp_source *src; /* file is a copy of its name */
	const char *file;
};

/* The outline outlives the sources. */
static const char *file_of(struct walk *w, struct damp_place at)
{
	if (!at.src || at.src == w->src)
		return at.src ? w->file : "";
	w->src = at.src;
	w->file = damp_pool_printf(w->c->pool, "%s", at.src->name);
	return w->file;
}

static struct damp_outline_thing *add_thing(struct walk *w, enum damp_key_id top, const char *name,
					    struct damp_place at)
{
	struct damp_outline *o = w->o;
	struct damp_outline_thing t = { .kind = damp_keys[top].name,
					.name = name,
					.file = file_of(w, at),
					.line = at.line };

	if (o->n && o->thing[o->n - 1].kind == t.kind)
		t.order = o->thing[o->n - 1].order + 1;
	DAMP_PUSH(w->c->pool, o->thing, o->n, o->cap, t);
	return &o->thing[o->n - 1];
}

static void add_value(struct walk *w, struct damp_outline_thing *t, const char *key,
		      enum damp_key_kind kind, const struct damp_node *n, bool written)
{
	struct damp_outline_value v = damp_outline_value_of(w->c, kind, n);

	v.key = key;
	v.written = written;
	v.file = written ? file_of(w, n->at) : "";
	v.line = written ? n->at.line : 0;
	DAMP_PUSH(w->c->pool, t->value, t->n, t->cap, v);
}

/* The default of a key as if it stood in the file; text that is for people
 * only stays one scalar. */
static const struct damp_node *default_node(struct walk *w, const char *text)
{
	struct damp_diags quiet = { .pool = w->c->pool };
	struct damp_source *src = damp_pool_alloc(w->c->pool, sizeof(*src));
	const struct damp_node *root = NULL;
	struct damp_node *n;

	src->name = "built-in defaults";
	src->text = damp_pool_printf(w->c->pool, "x: %s\n", text);
	src->len = strlen(src->text);
	if (strchr("[{", text[0]))
		root = damp_node_load(&quiet, src);
	if (root && !quiet.errors)
		return damp_node_get(root, "x");
	n = damp_pool_alloc(w->c->pool, sizeof(*n));
	n->kind = DAMP_NODE_SCALAR;
	n->text = text;
	n->len = strlen(text);
	return n;
}

static enum damp_key_section opens(enum damp_key_id k)
{
	switch (damp_keys[k].kind) {
	case DAMP_KIND_OF_LADDER: return DAMP_SECTION_LADDER;
	case DAMP_KIND_OF_MATCH: return DAMP_SECTION_MATCH;
	default: return damp_key_opens(k);
	}
}

/* Only the guard has defaults for sections that are not written at all. */
static bool has_default_section(enum damp_key_id k)
{
	return damp_keys[k].kind == DAMP_KIND_OF_MAP && damp_keys[k].section >= DAMP_SECTION_GUARD;
}

/* All keys of section s; map: what is written of it, NULL nothing. */
static void add_section(struct walk *w, struct damp_outline_thing *t, enum damp_key_section s,
			const struct damp_node *map, const char *prefix)
{
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		const struct damp_key_info *info = &damp_keys[k];
		const struct damp_node *n;
		const char *key;

		if (info->section != s || damp_key_later(k))
			continue;
		n = map ? damp_node_get(map, info->name) : NULL;
		n = n ? damp_outline_resolve(w->c, n) : NULL;
		key = damp_pool_printf(w->c->pool, "%s%s", prefix, info->name);
		if (opens(k) != DAMP_SECTION_MAX &&
		    (n ? n->kind == DAMP_NODE_MAP : has_default_section(k)))
			add_section(w, t, opens(k), n, damp_pool_printf(w->c->pool, "%s.", key));
		else if (n)
			add_value(w, t, key, info->kind, n, true);
		else if (info->deflt[0])
			add_value(w, t, key, info->kind, default_node(w, info->deflt), false);
	}
}

/* A file's lines are the members, as if they stood under `items`. */
static void add_file_items(struct walk *w, struct damp_outline_thing *t, const struct damp_node *set)
{
	const struct damp_node *file = damp_node_get(set, "file");
	const struct damp_node *list = file ? damp_set_file_read(w->c, file) : NULL;

	for (size_t i = 0; list && i < t->n; i++)
		if (strcmp(t->value[i].key, "items") == 0) {
			const struct damp_outline_value old = t->value[i];

			t->value[i] = damp_outline_value_of(w->c, DAMP_KIND_OF_ITEMS, list);
			t->value[i].key = old.key;
			t->value[i].written = true;
			t->value[i].file = file_of(w, list->at);
			t->value[i].line = 1;
		}
}

static void add_named(struct walk *w, enum damp_key_id top, const struct damp_node *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct damp_pair *p = &map->pairs[i];
		const struct damp_node *n = damp_outline_resolve(w->c, p->value);
		struct damp_outline_thing *t = add_thing(w, top, p->key->text, p->key->at);

		add_section(w, t, damp_key_opens(top), n->kind == DAMP_NODE_MAP ? n : NULL, "");
		if (top == DAMP_KEY_TOP_SETS)
			add_file_items(w, t, n);
	}
}

/* Rules go by their id; an exemption goes by whom it is for. */
static void add_list(struct walk *w, enum damp_key_id top, const struct damp_node *list)
{
	const bool rules = top == DAMP_KEY_TOP_RULES;

	for (size_t i = 0; i < list->n; i++) {
		const struct damp_node *n = damp_outline_resolve(w->c, list->items[i]);
		const struct damp_node *name = damp_node_get(n, rules ? "id" : "from");
		struct damp_outline_value v;

		if (!name)
			continue; /* empty lists of includes */
		v = damp_outline_value_of(w->c, damp_keys[DAMP_KEY_EXEMPT_FROM].kind, name);
		add_section(w, add_thing(w, top, v.text, name->at),
			    rules ? DAMP_SECTION_RULE : DAMP_SECTION_EXEMPT, n, "");
	}
}

static void add_top(struct walk *w, enum damp_key_id top)
{
	const struct damp_node *n = damp_node_get(w->c->root, damp_keys[top].name);

	n = n ? damp_outline_resolve(w->c, n) : NULL;
	if (damp_keys[top].kind == DAMP_KIND_OF_MAP)
		add_section(w, add_thing(w, top, "", n ? n->at : (struct damp_place){ .line = 0 }), damp_key_opens(top),
			    n, "");
	else if (n && n->kind == DAMP_NODE_LIST)
		add_list(w, top, n);
	else if (n && damp_keys[top].kind == DAMP_KIND_OF_NAMED && n->kind == DAMP_NODE_MAP)
		add_named(w, top, n);
}

struct damp_outline *damp_outline_make(struct damp_ctx *c)
{
	struct walk w = { .c = c, .o = damp_pool_alloc(c->pool, sizeof(*w.o)) };

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
		if (damp_keys[k].section == DAMP_SECTION_TOP && !damp_key_later(k) &&
		    k != DAMP_KEY_TOP_INCLUDE && k != DAMP_KEY_TOP_DEFINE)
			add_top(&w, k);
	return w.o;
}

void damp_outline_free(struct damp_outline *o)
{
	struct damp_pool pool;

	if (!o)
		return;
	pool = o->pool;
	damp_pool_free(&pool);
}
