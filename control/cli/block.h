/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper block`, `unblock`, `set add`, `set del`, `show blocks`, `show sets`. */
#ifndef DAMP_CLI_BLOCK_H
#define DAMP_CLI_BLOCK_H

#include "cli.h"

int damp_cmd_block(struct damp_cli *cli);
int damp_cmd_unblock(struct damp_cli *cli);
int damp_cmd_set_add(struct damp_cli *cli);
int damp_cmd_set_del(struct damp_cli *cli);
int damp_cmd_show_blocks(struct damp_cli *cli);
int damp_cmd_show_sets(struct damp_cli *cli);

#endif
