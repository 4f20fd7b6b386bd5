/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP to damperd over its UNIX socket, by libcurl.
 *
 * Invariant: every way to fail has its exit code (cli.h) and one line that says
 * what to do.
 */
#ifndef DAMP_CLIENT_H
#define DAMP_CLIENT_H

#include "cli.h"

struct damp_client;

/* NULL when curl does not start. */
struct damp_client *damp_client_new(const struct damp_cli *cli);
void damp_client_free(struct damp_client *c);

/* Keep quiet about failures from now on, or not. */
void damp_client_quiet(struct damp_client *c, bool quiet);

/*
 * GET path, or POST body to it unless body is NULL. On return *out is the
 * answer's JSON, or NULL; the caller drops it. Returns an exit code; unless it
 * is 0 (or quiet), a line on standard error has said why.
 */
int damp_client_call(struct damp_client *c, const char *path, const char *body, size_t len,
		     json_t **out);

/* Append "&key=value" or "?key=value" to url, escaped. 0, or -1 for no room. */
int damp_client_add_query(struct damp_client *c, char *url, size_t room, const char *key,
			  const char *value);

/* GET path as bytes: malloc'ed into *data, also on failure NULL. Otherwise as
 * damp_client_call(). */
int damp_client_fetch(struct damp_client *c, const char *path, char **data, size_t *len);

/* One GET for a command: *out is set exactly when 0 is returned. */
int damp_client_get(const struct damp_cli *cli, const char *path, json_t **out);

#endif
