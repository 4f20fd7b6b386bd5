/* SPDX-License-Identifier: BSD-3-Clause */
/* Signatures of rule files, on this machine: `check` looks at them, `load` sends
 * them on, `bundle` prints what is signed. */
#ifndef DAMP_CLI_SIGNED_H
#define DAMP_CLI_SIGNED_H

#include "cli.h"
#include "rules/rules.h"

/* Have those signed whom the rules name? Returns an exit code; text (len bytes):
 * a line that says who has, or what is wrong; "" when nobody has to. */
int damp_signed_look(const struct damp_cli *cli, const char *file, const struct damp_rules *r, char *text,
		     size_t len);

/* The text with the signatures beside its file before it, when there are some:
 * *text is replaced. Returns an exit code. */
int damp_signed_add(const char *file, char **text, size_t *len);

/* A handler for the command table: damper bundle. */
int damp_cmd_bundle(struct damp_cli *cli);

#endif
