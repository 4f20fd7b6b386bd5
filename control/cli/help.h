/* SPDX-License-Identifier: BSD-3-Clause */
/* Help, made from the table of commands. */
#ifndef DAMP_HELP_H
#define DAMP_HELP_H

#include "commands.h"

/* `damper --help`. */
void damp_help_all(FILE *f);

/* Help for the command of that name, or for all that begin with that word.
 * False when there is none. */
bool damp_help_for(FILE *f, const char *name);

/* The command that was probably meant, NULL when nothing is near. */
const char *damp_help_suggest(const char *word);

int damp_cmd_help(struct damp_cli *cli);
int damp_cmd_version(struct damp_cli *cli);

#endif
