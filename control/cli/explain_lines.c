/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper explain --hex -`: a message on each line of standard input, a JSON
 * object on each line of standard output, in step.
 *
 * Invariant: n lines in, n lines out, whatever they hold; an empty line is an
 * empty message. Each message is judged by itself: on a bench of its own, or by
 * the running judge (--state live), on one connection for all of them.
 */
#include "explain.h"

#include "foresight/decode.h"
#include "foresight/explain.h"
#include "live.h"
#include "origin.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 65535u

struct lines {
	const struct damp_cli *cli;
	struct damp_origin origin; /* no block: scan only */
	struct damp_framed framed;
	uint8_t msg[MESSAGE_MAX];
	unsigned long number, wrong;
	bool live;
	struct damp_live_plane plane;
	int lost; /* exit code: why the data plane is not asked any more */
};

/* On a bench of its own; NULL when it cannot be. */
static json_t *judge_here(struct lines *l, size_t len)
{
	struct damp_bench *b = damp_explain_bench(l->cli, &l->origin, 0, true);
	json_t *verdict = NULL;

	if (b != NULL && damp_explain_frame(l->cli, b->view, l->msg, len, &l->framed) == DAMP_EXIT_OK) {
		damp_bench_judge(b, l->framed.side, l->framed.frame, l->framed.len);
		verdict = damp_verdict_json(b);
	}
	damp_bench_free(b);
	return verdict;
}

/* By the running judge; NULL once it has gone: it is not asked again. */
static json_t *judge_live(struct lines *l, size_t len)
{
	json_t *doc, *verdict;
	int code;

	if (l->lost != DAMP_EXIT_OK ||
	    damp_explain_frame(l->cli, l->plane.view, l->msg, len, &l->framed) != DAMP_EXIT_OK)
		return NULL;
	code = damp_live_peek(&l->plane, l->framed.side, l->framed.frame, l->framed.len, &doc);
	if (code != DAMP_EXIT_OK) {
		l->lost = code;
		return NULL;
	}
	verdict = json_incref(json_object_get(doc, "verdict"));
	json_object_set(verdict, "generation", json_object_get(json_object_get(doc, "live"), "generation"));
	json_decref(doc);
	return verdict;
}

/* Something that is no message gets a line too, so that the lines stay in step. */
static json_t *no_message(struct lines *l)
{
	l->wrong++;
	damp_fail(DAMP_EXIT_USAGE, "line %lu: write two hex digits for each byte, at most %u bytes",
		  l->number, MESSAGE_MAX);
	return json_pack("{s:b, s:n, s:s}", "accepted", 0, "reason", "error", "no hex");
}

static void one(struct lines *l, const char *text, size_t len)
{
	/* A NUL ends no line. */
	const long n = strlen(text) == len ? damp_hex_parse(text, l->msg, MESSAGE_MAX) : -1;
	json_t *j = n < 0 ? no_message(l) : damp_message_json(l->msg, (size_t)n);

	if (n >= 0 && (l->live || l->origin.block != NULL)) {
		json_t *verdict = l->live ? judge_live(l, (size_t)n) : judge_here(l, (size_t)n);

		json_object_set_new(j, "verdict", verdict != NULL ? verdict : json_null());
	}
	json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout); /* in step: whoever has written a line may wait for its answer */
	json_decref(j);
}

int damp_explain_lines(const struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	struct lines *l = calloc(1, sizeof(*l));
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	int code = DAMP_EXIT_OK;

	if (l == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	l->cli = cli;
	l->live = damp_explain_is_live(cli);
	l->plane.link.socket = -1;
	if (l->live)
		code = damp_live_open(cli, &l->plane);
	else if (a->rules != NULL || a->from != NULL || a->to != NULL || a->side != NULL)
		code = damp_origin_open(cli, a->rules, &l->origin);
	while (code == DAMP_EXIT_OK && (len = getline(&text, &room, stdin)) >= 0) {
		l->number++;
		one(l, text, (size_t)len);
	}
	if (code == DAMP_EXIT_OK && ferror(stdin))
		code = damp_fail(DAMP_EXIT_UNREADABLE, "standard input cannot be read");
	if (code == DAMP_EXIT_OK)
		code = l->lost != DAMP_EXIT_OK ? l->lost : l->wrong > 0 ? DAMP_EXIT_USAGE : DAMP_EXIT_OK;
	damp_live_close(&l->plane);
	free(text);
	damp_origin_free(&l->origin);
	free(l);
	return code;
}
