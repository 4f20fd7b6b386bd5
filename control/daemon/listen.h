/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets for the HTTP servers. */
#ifndef DAMP_LISTEN_H
#define DAMP_LISTEN_H

#include <stddef.h>

/* A listening UNIX stream socket at path that anybody may open who reaches the
 * directory; replaces a stale one. -1 with a line in the log: another damperd
 * answers there, or the system refuses. */
int damp_listen_unix(const char *path);

/* A listening TCP socket at "address:port" or "[address]:port"; numeric only.
 * The address it got is written to at. -1 with a line in the log. */
int damp_listen_tcp(const char *where, char *at, size_t at_len);

#endif
