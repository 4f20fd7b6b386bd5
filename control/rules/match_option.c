/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option: names of CoAP options that have to be there or not.
 *
 * Idea: what rows by option masks can say (program.h): any of these, none of
 * these, and the AND of several such.
 */
#include "terms.h"

#include "suggest.h"
#include <string.h>

static const char *const option_names[] = {
#define X(name, num, min, max, rep, text) [DAMP_OPTBIT_##name] = text,
	DAMP_COAP_OPTIONS(X)
#undef X
		[DAMP_OPTBIT_UNKNOWN_CRITICAL] = "unknown-critical",
	[DAMP_OPTBIT_UNKNOWN_ELECTIVE] = "unknown-elective",
	[DAMP_OPTBIT_MAX] = NULL,
};

/* The name of an option that was given by its number, NULL when it is none. */
static const char *by_number(const char *text)
{
	static const struct { unsigned number; const char *name; } all[] = {
#define X(name, num, min, max, rep, text) { num, text },
		DAMP_COAP_OPTIONS(X)
#undef X
	};
	uint64_t number;
	char why[DAMP_WHY_MAX];

	for (size_t i = 0; damp_integer_parse(text, 0, 65535, &number, why) && i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].number == number)
			return all[i].name;
	return NULL;
}

static bool option_bit(struct damp_ctx *c, const struct damp_leaf *l, uint64_t *mask)
{
	const char *text = damp_leaf_text(c, l, "an option name"), *near;

	if (!text)
		return false;
	for (size_t i = 0; option_names[i]; i++)
		if (strcmp(text, option_names[i]) == 0) {
			*mask |= 1ull << i;
			return true;
		}
	near = by_number(text) ? by_number(text) : damp_suggest(text, option_names);
	if (near)
		damp_leaf_error(c, l, "unknown option '%s'; did you mean '%s'?", text, near);
	else
		damp_leaf_error(c, l, "unknown option '%s'", text);
	return false;
}

static void add_term(struct damp_ctx *c, struct damp_match *m, uint64_t mask, bool any)
{
	const struct damp_option_term t = { .mask = mask, .any = any };

	DAMP_PUSH(c->pool, m->options, m->noptions, m->options_cap, t);
}

/* {oscore: present, observe: absent}: all have to agree. */
static void read_mapping(struct damp_ctx *c, const struct damp_leaf *l, struct damp_match *m)
{
	static const char *const states[] = { "present", "absent", NULL };

	for (size_t i = 0; i < l->node->n; i++) {
		const struct damp_pair *p = &l->node->pairs[i];
		const struct damp_leaf key = { .node = p->key,
					       .use = l->use == l->node ? p->key : l->use };
		const struct damp_leaf value = { .node = p->value,
						 .use = l->use == l->node ? p->value : l->use };
		const char *text, *near;
		uint64_t mask = 0;

		if (!option_bit(c, &key, &mask))
			continue;
		text = damp_leaf_text(c, &value, "present or absent");
		if (!text)
			continue;
		near = damp_suggest(text, states);
		if (strcmp(text, "present") == 0 || strcmp(text, "absent") == 0)
			add_term(c, m, mask, text[0] == 'p');
		else if (near)
			damp_leaf_error(c, &value,
					"'%s' is not a state of an option; did you mean '%s'?",
					text, near);
		else
			damp_leaf_error(
				c, &value,
				"'%s': values of options are not supported by this version yet; "
				"write present or absent",
				text);
	}
}

static bool holds_mapping(const struct damp_terms *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < t->t[i].n; j++)
			if (t->t[i].leaf[j].node->kind == DAMP_NODE_MAP)
				return true;
	return false;
}

void damp_option_read(struct damp_ctx *c, const struct damp_node *n, struct damp_match *m)
{
	static const struct damp_terms_want want = { .key = "option", .set = DAMP_SET_KIND_MAX };
	struct damp_terms t;
	uint64_t mask = 0;
	const struct damp_term *only;
	bool good = true;

	if (!damp_terms_read(c, n, &want, &t) || t.any)
		return;
	if (t.n > 2 || (t.n == 2 && t.t[0].n)) {
		damp_diag_error(c->diags, n->at,
				"'not' has to stand alone in 'option'; write {a: present, b: "
				"absent} for both");
		return;
	}
	only = &t.t[t.n - 1];
	if (holds_mapping(&t)) {
		if (only->n == 1 && !only->negated)
			read_mapping(c, &only->leaf[0], m);
		else
			damp_diag_error(c->diags, n->at,
					"a mapping of options has to stand alone; use two rules");
		return;
	}
	for (size_t i = 0; i < only->n; i++)
		good = option_bit(c, &only->leaf[i], &mask) && good;
	if (good)
		add_term(c, m, mask, !only->negated);
}
