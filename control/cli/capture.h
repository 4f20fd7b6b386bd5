/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper capture`. */
#ifndef DAMP_CLI_CAPTURE_H
#define DAMP_CLI_CAPTURE_H

#include "cli.h"

int damp_cmd_capture(struct damp_cli *cli);

#endif
