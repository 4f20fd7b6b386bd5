/* SPDX-License-Identifier: BSD-3-Clause */
/* A generation as JSON, for its file and for the API; see generations.h. */
#include "generations_int.h"

#include "common/diag_json.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>

static const char *const how_name[] = {
#define X(id, name) [DAMP_GENERATION_##id] = (name),
	DAMP_GENERATION_HOWS(X)
#undef X
};

static const char *const state_name[] = {
#define X(id, name) [DAMP_GENERATION_IS_##id] = (name),
	DAMP_GENERATION_STATES(X)
#undef X
};

static json_t *text_or_null(const char *text)
{
	return damp_json_text(text[0] != '\0' ? text : NULL);
}

static json_t *time_or_null(int64_t at)
{
	char ts[DAMP_TEXT_LEN];

	return at > 0 ? json_string(damp_text_time_s(ts, sizeof(ts), at)) : json_null();
}

json_t *damp_generation_json(const struct damp_generation *g)
{
	json_t *j = json_pack("{s:I, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o}",
			      "generation", (json_int_t)g->number,
			      "how", how_name[g->how],
			      "state", state_name[g->state],
			      "at", (json_int_t)g->at,
			      "loaded_at", time_or_null(g->at),
			      "by", text_or_null(g->by),
			      "comment", text_or_null(g->comment),
			      "file", text_or_null(g->file),
			      "of", g->of > 0 ? json_integer(g->of) : json_null());

	if (j == NULL)
		return NULL;
	json_object_set_new(j, "name", text_or_null(g->ruleset));
	json_object_set_new(j, "revision", json_integer(g->revision));
	json_object_set_new(j, "rules", json_integer(g->nrules));
	json_object_set_new(j, "digest", json_string(g->digest));
	json_object_set_new(j, "tests", text_or_null(g->tests));
	json_object_set_new(j, "signed_by", text_or_null(g->signed_by));
	json_object_set_new(j, "state_at", json_integer(g->state_at));
	json_object_set_new(j, "state_by", text_or_null(g->state_by));
	json_object_set_new(j, "has_source", json_boolean(g->has_source));
	return j;
}

static void take(const json_t *j, const char *key, char *out, size_t len)
{
	const char *text = json_string_value(json_object_get(j, key));

	snprintf(out, len, "%s", text != NULL ? text : "");
}

static uint32_t number(const json_t *j, const char *key)
{
	const json_int_t v = json_integer_value(json_object_get(j, key));

	return v > 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* Index of the text of key among n words, n when it is none. */
static unsigned word(const json_t *j, const char *key, const char *const *words, unsigned n)
{
	const char *text = json_string_value(json_object_get(j, key));
	unsigned i = 0;

	while (i < n && (text == NULL || strcmp(text, words[i]) != 0))
		i++;
	return i;
}

bool damp_generation_parse(const json_t *j, struct damp_generation *g)
{
	const unsigned how = word(j, "how", how_name, DAMP_GENERATION_HOW_MAX);
	const unsigned state = word(j, "state", state_name, DAMP_GENERATION_STATE_MAX);

	*g = (struct damp_generation){ .number = number(j, "generation"),
				       .of = number(j, "of"),
				       .how = how,
				       .state = state,
				       .at = json_integer_value(json_object_get(j, "at")),
				       .state_at = json_integer_value(json_object_get(j, "state_at")),
				       .revision = number(j, "revision"),
				       .nrules = number(j, "rules"),
				       .has_source = json_is_true(json_object_get(j, "has_source")) };
	take(j, "digest", g->digest, sizeof(g->digest));
	take(j, "name", g->ruleset, sizeof(g->ruleset));
	take(j, "file", g->file, sizeof(g->file));
	take(j, "by", g->by, sizeof(g->by));
	take(j, "comment", g->comment, sizeof(g->comment));
	take(j, "tests", g->tests, sizeof(g->tests));
	take(j, "signed_by", g->signed_by, sizeof(g->signed_by));
	take(j, "state_by", g->state_by, sizeof(g->state_by));
	return g->number > 0 && how < DAMP_GENERATION_HOW_MAX && state < DAMP_GENERATION_STATE_MAX;
}
