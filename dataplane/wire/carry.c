/* SPDX-License-Identifier: BSD-3-Clause */
/* See carry.h. */
#include "carry.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* CMSG_SPACE() rounds up, so that room for one descriptor is room for two: the
 * kernel does not close what is too much, take_one() does. */
union beside {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int damp_carry_send(int sock, const void *data, size_t len, int fd, int flags)
{
	union beside beside = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = beside.bytes;
		m.msg_controllen = sizeof(beside.bytes);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &m, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/* The first descriptor of m; the others are closed. Returns how many there were. */
static size_t take_first(struct msghdr *m, int *first)
{
	size_t came = 0;
	int fd;

	*first = -1;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(fd) <= h->cmsg_len; at += sizeof(fd)) {
			memcpy(&fd, (const char *)h + at, sizeof(fd));
			if (came++ == 0)
				*first = fd;
			else
				close(fd);
		}
	}
	return came;
}

ssize_t damp_carry_receive(int sock, void *buf, size_t len, int *fd, int flags)
{
	union beside beside;
	struct iovec iov = { buf, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = beside.bytes,
			    .msg_controllen = sizeof(beside.bytes) };
	/* MSG_TRUNC asks for the true length. */
	const ssize_t n = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	size_t came;

	*fd = -1;
	if (n < 0)
		return -errno;
	came = take_first(&m, fd);
	if (came <= 1 && (m.msg_flags & MSG_CTRUNC) == 0)
		return n;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -EPROTO;
}
