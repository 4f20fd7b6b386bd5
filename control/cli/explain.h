/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper explain`: what the judge makes of one message, and why.
 */
#ifndef DAMP_EXPLAIN_CMD_H
#define DAMP_EXPLAIN_CMD_H

#include "cli.h"

#include <stdint.h>

struct damp_bench;
struct damp_origin;
struct damp_view;

int damp_cmd_explain(struct damp_cli *cli);

/* explain_text.c: the document of `--json` for people. */
void damp_explain_print(const struct damp_cli *cli, const json_t *doc);

/* explain_lines.c: `--hex -`. */
int damp_explain_lines(const struct damp_cli *cli);

/* Is the running judge to be asked (--state live)? */
bool damp_explain_is_live(const struct damp_cli *cli);

/* A judge for the rules, in the time of --at; small: for one message. wall_s:
 * the time of the first frame, 0 now. NULL said. */
struct damp_bench *damp_explain_bench(const struct damp_cli *cli, const struct damp_origin *o,
				      uint64_t wall_s, bool small);

/* explain_frame.c: where a message from the command line comes from and goes.
 * view: of the rules, which may know what is inside. Returns an exit code. */
struct damp_framed {
	uint8_t side; /* enum damp_side */
	size_t len;
	const char *side_by; /* for people */
	uint8_t frame[65600];
};
int damp_explain_frame(const struct damp_cli *cli, const struct damp_view *view, const uint8_t *msg,
		       size_t len, struct damp_framed *out);
/* The bytes of --msg with --size and --option. */
int damp_explain_message(const struct damp_cli *cli, uint8_t *msg, size_t cap, size_t *len);
/* --side as enum damp_side into *side, -1 when it is not given. */
int damp_explain_side(const struct damp_cli *cli, int *side);

#endif
