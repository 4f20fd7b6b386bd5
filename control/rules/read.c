/* SPDX-License-Identifier: BSD-3-Clause */
/* See read.h. */
#include "read.h"
#include "suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Defines that refer to defines: longer chains are refused as cycles are. */
#define CHAIN_MAX 16

/* `id:a` is one word to YAML; it is read as what it was meant to be. */
static bool lacks_blank(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *map, const struct damp_pair *p)
{
	const char *colon = strchr(p->key->text, ':');
	const char *name = colon ? damp_pool_strndup(c->pool, p->key->text, (size_t)(colon - p->key->text)) : "";

	if (!colon || damp_key_find(s, name) == DAMP_KEY_MAX)
		return false;
	damp_diag_error(c->diags, p->key->at, "a key is followed by a colon and a blank: '%s: %s'", name, colon + 1);
	if (damp_node_get(map, name) || !p->value->empty)
		return true;
	p->value->text = colon + 1;
	p->value->len = strlen(colon + 1);
	p->value->empty = !colon[1];
	p->key->text = name;
	p->key->len = strlen(name);
	return true;
}

static void unknown_key(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *key, const char *near)
{
	if (strncmp(key->text, "//", 2) == 0 || strncmp(key->text, "/*", 2) == 0)
		damp_diag_error(c->diags, key->at, "a comment begins with '#'");
	else if (s == DAMP_SECTION_RULE && damp_key_find(DAMP_SECTION_MATCH, key->text) != DAMP_KEY_MAX)
		damp_diag_error(c->diags, key->at, "'%s' is a condition; it belongs into 'match'",
				key->text);
	else if (s == DAMP_SECTION_ANSWER && !near && damp_is_action(key->text))
		damp_diag_error(c->diags, key->at, "'%s' is an action by itself; write it alone: 'then: %s'", key->text, key->text);
	else if (s == DAMP_SECTION_MATCH && damp_node_is(key, "not"))
		damp_diag_error(c->diags, key->at, "'not' stands behind a condition, like from: {not: inside}");
	else if (near)
		damp_diag_error(c->diags, key->at, "unknown key '%s' in %s; did you mean '%s'?",
				key->text, damp_section_label(s), near);
	else
		damp_diag_error(c->diags, key->at, "unknown key '%s' in %s", key->text,
				damp_section_label(s));
}

/* Markdown marks are for the manual, not for messages. */
static const char *plain(struct damp_ctx *c, const char *text)
{
	char *out = damp_pool_alloc(c->pool, strlen(text) + 1), *o = out;

	for (; *text; text++)
		if (*text != '`')
			*o++ = *text;
	*o = 0;
	return out;
}

static void walk_pair(struct damp_ctx *c, enum damp_key_section s, const struct damp_pair *p,
		      damp_key_fn *fn, void *user)
{
	const enum damp_key_id k = damp_key_find(s, p->key->text);

	if (p->key->kind != DAMP_NODE_SCALAR || damp_node_is(p->key, "<<") || k == DAMP_KEY_MAX)
		return; /* reported before */
	if (k == DAMP_KEY_ANSWER_BLOCK)
		damp_diag_error(c->diags, p->key->at, DAMP_BLOCK_STANDS_MESSAGE);
	else if (damp_key_later(k))
		damp_diag_error(c->diags, p->key->at, "'%s' is not supported by this version yet",
				p->key->text);
	else if (p->value->refused)
		return;
	else if (p->value->empty)
		damp_diag_error(c->diags, p->key->at, "'%s' has no value; expected %s",
				p->key->text, plain(c, damp_kind_text(damp_keys[k].kind)));
	else
		fn(c, k, p, user);
}

#define FEW_KEYS 8u

/* ": a, b" when a section has few keys, else nothing. */
static const char *few_keys(struct damp_ctx *c, enum damp_key_section s)
{
	const char *all = "";
	unsigned n = 0;

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		if (damp_keys[k].section != s || damp_key_later(k))
			continue;
		all = damp_pool_printf(c->pool, "%s%s %s", all, n ? "," : ":", damp_keys[k].name);
		n++;
	}
	return n <= FEW_KEYS ? all : "";
}

void damp_read_respell(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *map)
{
	for (size_t i = 0; map->kind == DAMP_NODE_MAP && i < map->n; i++) {
		struct damp_node *key = map->pairs[i].key;
		const char *near;

		if (key->kind != DAMP_NODE_SCALAR || key->refused || damp_node_is(key, "<<") ||
		    damp_key_find(s, key->text) != DAMP_KEY_MAX)
			continue;
		key->refused = true;
		if (lacks_blank(c, s, map, &map->pairs[i]))
			continue;
		near = damp_key_suggest(s, key->text);
		unknown_key(c, s, key, near);
		if (!near || damp_node_get(map, near))
			continue;
		key->text = near;
		key->len = strlen(near);
	}
}

void damp_read_keys(struct damp_ctx *c, enum damp_key_section s, const struct damp_node *n,
		    damp_key_fn *fn, void *user)
{
	n = damp_read_deref(c, n);
	if (!n)
		return;
	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "%s is a mapping of keys%s", damp_section_label(s), few_keys(c, s));
		return;
	}
	damp_read_respell(c, s, n);
	for (size_t i = 0; i < n->n; i++)
		walk_pair(c, s, &n->pairs[i], fn, user);
}

const struct damp_node *damp_read_deref(struct damp_ctx *c, const struct damp_node *n)
{
	bool is_name = false;

	for (int i = 0; i < CHAIN_MAX; i++) {
		const struct damp_name *name = damp_name_of(c, n, &is_name);

		if (!is_name)
			return n;
		if (!name)
			return NULL;
		if (name->kind != DAMP_NAME_DEFINE) {
			damp_diag_error(c->diags, n->at, "'%s' is a %s, which does not fit here",
					n->text, name->kind == DAMP_NAME_SET ? "set" : "zone");
			if (name->at.line)
				damp_diag_notice(c->diags, name->at, "'%s' is defined here",
						 n->text);
			return NULL;
		}
		n = name->value;
	}
	damp_diag_error(c->diags, n->at, "more than %d names lead from one to the next here",
			CHAIN_MAX);
	return NULL;
}

const char *damp_read_scalar(struct damp_ctx *c, const struct damp_node *n, const char *what,
			     const struct damp_node **at)
{
	n = damp_read_deref(c, n);
	if (!n)
		return NULL;
	*at = n;
	if (n->kind == DAMP_NODE_SCALAR && n->empty) {
		damp_diag_error(c->diags, n->at, "no value; expected %s", what);
		return NULL;
	}
	if (n->kind == DAMP_NODE_SCALAR && !n->block)
		return n->text;
	if (n->kind == DAMP_NODE_SCALAR) {
		damp_diag_error(c->diags, n->at, DAMP_BLOCK_MESSAGE, what);
		return NULL;
	}

	damp_diag_error(c->diags, n->at, "this is a %s, not %s",
			n->kind == DAMP_NODE_LIST ? "list" : "mapping", what);
	return NULL;
}

bool damp_read_quantity(struct damp_ctx *c, const struct damp_node *n, unsigned want,
			struct damp_quantity *q)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a number with a unit", &at);
	char why[DAMP_WHY_MAX];

	if (!text)
		return false;
	if (damp_quantity_parse(text, want, q, why))
		return true;
	damp_diag_error(c->diags, at->at, "%s", why);
	return false;
}

bool damp_read_integer(struct damp_ctx *c, const struct damp_node *n, uint64_t low, uint64_t high,
		       uint64_t *out)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a number", &at);
	char why[DAMP_WHY_MAX];

	if (!text)
		return false;
	if (damp_integer_parse(text, low, high, out, why))
		return true;
	damp_diag_error(c->diags, at->at, "%s", why);
	return false;
}

bool damp_read_truth(struct damp_ctx *c, const struct damp_node *n, bool *out)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, "a truth value", &at);

	if (!text)
		return false;
	*out = strcmp(text, "true") == 0;
	if (*out || strcmp(text, "false") == 0)
		return true;
	damp_diag_error(c->diags, at->at, "'%s' is not a truth value; write true or false", text);
	return false;
}

const char *damp_read_words(struct damp_ctx *c, const char *const *words)
{
	const char *all = words[0];

	for (size_t i = 1; words[i]; i++)
		all = damp_pool_printf(c->pool, "%s%s%s", all, words[i + 1] ? ", " : " or ",
				       words[i]);
	return all;
}

int damp_read_word(struct damp_ctx *c, const struct damp_node *n, const char *what,
		   const char *const *words)
{
	const struct damp_node *at;
	const char *text = damp_read_scalar(c, n, damp_pool_printf(c->pool, "%s %s", strchr("aeiou", what[0]) ? "an" : "a", what), &at),
		   *near;

	if (!text)
		return -1;
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	near = damp_suggest(text, words);
	if (near)
		damp_diag_error(c->diags, at->at, "unknown %s '%s'; did you mean '%s'?", what, text,
				near);
	else
		damp_diag_error(c->diags, at->at, "unknown %s '%s'; write %s", what, text,
				damp_read_words(c, words));
	return -1;
}

int damp_read_mode(struct damp_ctx *c, const struct damp_node *n)
{
	static const char *const modes[] = {
		[DAMP_MODE_OFF] = "off",
		[DAMP_MODE_OBSERVE] = "observe",
		[DAMP_MODE_ENFORCE] = "enforce",
		NULL,
	};

	return damp_read_word(c, n, "mode", modes);
}
