/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper events`. */
#ifndef DAMP_EVENTS_CLI_H
#define DAMP_EVENTS_CLI_H

#include "cli.h"

int damp_cmd_events(struct damp_cli *cli);

#endif
