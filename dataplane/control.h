/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: wire.h's requests, served by the main thread.
 *
 * Invariant: no client can hold up the slow loop. Every call on a socket is
 * non-blocking, a client that does not take its answer is dropped, and a
 * program is accepted only in sealed memory, which cannot block or change
 * while it is read.
 */
#ifndef DAMP_CONTROL_H
#define DAMP_CONTROL_H

#include "plane.h"

#include <poll.h>

#define DAMP_CLIENTS_MAX 16u
#define DAMP_CONTROL_FDS (DAMP_CLIENTS_MAX + 1)

/* Create the socket in the runtime directory, for owner and group. Returns 0,
 * or -1 said on stderr. */
int damp_control_open(struct damp_plane *p);

/* Fill fds (DAMP_CONTROL_FDS of them) for poll(); returns how many. */
unsigned damp_control_poll(const struct damp_control *c, struct pollfd *fds);

/* Serve what poll() reported in the fds filled before. */
void damp_control_serve(struct damp_plane *p, const struct pollfd *fds, unsigned n);

/* End a bypass whose time is over. */
void damp_control_tick(struct damp_plane *p);

void damp_control_close(struct damp_plane *p);

#endif
