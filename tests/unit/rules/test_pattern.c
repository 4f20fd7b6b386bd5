/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Patterns into canonical text and expressions; the bound of expressions.
 */
#include "pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void globs(void **state)
{
	static const struct { enum damp_text_id id; const char *text; enum damp_pattern_kind kind; const char *out; } t[] = {
		{ DAMP_TEXT_PATH, "/", DAMP_PATTERN_LITERAL, "/" },
		{ DAMP_TEXT_PATH, "/a/b", DAMP_PATTERN_LITERAL, "/a/b" },
		{ DAMP_TEXT_PATH, "/a/", DAMP_PATTERN_LITERAL, "/a/" },
		{ DAMP_TEXT_PATH, "/a//b", DAMP_PATTERN_LITERAL, "/a//b" },
		{ DAMP_TEXT_PATH, "/**", DAMP_PATTERN_ALL, "/" },
		{ DAMP_TEXT_PATH, "/a/**", DAMP_PATTERN_PREFIX, "/a/" },
		{ DAMP_TEXT_PATH, "/*", DAMP_PATTERN_SCAN, "\\A\\/[^/]*\\z" },
		{ DAMP_TEXT_PATH, "/m/*/x", DAMP_PATTERN_SCAN, "\\A\\/m\\/[^/]*\\/x\\z" },
		{ DAMP_TEXT_PATH, "/m/n-*", DAMP_PATTERN_SCAN, "\\A\\/m\\/n\\-[^/]*\\z" },
		{ DAMP_TEXT_PATH, "/*/**", DAMP_PATTERN_SCAN, "\\A\\/[^/]*(?:\\/.*)?\\z" },
		/* What cannot stand in a value as it is, and what need not be escaped. */
		{ DAMP_TEXT_PATH, "/a b", DAMP_PATTERN_LITERAL, "/a%20b" },
		{ DAMP_TEXT_PATH, "/a%2fb", DAMP_PATTERN_LITERAL, "/a%2Fb" },
		{ DAMP_TEXT_PATH, "/%61%2A", DAMP_PATTERN_LITERAL, "/a*" },
		{ DAMP_TEXT_PATH, "/a&b%25", DAMP_PATTERN_LITERAL, "/a%26b%25" },
		{ DAMP_TEXT_PATH, "/\xc3\xbc", DAMP_PATTERN_LITERAL, "/%C3%BC" },
		{ DAMP_TEXT_PATH, "/...", DAMP_PATTERN_LITERAL, "/..." },
		{ DAMP_TEXT_PATH, "/.*", DAMP_PATTERN_SCAN, "\\A\\/\\.[^/]*\\z" },
		{ DAMP_TEXT_QUERY, "", DAMP_PATTERN_LITERAL, "" },
		{ DAMP_TEXT_QUERY, "a=1&b", DAMP_PATTERN_LITERAL, "a=1&b" },
		{ DAMP_TEXT_QUERY, "href=/x", DAMP_PATTERN_LITERAL, "href=%2Fx" },
		{ DAMP_TEXT_QUERY, "**", DAMP_PATTERN_ALL, "" },
		{ DAMP_TEXT_QUERY, "a&**", DAMP_PATTERN_PREFIX, "a&" },
		{ DAMP_TEXT_QUERY, "ep=*", DAMP_PATTERN_SCAN, "\\Aep\\=[^&]*\\z" },
		{ DAMP_TEXT_QUERY, "*&**", DAMP_PATTERN_SCAN, "\\A[^&]*(?:\\&.*)?\\z" },
	};
	struct damp_pool pool = { NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct damp_pattern p = { 0 };
		char why[DAMP_WHY_MAX];

		if (!damp_pattern_parse(&pool, t[i].id, t[i].text, &p, why))
			fail_msg("'%s': %s", t[i].text, why);
		if (p.kind != t[i].kind || strcmp(p.text, t[i].out) != 0 || p.len != strlen(t[i].out))
			fail_msg("'%s' gives kind %d '%s'", t[i].text, p.kind, p.text);
	}
	damp_pool_free(&pool);
}

static void long_pattern(void **state)
{
	struct damp_pool pool = { NULL };
	struct damp_pattern p = { 0 };
	char text[DAMP_PATTERN_BYTES_MAX + 2], why[DAMP_WHY_MAX];

	(void)state;
	/* Each byte becomes three in the text and six in the expression: the worst case. */
	memset(text, ' ', sizeof(text));
	text[0] = '/';
	text[1] = '*';
	text[DAMP_PATTERN_BYTES_MAX] = 0;
	assert_true(damp_pattern_parse(&pool, DAMP_TEXT_PATH, text, &p, why));
	text[DAMP_PATTERN_BYTES_MAX] = ' ';
	text[DAMP_PATTERN_BYTES_MAX + 1] = 0;
	assert_false(damp_pattern_parse(&pool, DAMP_TEXT_PATH, text, &p, why));
	assert_string_equal(why, "a pattern of 1025 bytes; at most 1024");
	damp_pool_free(&pool);
}

static void regex_costs(void **state)
{
	static const struct { const char *text; uint32_t cost; } t[] = {
		{ "", 0 }, { "abc", 3 }, { "a{10}", 10 + 1 }, { "(ab){10}", 20 + 2 }, { "[a-z{]{3,5}", 6 },
		{ "\\{3}", 3 }, { "((a{100}){100}){100}", 101 * 101 * 101 }, { "a{4294967296}", UINT32_MAX },
		{ "(((((a{99}){99}){99}){99}){99}){99}", UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (damp_regex_cost(t[i].text) != t[i].cost)
			fail_msg("'%s' costs %u", t[i].text, damp_regex_cost(t[i].text));
}

/* What all matches begin with: never more than is sure. */
static void heads(void **state)
{
	static const struct { bool regex; const char *text, *head; } t[] = {
		{ false, "/m/*/x", "/m/" },       { false, "/m/n-*", "/m/n-" },     { false, "/*", "/" },
		{ false, "/a b*", "/a%20b" },     { false, "/a/b*/c*", "/a/b" },
		{ true, "/dev5/[a-f]+", "/dev5/" }, { true, "/dev5", "/dev5" },     { true, "^/dev5$", "/dev5" },
		{ true, "/ab?c", "/a" },          { true, "/ab*c", "/a" },          { true, "/ab{2}", "/a" },
		{ true, "/ab+c", "/ab" },         { true, "/a\\.b", "/a.b" },       { true, "/a\\.?b", "/a" },
		{ true, "/a\\d", "/a" },          { true, "/a.c", "/a" },           { true, "/a(b|c)", "/a" },
		{ true, "/a/(?:b|c)", "/a/" },    { true, "/a/[|]b", "/a/" },       { true, "/a/[]|]b", "/a/" },
		{ true, "/a\\|b", "/a|b" },       { true, "/a%2Fb/.*", "/a%2Fb/" },
		/* One branch of several, and what could pass for one. */
		{ true, "/a|/b", "" },            { true, "/a/(b)|c", "" },         { true, "(?i)/a", "" },
		{ true, "/a(?i)b", "" },          { true, "/a[[:alpha:](|]b|c", "" }, { true, "", "" },
	};
	struct damp_pool pool = { NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct damp_pattern p = { 0 };
		char why[DAMP_WHY_MAX];

		if (!(t[i].regex ? damp_regex_parse(&pool, t[i].text, &p, why)
				 : damp_pattern_parse(&pool, DAMP_TEXT_PATH, t[i].text, &p, why)))
			fail_msg("'%s': %s", t[i].text, why);
		if (strcmp(p.head, t[i].head) != 0)
			fail_msg("'%s' begins with '%s'", t[i].text, p.head);
	}
	damp_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs), cmocka_unit_test(long_pattern), cmocka_unit_test(regex_costs), cmocka_unit_test(heads),
	};

	return cmocka_run_group_tests_name("patterns", tests, NULL, NULL);
}
