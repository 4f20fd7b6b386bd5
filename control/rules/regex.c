/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regular expressions of the user's: bounded, checked, anchored.
 *
 * Idea: Hyperscan's compile time grows with the size of the expression after
 * its counted repeats are unrolled, and it has no time limit of its own. So the
 * unrolled size is estimated first, from the text alone: the bound is the same
 * on every machine and under every load.
 *
 * Invariant: the estimate counts every literal position at least once and every
 * bounded repeat as often as its upper bound says.
 *
 * Reference: Hyperscan developer guide, "Compiling patterns".
 */
#include "pattern.h"

#include <ctype.h>
#include <hs/hs_compile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32u
#define REGEX_BYTES_MAX 512u

struct level {
	uint64_t sum, last;
}; /* of a group: all so far, its last atom */

static uint64_t cap(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : v;
}

static void add_atom(struct level *l, uint64_t size)
{
	l->sum = cap(l->sum + l->last);
	l->last = size;
}

/* Behind a class "[...]"; p points at the bracket. */
static const char *skip_class(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p && *p != ']'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* The larger number of "{n}", "{n,}", "{n,m}"; 0 when it is no repeat. */
static uint64_t repeat(const char *p, const char **end)
{
	uint64_t n[2] = { 0, 0 };
	int i = 0;

	for (p++; isdigit((unsigned char)*p) || (*p == ',' && i == 0); p++) {
		if (*p == ',')
			i = 1;
		else
			n[i] = cap(n[i] * 10 + (uint64_t)(*p - '0'));
	}
	if (*p != '}')
		return 0;
	*end = p + 1;
	return (n[0] > n[1] ? n[0] : n[1]) + 1;
}

uint32_t damp_regex_cost(const char *text)
{
	struct level stack[DEPTH_MAX] = { { 0, 0 } };
	size_t depth = 0;

	for (const char *p = text; *p;) {
		struct level *l = &stack[depth];
		const char *end = p + 1;
		uint64_t times = *p == '{' ? repeat(p, &end) : 0;

		if (times) {
			l->last = cap(l->last * times);
		} else if (*p == '(') {
			if (++depth == DEPTH_MAX)
				return UINT32_MAX;
			stack[depth] = (struct level){ 0, 0 };
		} else if (*p == ')' && depth) {
			depth--;
			add_atom(&stack[depth], cap(l->sum + l->last));
		} else if (*p == '[') {
			end = skip_class(p);
			add_atom(l, 1);
		} else if (*p == '\\' && p[1]) {
			end = p + 2;
			add_atom(l, 1);
		} else {
			add_atom(l, 1);
		}
		p = end;
	}
	while (depth > 0) {
		add_atom(&stack[depth - 1], cap(stack[depth].sum + stack[depth].last));
		depth--;
	}
	return (uint32_t)cap(stack[0].sum + stack[0].last);
}

/* Does what stands side by side hold for the whole expression? Whatever could make
 * brackets mean something else is answered no. */
static bool one_branch(const char *text)
{
	unsigned depth = 0;

	if (strstr(text, "\\Q") || strstr(text, "[:") || strstr(text, "[.") || strstr(text, "[="))
		return false;
	for (const char *p = text; *p;) {
		if (*p == '[') {
			p = skip_class(p);
			continue;
		}
		if (*p == '|' && depth == 0)
			return false;
		if (p[0] == '(' && (p[1] == '*' || (p[1] == '?' && p[2] != ':')))
			return false;
		depth += *p == '(';
		depth -= *p == ')' && depth > 0;
		p += *p == '\\' && p[1] ? 2 : 1;
	}
	return true;
}

/* What each match of the user's expression begins with: its letters up to the first
 * operator, without the one that this operator is about. */
static const char *head_of(struct damp_pool *pool, const char *text)
{
	char *head = damp_pool_alloc(pool, strlen(text) + 1);
	size_t n = 0;

	if (!one_branch(text))
		return head;
	for (const char *p = text + (*text == '^'); *p && !strchr("^$.[](){}|+*?", *p); p++) {
		if (*p == '\\' && (!p[1] || isalnum((unsigned char)*++p)))
			break;
		if (p[1] && strchr("*?{", p[1]))
			break;
		head[n++] = *p;
	}
	head[n] = 0;
	return head;
}

static bool check(const char *expr, char *why)
{
	hs_compile_error_t *err = NULL;
	hs_expr_info_t *info = NULL;

	if (hs_expression_info(expr, HS_FLAG_ALLOWEMPTY | HS_FLAG_DOTALL, &info, &err) !=
	    HS_SUCCESS) {
		snprintf(why, DAMP_WHY_MAX, "not a regular expression that can be used: %s",
			 err ? err->message : "?");
		hs_free_compile_error(err);
		return false;
	}
	free(info);
	return true;
}

bool damp_regex_parse(struct damp_pool *p, const char *text, struct damp_pattern *out, char *why)
{
	const uint32_t cost = damp_regex_cost(text);

	if (strlen(text) > REGEX_BYTES_MAX) {
		snprintf(why, DAMP_WHY_MAX, "a regular expression of %zu bytes; at most %u",
			 strlen(text), REGEX_BYTES_MAX);
		return false;
	}
	if (cost > DAMP_REGEX_COST_MAX) {
		snprintf(why, DAMP_WHY_MAX,
			 "this regular expression unrolls to more than %u positions; use fewer or "
			 "smaller "
			 "repeats",
			 DAMP_REGEX_COST_MAX);
		return false;
	}
	/* By itself first: "a)|(b" would only be valid inside our own brackets. */
	if (!check(text, why))
		return false;
	out->kind = DAMP_PATTERN_SCAN;
	out->text = damp_pool_printf(p, "\\A(?:%s)\\z", text);
	out->len = strlen(out->text);
	out->head = head_of(p, text);
	return check(out->text, why);
}
