/* SPDX-License-Identifier: BSD-3-Clause */
/* What all `damper show` have in common; see show.h. */
#include "show.h"

#include "client.h"
#include "common/text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define WATCH_US 1000000
#define CLEAR_SCREEN "\033[H\033[2J\033[3J"

static int show_once(const struct damp_cli *cli, const char *path, damp_show_print print,
		     damp_show_judge judge)
{
	json_t *doc;
	int code = damp_client_get(cli, path, &doc);

	if (code != DAMP_EXIT_OK)
		return code;
	code = judge != NULL ? judge(doc) : DAMP_EXIT_OK;
	if (cli->args.json)
		return damp_print_json(doc, code);
	print(cli, doc);
	json_decref(doc);
	return code;
}

int damp_show(const struct damp_cli *cli, const char *path, damp_show_print print,
	      damp_show_judge judge)
{
	bool screen = isatty(STDOUT_FILENO) && !cli->args.json;

	if (!cli->args.watch)
		return show_once(cli, path, print, judge);
	for (;;) {
		if (screen)
			fputs(CLEAR_SCREEN, stdout);
		show_once(cli, path, print, judge);
		if (fflush(stdout) != 0)
			return DAMP_EXIT_OK; /* the reader of our output has gone */
		usleep(WATCH_US);
	}
}

char *damp_show_since(char *out, size_t len, const char *when)
{
	const time_t now = time(NULL);
	struct tm tm;
	const char *rest;
	time_t at;

	memset(&tm, 0, sizeof(tm));
	rest = strptime(when, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest == NULL || (*rest != 'Z' && *rest != '.')) {
		snprintf(out, len, "%s", when);
		return out;
	}
	at = timegm(&tm);
	return damp_text_span(out, len, (uint64_t)(now > at ? now - at : 0));
}
