/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper explain --hex -`: a message on each line of standard input, a JSON
 * object on each line of standard output, in step.
 *
 * Invariant: n lines in, n lines out, whatever they hold; an empty line is an
 * empty message. Each message is judged by itself, on a bench of its own.
 */
#include "explain.h"

#include "foresight/decode.h"
#include "foresight/explain.h"
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
};

static void judge(struct lines *l, size_t len, json_t *j)
{
	const struct damp_bench_setup s = { .block = l->origin.block,
					    .len = l->origin.len,
					    .ports = &l->origin.ports,
					    .small = true };
	struct damp_bench *b;
	char err[256];

	b = damp_bench_new(&s, err, sizeof(err));
	if (b != NULL &&
	    damp_explain_frame(l->cli, b->view, l->msg, len, &l->framed) == DAMP_EXIT_OK) {
		damp_bench_judge(b, l->framed.side, l->framed.frame, l->framed.len);
		json_object_set_new(j, "verdict", damp_verdict_json(b));
	} else {
		json_object_set_new(j, "verdict", json_null());
	}
	damp_bench_free(b);
}

/* Something that is no message gets a line too, so that the lines stay in step. */
static json_t *no_message(struct lines *l)
{
	l->wrong++;
	damp_fail(DAMP_EXIT_USAGE, "line %lu is no hex, or more than %u bytes", l->number,
		  MESSAGE_MAX);
	return json_pack("{s:b, s:n, s:s}", "accepted", 0, "reason", "error", "no hex");
}

static void one(struct lines *l, const char *text)
{
	const long n = damp_hex_parse(text, l->msg, MESSAGE_MAX);
	json_t *j = n < 0 ? no_message(l) : damp_message_json(l->msg, (size_t)n);

	if (n >= 0 && l->origin.block != NULL)
		judge(l, (size_t)n, j);
	json_dumpf(j, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(j);
}

int damp_explain_lines(const struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	struct lines *l = calloc(1, sizeof(*l));
	char *text = NULL;
	size_t room = 0;
	int code = DAMP_EXIT_OK;

	if (l == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	l->cli = cli;
	if (a->rules != NULL || a->from != NULL || a->to != NULL || a->side != NULL)
		code = damp_origin_open(cli, a->rules, &l->origin);
	while (code == DAMP_EXIT_OK && getline(&text, &room, stdin) >= 0) {
		l->number++;
		one(l, text);
	}
	if (code == DAMP_EXIT_OK && ferror(stdin))
		code = damp_fail(DAMP_EXIT_UNREADABLE, "standard input cannot be read");
	if (code == DAMP_EXIT_OK && l->wrong > 0)
		code = DAMP_EXIT_USAGE;
	free(text);
	damp_origin_free(&l->origin);
	free(l);
	return code;
}
