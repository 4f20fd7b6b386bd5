/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is at the other end of a UNIX socket, and may they write?
 *
 * Writers are root, the daemon's own uid and the members of one group, as the
 * kernel knew them when they connected.
 */
#ifndef DAMP_PEER_H
#define DAMP_PEER_H

#include "http.h"

/* admin_gid: (gid_t)-1 when there is no such group. A socket without
 * credentials gives a peer that is not known and no writer. */
struct damp_peer damp_peer_of(int fd, gid_t admin_gid);

/* Name of uid, or its number. */
void damp_peer_name(uid_t uid, char *out, size_t len);

/* (gid_t)-1 when there is no group of that name. */
gid_t damp_peer_group(const char *name);

#endif
