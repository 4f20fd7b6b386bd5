/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper bypass`. */
#ifndef DAMP_BYPASS_H
#define DAMP_BYPASS_H

#include "cli.h"

int damp_cmd_bypass_on(struct damp_cli *cli);
int damp_cmd_bypass_off(struct damp_cli *cli);

#endif
