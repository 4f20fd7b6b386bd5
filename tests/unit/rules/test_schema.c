/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The JSON Schema against the loader, over the corpus of rule files: it accepts
 * what the loader accepts, and refuses what the loader refuses for an unknown
 * key or a value that is no mapping.
 *
 * Idea: a checker for the few words of JSON Schema that the schema uses; a word
 * it does not know fails the test. Scalars get the types that YAML 1.2 gives
 * them, as an editor sees them.
 */
#include "node.h"
#include "rules.h"

#include <dirent.h>
#include <jansson.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool valid(const json_t *root, const json_t *s, const struct damp_node *n);

static bool looks_like(const char *text, const char *pattern)
{
	regex_t re;
	bool yes;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

/* YAML 1.2 core schema. */
static const char *type_of(const struct damp_node *n)
{
	if (n->kind != DAMP_NODE_SCALAR)
		return n->kind == DAMP_NODE_LIST ? "array" : "object";
	if (n->empty)
		return "null";
	if (looks_like(n->text, "^([-+]?[0-9]+|0x[0-9a-fA-F]+)$"))
		return "integer";
	if (looks_like(n->text, "^[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)$"))
		return "number";
	return looks_like(n->text, "^(true|false)$") ? "boolean" : "string";
}

static bool has_type(const char *want, const struct damp_node *n)
{
	const char *is = type_of(n);

	return strcmp(is, want) == 0 || (strcmp(want, "number") == 0 && strcmp(is, "integer") == 0);
}

static bool typed(const json_t *types, const struct damp_node *n)
{
	if (json_is_string(types))
		return has_type(json_string_value(types), n);
	for (size_t i = 0; i < json_array_size(types); i++)
		if (has_type(json_string_value(json_array_get(types, i)), n))
			return true;
	return false;
}

static bool one_of(const json_t *words, const struct damp_node *n)
{
	for (size_t i = 0; i < json_array_size(words); i++)
		if (n->kind == DAMP_NODE_SCALAR && strcmp(n->text, json_string_value(json_array_get(words, i))) == 0)
			return true;
	return false;
}

static unsigned how_many(const json_t *root, const json_t *all, const struct damp_node *n)
{
	unsigned count = 0;

	for (size_t i = 0; i < json_array_size(all); i++)
		count += valid(root, json_array_get(all, i), n);
	return count;
}

static bool properties(const json_t *root, const json_t *s, const struct damp_node *n)
{
	const json_t *named = json_object_get(s, "properties"), *more = json_object_get(s, "additionalProperties");

	for (size_t i = 0; n->kind == DAMP_NODE_MAP && i < n->n; i++) {
		const json_t *one = json_object_get(named, n->pairs[i].key->text);

		one = one ? one : more;
		if (one && !valid(root, one, n->pairs[i].value))
			return false;
	}
	return true;
}

static bool items(const json_t *root, const json_t *s, const struct damp_node *n)
{
	for (size_t i = 0; n->kind == DAMP_NODE_LIST && i < n->n; i++)
		if (!valid(root, s, n->items[i]))
			return false;
	return true;
}

static bool complete(const json_t *keys, const struct damp_node *n)
{
	for (size_t i = 0; n->kind == DAMP_NODE_MAP && i < json_array_size(keys); i++)
		if (!damp_node_get(n, json_string_value(json_array_get(keys, i))))
			return false;
	return true;
}

static bool follows(const json_t *root, const char *word, const json_t *s, const json_t *v,
		    const struct damp_node *n)
{
	static const char prefix[] = "#/definitions/";

	if (strcmp(word, "$ref") == 0) {
		const json_t *to;

		assert_memory_equal(json_string_value(v), prefix, sizeof(prefix) - 1);
		to = json_object_get(json_object_get(root, "definitions"), json_string_value(v) + sizeof(prefix) - 1);
		assert_non_null(to);
		return valid(root, to, n);
	}
	if (strcmp(word, "anyOf") == 0)
		return how_many(root, v, n) > 0;
	if (strcmp(word, "allOf") == 0)
		return how_many(root, v, n) == json_array_size(v);
	if (strcmp(word, "type") == 0)
		return typed(v, n);
	if (strcmp(word, "enum") == 0)
		return one_of(v, n);
	if (strcmp(word, "pattern") == 0)
		return n->kind != DAMP_NODE_SCALAR || looks_like(n->text, json_string_value(v));
	if (strcmp(word, "required") == 0)
		return complete(v, n);
	if (strcmp(word, "items") == 0)
		return items(root, v, n);
	if (strcmp(word, "properties") == 0 || strcmp(word, "additionalProperties") == 0)
		return properties(root, s, n);
	if (strcmp(word, "description") && strcmp(word, "title") && strcmp(word, "definitions") &&
	    strcmp(word, "$schema"))
		fail_msg("the schema uses '%s', which this test does not know", word);
	return true;
}

static bool valid(const json_t *root, const json_t *s, const struct damp_node *n)
{
	const char *word;
	json_t *v;

	if (json_is_boolean(s))
		return json_is_true(s);
	json_object_foreach((json_t *)(uintptr_t)s, word, v)
		if (!follows(root, word, s, v, n))
			return false;
	return true;
}

static bool looks_like_key(const char *line)
{
	return *line >= 'a' && *line <= 'z';
}

/* Is the line part of `define`, whose values have a type only where they are used? */
static bool in_define(const char *text, int line)
{
	bool define = false;

	for (int i = 1; i <= line && text; i++) {
		if (looks_like_key(text))
			define = strncmp(text, "define:", 7) == 0;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return define;
}

/* Does the report hold a mistake that the schema has to see, in this very file?
 * What is missing here only the loader sees: which names there are and what they
 * stand for, bounds of numbers, addresses, paths, codes, days, other files, what
 * a rule means as a whole, and what YAML has but rule files have not. */
static bool must_refuse(const struct damp_rules *r, const char *name, const char *text)
{
	static const char *const messages[] = {
		"unknown key '", " is a mapping of keys", " no 'version'", "unknown mode '", " is not a truth value",
		" has no value; expected", " has no known unit", "this rule has no '", "this limit has no '",
		"this exemption has no '", "this set has no '", "unknown type '", "unknown kind '", "unknown severity '",
		"'slip' needs both", " is a mapping of names", "'about' is text",
	};

	for (size_t i = 0; i < r->ndiags; i++)
		for (size_t m = 0; m < sizeof(messages) / sizeof(messages[0]); m++)
			if (strcmp(r->diags[i].file, name) == 0 && strstr(r->diags[i].message, messages[m]) &&
			    !in_define(text, r->diags[i].line))
				return true;
	return false;
}

/* Returns whether it could be asked. */
static bool compare(const json_t *schema, const char *dir, const char *name)
{
	const struct damp_rules_options opt = { .shown_as = name };
	struct damp_pool pool = { NULL };
	struct damp_diags d = { .pool = &pool };
	struct damp_source src = { .name = name };
	const struct damp_node *root;
	char path[4096], *text = calloc(1, DAMP_FILE_BYTES_MAX + 1);
	struct damp_rules r;
	bool fits;
	FILE *f;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	src.len = fread(text, 1, DAMP_FILE_BYTES_MAX, f);
	fclose(f);
	src.text = text;
	damp_rules_compile_file(path, &opt, &r);
	root = damp_node_load(&d, &src);
	fits = root && valid(schema, schema, root);
	if (root && r.program && !fits)
		fail_msg("%s: the loader takes it, the schema refuses it", name);
	if (root && fits && must_refuse(&r, name, text))
		fail_msg("%s: the schema takes it, but:\n%s", name, r.text);
	damp_rules_free(&r);
	damp_pool_free(&pool);
	free(text);
	return root != NULL;
}

static void agrees_with_the_loader(void **state)
{
	const char *dir = *state;
	char *text = damp_rules_schema();
	json_error_t err;
	json_t *schema = json_loads(text, 0, &err);
	struct dirent **e;
	const int n = scandir(dir, &e, NULL, alphasort);
	unsigned asked = 0;

	if (!schema)
		fail_msg("the schema is no JSON: line %d: %s", err.line, err.text);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(e[i]->d_name, '.');

		if (dot && strcmp(dot, ".yaml") == 0)
			asked += compare(schema, dir, e[i]->d_name);
		free(e[i]);
	}
	free(e);
	assert_true(asked > 80);
	json_decref(schema);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(agrees_with_the_loader, argc > 1 ? argv[1] : (char *)(uintptr_t)"data"),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
