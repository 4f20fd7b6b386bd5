/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper load`. */
#ifndef DAMP_LOAD_H
#define DAMP_LOAD_H

#include "cli.h"

int damp_cmd_load(struct damp_cli *cli);

#endif
