/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper diff`: what changes from one rule set to another. */
#ifndef DAMP_DIFF_CMD_H
#define DAMP_DIFF_CMD_H

#include "cli.h"

int damp_cmd_diff(struct damp_cli *cli);

/* diff_text.c: the document of `--json` for people. f: where to. */
void damp_diff_print(const struct damp_cli *cli, FILE *f, const json_t *doc);

#endif
