/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports and sizes: numbers, ranges "a..b", "..b", "a..", lists and negations,
 * as sorted intervals.
 *
 * Reference: operators.md 3.2 (ranges; no `<` and `>`, which YAML claims).
 */
#include "terms.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_LIMIT 65535u

/* Read one end of a range. Sizes carry a unit, ports are bare. */
typedef bool read_end_fn(const char *text, uint64_t *out, char *why);

static bool read_port(const char *text, uint64_t *out, char *why)
{
	return damp_integer_parse(text, 0, NUMBER_LIMIT, out, why);
}

static bool read_size(const char *text, uint64_t *out, char *why)
{
	struct damp_quantity q;

	if (!damp_quantity_parse(text, DAMP_WANT(BYTES), &q, why))
		return false;
	*out = q.micro / DAMP_MICRO;
	if (q.micro % DAMP_MICRO == 0 && *out <= NUMBER_LIMIT)
		return true;
	snprintf(why, DAMP_WHY_MAX, "'%s' is not a whole number of bytes up to %u", text,
		 NUMBER_LIMIT);
	return false;
}

static bool read_range(struct damp_ctx *c, const struct damp_leaf *l, read_end_fn *end,
		       struct damp_spans *out)
{
	const char *text = damp_leaf_text(c, l, "a number or a range"), *dots;
	uint64_t low = 0, high = NUMBER_LIMIT;
	char why[DAMP_WHY_MAX];
	const char *first;
	bool good = true;

	if (!text)
		return false;
	dots = strstr(text, "..");
	first = dots ? damp_pool_strndup(c->pool, text, (size_t)(dots - text)) : text;
	while (dots && *first && first[strlen(first) - 1] == ' ')
		first = damp_pool_strndup(c->pool, first, strlen(first) - 1);
	if (*first || !dots)
		good = end(first, &low, why);
	if (!dots)
		high = low;
	else if (good && dots[2])
		good = end(dots[2] == ' ' ? dots + 3 : dots + 2, &high, why);
	if (!good && !dots && (strpbrk(text, "<>") || (strchr(text, ':') && strspn(text, "0123456789:") == strlen(text)) || (*text && strchr(text + 1, '-'))) &&
	    strpbrk(text, "0123456789")) {
		damp_leaf_error(c, l, "'%s' is no range; ranges are written %s", text,
				end == read_port ? "'5683..5690', '..1023' and '1024..'"
						 : "'64 B..96 B', '..96 B' and '64 B..'");
		return false;
	}
	if (!good) {
		damp_leaf_error(c, l, "%s", why);
		return false;
	}
	if (low > high) {
		damp_leaf_error(c, l, "'%s' runs backwards", text);
		return false;
	}
	damp_spans_add(c->pool, out, low, high);
	return true;
}

static void read_numbers(struct damp_ctx *c, const struct damp_node *n, const char *key,
			 enum damp_set_kind set, read_end_fn *end, struct damp_number_cond *out)
{
	const struct damp_terms_want want = { .key = key, .set = set };
	struct damp_terms t;
	bool good = damp_terms_read(c, n, &want, &t);

	for (size_t i = 0; i < t.n; i++) {
		struct damp_spans s = { 0 };

		for (size_t j = 0; j < t.t[i].n; j++)
			if (!read_range(c, &t.t[i].leaf[j], end, &s))
				good = false;
		damp_spans_normalise(&s);
		if (t.t[i].negated)
			s = damp_spans_invert(c->pool, &s, NUMBER_LIMIT);
		for (size_t j = 0; j < s.n; j++)
			damp_spans_add(c->pool, &out->spans, s.s[j].low, s.s[j].high);
	}
	damp_spans_normalise(&out->spans);
	out->asked = good && !t.any;
}

void damp_ports_read(struct damp_ctx *c, const struct damp_node *n, const char *key,
		     struct damp_number_cond *out)
{
	read_numbers(c, n, key, DAMP_SET_PORTS, read_port, out);
}

void damp_size_read(struct damp_ctx *c, const struct damp_node *n, struct damp_number_cond *out)
{
	read_numbers(c, n, "size", DAMP_SET_KIND_MAX, read_size, out);
}

void damp_set_check(struct damp_ctx *c, const struct damp_set *set)
{
	struct damp_number_cond numbers = { 0 };
	struct damp_text_cond text = { 0 };

	if (set->kind == DAMP_SET_PORTS && set->items->n)
		damp_ports_read(c, set->items, "items", &numbers);
	else if (set->kind == DAMP_SET_PATH && set->items->n)
		damp_text_read(c, set->items, DAMP_TEXT_PATH, &text);
}
