/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name space of $names: defines, sets and zones.
 *
 * Idea: all names are collected before any value is read, so that order does
 * not matter; a define is read where it is used and gets its type there.
 * Cycles are searched once, at the start, and their members refused, so that
 * no reader has to fear them.
 *
 * Invariant: a name exists once, whatever its kind.
 *
 * Reference: operators.md 3.2.
 */
#include "read.h"
#include "suggest.h"

#include <ctype.h>
#include <string.h>

#define SLOTS_FIRST 64u

/* FNV-1a: a file may define as many names as fit into it. */
static uint32_t hash_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *slot_of(const struct damp_ctx *c, const char *name)
{
	size_t i = hash_of(name);

	while (c->name_slots[i & (c->nname_slots - 1)] &&
	       strcmp(c->names[c->name_slots[i & (c->nname_slots - 1)] - 1].name, name) != 0)
		i++;
	return &c->name_slots[i & (c->nname_slots - 1)];
}

/* At most half of the slots are taken. */
static void grow_slots(struct damp_ctx *c)
{
	c->nname_slots = c->nname_slots ? 2 * c->nname_slots : SLOTS_FIRST;
	c->name_slots = damp_pool_alloc(c->pool, c->nname_slots * sizeof(*c->name_slots));
	for (size_t i = 0; i < c->nnames; i++)
		*slot_of(c, c->names[i].name) = (uint32_t)i + 1;
}

struct damp_name *damp_name_find(struct damp_ctx *c, const char *name)
{
	const uint32_t slot = c->nname_slots ? *slot_of(c, name) : 0;

	return slot ? &c->names[slot - 1] : NULL;
}

bool damp_name_check(struct damp_ctx *c, const struct damp_node *key, const char *what)
{
	static const char *const taken[] = { "any", "multicast", "not", NULL };
	bool good = key->len > 0 && key->len < DAMP_NAME_MAX &&
		    isalpha((unsigned char)key->text[0]);

	for (size_t i = 0; i < key->len; i++)
		good = good && (isalnum((unsigned char)key->text[i]) || strchr("_-", key->text[i]));
	if (!good)
		damp_diag_error(c->diags, key->at,
				"'%.80s' cannot name a %s; write a letter, then letters, digits, "
				"'_' and '-', "
				"at most %u",
				key->text, what, DAMP_NAME_MAX - 1);
	for (size_t i = 0; taken[i] && good; i++)
		if (strcmp(key->text, taken[i]) == 0) {
			damp_diag_error(c->diags, key->at,
					"'%s' is a word of the language and cannot name a %s",
					key->text, what);
			good = false;
		}
	return good;
}

static struct damp_name *add_name(struct damp_ctx *c, enum damp_name_kind kind, const char *name,
				  struct damp_place at)
{
	const struct damp_name new = { .kind = kind, .name = name, .at = at };

	DAMP_PUSH(c->pool, c->names, c->nnames, c->names_cap, new);
	if (2 * c->nnames > c->nname_slots)
		grow_slots(c);
	else
		*slot_of(c, name) = (uint32_t)c->nnames;
	return &c->names[c->nnames - 1];
}

static struct damp_name *collect(struct damp_ctx *c, const struct damp_pair *p,
				 enum damp_name_kind kind)
{
	static const char *const what[] = { "define", "set", "zone" };
	const struct damp_name *old;

	if (p->key->kind != DAMP_NODE_SCALAR)
		return NULL;
	if (p->key->text[0] == '$' && p->key->text[1]) {
		damp_diag_error(c->diags, p->key->at, "the '$' stands where a name is used; write '%s:' here", p->key->text + 1);
		p->key->text++;
		p->key->len--;
	}
	if (!damp_name_check(c, p->key, what[kind]))
		return NULL;
	if (kind != DAMP_NAME_ZONE && (damp_node_is(p->key, "inside") || damp_node_is(p->key, "outside"))) {
		damp_diag_error(c->diags, p->key->at, "'%s' is a zone that always exists and cannot name a %s", p->key->text,
				what[kind]);
		return NULL;
	}
	old = damp_name_find(c, p->key->text);
	if (old && old->kind == kind)
		return NULL; /* a key used twice: reported by the loader */
	if (old) {
		damp_diag_error(c->diags, p->key->at, "'$%s' is already a %s", p->key->text,
				what[old->kind]);
		damp_diag_notice(c->diags, old->at, "'$%s' is defined here", p->key->text);
		return NULL;
	}
	if (p->value->empty) {
		damp_diag_error(c->diags, p->key->at, "'%s' has no value", p->key->text);
		return NULL;
	}
	return add_name(c, kind, p->key->text, p->key->at);
}

static const struct damp_node *named_map(struct damp_ctx *c, const struct damp_node *root,
					 const char *key)
{
	const struct damp_node *n = damp_node_get(root, key);

	if (!n || n->empty)
		return NULL;
	if (n->kind == DAMP_NODE_MAP)
		return n;
	damp_diag_error(c->diags, n->at, "'%s' is a mapping of names", key);
	return NULL;
}

static void visit(struct damp_ctx *c, struct damp_name *name);

static void visit_node(struct damp_ctx *c, struct damp_name *from, const struct damp_node *n)
{
	struct damp_name *to;

	for (size_t i = 0; n->kind == DAMP_NODE_LIST && i < n->n; i++)
		visit_node(c, from, n->items[i]);
	for (size_t i = 0; n->kind == DAMP_NODE_MAP && i < n->n; i++)
		visit_node(c, from, n->pairs[i].value);
	if (n->kind != DAMP_NODE_SCALAR || n->text[0] != '$')
		return;
	to = damp_name_find(c, n->text + 1);
	if (!to || to->kind != DAMP_NAME_DEFINE)
		return;
	if (to->state == 0)
		visit(c, to);
	if (to->state == 1) {
		damp_diag_error(c->diags, n->at, "'$%s' is defined by itself", to->name);
		damp_diag_notice(c->diags, to->at, "'$%s' is defined here", to->name);
	}
	if (to->state != 2)
		from->state = 3;
}

static void visit(struct damp_ctx *c, struct damp_name *name)
{
	name->state = 1;
	visit_node(c, name, name->value);
	if (name->state == 1)
		name->state = 2;
}

static void builtin_zone(struct damp_ctx *c, const char *name, enum damp_side side)
{
	struct damp_zone *z;

	if (damp_name_find(c, name))
		return;
	z = damp_pool_alloc(c->pool, sizeof(*z));
	*z = (struct damp_zone){
		.name = name, .ports = DAMP_SIDE_BIT(side), .any = true, .builtin = true, .set = -1
	};
	add_name(c, DAMP_NAME_ZONE, name, (struct damp_place){ .src = c->src })->zone = z;
	DAMP_PUSH(c->pool, c->zones, c->nzones, c->zones_cap, z);
}

void damp_names_collect(struct damp_ctx *c, const struct damp_node *root)
{
	const struct damp_node *defines = named_map(c, root, "define"),
			       *sets = named_map(c, root, "sets");
	const struct damp_node *zones = named_map(c, root, "zones");
	struct damp_name *n;

	for (size_t i = 0; defines && i < defines->n; i++)
		if ((n = collect(c, &defines->pairs[i], DAMP_NAME_DEFINE)))
			n->value = defines->pairs[i].value;
	for (size_t i = 0; sets && i < sets->n; i++)
		if ((n = collect(c, &sets->pairs[i], DAMP_NAME_SET)))
			n->set = damp_pool_alloc(c->pool, sizeof(*n->set));
	for (size_t i = 0; zones && i < zones->n; i++)
		if ((n = collect(c, &zones->pairs[i], DAMP_NAME_ZONE)))
			n->zone = damp_pool_alloc(c->pool, sizeof(*n->zone));
	builtin_zone(c, "outside", DAMP_OUTSIDE);
	builtin_zone(c, "inside", DAMP_INSIDE);
	for (size_t i = 0; i < c->nnames; i++)
		if (c->names[i].kind == DAMP_NAME_DEFINE && c->names[i].state == 0)
			visit(c, &c->names[i]);
}

static void not_defined(struct damp_ctx *c, const struct damp_node *n)
{
	struct damp_suggestion near = damp_suggestion_start(n->text + 1);
	const struct damp_name *old;

	for (size_t i = 0; i < c->nnames; i++)
		damp_suggestion_try(&near, c->names[i].name);
	if (!near.name) {
		damp_diag_error(c->diags, n->at, "'%s' is not defined", n->text);
		return;
	}
	damp_diag_error(c->diags, n->at, "'%s' is not defined; did you mean '$%s'?", n->text,
			near.name);
	old = damp_name_find(c, near.name);
	if (old->at.line)
		damp_diag_notice(c->diags, old->at, "'$%s' is defined here", near.name);
}

struct damp_name *damp_name_of(struct damp_ctx *c, const struct damp_node *n, bool *is_name)
{
	struct damp_name *name;

	*is_name = n->kind == DAMP_NODE_SCALAR && n->text[0] == '$';
	if (!*is_name)
		return NULL;
	name = damp_name_find(c, n->text + 1);
	if (!name)
		not_defined(c, n);
	else
		name->used = true;
	return name && name->state == 3 ? NULL : name;
}
