/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper replay`: a capture before one or two rule sets. */
#ifndef DAMP_REPLAY_CMD_H
#define DAMP_REPLAY_CMD_H

#include "cli.h"

struct damp_sides;

int damp_cmd_replay(struct damp_cli *cli);

/* Take over --inside and --outside-mac. Returns an exit code. */
int damp_replay_witnesses(const struct damp_cli *cli, struct damp_sides *s);

/* replay_text.c: the document of `--json` for people. */
void damp_replay_print(const struct damp_cli *cli, const json_t *doc);

#endif
