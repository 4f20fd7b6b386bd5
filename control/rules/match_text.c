/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path and query: lists of patterns, wanted and unwanted.
 */
#include "pattern.h"
#include "terms.h"

#include "suggest.h"
#include <string.h>

static bool read_regex(struct damp_ctx *c, const struct damp_leaf *l, struct damp_pattern *out)
{
	const struct damp_pair *p = l->node->pairs;
	const struct damp_leaf key = { .node = p->key, .use = l->use == l->node ? p->key : l->use };
	const struct damp_leaf value = { .node = p->value,
					 .use = l->use == l->node ? p->value : l->use };
	const char *text;
	char why[DAMP_WHY_MAX];

	if (l->node->n != 1 ||
	    damp_key_find(DAMP_SECTION_PATTERN, p->key->text) != DAMP_KEY_PATTERN_REGEX) {
		const char *near = damp_key_suggest(DAMP_SECTION_PATTERN, p->key->text);

		if (near)
			damp_leaf_error(c, &key,
					"unknown key '%s' in a pattern; did you mean '%s'?",
					p->key->text, near);
		else
			damp_leaf_error(c, &key,
					"this is a mapping, not a pattern; only {regex: \"...\"} "
					"and {not: ...} are");
		return false;
	}
	text = damp_leaf_text(c, &value, "a regular expression");
	if (!text)
		return false;
	out->at = value.node->at;
	if (damp_regex_parse(c->pool, text, out, why))
		return true;
	damp_leaf_error(c, &value, "%s", why);
	return false;
}

/* What is right, and hardly ever meant: texts that other tools would read otherwise. */
static void warn_pattern(struct damp_ctx *c, const struct damp_leaf *l, enum damp_text_id id, const char *text)
{
	const size_t len = strlen(text);
	const char *what = NULL;

	if (text[0] == '^' || (len && text[len - 1] == '$') || strstr(text, "]+") || strstr(text, "]*"))
		what = "is taken letter by letter; a regular expression is written {regex: \"...\"}";
	else if (id == DAMP_TEXT_PATH && strchr(text, '?'))
		what = "has a '?' in its path; what stands behind it goes into 'query'";
	else if (id == DAMP_TEXT_QUERY && text[0] == '?')
		what = "begins with '?', which is not part of a query";
	else if (id == DAMP_TEXT_PATH && len > 1 && text[len - 1] == '/')
		what = "ends in an empty segment; without the last '/' it is the path that clients ask for";
	else if (id == DAMP_TEXT_PATH && strstr(text, "//"))
		what = "has an empty segment: no request that is written with one '/' there fits it";
	if (what)
		damp_diag_warning(c->diags, l->use->at, "'%s' %s", text, what);
}

static bool read_pattern(struct damp_ctx *c, const struct damp_leaf *l, enum damp_text_id id,
			 struct damp_pattern *out)
{
	const char *text;
	char why[DAMP_WHY_MAX];

	if (l->node->kind == DAMP_NODE_MAP && l->node->n)
		return read_regex(c, l, out);
	text = damp_leaf_text(c, l, "a pattern");
	if (!text)
		return false;
	out->at = l->node->at;
	if (damp_pattern_parse(c->pool, id, text, out, why)) {
		warn_pattern(c, l, id, text);
		return true;
	}
	damp_leaf_error(c, l, "%s", why);
	return false;
}

void damp_text_read(struct damp_ctx *c, const struct damp_node *n, enum damp_text_id id,
		    struct damp_text_cond *out)
{
	const struct damp_terms_want want = {
		.key = id == DAMP_TEXT_PATH ? "path" : "query",
		.set = id == DAMP_TEXT_PATH ? DAMP_SET_PATH : DAMP_SET_KIND_MAX,
	};
	struct damp_terms t;
	bool good = damp_terms_read(c, n, &want, &t);

	if (t.n > 2) {
		damp_diag_error(c->diags, n->at,
				"more than one 'not' in a list agrees with nearly everything; "
				"write {not: [a, b]}");
		return;
	}
	out->has_not = t.n == 2;
	for (size_t i = 0; i < t.n; i++) {
		struct damp_pattern_list *to = t.t[i].negated ? &out->unwanted : &out->want;

		for (size_t j = 0; j < t.t[i].n; j++) {
			struct damp_pattern p = { 0 };

			if (!read_pattern(c, &t.t[i].leaf[j], id, &p))
				good = false;
			else
				DAMP_PUSH(c->pool, to->p, to->n, to->cap, p);
		}
	}
	out->asked = good && !t.any;
}
