/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper confirm`, `rollback`, `history`: changes that can be undone. */
#ifndef DAMP_CHANGE_CMD_H
#define DAMP_CHANGE_CMD_H

#include "cli.h"

struct damp_client;

int damp_cmd_confirm(struct damp_cli *cli);
int damp_cmd_rollback(struct damp_cli *cli);
int damp_cmd_history(struct damp_cli *cli);

/* Is --confirm a time? Returns an exit code. */
int damp_change_check_confirm(const struct damp_cli *cli);

/* Append --confirm to url when it was given. Returns an exit code. */
int damp_change_add_confirm(const struct damp_cli *cli, struct damp_client *c, char *url, size_t room);

/* "generation 7 runs: ...", and what to do when it has to be confirmed. */
void damp_change_print_loaded(const struct damp_cli *cli, const json_t *answer);

/* `damper show rules --generation N`: the text of its files. */
int damp_change_show_generation(struct damp_cli *cli);

#endif
