/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper fmt`. */
#ifndef DAMP_CLI_FMT_H
#define DAMP_CLI_FMT_H

#include "cli.h"

int damp_cmd_fmt(struct damp_cli *cli);

#endif
