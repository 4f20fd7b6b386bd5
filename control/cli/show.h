/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper show ...`: each prints one document of damperd, as text or JSON, once
 * or again each second.
 */
#ifndef DAMP_SHOW_H
#define DAMP_SHOW_H

#include "cli.h"

int damp_cmd_show_status(struct damp_cli *cli);
int damp_cmd_show_rules(struct damp_cli *cli);
int damp_cmd_show_limits(struct damp_cli *cli);
int damp_cmd_show_workers(struct damp_cli *cli);
int damp_cmd_show_memory(struct damp_cli *cli);

/* A document as text. */
typedef void (*damp_show_print)(const struct damp_cli *cli, const json_t *doc);

/* The exit code that a document deserves. */
typedef int (*damp_show_judge)(const json_t *doc);

/* "3 min 2 s" since an RFC 3339 time of damperd's; the time itself when it cannot be
 * read. Returns out. */
char *damp_show_since(char *out, size_t len, const char *when);

/* Get path and print it by print, or as JSON; judge may be NULL. */
int damp_show(const struct damp_cli *cli, const char *path, damp_show_print print,
	      damp_show_judge judge);

#endif
