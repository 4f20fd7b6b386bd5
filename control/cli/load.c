/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper load`: check here, so that errors come with caret and colour and
 * without damperd, then send the text; damperd never reads a file for us.
 */
#include "load.h"

#include "check.h"
#include "client.h"
#include "common/diag_json.h"
#include "sheet.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define RULE_FILE_MAX (4u << 20)        /* the language's bound (operators.md 3.2) */

struct rule_text {
	char *text;
	size_t len;
};

static int read_file(const char *file, struct rule_text *out)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", file, strerror(errno));
	out->text = malloc(RULE_FILE_MAX + 1);
	out->len = out->text != NULL ? fread(out->text, 1, RULE_FILE_MAX + 1, f) : 0;
	fclose(f);
	if (out->text == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (out->len > RULE_FILE_MAX)
		return damp_fail(DAMP_EXIT_NO, "%s: too large: at most 4 MiB", file);
	return DAMP_EXIT_OK;
}

/* Check the file; with errors they are printed and the exit code says so. A
 * rule set of several files goes to damperd as the bundle the check made. */
static int check_first(const struct damp_cli *cli, const char *file, struct rule_text *out)
{
	struct damp_rules r;
	int code = damp_check_file(cli, file, &r);
	char count[64];

	if (r.text != NULL && !cli->args.json)
		fputs(r.text, stderr);
	if (code != DAMP_EXIT_OK && cli->args.json)
		damp_print_json(json_pack("{s:i, s:b, s:s, s:i, s:i, s:o}",
					  "schema", DAMP_JSON_SCHEMA,
					  "ok", 0,
					  "error", r.unreadable ? "unreadable" : "wrong_rules",
					  "errors", (int)r.errors,
					  "warnings", (int)r.warnings,
					  "diagnostics", damp_diag_json(&r)),
				code);
	else if (code != DAMP_EXIT_OK)
		damp_fail(code, "%s: %s: nothing was loaded", file,
			  damp_check_count(count, sizeof(count), &r));
	else if (r.bundle != NULL && r.bundle_len > RULE_FILE_MAX)
		code = damp_fail(DAMP_EXIT_NO, "%s: with its files more than 4 MiB", file);
	else if (r.bundle != NULL)
		*out = (struct rule_text){ strndup(r.bundle, r.bundle_len), r.bundle_len };
	damp_rules_free(&r);
	return code;
}

static int send_rules(const struct damp_cli *cli, struct damp_client *c, const char *file,
		      const struct rule_text *t, json_t **answer)
{
	char path[PATH_MAX], url[4096] = "/v1/load";
	int err = 0;

	if (realpath(file, path) == NULL)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", file, strerror(errno));
	err |= damp_client_add_query(c, url, sizeof(url), "name", path);
	if (cli->args.comment != NULL)
		err |= damp_client_add_query(c, url, sizeof(url), "comment", cli->args.comment);
	if (err)
		return damp_fail(DAMP_EXIT_USAGE, "the comment or the path is too long");
	return damp_client_call(c, url, t->text, t->len, answer);
}

static void print_answer(const struct damp_cli *cli, const json_t *j)
{
	const json_t *p = json_object_get(j, "program");
	const char *name = json_string_value(json_object_get(p, "name"));
	const char *remark = json_string_value(json_object_get(j, "remark"));
	long long observing = json_integer_value(json_object_get(p, "observing"));

	printf("%sgeneration %lld%s runs: %s, %lld rules", damp_colour(cli, DAMP_GREEN),
	       (long long)json_integer_value(json_object_get(j, "generation")),
	       damp_colour(cli, DAMP_PLAIN), name != NULL ? name : "",
	       (long long)json_integer_value(json_object_get(p, "rules")));
	if (observing > 0)
		printf(" (%lld only observing)", observing);
	putchar('\n');
	if (remark != NULL)
		fprintf(stderr, "damper: warning: %s\n", remark);
}

/* The rules are right here but wrong for damperd: its report explains. */
static void print_report(const json_t *j)
{
	const char *report = json_string_value(json_object_get(j, "report"));

	if (report != NULL)
		fputs(report, stderr);
}

int damp_cmd_load(struct damp_cli *cli)
{
	const char *file = cli->args.words[0];
	struct rule_text text = { NULL, 0 };
	struct damp_client *c = NULL;
	json_t *answer = NULL;
	int code = check_first(cli, file, &text);

	if (code == DAMP_EXIT_OK && text.text == NULL)
		code = read_file(file, &text);
	if (code == DAMP_EXIT_OK && (c = damp_client_new(cli)) == NULL)
		code = damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (code == DAMP_EXIT_OK) {
		code = send_rules(cli, c, file, &text, &answer);
		if (cli->args.json && answer != NULL)
			damp_print_json(json_incref(answer), code);
		else if (code == DAMP_EXIT_OK)
			print_answer(cli, answer);
		else
			print_report(answer);
	}
	json_decref(answer);
	damp_client_free(c);
	free(text.text);
	return code;
}
