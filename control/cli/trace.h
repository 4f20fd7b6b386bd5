/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper trace`: the next live packets, each with what the judge looked at.
 */
#ifndef DAMP_TRACE_CMD_H
#define DAMP_TRACE_CMD_H

#include "cli.h"

int damp_cmd_trace(struct damp_cli *cli);

#endif
