/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * from, to, source, target: zones, prefixes and sets.
 *
 * Idea: all prefixes written in one term become one address set; a zone adds
 * the port its messages come in on. So an item is an atom (sides, set), and a
 * list of any mix is the OR of its atoms.
 *
 * Invariant: sides are those a message comes *in* on. What goes to a zone
 * comes in on the other port.
 */
#include "terms.h"

#include "suggest.h"
#include <damper/program.h>
#include <string.h>
#include <strings.h>

/* `[fe80::]` is a mapping with one empty value to YAML (operators.md 3.2). */
static bool colon_mapping(const struct damp_node *n)
{
	return n->kind == DAMP_NODE_MAP && n->n == 1 && n->pairs[0].value->empty &&
	       n->pairs[0].key->len && n->pairs[0].key->text[n->pairs[0].key->len - 1] == ':';
}

static bool read_prefix(struct damp_ctx *c, const struct damp_leaf *l, struct damp_addrs *out)
{
	const struct damp_name *meant;
	struct damp_suggestion near;
	const char *text;
	char why[DAMP_WHY_MAX];

	if (colon_mapping(l->node)) {
		text = l->node->pairs[0].key->text;
		damp_leaf_error(
			c, l,
			"this is a mapping, not an address; write %s:/64 or quote it: \"%s:\"",
			text, text);
		return false;
	}
	text = damp_leaf_text(c, l, "an address");
	if (!text)
		return false;
	meant = damp_name_find(c, text);
	if (meant && meant->kind == DAMP_NAME_ZONE) {
		damp_leaf_error(c, l, "'%s' is a zone; only prefixes and addresses fit here", text);
		return false;
	}
	if (meant) {
		damp_leaf_error(c, l, "'%s' is a name; did you mean '$%s'?", text, text);
		return false;
	}
	if (damp_prefix_parse(c->pool, text, out, why)) {
		if (strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0)
			damp_diag_warning(c->diags, l->node->at, "'%s' is one address, which no message comes from or goes to; "
					  "all are 'any', or '%s/0'", text, text);
		return true;
	}
	if (text[0] == '!' || strncmp(text, "not ", 4) == 0) {
		damp_leaf_error(c, l, "'%s' is not an address, a prefix or a zone; write {not: %s}", text,
				text + (text[0] == '!' ? 1 : 4));
		return false;
	}
	if (strcmp(text, "*") == 0 || strcasecmp(text, "all") == 0 || strcasecmp(text, "everyone") == 0 ||
	    strcasecmp(text, "everybody") == 0) {
		damp_leaf_error(c, l, "%s; write 'any' for all addresses", why);
		return false;
	}
	near = damp_suggestion_start(text);
	for (size_t i = 0; i < c->nnames; i++)
		if (c->names[i].kind == DAMP_NAME_ZONE)
			damp_suggestion_try(&near, c->names[i].name);
	if (near.name && strchr(text, '.') == NULL && strchr(text, ':') == NULL)
		damp_leaf_error(c, l, "'%s' is not a zone; did you mean '%s'?", text, near.name);
	else
		damp_leaf_error(c, l, "%s", why);
	return false;
}

bool damp_addrs_read(struct damp_ctx *c, const struct damp_node *n, struct damp_addrs *out)
{
	static const struct damp_terms_want want = { .key = "a list of prefixes",
						     .set = DAMP_SET_PREFIX };
	struct damp_terms t;
	bool good;

	if (n->kind == DAMP_NODE_LIST && !n->n)
		return true;
	good = damp_terms_read(c, n, &want, &t);
	if (t.any)
		damp_addrs_any(c->pool, out);
	if (t.n > 1) {
		damp_diag_error(c->diags, n->at, "'not' does not fit in a list of prefixes");
		return false;
	}
	for (size_t i = 0; i < t.t[0].n; i++) {
		const struct damp_leaf *l = &t.t[0].leaf[i];

		if (l->name && l->name->set->runtime) {
			damp_leaf_error(c, l, "set '%s' is filled at run time: it fits 'from', 'to', 'source' and "
					"'target' of a rule alone", l->name->name);
			good = false;
		} else if (l->name)
			damp_addrs_join(c->pool, out, &c->addr_sets[l->name->set->set].addrs);
		else if (!read_prefix(c, l, out))
			good = false;
	}
	return good;
}

static unsigned other_side(unsigned sides)
{
	return (sides & DAMP_SIDE_BIT(DAMP_OUTSIDE) ? DAMP_SIDE_BIT(DAMP_INSIDE) : 0) |
	       (sides & DAMP_SIDE_BIT(DAMP_INSIDE) ? DAMP_SIDE_BIT(DAMP_OUTSIDE) : 0);
}

static void add_atom(struct damp_ctx *c, struct damp_addr_term *t, unsigned sides, int set, int runtime)
{
	const struct damp_addr_atom a = { .sides = sides, .set = set, .runtime = runtime };

	DAMP_PUSH(c->pool, t->atoms, t->n, t->cap, a);
}

static void add_zone(struct damp_ctx *c, struct damp_addr_term *t, const struct damp_zone *z, bool source)
{
	const struct damp_addr_atom a = { .sides = source ? z->ports : other_side(z->ports),
					  .devices = z->devices, .across = !source, .set = z->set, .runtime = -1 };

	DAMP_PUSH(c->pool, t->atoms, t->n, t->cap, a);
}

static const struct damp_zone *zone_of(struct damp_ctx *c, const struct damp_leaf *l)
{
	const struct damp_name *name = l->name;
	struct damp_name *bare;

	if (!name && l->node->kind == DAMP_NODE_SCALAR) {
		name = bare = damp_name_find(c, l->node->text);
		if (bare && bare->kind == DAMP_NAME_ZONE)
			bare->used = true;
	}
	return name && name->kind == DAMP_NAME_ZONE ? name->zone : NULL;
}

/* A set that is filled at run time gets its index when the first rule asks for it. */
static bool read_runtime(struct damp_ctx *c, const struct damp_leaf *l, struct damp_addr_term *t)
{
	struct damp_name *name = damp_name_find(c, l->name->name);

	if (name->set->index < 0 && c->nruntime == DAMP_RUNTIME_SETS_MAX) {
		damp_leaf_error(c, l, "more than %u sets that are filled at run time are asked for",
				DAMP_RUNTIME_SETS_MAX);
		return false;
	}
	if (name->set->index < 0) {
		name->set->index = (int)c->nruntime;
		c->runtime[c->nruntime++] = name;
	}
	add_atom(c, t, DAMP_BOTH_SIDES, -1, name->set->index);
	return true;
}

static bool read_item(struct damp_ctx *c, const struct damp_leaf *l, bool source,
		      struct damp_addr_term *t, struct damp_addrs *written)
{
	const struct damp_zone *z = zone_of(c, l);

	if (z) {
		add_zone(c, t, z, source);
	} else if (l->name && l->name->set->runtime) {
		return read_runtime(c, l, t);
	} else if (l->name) {
		add_atom(c, t, DAMP_BOTH_SIDES, l->name->set->set, -1);
	} else if (damp_node_is(l->node, "multicast")) {
		if (source) {
			damp_leaf_error(c, l,
					"'multicast' is never a source; it fits 'to' and 'target'");
			return false;
		}
		damp_addrs_multicast(c->pool, written);
	} else {
		return read_prefix(c, l, written);
	}
	return true;
}

static bool read_term(struct damp_ctx *c, const struct damp_term *from, bool source,
		      struct damp_addr_cond *out)
{
	struct damp_addr_term t = { .negated = from->negated };
	const struct damp_name *name;
	struct damp_addrs written = { 0 };
	bool good = true;

	for (size_t i = 0; i < from->n; i++) {
		name = from->leaf[i].name;
		out->runtime |= name && name->set && name->set->runtime;
		if (!read_item(c, &from->leaf[i], source, &t, &written))
			good = false;
	}
	if (written.family[DAMP_V4].n || written.family[DAMP_V6].n)
		add_atom(c, &t, DAMP_BOTH_SIDES, damp_addr_set_add(c, &written), -1);
	DAMP_PUSH(c->pool, out->terms, out->n, out->cap, t);
	return good;
}

void damp_endpoint_read(struct damp_ctx *c, const struct damp_node *n, const char *key, bool source,
			struct damp_addr_cond *out)
{
	const struct damp_terms_want want = { .key = key, .set = DAMP_SET_PREFIX, .zones = true };
	struct damp_terms t;

	if (!damp_terms_read(c, n, &want, &t))
		return;
	for (size_t i = 0; i < t.n; i++)
		if ((t.t[i].n || t.t[i].negated) && !read_term(c, &t.t[i], source, out))
			return;
	out->asked = !t.any;
}
