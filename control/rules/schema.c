/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key table as a JSON Schema (draft 7), for editors.
 *
 * Idea: which keys there are, what opens which section, and the shape of each
 * kind of value. What a text says (units, names, addresses) is the loader's to
 * judge, except where it is one of a few words: those stand between backticks
 * in the text of the kind.
 *
 * Invariant: what the loader accepts the schema accepts; an unknown key or a
 * value of a wrong shape the schema refuses as well, but for what stands in a
 * `define`, whose type is only known where it is used.
 */
#include "keys.h"
#include "quantity.h"
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REF(name) "{\"$ref\": \"#/definitions/" name "\"}"
#define ANY_OF_2(a, b) "{\"anyOf\": [" a ", " b "]}"
#define ANY_OF_3(a, b, c) ANY_OF_2(a, b ", " c)
#define ANY_OF_4(a, b, c, d) ANY_OF_3(a, b, c ", " d)
#define TYPE(t) "{\"type\": \"" t "\"}"
#define LIST_OF(item) "{\"type\": \"array\", \"items\": " item "}"
#define TEXTUAL "{\"type\": [\"string\", \"number\", \"boolean\"]}"
#define SIZED "{\"type\": \"string\", \"pattern\": \"^([$].*|off|[0-9]+ *B)$\"}"
#define TIMED "{\"type\": \"string\", \"pattern\": \"^([$].*|[0-9. msinhd]*[0-9] *(ms|s|min|h|d))$\"}"
#define WORDS "" /* those of the kind's text */

/* Shapes by kind; NULL: text. */
static const char *const shape[DAMP_KIND_OF_MAX] = {
	[DAMP_KIND_OF_INTEGER] = ANY_OF_3(TYPE("integer"), REF("name"),
		"{\"type\": \"string\", \"pattern\": \"^(0x[0-9a-fA-F]+|[0-9]+)$\"}"),
	[DAMP_KIND_OF_TEXT] = TEXTUAL,
	[DAMP_KIND_OF_NAME] = TEXTUAL,
	[DAMP_KIND_OF_TRUTH] = ANY_OF_3(TYPE("boolean"), REF("name"), "{\"enum\": [\"true\", \"false\"]}"),
	[DAMP_KIND_OF_TRUTHS] = REF("truths"),
	[DAMP_KIND_OF_MODE] = WORDS,
	[DAMP_KIND_OF_REQUIRES] = TYPE("string"),
	[DAMP_KIND_OF_DEFINES] = TYPE("object"),
	[DAMP_KIND_OF_TENANTS] = TYPE("object"),
	[DAMP_KIND_OF_SET_KIND] = WORDS,
	[DAMP_KIND_OF_SET_SOURCE] = WORDS,
	[DAMP_KIND_OF_PER] = WORDS,
	[DAMP_KIND_OF_COUNT] = WORDS,
	[DAMP_KIND_OF_SEVERITY] = WORDS,
	[DAMP_KIND_OF_HELLO] = REF("terms"),
	[DAMP_KIND_OF_PRESENCE] = REF("terms"),
	[DAMP_KIND_OF_OPEN_CLOSED] = WORDS,
	[DAMP_KIND_OF_FULL] = WORDS,
	[DAMP_KIND_OF_STRIP] = WORDS,
	[DAMP_KIND_OF_DROP_PASS] = WORDS,
	[DAMP_KIND_OF_DROP_EVICT] = WORDS,
	[DAMP_KIND_OF_ITEMS] = REF("terms"),
	[DAMP_KIND_OF_SIDES] = REF("terms"),
	[DAMP_KIND_OF_ADDRESSES] = REF("terms"),
	[DAMP_KIND_OF_ENDPOINT] = REF("terms"),
	[DAMP_KIND_OF_PORTS] = REF("terms"),
	[DAMP_KIND_OF_MSG] = REF("words_MSG"),
	[DAMP_KIND_OF_TYPE] = REF("words_TYPE"),
	[DAMP_KIND_OF_CODE] = REF("terms"),
	[DAMP_KIND_OF_SIZE_RANGE] = REF("sizes"),
	[DAMP_KIND_OF_PATTERN] = REF("patterns"),
	[DAMP_KIND_OF_OPTION] = REF("options"),
	[DAMP_KIND_OF_SLICE] = SIZED,
	[DAMP_KIND_OF_BLOCK_SIZE] = SIZED,
	[DAMP_KIND_OF_TIME_OR_RANGE] = TIMED,
	[DAMP_KIND_OF_SHARE] = TYPE("string"),
	[DAMP_KIND_OF_FIRST] = TYPE("string"),
	[DAMP_KIND_OF_PERCENT] = TYPE("string"),
	[DAMP_KIND_OF_WHOM] = TYPE("string"),
	[DAMP_KIND_OF_TIME_ZONE] = TYPE("string"),
	[DAMP_KIND_OF_HOURS] = TYPE("string"),
	[DAMP_KIND_OF_DATE] = TYPE("string"),
	[DAMP_KIND_OF_PATH] = TYPE("string"),
	[DAMP_KIND_OF_REGEX] = TYPE("string"),
	[DAMP_KIND_OF_ANSWER] = TEXTUAL,
	[DAMP_KIND_OF_DAYS] = ANY_OF_2(TYPE("string"), LIST_OF(TYPE("string"))),
	[DAMP_KIND_OF_WHEN] = ANY_OF_2(TYPE("string"), LIST_OF(TYPE("string"))),
	[DAMP_KIND_OF_SIGNERS] = ANY_OF_2(TEXTUAL, LIST_OF(TEXTUAL)),
	[DAMP_KIND_OF_TEXTS] = ANY_OF_2(TEXTUAL, LIST_OF(TEXTUAL)),
	[DAMP_KIND_OF_FILES] = ANY_OF_2(TYPE("string"), LIST_OF(TYPE("string"))),
	[DAMP_KIND_OF_LIMITS] = ANY_OF_2(TYPE("string"), LIST_OF(TYPE("string"))),
	[DAMP_KIND_OF_STEPS] = ANY_OF_2("{\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\", "
		"\"pattern\": \"^([$].*|[0-9]+([.][0-9]+)? *x)$\"}}", REF("name")),
	[DAMP_KIND_OF_ACTION] = ANY_OF_3(
		"{\"enum\": [\"accept\", \"drop\", \"challenge\", \"reset\", \"continue\", \"too-many-requests\"]}",
		REF("name"), REF("ANSWER")),
	[DAMP_KIND_OF_LADDER] = ANY_OF_2(REF("LADDER"), REF("name")),
	[DAMP_KIND_OF_MATCH] = ANY_OF_3(REF("MATCH"), REF("name"), "{\"enum\": [\"any\"]}"),
	[DAMP_KIND_OF_RULES] = LIST_OF(REF("RULE")),
	[DAMP_KIND_OF_EXEMPTIONS] = LIST_OF(ANY_OF_2(REF("EXEMPT"), REF("name"))),
};

/* Units by kind: a number and one of these. */
static const unsigned units[DAMP_KIND_OF_MAX] = {
	[DAMP_KIND_OF_RATE] = DAMP_WANT(MESSAGE_RATE) | DAMP_WANT(BYTE_RATE),
	[DAMP_KIND_OF_RATE_MSG] = DAMP_WANT(MESSAGE_RATE),
	[DAMP_KIND_OF_RATE_BYTES] = DAMP_WANT(BYTE_RATE),
	[DAMP_KIND_OF_AMOUNT] = DAMP_WANT(MESSAGES) | DAMP_WANT(BYTES),
	[DAMP_KIND_OF_MESSAGES] = DAMP_WANT(MESSAGES),
	[DAMP_KIND_OF_SIZE] = DAMP_WANT(BYTES),
	[DAMP_KIND_OF_DURATION] = DAMP_WANT(MS),
	[DAMP_KIND_OF_FACTOR] = DAMP_WANT(TIMES),
};

/* Values that are lists, negations, and lists of those. */
static const char *const shared =
	"    \"name\": {\"type\": \"string\", \"pattern\": \"^[$]\"},\n"
	"    \"terms\": " ANY_OF_3(TEXTUAL, LIST_OF(REF("terms")),
		"{\"type\": \"object\", \"properties\": {\"not\": " REF("terms") "}, \"additionalProperties\": false, "
		"\"required\": [\"not\"]}") ",\n"
	"    \"patterns\": " ANY_OF_4(TEXTUAL, LIST_OF(REF("patterns")), REF("PATTERN"),
		"{\"type\": \"object\", \"properties\": {\"not\": " REF("patterns") "}, \"additionalProperties\": false, "
		"\"required\": [\"not\"]}") ",\n"
	"    \"truths\": " ANY_OF_4(TYPE("boolean"), "{\"type\": \"string\", \"pattern\": \"^([$].*|true|false|any)$\"}",
		LIST_OF(REF("truths")), "{\"type\": \"object\", \"properties\": {\"not\": " REF("truths") "}, "
		"\"additionalProperties\": false, \"required\": [\"not\"]}") ",\n"
	"    \"sizes\": " ANY_OF_3("{\"type\": \"string\", \"pattern\": \"^([$].*|any|[0-9. ]+[kKMG]?i?B.*)$\"}",
		LIST_OF(REF("sizes")), "{\"type\": \"object\", \"properties\": {\"not\": " REF("sizes") "}, "
		"\"additionalProperties\": false, \"required\": [\"not\"]}") ",\n"
	"    \"options\": " ANY_OF_3(TEXTUAL, LIST_OF(REF("options")),
		"{\"type\": \"object\", \"properties\": {\"not\": " REF("options") "}, "
		"\"additionalProperties\": {\"type\": [\"string\", \"integer\"]}}");

static void put_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++)
		fprintf(f, strchr("\"\\", *text) ? "\\%c" : "%c", *text);
	fputc('"', f);
}

/* The words between backticks. */
static void put_enum(FILE *f, const char *text)
{
	const char *sep = "", *end;

	fputs("{\"enum\": [", f);
	while ((text = strchr(text, '`')) && (end = strchr(text + 1, '`'))) {
		fprintf(f, "%s\"%.*s\"", sep, (int)(end - text - 1), text + 1);
		sep = ", ";
		text = end + 1;
	}
	fputs("]}", f);
}

/* These words, or a name of a define. */
static void put_words(FILE *f, const char *text)
{
	fputs("{\"anyOf\": [", f);
	put_enum(f, text);
	fputs(", " REF("name") "]}", f);
}

/* The same where lists of them and their negation are allowed. */
static void put_word_lists(FILE *f, const char *name, enum damp_key_kind kind)
{
	fprintf(f, ",\n    \"%s\": {\"anyOf\": [", name);
	put_enum(f, damp_kind_text(kind));
	fprintf(f, ", " REF("name") ", {\"enum\": [\"any\"]}, {\"type\": \"array\", \"items\": {\"$ref\": "
		"\"#/definitions/%s\"}}, {\"type\": \"object\", \"properties\": {\"not\": {\"$ref\": "
		"\"#/definitions/%s\"}}, \"additionalProperties\": false, \"required\": [\"not\"]}]}", name, name);
}

/* A number with a unit, or a name of a define. */
static void put_quantity(FILE *f, unsigned want)
{
	char list[160];

	damp_quantity_units(want, "|", list, sizeof(list));
	fprintf(f, "{\"type\": \"string\", \"pattern\": \"^([$].*|[0-9]+([.][0-9]+)? *(%s))$\"}", list);
}

static const char *section_id(enum damp_key_section s)
{
#define X(id, label, heading) #id,
	static const char *const ids[] = { DAMP_KEY_SECTIONS(X) };
#undef X

	return ids[s];
}

static void put_shape(FILE *f, enum damp_key_id k)
{
	const enum damp_key_section opens = damp_key_opens(k);
	const char *s = shape[damp_keys[k].kind];

	if (damp_keys[k].kind == DAMP_KIND_OF_NAMED)
		fprintf(f, "{\"type\": \"object\", \"additionalProperties\": "
			ANY_OF_2("{\"$ref\": \"#/definitions/%s\"}", REF("name")) "}",
			section_id(opens));
	else if (opens != DAMP_SECTION_MAX)
		fprintf(f, ANY_OF_2("{\"$ref\": \"#/definitions/%s\"}", REF("name")), section_id(opens));
	else if (units[damp_keys[k].kind])
		put_quantity(f, units[damp_keys[k].kind]);
	else if (s && *s)
		fputs(s, f);
	else if (s)
		put_words(f, damp_kind_text(damp_keys[k].kind));
	else
		fputs(TEXTUAL, f);
}

/* The keys whose help says so. A rule may be an include instead. */
static void put_required(FILE *f, enum damp_key_section s)
{
	const bool or_include = s == DAMP_SECTION_RULE;
	const char *sep = or_include ? ", \"anyOf\": [{\"required\": [\"include\"]}, {\"required\": [" :
					 ", \"required\": [";
	bool any = false;

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		if (damp_keys[k].section != s || damp_key_later(k) || !strstr(damp_keys[k].help, " Required."))
			continue;
		fprintf(f, "%s\"%s\"", sep, damp_keys[k].name);
		sep = ", ";
		any = true;
	}
	fputs(!any ? "" : or_include ? "]}]" : "]", f);
}

static void put_section(FILE *f, enum damp_key_section s, const char *indent)
{
	const char *sep = "";

	fputs("\"type\": \"object\", \"additionalProperties\": false, \"properties\": {", f);
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++) {
		if (damp_keys[k].section != s || damp_key_later(k))
			continue;
		fprintf(f, "%s\n%s  \"%s\": {\"description\": ", sep, indent, damp_keys[k].name);
		put_text(f, damp_keys[k].help);
		fputs(", \"allOf\": [", f);
		put_shape(f, k);
		fputs("]}", f);
		sep = ",";
	}
	fprintf(f, "\n%s}", indent);
	put_required(f, s);
}

char *damp_rules_schema(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fputs("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
	      "  \"title\": \"Damper rule file\",\n  ", f);
	put_section(f, DAMP_SECTION_TOP, "  ");
	fputs(",\n  \"definitions\": {\n", f);
	for (enum damp_key_section s = DAMP_SECTION_TOP + 1; s < DAMP_SECTION_MAX; s++) {
		fprintf(f, "    \"%s\": {", section_id(s));
		put_section(f, s, "    ");
		fputs("},\n", f);
	}
	fputs(shared, f);
	put_word_lists(f, "words_MSG", DAMP_KIND_OF_MSG);
	put_word_lists(f, "words_TYPE", DAMP_KIND_OF_TYPE);
	fputs("\n  }\n}\n", f);
	fclose(f);
	return text;
}
