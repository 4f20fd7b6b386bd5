/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper mode`: another mode of a rule for a while. It ends by itself, so that
 * nobody can forget a rule that does nothing.
 */
#include "mode.h"

#include "client.h"
#include "common/text.h"
#include "json_get.h"

#include <damper/wire.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FOR "10min"

bool damp_read_for(const struct damp_cli *cli, const char *otherwise, uint64_t *seconds)
{
	const char *text = cli->args.duration != NULL ? cli->args.duration : otherwise;

	if (!damp_text_parse_seconds(text, seconds) && *seconds > 0 && *seconds <= DAMP_FOR_MAX_S)
		return true;
	damp_fail(DAMP_EXIT_USAGE, "--for %s: write a time from 1s to 30d, like 90s, 10min, 1h30min", text);
	return false;
}

int damp_post(struct damp_cli *cli, const char *path, json_t *body,
	      void (*say)(const struct damp_cli *cli, const json_t *answer))
{
	struct damp_client *c = damp_client_new(cli);
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *answer = NULL;
	int code;

	json_decref(body);
	if (c == NULL || text == NULL) {
		free(text);
		damp_client_free(c);
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	}
	code = damp_client_call(c, path, text, strlen(text), &answer);
	damp_client_free(c);
	free(text);
	if (cli->args.json && answer != NULL)
		damp_print_json(json_incref(answer), code);
	else if (code == DAMP_EXIT_OK)
		say(cli, answer);
	json_decref(answer);
	return code;
}

static void say_mode(const struct damp_cli *cli, const json_t *answer)
{
	const char *rule = damp_get_text(answer, "rule"), *remark = damp_get_text(answer, "remark");
	char span[DAMP_TEXT_LEN];

	(void)cli;
	if (damp_get_int(answer, "remaining_s") == 0)
		printf("%s: the mode of the rule file again\n", rule[0] ? rule : "all rules");
	else
		printf("%s: %s for %s; it ends by itself\n", rule[0] ? rule : "all rules",
		       damp_get_text(answer, "mode"),
		       damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(answer, "remaining_s")));
	if (remark[0])
		printf("remark: %s\n", remark);
}

int damp_cmd_mode(struct damp_cli *cli)
{
	const char *rule = cli->args.words[0], *mode = cli->args.words[1];
	const bool all = strcmp(rule, "all") == 0, file = strcmp(mode, "file") == 0;
	uint64_t seconds = 0;

	if (!file && strcmp(mode, "observe") != 0 && strcmp(mode, "enforce") != 0 && strcmp(mode, "off") != 0)
		return damp_fail(DAMP_EXIT_USAGE, "'%s' is no mode; write observe, enforce, off or file",
				 mode);
	if (file && cli->args.duration != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "--for goes with a mode; 'file' ends it now");
	if (!file && !damp_read_for(cli, DEFAULT_FOR, &seconds))
		return DAMP_EXIT_USAGE;
	return damp_post(cli, "/v1/mode",
			 json_pack("{s:o, s:s, s:I}", "rule", all ? json_null() : json_string(rule), "mode",
				   file ? "off" : mode, "for_s", (json_int_t)seconds),
			 say_mode);
}
