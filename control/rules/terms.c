/* SPDX-License-Identifier: BSD-3-Clause */
/* See terms.h. */
#include "read.h"
#include "terms.h"

#include <string.h>

struct reader {
	struct damp_ctx *c;
	const struct damp_terms_want *want;
	struct damp_terms *out;
	const struct damp_node *use;
	size_t term;
	bool inside_not, good;
};

static void read_node(struct reader *r, const struct damp_node *n);

void damp_leaf_error(struct damp_ctx *c, const struct damp_leaf *l, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = damp_pool_vprintf(c->pool, fmt, ap);
	va_end(ap);
	damp_diag_error(c->diags, l->node->at, "%s", text);
	if (l->use != l->node)
		damp_diag_notice(c->diags, l->use->at, "used here");
}

const char *damp_leaf_text(struct damp_ctx *c, const struct damp_leaf *l, const char *what)
{
	const struct damp_node *n = l->node;

	if (n->kind == DAMP_NODE_SCALAR && !n->empty && !n->block)
		return n->text;
	if (n->kind == DAMP_NODE_SCALAR && n->block)
		damp_leaf_error(c, l, DAMP_BLOCK_MESSAGE, what);
	else if (n->kind == DAMP_NODE_SCALAR)

		damp_leaf_error(c, l, "an empty item; expected %s", what);
	else
		damp_leaf_error(c, l, "this is a mapping, not %s", what);
	return NULL;
}

static void fail(struct reader *r, const struct damp_node *n, const char *text)
{
	const struct damp_leaf l = { .node = n, .use = r->use ? r->use : n };

	damp_leaf_error(r->c, &l, "%s", text);
	r->good = false;
}

static void add_leaf(struct reader *r, const struct damp_node *n, const struct damp_name *name)
{
	const struct damp_leaf l = { .node = n, .use = r->use ? r->use : n, .name = name };
	struct damp_term *t = &r->out->t[r->term];

	DAMP_PUSH(r->c->pool, t->leaf, t->n, t->cap, l);
}

/* Counts nodes, not items: names that lead nowhere multiply as well. */
static bool too_many(struct reader *r, const struct damp_node *n)
{
	if (r->out->visits++ < DAMP_VISITS_MAX)
		return false;
	if (r->out->visits == DAMP_VISITS_MAX + 1)
		fail(r, n,
		     damp_pool_printf(r->c->pool, "this comes to more than %u items",
				      DAMP_VISITS_MAX));
	return true;
}

static void read_list(struct reader *r, const struct damp_node *n)
{
	if (!n->n)
		fail(r, n, "an empty list agrees with nothing");
	for (size_t i = 0; i < n->n && r->out->visits <= DAMP_VISITS_MAX; i++)
		read_node(r, n->items[i]);
}

static void read_set(struct reader *r, const struct damp_node *n, const struct damp_name *name)
{
	static const char *const kinds[] = { "prefix", "path", "ports" };
	const struct damp_set *set = name->set;

	if (set->kind == DAMP_SET_KIND_MAX) {
		r->good = false; /* reported where it is defined */
	} else if (set->kind != r->want->set) {
		fail(r, n,
		     damp_pool_printf(r->c->pool,
				      "'%s' is a set of kind '%s', which does not fit '%s'",
				      n->text, kinds[set->kind], r->want->key));
		damp_diag_notice(r->c->diags, name->at, "'%s' is defined here", n->text);
	} else if (set->kind == DAMP_SET_PREFIX) {
		add_leaf(r, n, name);
	} else if (set->items) {
		const struct damp_node *before = r->use;

		r->use = before ? before : n;
		for (size_t i = 0; i < set->items->n; i++)
			read_node(r, set->items->items[i]);
		r->use = before;
	}
}

static void read_name(struct reader *r, const struct damp_node *n, const struct damp_name *name)
{
	const struct damp_node *before = r->use;

	if (name->kind == DAMP_NAME_SET) {
		read_set(r, n, name);
	} else if (name->kind == DAMP_NAME_ZONE && r->want->zones) {
		add_leaf(r, n, name);
	} else if (name->kind == DAMP_NAME_ZONE) {
		fail(r, n,
		     damp_pool_printf(r->c->pool, "'%s' is a zone, which does not fit '%s'",
				      n->text, r->want->key));
	} else {
		r->use = before ? before : n;
		read_node(r, name->value);
		r->use = before;
	}
}

static void read_not(struct reader *r, const struct damp_node *n)
{
	const struct damp_term negated = { .negated = true };
	const size_t before = r->term;

	if (n->n != 1) {
		fail(r, n->pairs[1].key, "{not: ...} stands alone; write it without other keys");
		return;
	}
	if (r->inside_not) {
		fail(r, n, "'not' inside 'not'; say it plainly");
		return;
	}
	if (n->pairs[0].value->empty) {
		fail(r, n, "'not' has no value");
		return;
	}
	DAMP_PUSH(r->c->pool, r->out->t, r->out->n, r->out->cap, negated);
	r->term = r->out->n - 1;
	r->inside_not = true;
	read_node(r, n->pairs[0].value);
	r->inside_not = false;
	r->term = before;
}

static void read_any(struct reader *r, const struct damp_node *n)
{
	if (r->inside_not)
		fail(r, n, "nothing is left when 'any' is taken away");
	r->out->any = true;
}

static void read_node(struct reader *r, const struct damp_node *n)
{
	const struct damp_name *name;
	bool is_name;

	if (too_many(r, n))
		return;
	name = damp_name_of(r->c, n, &is_name);
	if (is_name && !name)
		r->good = false;
	else if (name)
		read_name(r, n, name);
	else if (n->kind == DAMP_NODE_LIST)
		read_list(r, n);
	else if (n->kind == DAMP_NODE_MAP && damp_node_get(n, "not"))
		read_not(r, n);
	else if (damp_node_is(n, "any"))
		read_any(r, n);
	else
		add_leaf(r, n, NULL);
}

bool damp_terms_read(struct damp_ctx *c, const struct damp_node *n,
		     const struct damp_terms_want *want, struct damp_terms *out)
{
	const struct damp_term plain = { .negated = false };
	struct reader r = { .c = c, .want = want, .out = out, .good = true };

	*out = (struct damp_terms){ 0 };
	DAMP_PUSH(c->pool, out->t, out->n, out->cap, plain);
	read_node(&r, n);
	return r.good;
}
