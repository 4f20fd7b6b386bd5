/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of wire.h: damperd's one connection to the data plane.
 *
 * Idea: one request, one reply, under one lock. A call that fails in any way
 * (timeout, short or foreign reply, end of file) breaks the connection, since
 * what arrives later could not be told from the next answer. Only the keeper
 * closes and connects; everybody else gets -ENOTCONN until it has.
 *
 * Invariant: no call waits longer than its timeout.
 */
#ifndef DAMP_LINK_H
#define DAMP_LINK_H

#include <damper/wire.h>

#define DAMP_LINK_TIMEOUT_MS 3000       /* hello, program, bypass */
#define DAMP_LINK_LOAD_TIMEOUT_MS 30000 /* the data plane checks and opens the whole program */

struct damp_link;

/* timeout_ms is for all calls but loads. NULL when out of memory or when the
 * path is too long for a socket. */
struct damp_link *damp_link_new(const char *runtime_dir, int timeout_ms, int load_timeout_ms);
void damp_link_free(struct damp_link *l);

/* Connect, closing what was. 0 or negative errno. Keeper only. */
int damp_link_connect(struct damp_link *l);

/* The socket to poll for POLLRDHUP, -1 when not connected. Keeper only. */
int damp_link_fd(struct damp_link *l);

/* Before the end: calls in flight and to come fail with -ENOTCONN. Any thread. */
void damp_link_stop(struct damp_link *l);

/*
 * Send a request and wait for its reply. The second form sends send_fd along
 * unless it is -1.
 * recv_fd: where a received descriptor goes, which the caller closes; NULL:
 * none is expected. Any thread. Returns 0 when a reply is there (whose error
 * field is for the caller to judge), -ENOTCONN, -ETIMEDOUT, -EPROTO for a
 * reply that is not ours, or another negative errno.
 */
int damp_link_request(struct damp_link *l, const struct damp_wire_request *req, struct damp_wire_reply *reply,
		      int *recv_fd);

/* The same for requests of a type and a number, with a descriptor. */
int damp_link_call(struct damp_link *l, enum damp_wire_type type, uint64_t arg, int send_fd,
		   struct damp_wire_reply *reply, int *recv_fd);

#endif
