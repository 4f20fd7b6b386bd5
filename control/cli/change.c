/* SPDX-License-Identifier: BSD-3-Clause */
/* See change.h. */
#include "change.h"

#include "client.h"
#include "common/text.h"
#include "json_get.h"
#include "sheet.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define CONFIRM_MAX_S 86400u    /* as damperd has it (rules.h) */

int damp_change_check_confirm(const struct damp_cli *cli)
{
	const char *text = cli->args.confirm;
	uint64_t s;

	if (text == NULL || (damp_text_parse_seconds(text, &s) == 0 && s > 0 && s <= CONFIRM_MAX_S))
		return DAMP_EXIT_OK;
	return damp_fail(DAMP_EXIT_USAGE, "--confirm %s: write a time from 1s to 1d, like 120s, 10min", text);
}

int damp_change_add_confirm(const struct damp_cli *cli, struct damp_client *c, char *url, size_t room)
{
	char seconds[24];
	uint64_t s = 0;

	if (cli->args.confirm == NULL)
		return DAMP_EXIT_OK;
	damp_text_parse_seconds(cli->args.confirm, &s);
	snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)s);
	if (damp_client_add_query(c, url, room, "confirm", seconds) != 0)
		return damp_fail(DAMP_EXIT_USAGE, "the comment or the path is too long");
	return DAMP_EXIT_OK;
}

void damp_change_print_loaded(const struct damp_cli *cli, const json_t *j)
{
	const json_t *p = json_object_get(j, "program");
	const char *remark = damp_get_text(j, "remark");
	const long long observing = damp_get_int(p, "observing"), confirm = damp_get_int(j, "confirm_s");
	char span[DAMP_TEXT_LEN];

	printf("%sgeneration %lld%s runs: %s, %lld rules", damp_colour(cli, DAMP_GREEN),
	       damp_get_int(j, "generation"), damp_colour(cli, DAMP_PLAIN), damp_get_text(p, "name"),
	       damp_get_int(p, "rules"));
	if (observing > 0)
		printf(" (%lld only observing)", observing);
	putchar('\n');
	if (confirm > 0)
		printf("%sit goes back by itself in %s%s unless you say: damper confirm\n",
		       damp_colour(cli, DAMP_YELLOW), damp_text_span(span, sizeof(span), (uint64_t)confirm),
		       damp_colour(cli, DAMP_PLAIN));
	if (remark[0] != '\0')
		fprintf(stderr, "damper: warning: %s\n", remark);
}

/* POST url; the answer as JSON when asked for, else it is left in *answer. */
static int post(const struct damp_cli *cli, struct damp_client *c, const char *url, json_t **answer)
{
	const int code = damp_client_call(c, url, "", 0, answer);

	if (cli->args.json && *answer != NULL)
		damp_print_json(json_incref(*answer), code);
	return code;
}

int damp_cmd_confirm(struct damp_cli *cli)
{
	struct damp_client *c = damp_client_new(cli);
	json_t *answer = NULL;
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = post(cli, c, "/v1/confirm", &answer);
	if (code == DAMP_EXIT_OK && !cli->args.json) {
		printf("generation %lld is confirmed: it stays\n", damp_get_int(answer, "generation"));
		if (damp_get_text(answer, "remark")[0] != '\0')
			fprintf(stderr, "damper: warning: %s\n", damp_get_text(answer, "remark"));
	}
	json_decref(answer);
	damp_client_free(c);
	return code;
}

static int rollback_url(const struct damp_cli *cli, struct damp_client *c, char *url, size_t room)
{
	const struct damp_args *a = &cli->args;
	int err = 0;

	if (a->nwords > 0)
		err |= damp_client_add_query(c, url, room, "to", a->words[0]);
	if (a->comment != NULL)
		err |= damp_client_add_query(c, url, room, "comment", a->comment);
	if (err)
		return damp_fail(DAMP_EXIT_USAGE, "the comment is too long");
	return damp_change_add_confirm(cli, c, url, room);
}

int damp_cmd_rollback(struct damp_cli *cli)
{
	char url[4096] = "/v1/rollback";
	struct damp_client *c;
	json_t *answer = NULL;
	int code = damp_change_check_confirm(cli);

	if (code != DAMP_EXIT_OK)
		return code;
	if (cli->args.nwords > 0 && (!damp_source_is_number(cli->args.words[0]) || strspn(cli->args.words[0], "0") == strlen(cli->args.words[0])))
		return damp_fail(DAMP_EXIT_USAGE, "'%s' is no generation; 'damper history' lists them",
				 cli->args.words[0]);
	c = damp_client_new(cli);
	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = rollback_url(cli, c, url, sizeof(url));
	if (code == DAMP_EXIT_OK)
		code = post(cli, c, url, &answer);
	if (code == DAMP_EXIT_OK && !cli->args.json)
		damp_change_print_loaded(cli, answer);
	json_decref(answer);
	damp_client_free(c);
	return code;
}

/* "loaded", "rollback to 7", "went back to 7", and what became of it. */
static void what_cell(struct damp_sheet *t, const json_t *g)
{
	const char *how = damp_get_text(g, "how"), *state = damp_get_text(g, "state");
	char text[64];

	if (json_is_integer(json_object_get(g, "of")))
		snprintf(text, sizeof(text), "%s to %lld", how, damp_get_int(g, "of"));
	else
		snprintf(text, sizeof(text), "%s", how);
	if (strcmp(state, "loaded") != 0)
		damp_sheet_cell(t, strcmp(state, "confirmed") == 0 ? DAMP_GREEN : DAMP_YELLOW, "%s, %s", text,
				strcmp(state, "gone_back") == 0 ? "gone back" : state);
	else
		damp_sheet_cell(t, DAMP_PLAIN, "%s", text);
}

static void history_row(struct damp_sheet *t, const json_t *g)
{
	const bool runs = damp_get_true(g, "running");

	damp_sheet_cell(t, runs ? DAMP_GREEN : DAMP_PLAIN, "%s%lld", runs ? "*" : "",
			damp_get_int(g, "generation"));
	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(g, "loaded_at"));
	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(g, "by"));
	what_cell(t, g);
	damp_sheet_cell(t, DAMP_PLAIN, "%s %lld", damp_get_text(g, "name"), damp_get_int(g, "revision"));
	damp_sheet_cell(t, DAMP_PLAIN, "%lld", damp_get_int(g, "rules"));
	damp_sheet_cell(t, strcmp(damp_get_text(g, "tests"), "left out") == 0 ? DAMP_YELLOW : DAMP_PLAIN,
			"%s", damp_get_text(g, "tests"));
	damp_sheet_cell(t, DAMP_DIM, "%s", damp_get_text(g, "comment"));
}

static void print_history(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *all = json_object_get(doc, "generations"), *g;
	const json_t *trial = json_object_get(doc, "confirm");
	struct damp_sheet *t;
	size_t i;

	if (json_array_size(all) == 0) {
		puts("no generation is kept yet: nothing was loaded since damperd keeps them");
		return;
	}
	t = damp_sheet_new("rllllrll");
	damp_sheet_heads(t, "GENERATION|AT|BY|HOW|RULES|COUNT|TESTS|WHY");
	json_array_foreach(all, i, g)
		history_row(t, g);
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
	if (json_is_object(trial))
		printf("\ngeneration %lld waits to be confirmed: %lld s left, then back to %lld\n",
		       damp_get_int(trial, "generation"), damp_get_int(trial, "remaining_s"),
		       damp_get_int(trial, "base"));
}

int damp_cmd_history(struct damp_cli *cli)
{
	json_t *doc;
	const int code = damp_client_get(cli, "/v1/history", &doc);

	if (code != DAMP_EXIT_OK)
		return code;
	if (cli->args.json)
		return damp_print_json(doc, code);
	print_history(cli, doc);
	json_decref(doc);
	return code;
}

/* The files of a rule set; a bundle says where each begins (bundle.c). */
static void print_source(const char *text, const char *file)
{
	size_t count, len;
	int at = 0;

	if (sscanf(text, "damper-bundle 1 %zu\n%n", &count, &at) != 1 || at == 0) {
		printf("# file %s\n%s", file, text);
		return;
	}
	for (text += at; count > 0 && sscanf(text, "%zu %n", &len, &at) == 1; count--) {
		const char *path = text + at, *nl = strchr(path, '\n');

		if (nl == NULL || strlen(nl + 1) < len + 1)
			return;
		printf("# file %.*s\n%.*s", (int)(nl - path), path, (int)len, nl + 1);
		text = nl + 1 + len + 1;
	}
}

int damp_change_show_generation(struct damp_cli *cli)
{
	const char *number = cli->args.generation;
	char path[64];
	json_t *g;
	int code;

	if (!damp_source_is_number(number) || strlen(number) > 10)
		return damp_fail(DAMP_EXIT_USAGE, "--generation %s: 'damper history' lists them", number);
	snprintf(path, sizeof(path), "/v1/generation?number=%s", number);
	code = damp_client_get(cli, path, &g);
	if (code != DAMP_EXIT_OK)
		return code;
	if (cli->args.json)
		return damp_print_json(g, code);
	if (json_is_string(json_object_get(g, "source")))
		print_source(damp_get_text(g, "source"), damp_get_text(g, "file"));
	else
		code = damp_fail(DAMP_EXIT_NO,
				 "the text of generation %s is not known: damperd found it running",
				 number);
	json_decref(g);
	return code;
}
