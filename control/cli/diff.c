/* SPDX-License-Identifier: BSD-3-Clause */
/* See diff.h. */
#include "diff.h"

#include "common/diag_json.h"
#include "foresight/rules_diff.h"
#include "json_get.h"
#include "source.h"

static int tell(const struct damp_cli *cli, const struct damp_source_of s[2])
{
	json_t *doc = json_pack("{s:i, s:O, s:O}", "schema", DAMP_JSON_SCHEMA, "old", s[0].json, "new",
				s[1].json);
	json_t *diff = damp_rules_diff(&s[0].rules, &s[1].rules);
	int code;

	if (doc == NULL || diff == NULL) {
		json_decref(doc);
		json_decref(diff);
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	}
	json_object_update(doc, diff);
	json_decref(diff);
	code = damp_get_true(doc, "differ") ? DAMP_EXIT_NO : DAMP_EXIT_OK;
	if (cli->args.json)
		return damp_print_json(doc, code);
	damp_diff_print(cli, stdout, doc);
	json_decref(doc);
	return code;
}

int damp_cmd_diff(struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	const bool both = a->nwords == 2;
	struct damp_source_of s[2] = { { .json = NULL } };
	int code = damp_source_open(cli, both ? a->words[0] : "running", &s[0]);

	if (code == DAMP_EXIT_OK)
		code = damp_source_open(cli, a->words[both], &s[1]);
	if (code == DAMP_EXIT_OK)
		code = tell(cli, s);
	damp_source_free(&s[0]);
	damp_source_free(&s[1]);
	return code;
}
