/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper bypass`: a bypass always has an end, so that nobody can forget it.
 */
#include "bypass.h"

#include "client.h"
#include "common/text.h"
#include "sheet.h"

#include <damper/wire.h>
#include <string.h>

#define DEFAULT_FOR "10min"

static int set_bypass(struct damp_cli *cli, uint64_t seconds, json_t **answer)
{
	struct damp_client *c = damp_client_new(cli);
	char body[64];
	int code;

	*answer = NULL;
	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	snprintf(body, sizeof(body), "{\"for_s\":%llu}", (unsigned long long)seconds);
	code = damp_client_call(c, "/v1/bypass", body, strlen(body), answer);
	damp_client_free(c);
	return code;
}

/* Print the answer as JSON when asked for; false when text is wanted. */
static bool printed(const struct damp_cli *cli, json_t *answer, int code)
{
	if (!cli->args.json || answer == NULL)
		return false;
	damp_print_json(json_incref(answer), code);
	return true;
}

int damp_cmd_bypass_on(struct damp_cli *cli)
{
	const char *text = cli->args.duration != NULL ? cli->args.duration : DEFAULT_FOR;
	char span[DAMP_TEXT_LEN];
	uint64_t seconds;
	json_t *answer;
	int code;

	if (damp_text_parse_seconds(text, &seconds) || seconds == 0 || seconds > DAMP_BYPASS_MAX_S)
		return damp_fail(DAMP_EXIT_USAGE,
				 "--for %s: write a time from 1s to 1d, like 90s, 10min, 1h30min",
				 text);
	code = set_bypass(cli, seconds, &answer);
	if (!printed(cli, answer, code) && code == DAMP_EXIT_OK)
		printf("%sbypass is ON for %s%s: everything is forwarded, nothing is filtered\n"
		       "it ends by itself; to end it now: damper bypass off\n",
		       damp_colour(cli, DAMP_RED), damp_text_span(span, sizeof(span), seconds),
		       damp_colour(cli, DAMP_PLAIN));
	json_decref(answer);
	return code;
}

int damp_cmd_bypass_off(struct damp_cli *cli)
{
	json_t *answer;
	int code = set_bypass(cli, 0, &answer);

	if (!printed(cli, answer, code) && code == DAMP_EXIT_OK)
		puts("bypass is off: filtering goes on");
	json_decref(answer);
	return code;
}
