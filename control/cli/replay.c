/* SPDX-License-Identifier: BSD-3-Clause */
/* See replay.h. */
#include "replay.h"

#include "foresight/replay.h"
#include "foresight/replay_json.h"
#include "origin.h"

#include <stdlib.h>

int damp_replay_witnesses(const struct damp_cli *cli, struct damp_sides *s)
{
	const struct damp_args *a = &cli->args;
	char why[256];

	for (unsigned i = 0; i < a->inside.n; i++)
		if (!damp_sides_add_prefix(s, a->inside.value[i], why))
			return damp_fail(DAMP_EXIT_USAGE, "--inside: %s", why);
	for (unsigned i = 0; i < a->outside_mac.n; i++)
		if (!damp_sides_add_mac(s, a->outside_mac.value[i], why))
			return damp_fail(DAMP_EXIT_USAGE, "--outside-mac: %s", why);
	return DAMP_EXIT_OK;
}

static int start(const struct damp_cli *cli, struct damp_replay *r, const struct damp_origin o[2],
		 int64_t first_ns)
{
	const struct damp_replay_program p[2] = {
		{ .block = o[0].block, .len = o[0].len, .ports = &o[0].ports },
		{ .block = o[1].block, .len = o[1].len, .ports = &o[1].ports },
	};
	char err[256];

	if (!damp_replay_init(r, p, o[1].block != NULL ? 2 : 1, cli->args.grace,
			      (uint64_t)(first_ns / 1000000000), err, sizeof(err)))
		return damp_fail(DAMP_EXIT_INTERNAL, "the rules cannot be used: %s", err);
	return damp_replay_witnesses(cli, &r->sides);
}

/* All frames. The wall clock of the judges begins with the first one. */
static int run(const struct damp_cli *cli, struct damp_replay *r, struct damp_capture *c,
	       const struct damp_origin o[2])
{
	struct damp_captured f = { 0 };
	char err[512];
	int rc = damp_capture_next(c, &f, err, sizeof(err)),
	    code = start(cli, r, o, rc == 1 ? f.ts_ns : 0);

	while (code == DAMP_EXIT_OK && rc == 1) {
		if (!damp_replay_frame(r, &f))
			return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
		rc = damp_capture_next(c, &f, err, sizeof(err));
	}
	if (code != DAMP_EXIT_OK)
		return code;
	if (rc < 0)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s", err);
	damp_replay_end(r);
	return code;
}

static int tell(const struct damp_cli *cli, const struct damp_replay *r,
		const struct damp_origin o[2])
{
	json_t *const origins[2] = { o[0].json, o[1].json };
	json_t *doc = damp_replay_json(r, cli->args.words[0], origins);
	const int code = r->changed > 0 ? DAMP_EXIT_NO : DAMP_EXIT_OK;

	if (cli->args.json)
		return damp_print_json(doc, code);
	damp_replay_print(cli, doc);
	json_decref(doc);
	return code;
}

static int open_origins(const struct damp_cli *cli, struct damp_origin o[2])
{
	const struct damp_args *a = &cli->args;
	int code;

	if (a->rules == NULL)
		return damp_fail(
			DAMP_EXIT_USAGE,
			"replay needs --rules FILE, or --rules running; see 'damper help replay'");
	code = damp_origin_open(cli, a->rules, &o[0]);
	return code == DAMP_EXIT_OK && a->against != NULL ? damp_origin_open(cli, a->against, &o[1])
							  : code;
}

int damp_cmd_replay(struct damp_cli *cli)
{
	struct damp_origin o[2] = { { 0 } };
	struct damp_replay *r = calloc(1, sizeof(*r));
	struct damp_capture *c = NULL;
	char err[512];
	bool unreadable;
	int code;

	if (r == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = open_origins(cli, o);
	if (code == DAMP_EXIT_OK &&
	    (c = damp_capture_open(cli->args.words[0], err, sizeof(err), &unreadable)) == NULL)
		code = damp_fail(DAMP_EXIT_UNREADABLE, "%s", err);
	if (code == DAMP_EXIT_OK && cli->args.move_loopback)
		damp_capture_move_loopback(c);
	if (code == DAMP_EXIT_OK)
		code = run(cli, r, c, o);
	if (code == DAMP_EXIT_OK)
		code = tell(cli, r, o);
	damp_capture_close(c);
	damp_replay_free(r);
	free(r);
	damp_origin_free(&o[0]);
	damp_origin_free(&o[1]);
	return code;
}
