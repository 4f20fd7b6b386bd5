/* SPDX-License-Identifier: BSD-3-Clause */
/* See include.h. */
#include "include.h"

#include "files.h"
#include "read.h"

#include <string.h>

/* What an included file may hold beside 'version' and 'include'. */
static const struct {
	enum damp_key_id key;
	bool list;
} parts[] = {
	{ DAMP_KEY_TOP_DEFINE, false }, { DAMP_KEY_TOP_SETS, false },
	{ DAMP_KEY_TOP_LIMITS, false }, { DAMP_KEY_TOP_SCHEDULES, false },
	{ DAMP_KEY_TOP_EXEMPT, true },
	{ DAMP_KEY_TOP_RULES, true }, /* the last: its items may be includes */
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* A map or list that grows; key: of the first file that has it. */
struct part {
	struct damp_node *key;
	struct damp_pair *pairs;
	struct damp_node **items;
	size_t n, cap;
};

struct visit {
	const struct damp_source *src;
	struct damp_place at; /* of the include */
};

struct walk {
	struct damp_ctx *c;
	struct part part[PARTS];
	struct visit *seen;
	size_t nseen, seen_cap;
	const struct damp_source *open[DAMP_INCLUDE_DEPTH_MAX + 1];
	unsigned depth;
};

static void read_includes(struct walk *w, const struct damp_node *n);

static bool is_include(const struct damp_node *n)
{
	return damp_node_get(n, "include") != NULL;
}

static void add_pairs(struct walk *w, struct part *to, const struct damp_node *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct damp_pair *p = &map->pairs[i];
		size_t j = 0;

		while (j < to->n && (to->pairs[j].key->at.src == p->key->at.src ||
				     strcmp(to->pairs[j].key->text, p->key->text) != 0))
			j++;
		if (j == to->n) {
			DAMP_PUSH(w->c->pool, to->pairs, to->n, to->cap, *p);
			continue;
		}
		damp_diag_error(w->c->diags, p->key->at, "key '%s' is used twice", p->key->text);
		damp_diag_notice(w->c->diags, to->pairs[j].key->at, "first used here");
	}
}

static void add_items(struct walk *w, struct part *to, const struct damp_node *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct damp_node *item = list->items[i];

		if (to != &w->part[PARTS - 1] || !is_include(item))
			DAMP_PUSH(w->c->pool, to->items, to->n, to->cap, item);
		else if (item->n > 1)
			damp_diag_error(w->c->diags, item->at,
					"'include' stands alone in an item of a list");
		else
			read_includes(w, damp_node_get(item, "include"));
	}
}

/* Index into parts, PARTS when the key is none. */
static size_t part_of(enum damp_key_id key)
{
	size_t i = 0;

	while (i < PARTS && parts[i].key != key)
		i++;
	return i;
}

static bool fits(const struct damp_node *n, size_t part)
{
	return n->kind == (parts[part].list ? DAMP_NODE_LIST : DAMP_NODE_MAP);
}

static void add_part(struct walk *w, size_t i, const struct damp_pair *p)
{
	if (!w->part[i].key)
		w->part[i].key = p->key;
	if (parts[i].list)
		add_items(w, &w->part[i], p->value);
	else
		add_pairs(w, &w->part[i], p->value);
}

/* One key of an included file. */
static void take(struct damp_ctx *c, enum damp_key_id key, const struct damp_pair *p, void *user)
{
	struct walk *w = user;
	const size_t i = part_of(key);

	if (i < PARTS && fits(p->value, i))
		add_part(w, i, p);
	else if (i < PARTS)
		damp_diag_error(c->diags, p->value->at, "'%s' is a %s", p->key->text,
				parts[i].list ? "list" : "mapping of names");
	else if (key != DAMP_KEY_TOP_VERSION && key != DAMP_KEY_TOP_INCLUDE)
		damp_diag_error(c->diags, p->key->at,
				"'%s' belongs into the root file, not into one that is included",
				p->key->text);
}

static bool may_enter(struct walk *w, const struct damp_source *src, struct damp_place at)
{
	for (unsigned i = 0; i <= w->depth; i++)
		if (w->open[i] == src) {
			damp_diag_error(w->c->diags, at, "'%s' includes itself", src->path);
			return false;
		}
	for (size_t i = 0; i < w->nseen; i++)
		if (w->seen[i].src == src) {
			damp_diag_error(w->c->diags, at, "'%s' is included twice", src->path);
			damp_diag_notice(w->c->diags, w->seen[i].at, "first included here");
			return false;
		}
	if (w->depth == DAMP_INCLUDE_DEPTH_MAX) {
		damp_diag_error(w->c->diags, at, "files include each other more than %u deep",
				DAMP_INCLUDE_DEPTH_MAX);
		return false;
	}
	return true;
}

static void read_file(struct walk *w, const char *path, struct damp_place at)
{
	char why[DAMP_WHY_MAX];
	const struct damp_source *src = damp_files_read(w->c->files, path, why);
	struct visit v = { .src = src, .at = at };
	const struct damp_node *root;

	if (!src) {
		damp_diag_error(w->c->diags, at, "%s", why);
		return;
	}
	if (!may_enter(w, src, at))
		return;
	DAMP_PUSH(w->c->pool, w->seen, w->nseen, w->seen_cap, v);
	root = damp_node_load(w->c->diags, src);
	if (!root)
		return;
	w->open[++w->depth] = src;
	damp_read_respell(w->c, DAMP_SECTION_TOP, root);
	damp_version_check(w->c, root, damp_node_get(root, "version"));
	damp_read_keys(w->c, DAMP_SECTION_TOP, root, take, w);
	if (damp_node_get(root, "include"))
		read_includes(w, damp_node_get(root, "include"));
	w->depth--;
}

static void read_include(struct walk *w, const struct damp_node *n)
{
	const char *path;
	const char **found;
	size_t count;

	if (n->kind != DAMP_NODE_SCALAR || n->empty || n->block || !n->len) {
		damp_diag_error(w->c->diags, n->at, "'include' names files: a path or a list of them");
		return;
	}
	path = damp_files_path(w->c->files, n->at.src, n->text);
	if (!path) {
		damp_diag_error(w->c->diags, n->at,
				DAMP_LEAVES_MESSAGE, n->text);
		return;
	}
	if (!*path) {
		damp_diag_error(w->c->diags, n->at, "'%s' is the directory of the rule file; name files in it, or a glob like 'rules.d/*.yaml'", n->text);
		return;
	}
	if (!damp_files_is_glob(path)) {
		read_file(w, path, n->at);
		return;
	}
	found = damp_files_glob(w->c->files, path, &count);
	if (!count)
		damp_diag_warning(w->c->diags, n->at, "'%s' matches no file", n->text);
	for (size_t i = 0; i < count; i++)
		read_file(w, found[i], n->at);
}

static void read_includes(struct walk *w, const struct damp_node *n)
{
	if (n->kind != DAMP_NODE_LIST) {
		read_include(w, n);
		return;
	}
	for (size_t i = 0; i < n->n; i++)
		read_include(w, n->items[i]);
}

static bool includes(const struct damp_node *root)
{
	const struct damp_node *rules = damp_node_get(root, "rules");

	for (size_t i = 0; rules && rules->kind == DAMP_NODE_LIST && i < rules->n; i++)
		if (is_include(rules->items[i]))
			return true;
	return is_include(root);
}

static struct damp_node *node_of(struct damp_ctx *c, const struct part *part, bool list)
{
	struct damp_node *n = damp_pool_alloc(c->pool, sizeof(*n));

	n->kind = list ? DAMP_NODE_LIST : DAMP_NODE_MAP;
	n->text = "";
	n->n = part->n;
	n->items = part->items;
	n->pairs = part->pairs;
	n->at = !part->n ? part->key->at : list ? part->items[0]->at : part->pairs[0].key->at;
	return n;
}

const struct damp_node *damp_include_expand(struct damp_ctx *c, const struct damp_node *root)
{
	struct walk w = { .c = c, .open = { root->at.src } };
	struct damp_node *all;
	size_t cap = 0;

	if (!includes(root))
		return root;
	all = damp_pool_alloc(c->pool, sizeof(*all));
	*all = *root;
	all->pairs = NULL;
	all->n = 0;
	for (size_t i = 0; i < root->n; i++) {
		const struct damp_pair *p = &root->pairs[i];
		const size_t part = part_of(damp_key_find(DAMP_SECTION_TOP, p->key->text));

		if (part < PARTS && fits(p->value, part))
			add_part(&w, part, p);
		else
			DAMP_PUSH(c->pool, all->pairs, all->n, cap, *p);
	}
	if (is_include(root))
		read_includes(&w, damp_node_get(root, "include"));
	for (size_t i = 0; i < PARTS; i++)
		if (w.part[i].key) {
			const struct damp_pair p = {
				.key = w.part[i].key,
				.value = node_of(c, &w.part[i], parts[i].list),
			};

			DAMP_PUSH(c->pool, all->pairs, all->n, cap, p);
		}
	return all;
}
