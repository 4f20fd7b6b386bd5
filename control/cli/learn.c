/* SPDX-License-Identifier: BSD-3-Clause */
/* See learn.h. What damperd has learned, or, with --from, what a capture holds. */
#include "learn.h"

#include "client.h"
#include "common/diag_json.h"
#include "foresight/learn_capture.h"
#include "json_get.h"
#include "origin.h"
#include "replay.h"
#include "rules/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without --rules: the language's own ports and sides, and nothing that limits. */
static const char no_rules[] = "version: 1\nruleset: {name: none, mode: observe}\n";

static int open_judge(const struct damp_cli *cli, struct damp_origin *o)
{
	struct damp_rules r;

	if (cli->args.rules != NULL)
		return damp_origin_open(cli, cli->args.rules, o);
	if (damp_rules_compile_text(no_rules, sizeof(no_rules) - 1, "no rules", NULL, &r) == 0) {
		o->block = r.program;
		o->len = r.program_len;
		r.program = NULL;
	}
	damp_rules_free(&r);
	return o->block != NULL ? DAMP_EXIT_OK : damp_fail(DAMP_EXIT_INTERNAL, "no memory");
}

static int begin(const struct damp_cli *cli, struct damp_learn_capture *lc, const struct damp_origin *o,
		 int64_t first_ns)
{
	const struct damp_bench_setup s = { .block = o->block, .len = o->len, .ports = &o->ports,
					    .wall_s = (uint64_t)(first_ns / 1000000000) };
	char err[256];

	lc->bench = damp_bench_new(&s, err, sizeof(err));
	if (lc->bench == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "the program cannot be used: %s", err);
	lc->sides->view = lc->bench->view;
	return damp_replay_witnesses(cli, lc->sides);
}

static int read_frames(const struct damp_cli *cli, struct damp_capture *c, const struct damp_origin *o,
		       struct damp_learn_capture *lc, struct damp_learn *l)
{
	struct damp_captured f = { 0 };
	char err[512];
	int rc = damp_capture_next(c, &f, err, sizeof(err));
	const int code = begin(cli, lc, o, rc == 1 ? f.ts_ns : 0);

	while (code == DAMP_EXIT_OK && rc == 1) {
		damp_learn_frame(lc, l, &f);
		rc = damp_capture_next(c, &f, err, sizeof(err));
	}
	damp_learn_end(l);
	return rc < 0 ? damp_fail(DAMP_EXIT_UNREADABLE, "%s", err) : code;
}

static json_t *capture_doc(const struct damp_cli *cli, const struct damp_learn_capture *lc,
			   const struct damp_learn *l, const struct damp_origin *o)
{
	json_t *doc = json_pack("{s:i, s:s, s:o, s:I, s:I, s:o}",
				"schema", DAMP_JSON_SCHEMA,
				"from", "capture",
				"file", damp_json_text(cli->args.from),
				"frames", (json_int_t)lc->frames,
				"cut", (json_int_t)lc->cut,
				"rules_from", o->json != NULL ? json_incref(o->json) : json_null());
	json_t *more = damp_learn_json(l);

	json_object_update(doc, more);
	json_decref(more);
	return doc;
}

static int learn_capture(const struct damp_cli *cli, json_t **doc)
{
	struct damp_sides *sides = calloc(1, sizeof(*sides));
	struct damp_learn_capture lc = { .sides = sides, .judged = cli->args.rules != NULL };
	struct damp_learn *l = damp_learn_new();
	struct damp_capture *c = NULL;
	struct damp_origin o = { 0 };
	char err[512];
	bool unreadable;
	int code = sides != NULL && l != NULL ? open_judge(cli, &o)
					      : damp_fail(DAMP_EXIT_INTERNAL, "no memory");

	if (code == DAMP_EXIT_OK &&
	    (c = damp_capture_open(cli->args.from, err, sizeof(err), &unreadable)) == NULL)
		code = damp_fail(DAMP_EXIT_UNREADABLE, "%s", err);
	if (code == DAMP_EXIT_OK && cli->args.move_loopback)
		damp_capture_move_loopback(c);
	if (code == DAMP_EXIT_OK)
		code = read_frames(cli, c, &o, &lc, l);
	if (code == DAMP_EXIT_OK)
		*doc = capture_doc(cli, &lc, l, &o);
	damp_capture_close(c);
	damp_bench_free(lc.bench);
	damp_origin_free(&o);
	damp_learn_free(l);
	free(sides);
	return code;
}

/* What was learned, from where the command line says. */
static int learned(const struct damp_cli *cli, json_t **doc)
{
	const struct damp_args *a = &cli->args;

	*doc = NULL;
	if (a->from != NULL)
		return learn_capture(cli, doc);
	if (a->rules != NULL || a->inside.n > 0 || a->outside_mac.n > 0 || a->move_loopback)
		return damp_fail(DAMP_EXIT_USAGE,
				 "--rules, --inside, --outside-mac and --move-loopback go with --from");
	return damp_client_get(cli, "/v1/learn", doc);
}

int damp_cmd_learn_show(struct damp_cli *cli)
{
	json_t *doc;
	const int code = learned(cli, &doc);

	if (code != DAMP_EXIT_OK)
		return code;
	if (cli->args.json)
		return damp_print_json(doc, code);
	damp_learn_print(cli, doc);
	json_decref(doc);
	return code;
}

/* A new file: a proposal never takes the place of anything. */
static int write_new(const char *path, const json_t *doc)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (f == NULL)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", path, strerror(errno));
	damp_learn_write_rules(f, doc);
	if (fclose(f) != 0)
		return damp_fail(DAMP_EXIT_INTERNAL, "%s: %s", path, strerror(errno));
	printf("%s is written; nothing was loaded. Read it, then: damper check %s\n", path, path);
	return DAMP_EXIT_OK;
}

int damp_cmd_learn_propose(struct damp_cli *cli)
{
	json_t *doc;
	int code = learned(cli, &doc);

	if (code != DAMP_EXIT_OK)
		return code;
	if (cli->args.out != NULL)
		code = write_new(cli->args.out, doc);
	else
		damp_learn_write_rules(stdout, doc);
	json_decref(doc);
	return code;
}

static int post(const struct damp_cli *cli, const char *path, const char *said)
{
	struct damp_client *c = damp_client_new(cli);
	json_t *answer = NULL;
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = damp_client_call(c, path, "", 0, &answer);
	if (cli->args.json && answer != NULL)
		damp_print_json(json_incref(answer), code);
	else if (code == DAMP_EXIT_OK)
		puts(said);
	json_decref(answer);
	damp_client_free(c);
	return code;
}

int damp_cmd_learn_start(struct damp_cli *cli)
{
	return post(cli, "/v1/learn/start",
		    "learning: what is normal shows after some minutes in 'damper learn show'");
}

int damp_cmd_learn_stop(struct damp_cli *cli)
{
	return post(cli, "/v1/learn/stop", "no longer learning; what was learned stays until the next start");
}
