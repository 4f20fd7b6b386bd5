/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The HTTP servers of damperd: the API on a UNIX socket and the metrics on
 * TCP, both by libmicrohttpd with a thread per connection, so that a load that
 * compiles for seconds holds up nobody else.
 *
 * Invariant: a request body is bounded before it is kept, and kept only of those
 * who may change something; who is asking is taken from the kernel (SO_PEERCRED,
 * SO_PEERGROUPS), never from the request.
 */
#ifndef DAMP_HTTP_H
#define DAMP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The files of a rule set (rules/files.h), their frame, and signatures. */
#define DAMP_HTTP_BODY_MAX (80u << 20)

struct damp_peer {
	bool known;             /* false over TCP */
	uid_t uid;
	pid_t pid;
	bool writer;            /* may load rules and turn bypass on */
};

struct damp_http_request {
	const char *method, *path;
	const char *body;       /* NUL terminated, "" when none, and of who is no writer */
	size_t body_len;
	struct damp_peer peer;
	void *query;            /* for damp_http_query() */
};

struct damp_http_reply {
	unsigned status;
	const char *type;       /* content type */
	char *body;             /* malloc'ed; the server frees it */
	size_t len;
};

/* Called on a thread of the connection. Fills *reply. */
typedef void (*damp_http_handler)(void *arg, const struct damp_http_request *req,
				  struct damp_http_reply *reply);

/* A value of the query string, NULL when it is not there. */
const char *damp_http_query(const struct damp_http_request *req, const char *key);

struct damp_http;

/* Serve on a UNIX socket at path; a stale one is replaced, one that answers is
 * left alone. admin_group: its members are writers, like root and our own uid.
 * NULL with a line in the log when it cannot be done. */
struct damp_http *damp_http_start_unix(const char *path, const char *admin_group,
				       damp_http_handler handler, void *arg);

/* Serve on "address:port" or "[address]:port"; port 0 takes a free one. Where it
 * listens is written to at. */
struct damp_http *damp_http_start_tcp(const char *where, damp_http_handler handler, void *arg,
				      char *at, size_t at_len);

/* Stop; waits for the requests in work. NULL is fine. */
void damp_http_stop(struct damp_http *h);

#endif
