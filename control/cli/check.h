/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper check`. */
#ifndef DAMP_CHECK_H
#define DAMP_CHECK_H

#include "cli.h"
#include "rules/rules.h"

int damp_cmd_check(struct damp_cli *cli);
int damp_cmd_schema(struct damp_cli *cli);

/* Compile file as check does, but for "-", which is a file like others; fills *r,
 * which the caller frees. Returns the exit code that this file deserves, and
 * prints nothing. */
int damp_check_file(const struct damp_cli *cli, const char *file, struct damp_rules *r);

/* "2 errors, 1 warning" */
char *damp_check_count(char *out, size_t len, const struct damp_rules *r);

#endif
