/* SPDX-License-Identifier: BSD-3-Clause */
/* Peer credentials; see peer.h and unix(7). */
#define _GNU_SOURCE
#include "peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 256
#define NAME_BUF 4096

static bool in_group(int fd, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

struct damp_peer damp_peer_of(int fd, gid_t admin_gid)
{
	struct damp_peer p = { .known = false };
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) || len != sizeof(cred) ||
	    cred.pid <= 0)
		return p;
	p.known = true;
	p.uid = cred.uid;
	p.pid = cred.pid;
	p.writer = cred.uid == 0 || cred.uid == geteuid();
	if (!p.writer && admin_gid != (gid_t)-1)
		p.writer = cred.gid == admin_gid || in_group(fd, admin_gid);
	return p;
}

void damp_peer_name(uid_t uid, char *out, size_t len)
{
	char buf[NAME_BUF];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) == 0 && found != NULL)
		snprintf(out, len, "%s", pw.pw_name);
	else
		snprintf(out, len, "uid %u", (unsigned)uid);
}

gid_t damp_peer_group(const char *name)
{
	char buf[NAME_BUF];
	struct group gr, *found = NULL;

	return getgrnam_r(name, &gr, buf, sizeof(buf), &found) == 0 && found != NULL ? gr.gr_gid
										     : (gid_t)-1;
}
