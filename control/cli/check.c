/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper check`: the rule compiler on this machine, without damperd. What is
 * wrong goes to standard error, what a good file holds to standard output.
 */
#include "check.h"

#include "common/diag_json.h"
#include "common/program_json.h"
#include "common/signature.h"
#include "common/text.h"
#include "limits_text.h"
#include "sheet.h"
#include "signed.h"

#include <stdlib.h>
#include <string.h>

static int compile(const struct damp_cli *cli, const char *file, bool dash, struct damp_rules *r)
{
	const struct damp_rules_options opt = {
		.colour = cli->colour_err, .strict = cli->args.strict, .dash = dash
	};

	if (damp_rules_compile_file(file, &opt, r) == 0)
		return cli->args.strict && r->warnings ? DAMP_EXIT_NO : DAMP_EXIT_OK;
	return r->unreadable ? DAMP_EXIT_UNREADABLE : DAMP_EXIT_NO;
}

int damp_check_file(const struct damp_cli *cli, const char *file, struct damp_rules *r)
{
	return compile(cli, file, false, r);
}

char *damp_check_count(char *out, size_t len, const struct damp_rules *r)
{
	snprintf(out, len, "%u error%s, %u warning%s", r->errors, r->errors == 1 ? "" : "s",
		 r->warnings, r->warnings == 1 ? "" : "s");
	return out;
}

/* A file that cannot be read outweighs one with errors. */
static int worse(int a, int b)
{
	return a > b ? a : b;
}

/* Signatures that are missing or wrong make the file a bad one: *v becomes NULL. */
static int look_at_signatures(const struct damp_cli *cli, const char *file, const struct damp_rules *r,
			      const struct damp_progview **v, char *text)
{
	const int code = damp_signed_look(cli, file, r, text, DAMP_SIGNED_BY_LEN);

	if (code == DAMP_EXIT_OK)
		return code;
	*v = NULL;
	return damp_fail(code, "%s: %s", file, text);
}

static json_t *file_json(const char *file, const struct damp_rules *r, const struct damp_progview *v,
			 const char *signatures, bool good)
{
	json_t *j = json_pack("{s:o, s:b, s:b, s:i, s:i, s:o}",
			      "file", damp_json_text(file),
			      "ok", good,
			      "unreadable", r->unreadable,
			      "errors", (int)r->errors,
			      "warnings", (int)r->warnings,
			      "diagnostics", damp_diag_json(r));

	json_object_set_new(j, v != NULL ? "signed_by" : "not_signed",
			    damp_json_text(signatures[0] != '\0' ? signatures : NULL));
	if (v == NULL)
		return j;
	json_object_set_new(j, "program", damp_program_json(v));
	json_object_set_new(j, "limits", damp_program_limits_json(v));
	return j;
}

/* good: no warning stands against it that --strict takes for an error. */
static void print_summary(const struct damp_cli *cli, const char *file, const struct damp_rules *r,
			  const struct damp_progview *v, const char *signed_by, bool good)
{
	char bytes[DAMP_TEXT_LEN], count[64];
	const struct damp_program_hdr *h = v->hdr;
	json_t *limits;

	damp_check_count(count, sizeof(count), r);
	printf("%s: %s%s%s, %s\n", file, damp_colour(cli, good ? DAMP_GREEN : DAMP_YELLOW),
	       good ? "ok" : "not ok with --strict", damp_colour(cli, DAMP_PLAIN), count);
	printf("  ruleset  %s, revision %u\n", h->name, h->revision);
	if (signed_by[0] != '\0')
		printf("  signed   by %s\n", signed_by);
	printf("  rules    %u (%u enforce, %u observe, %u off)\n", h->nrules,
	       damp_progview_count_mode(v, DAMP_MODE_ENFORCE),
	       damp_progview_count_mode(v, DAMP_MODE_OBSERVE),
	       damp_progview_count_mode(v, DAMP_MODE_OFF));
	printf("  limits   %u\n", h->nlimits);
	limits = damp_program_limits_json(v);
	damp_limits_print(cli, limits, 11);
	json_decref(limits);
	printf("  memory   %s for the compiled rules\n",
	       damp_text_bytes(bytes, sizeof(bytes), (double)h->total_len));
}

/* One file; its exit code. out: where its JSON goes, NULL for text. */
static int check_one(const struct damp_cli *cli, const char *file, json_t *out)
{
	struct damp_progview view;
	const struct damp_progview *v = NULL;
	struct damp_rules r;
	int code = compile(cli, file, true, &r);
	char count[64], signatures[DAMP_SIGNED_BY_LEN] = "";

	if (r.program != NULL && damp_progview_open(r.program, r.program_len, &view) == 0)
		v = &view;
	if (code == DAMP_EXIT_OK && v == NULL)
		code = damp_fail(DAMP_EXIT_INTERNAL,
				 "the compiled program is damaged; please report it");
	if (out == NULL && r.text != NULL)
		fputs(r.text, stderr);
	if (v != NULL)
		code = worse(code, look_at_signatures(cli, file, &r, &v, signatures));
	if (out != NULL)
		json_array_append_new(out, file_json(file, &r, v, signatures, code == DAMP_EXIT_OK));
	else if (v != NULL)
		print_summary(cli, file, &r, v, signatures, code == DAMP_EXIT_OK);
	else if (out == NULL && code == DAMP_EXIT_NO)
		fprintf(stderr, "%s: %s\n", file, damp_check_count(count, sizeof(count), &r));
	damp_rules_free(&r);
	return code;
}

int damp_cmd_schema(struct damp_cli *cli)
{
	char *text = damp_rules_schema();

	(void)cli;
	fputs(text, stdout);
	free(text);
	return DAMP_EXIT_OK;
}

int damp_cmd_check(struct damp_cli *cli)
{
	json_t *files = cli->args.json ? json_array() : NULL;
	int code = DAMP_EXIT_OK;

	for (int i = 0; i < cli->args.nwords; i++)
		code = worse(code, check_one(cli, cli->args.words[i], files));
	if (files == NULL)
		return code;
	return damp_print_json(json_pack("{s:i, s:b, s:o}",
					 "schema", DAMP_JSON_SCHEMA,
					 "ok", code == DAMP_EXIT_OK,
					 "files", files),
			       code);
}
