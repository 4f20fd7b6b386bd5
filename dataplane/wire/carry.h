/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams of the local control socket, each with at most one descriptor
 * beside it (SCM_RIGHTS, unix(7)).
 *
 * Invariant: whatever the other end sends, no descriptor is left open here but
 * the one that is handed to the caller.
 */
#ifndef DAMP_CARRY_H
#define DAMP_CARRY_H

#include <stddef.h>
#include <sys/types.h>

/* Send len bytes of data, and fd with them unless it is negative; fd stays the
 * caller's. flags as of sendmsg(2), MSG_NOSIGNAL is added. Returns 0 or a
 * negative errno. */
int damp_carry_send(int sock, const void *data, size_t len, int fd, int flags);

/* Receive one datagram into the len bytes at buf. Returns the length that it
 * was sent with: more than len when its end is lost, 0 at the end of the
 * connection. *fd: what came beside it, close-on-exec and now the caller's, or
 * -1. flags as of recvmsg(2). Negative errno on failure; -EPROTO: more came
 * beside it than one descriptor, and was closed. */
ssize_t damp_carry_receive(int sock, void *buf, size_t len, int *fd, int flags);

#endif
