/* SPDX-License-Identifier: BSD-3-Clause */
/* The modes of `damper explain`; see explain.h. */
#include "explain.h"

#include "common/diag_json.h"
#include "common/text.h"
#include "foresight/decode.h"
#include "foresight/explain.h"
#include "foresight/sides.h"
#include "json_get.h"
#include "live.h"
#include "origin.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX 65535u

static int exit_of(const json_t *doc)
{
	return damp_get_true(json_object_get(doc, "verdict"), "dropped") ? DAMP_EXIT_NO
									 : DAMP_EXIT_OK;
}

static int tell(const struct damp_cli *cli, json_t *doc)
{
	const int code = exit_of(doc);

	if (cli->args.json)
		return damp_print_json(doc, code);
	damp_explain_print(cli, doc);
	json_decref(doc);
	return code;
}

/* The explanation of what is loaded on the bench, with what it rests on. */
static json_t *document(struct damp_bench *b, const struct damp_origin *o, const char *state,
			const char *side_by)
{
	json_t *doc = json_pack("{s:i, s:O, s:s, s:s}", "schema", DAMP_JSON_SCHEMA, "rules_from",
				o->json, "state", state, "side_by", side_by);
	json_t *more = damp_explain(b);
	const json_t *message = json_object_get(more, "message");

	if (json_is_object(message)) {
		json_object_set(doc, "accepted", json_object_get(message, "accepted"));
		json_object_set(doc, "reason", json_object_get(message, "reason"));
	}
	json_object_update(doc, more);
	json_decref(more);
	return doc;
}

/* --at: of a described message the time is now unless it is given, of a frame
 * that of the capture. */
static int read_at(const struct damp_cli *cli, struct damp_bench_setup *s)
{
	const char *at = cli->args.at;

	if (at == NULL) {
		s->when_s = s->wall_s == 0 ? (uint64_t)time(NULL) : 0;
	} else if (strcmp(at, "unknown") == 0) {
		s->clock_untrusted = true;
	} else if (damp_text_parse_time(at, &s->when_s)) {
		return damp_fail(DAMP_EXIT_USAGE,
				 "--at %s: write a time like 2026-11-21T10:00Z, or 'unknown'", at);
	}
	return DAMP_EXIT_OK;
}

struct damp_bench *damp_explain_bench(const struct damp_cli *cli, const struct damp_origin *o,
				      uint64_t wall_s, bool small)
{
	struct damp_bench_setup s = {
		.block = o->block, .len = o->len, .ports = &o->ports, .wall_s = wall_s, .small = small
	};
	char err[256];
	struct damp_bench *b;

	read_at(cli, &s);
	b = damp_bench_new(&s, err, sizeof(err));
	if (b == NULL)
		damp_fail(DAMP_EXIT_INTERNAL, "the program cannot be used: %s", err);
	return b;
}

bool damp_explain_is_live(const struct damp_cli *cli)
{
	return cli->args.state != NULL && strcmp(cli->args.state, "live") == 0;
}

/* The frame before the judge that runs, as its tables are now. */
static int explain_live(const struct damp_cli *cli, struct damp_live_plane *p, unsigned side,
			const uint8_t *frame, size_t len, const char *side_by)
{
	json_t *doc;
	const int code = damp_live_peek(p, side, frame, len, &doc);

	if (code != DAMP_EXIT_OK)
		return code;
	json_object_set_new(doc, "side_by", json_string(side_by));
	return tell(cli, doc);
}

static int explain_message_live(const struct damp_cli *cli, const uint8_t *msg, size_t len)
{
	struct damp_framed *f = calloc(1, sizeof(*f));
	struct damp_live_plane p;
	int code = damp_live_open(cli, &p);

	if (code == DAMP_EXIT_OK && f == NULL)
		code = damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (code == DAMP_EXIT_OK)
		code = damp_explain_frame(cli, p.view, msg, len, f);
	if (code == DAMP_EXIT_OK)
		code = explain_live(cli, &p, f->side, f->frame, f->len, f->side_by);
	damp_live_close(&p);
	free(f);
	return code;
}

static int explain_message(const struct damp_cli *cli, const uint8_t *msg, size_t len)
{
	struct damp_framed *f;
	struct damp_origin o;
	struct damp_bench *b = NULL;
	int code;

	if (damp_explain_is_live(cli))
		return explain_message_live(cli, msg, len);
	f = calloc(1, sizeof(*f));
	code = damp_origin_open(cli, cli->args.rules, &o);

	if (code == DAMP_EXIT_OK && (f == NULL || (b = damp_explain_bench(cli, &o, 0, true)) == NULL))
		code = DAMP_EXIT_INTERNAL;
	if (code == DAMP_EXIT_OK)
		code = damp_explain_frame(cli, b->view, msg, len, f);
	if (code == DAMP_EXIT_OK) {
		damp_bench_load(b, f->side, f->frame, f->len);
		code = tell(cli, document(b, &o, "empty", f->side_by));
	}
	damp_bench_free(b);
	damp_origin_free(&o);
	free(f);
	return code;
}

/* Without rules there is nothing to judge by: only what the scan reads. */
static int explain_scan(const struct damp_cli *cli, const uint8_t *msg, size_t len)
{
	json_t *doc = damp_message_json(msg, len);
	const int code = damp_get_true(doc, "accepted") ? DAMP_EXIT_OK : DAMP_EXIT_NO;

	if (cli->args.json) {
		json_object_set_new(doc, "schema", json_integer(DAMP_JSON_SCHEMA));
		return damp_print_json(doc, code);
	}
	damp_explain_print(cli, doc);
	json_decref(doc);
	return code;
}

static int explain_hex(const struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	uint8_t *msg;
	long n;
	int code;

	if (strcmp(a->hex, "-") == 0)
		return damp_explain_lines(cli);
	msg = malloc(MESSAGE_MAX);
	if (msg == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	n = damp_hex_parse(a->hex, msg, MESSAGE_MAX);
	if (n < 0)
		code = damp_fail(DAMP_EXIT_USAGE,
				 "--hex: write two hex digits for each byte, at most %u bytes",
				 MESSAGE_MAX);
	else if (a->rules == NULL && a->from == NULL && a->to == NULL && a->side == NULL &&
		 !damp_explain_is_live(cli))
		code = explain_scan(cli, msg, (size_t)n);
	else
		code = explain_message(cli, msg, (size_t)n);
	free(msg);
	return code;
}

static int explain_msg(const struct damp_cli *cli)
{
	uint8_t *msg = malloc(MESSAGE_MAX);
	size_t len;
	int code;

	if (msg == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	if (cli->args.from == NULL || cli->args.to == NULL)
		code = damp_fail(DAMP_EXIT_USAGE,
				 "--msg needs --from and --to; see 'damper help explain'");
	else
		code = damp_explain_message(cli, msg, MESSAGE_MAX, &len);
	if (code == DAMP_EXIT_OK)
		code = explain_message(cli, msg, len);
	free(msg);
	return code;
}

/* "file.pcap#12" */
static int split_frame(const char *text, char *file, size_t room, uint64_t *number)
{
	const char *hash = strrchr(text, '#');
	char *end = NULL;

	*number = hash != NULL ? strtoull(hash + 1, &end, 10) : 0;
	if (hash == NULL || *number == 0 || *end != '\0' || (size_t)(hash - text) >= room)
		return damp_fail(DAMP_EXIT_USAGE,
				 "--pcap FILE#N: which frame? Frames count from 1");
	snprintf(file, room, "%.*s", (int)(hash - text), text);
	return DAMP_EXIT_OK;
}

struct walk {
	const struct damp_cli *cli;
	const struct damp_origin *origin;
	struct damp_capture *capture;
	struct damp_sides sides;
	struct damp_bench *bench;
	struct damp_live_plane *live; /* NULL: here, off the wire */
	uint64_t wanted;
	int64_t first_ns;
	bool all; /* judge the frames before it too */
};

/* Judge, or explain, one frame of the walk. */
static int step(struct walk *w, const struct damp_captured *f)
{
	const int64_t since = f->ts_ns - w->first_ns;
	enum damp_side side;
	int given, code = damp_explain_side(w->cli, &given);

	if (code != DAMP_EXIT_OK)
		return code;
	if (f->number != w->wanted && (f->cut || !w->all))
		return DAMP_EXIT_OK;
	if (f->cut || f->len > DAMP_BENCH_FRAME_MAX)
		return damp_fail(DAMP_EXIT_UNREADABLE, "frame %llu is not whole in the capture",
				 (unsigned long long)f->number);
	side = damp_sides_of(&w->sides, f);
	if (w->live != NULL)
		return explain_live(w->cli, w->live, given >= 0 ? (unsigned)given : side, f->data, f->len,
				    given >= 0 ? "as given" : "as in a replay");
	damp_bench_advance(
		w->bench,
		since > 0 ? (damp_tick)((unsigned __int128)since * DAMP_TICK_HZ / 1000000000u) : 0);
	if (f->number != w->wanted) {
		damp_bench_judge(w->bench, side, f->data, f->len);
		return DAMP_EXIT_OK;
	}
	damp_bench_load(w->bench, given >= 0 ? (enum damp_side)given : side, f->data, f->len);
	return tell(w->cli,
		    document(w->bench, w->origin, w->all ? "of the frames before it" : "empty",
			     given >= 0 ? "as given" : "as in a replay"));
}

static int walk(struct walk *w)
{
	struct damp_captured f;
	char err[512];
	int rc, code = damp_replay_witnesses(w->cli, &w->sides);

	while (code == DAMP_EXIT_OK &&
	       (rc = damp_capture_next(w->capture, &f, err, sizeof(err))) != 0) {
		if (rc < 0)
			return damp_fail(DAMP_EXIT_UNREADABLE, "%s", err);
		if (w->bench == NULL) {
			w->first_ns = f.ts_ns;
			w->bench = w->live != NULL ?
					   w->live->traced.program[0].bench :
					   damp_explain_bench(w->cli, w->origin,
							      (uint64_t)(f.ts_ns / 1000000000), false);
			if (w->bench == NULL)
				return DAMP_EXIT_INTERNAL;
			w->sides.view = w->bench->view;
		}
		code = step(w, &f);
		if (f.number == w->wanted)
			return code;
	}
	if (code != DAMP_EXIT_OK)
		return code;
	return damp_fail(DAMP_EXIT_UNREADABLE, "the capture ends before frame %llu",
			 (unsigned long long)w->wanted);
}

static int explain_pcap(const struct damp_cli *cli)
{
	struct walk *w = calloc(1, sizeof(*w));
	struct damp_origin o = { 0 };
	char file[4096], err[512];
	struct damp_live_plane p = { .link = { .socket = -1 } };
	bool unreadable;
	int code;

	if (w == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	w->cli = cli;
	w->origin = &o;
	w->live = damp_explain_is_live(cli) ? &p : NULL;
	w->all = cli->args.state == NULL || strcmp(cli->args.state, "capture") == 0;
	code = split_frame(cli->args.pcap, file, sizeof(file), &w->wanted);
	if (code == DAMP_EXIT_OK && w->live != NULL)
		code = damp_live_open(cli, &p);
	else if (code == DAMP_EXIT_OK)
		code = damp_origin_open(cli, cli->args.rules, &o);
	if (code == DAMP_EXIT_OK &&
	    (w->capture = damp_capture_open(file, err, sizeof(err), &unreadable)) == NULL)
		code = damp_fail(DAMP_EXIT_UNREADABLE, "%s", err);
	if (code == DAMP_EXIT_OK && cli->args.move_loopback)
		damp_capture_move_loopback(w->capture);
	if (code == DAMP_EXIT_OK)
		code = walk(w);
	damp_capture_close(w->capture);
	if (w->live == NULL)
		damp_bench_free(w->bench);
	damp_live_close(&p);
	damp_origin_free(&o);
	free(w);
	return code;
}

/* The running judge has its own rules and its own clock. */
static int check_live(const struct damp_args *a)
{
	if (a->rules != NULL && strcmp(a->rules, "running") != 0)
		return damp_fail(DAMP_EXIT_USAGE,
				 "--state live goes with the rules that run: the tables are theirs; leave --rules out");
	if (a->at != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "--state live is now; leave --at out");
	return DAMP_EXIT_OK;
}

static int check_state(const struct damp_args *a)
{
	if (a->state == NULL || strcmp(a->state, "empty") == 0)
		return DAMP_EXIT_OK;
	if (strcmp(a->state, "capture") == 0)
		return a->pcap != NULL
			       ? DAMP_EXIT_OK
			       : damp_fail(DAMP_EXIT_USAGE, "--state capture goes with --pcap");
	if (strcmp(a->state, "live") == 0)
		return check_live(a);
	return damp_fail(DAMP_EXIT_USAGE, "'%s' is no state; write empty, capture or live", a->state);
}

int damp_cmd_explain(struct damp_cli *cli)
{
	const struct damp_args *a = &cli->args;
	const int ways = (a->hex != NULL) + (a->pcap != NULL) + (a->msg != NULL);
	int code;

	if (ways != 1)
		return damp_fail(
			DAMP_EXIT_USAGE,
			"explain needs one of --hex, --pcap and --msg; see 'damper help explain'");
	if (a->msg == NULL && (a->size != NULL || a->coap_options.n > 0))
		return damp_fail(DAMP_EXIT_USAGE, "--size and --option go with --msg");
	if (a->pcap == NULL && (a->inside.n > 0 || a->outside_mac.n > 0 || a->move_loopback))
		return damp_fail(DAMP_EXIT_USAGE,
				 "--inside, --outside-mac and --move-loopback go with --pcap");
	if (a->pcap != NULL && (a->from != NULL || a->to != NULL))
		return damp_fail(DAMP_EXIT_USAGE,
				 "--from and --to do not go with --pcap: the frame has its own");
	code = check_state(a);
	if (code == DAMP_EXIT_OK)
		code = read_at(cli, &(struct damp_bench_setup){ 0 });
	if (code != DAMP_EXIT_OK)
		return code;
	if (a->hex != NULL)
		return explain_hex(cli);
	return a->pcap != NULL ? explain_pcap(cli) : explain_msg(cli);
}
