/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tenants: whose the addresses are, for limits that are per tenant.
 *
 * Idea: a tenant is a name with prefixes of both families. Where nobody wrote
 * `tenants`, each item of a set that is called so is a tenant of its own. They
 * become labels of address classes (compile_addr.c), which is also where two
 * tenants with an address in common are found.
 *
 * Reference: operators.md 3.4, 3.6.
 */
#include "read.h"

#include "terms.h"

#define TENANTS_MAX 4096u
#define SET_NAME "tenants"

static void add(struct damp_ctx *c, const char *name, struct damp_place at, const struct damp_node *n)
{
	struct damp_tenant t = { .name = name, .at = at };
	struct damp_addrs a = { 0 };

	if (c->ntenants == TENANTS_MAX)
		damp_diag_error(c->diags, at, "more than %u tenants", TENANTS_MAX);
	if (c->ntenants >= TENANTS_MAX || !damp_addrs_read(c, n, &a))
		return;
	t.set = damp_addr_set_add(c, &a);
	DAMP_PUSH(c->pool, c->tenants, c->ntenants, c->tenants_cap, t);
}

static void from_mapping(struct damp_ctx *c, const struct damp_node *n)
{
	if (n->kind != DAMP_NODE_MAP) {
		damp_diag_error(c->diags, n->at, "'tenants' is a mapping of names");
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		const struct damp_node *key = n->pairs[i].key, *value = n->pairs[i].value;

		if (key->kind != DAMP_NODE_SCALAR || !damp_name_check(c, key, "tenant"))
			continue;
		if (value->empty)
			damp_diag_error(c->diags, key->at, "tenant '%s' has no prefixes", key->text);
		else if (damp_node_is(value, "any"))
			damp_diag_error(c->diags, value->at, "'any' belongs to nobody");
		else
			add(c, key->text, key->at, value);
	}
}

static void from_set(struct damp_ctx *c)
{
	const struct damp_name *name = damp_name_find(c, SET_NAME);
	const struct damp_node *items = name && name->set && name->set->kind == DAMP_SET_PREFIX ?
						name->set->items : NULL;

	items = items ? damp_read_deref(c, items) : NULL;
	for (size_t i = 0; items && items->kind == DAMP_NODE_LIST && i < items->n; i++)
		add(c, items->items[i]->text, items->items[i]->at, items->items[i]);
}

void damp_tenants_read(struct damp_ctx *c, const struct damp_node *n)
{
	const unsigned before = c->diags->errors;

	if (n)
		from_mapping(c, n);
	else if (c->counts_tenants)
		from_set(c);
	if (c->counts_tenants && c->ntenants == 0 && c->diags->errors == before)
		for (size_t i = 0; i < c->nlimits; i++)
			if (c->limits[i].count && c->plimits[c->limits[i].first].l.per == DAMP_PER_TENANT)
				damp_diag_warning(c->diags, c->limits[i].at,
						  "limit '%s' is per tenant, and there are no 'tenants': all share it",
						  c->limits[i].name);
}
