/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper mode`. */
#ifndef DAMP_CLI_MODE_H
#define DAMP_CLI_MODE_H

#include "cli.h"

#include <stdint.h>

int damp_cmd_mode(struct damp_cli *cli);

/* --for of a command, or otherwise: seconds up to the data plane's bound. False
 * after a message. */
bool damp_read_for(const struct damp_cli *cli, const char *otherwise, uint64_t *seconds);

/* POST body to path; print the answer as JSON when asked for, else hand it to
 * say on success. Drops body. Returns the exit code. */
int damp_post(struct damp_cli *cli, const char *path, json_t *body,
	      void (*say)(const struct damp_cli *cli, const json_t *answer));

#endif
