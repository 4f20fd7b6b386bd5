/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper completion`. */
#ifndef DAMP_CLI_COMPLETION_H
#define DAMP_CLI_COMPLETION_H

#include "cli.h"

int damp_cmd_completion(struct damp_cli *cli);

/* completion_names.c: one name a line, for the scripts: rules, limits,
 * generations, reasons. Prints nothing when damperd does not answer. */
int damp_completion_names(struct damp_cli *cli, const char *what);

#endif
