/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that only the running gateway knows; see completion.h. */
#include "completion.h"

#include "client.h"
#include "json_get.h"

#include <damper/reasons.h>
#include <string.h>

static const struct {
	const char *what, *path, *array, *member;
} live[] = {
	{ "rules", "/v1/rules", "rules", "id" },
	{ "limits", "/v1/limits", "limits", "name" },
	{ "sets", "/v1/sets", "sets", "set" },
	{ "blocks", "/v1/blocks", "blocks", "prefix" },
	{ "generations", "/v1/history", "generations", "generation" },
};

static void put_reasons(void)
{
#define X(name, label, severity, help) puts(label);
	DAMP_REASONS(X)
#undef X
}

static void put_member(const json_t *j, const char *member)
{
	if (json_is_integer(json_object_get(j, member)))
		printf("%lld\n", damp_get_int(j, member));
	else if (damp_get_text(j, member)[0])
		puts(damp_get_text(j, member));
}

/* Nobody wants to read why while a key is pressed. */
static int put_live(struct damp_cli *cli, size_t i)
{
	struct damp_client *c = damp_client_new(cli);
	json_t *doc = NULL;
	const json_t *all;
	int code;

	if (c == NULL)
		return DAMP_EXIT_INTERNAL;
	damp_client_quiet(c, true);
	code = damp_client_call(c, live[i].path, NULL, 0, &doc);
	all = json_object_get(doc, live[i].array);
	for (size_t k = 0; k < json_array_size(all); k++)
		put_member(json_array_get(all, k), live[i].member);
	json_decref(doc);
	damp_client_free(c);
	return code;
}

int damp_completion_names(struct damp_cli *cli, const char *what)
{
	if (strcmp(what, "reasons") == 0) {
		put_reasons();
		return DAMP_EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
		if (strcmp(what, live[i].what) == 0)
			return put_live(cli, i);
	return damp_fail(DAMP_EXIT_USAGE,
			 "completion of what? Write bash or zsh; see 'damper help completion'");
}
