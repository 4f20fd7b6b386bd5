/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper learn`: what is normal, and limits that would let it pass. */
#ifndef DAMP_LEARN_CMD_H
#define DAMP_LEARN_CMD_H

#include "cli.h"

int damp_cmd_learn_start(struct damp_cli *cli);
int damp_cmd_learn_show(struct damp_cli *cli);
int damp_cmd_learn_propose(struct damp_cli *cli);
int damp_cmd_learn_stop(struct damp_cli *cli);

/* learn_text.c: the document of `learn show --json` as a table. */
void damp_learn_print(const struct damp_cli *cli, const json_t *doc);

/* learn_propose.c: the same as a rule file. */
void damp_learn_write_rules(FILE *f, const json_t *doc);

#endif
