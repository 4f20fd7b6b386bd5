/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane itself, without damperd: its control socket (wire.h) and the
 * files that it shares.
 *
 * Invariant: whatever fails is said on standard error, with the path it is about.
 */
#ifndef DAMP_CLI_LINK_H
#define DAMP_CLI_LINK_H

#include "cli.h"

#include <damper/wire.h>

struct damp_cli_link {
	const char *dir;        /* the runtime directory */
	int socket;             /* -1: not connected */
};

/* All return an exit code. */
int damp_cli_link_open(const struct damp_cli *cli, struct damp_cli_link *l);
void damp_cli_link_close(struct damp_cli_link *l);

/* Send a request, fd (-1: none) with it, and wait for the reply. got: a descriptor
 * that came with the reply, -1 none; NULL when none is expected. */
int damp_cli_link_ask(const struct damp_cli_link *l, const struct damp_wire_request *r, int fd,
		      struct damp_wire_reply *reply, int *got);

/* Map a file of the runtime directory for reading; at least least bytes. NULL
 * when it cannot be. */
const void *damp_cli_link_map(const struct damp_cli_link *l, const char *name, size_t least, size_t *len);

/* A sealed memfd of len bytes at data, or -1 said. */
int damp_cli_sealed(const void *data, size_t len);

/* All bytes of a sealed memfd, malloc'ed; NULL said. Closes fd. */
void *damp_cli_slurp(int fd, size_t most, size_t *len);

#endif
