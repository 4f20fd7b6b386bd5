/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of wire.h; see link.h. */
#define _GNU_SOURCE
#include "link.h"

#include "dataplane/wire/carry.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct damp_link {
	pthread_mutex_t lock;           /* one call at a time */
	int fd;                         /* changed by the keeper under lock; -1 none */
	int stop_fd;                    /* readable once the end has come */
	int timeout_ms, load_timeout_ms;
	struct sockaddr_un addr;
};

struct damp_link *damp_link_new(const char *runtime_dir, int timeout_ms, int load_timeout_ms)
{
	struct damp_link *l = calloc(1, sizeof(*l));
	int n;

	if (l == NULL)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->fd = -1;
	l->timeout_ms = timeout_ms;
	l->load_timeout_ms = load_timeout_ms;
	l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->addr.sun_family = AF_UNIX;
	n = snprintf(l->addr.sun_path, sizeof(l->addr.sun_path), "%s/%s", runtime_dir,
		     DAMP_WIRE_SOCKET);
	if (n < 0 || (size_t)n >= sizeof(l->addr.sun_path) || l->stop_fd < 0) {
		damp_link_free(l);
		return NULL;
	}
	return l;
}

void damp_link_free(struct damp_link *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0)
		close(l->fd);
	if (l->stop_fd >= 0)
		close(l->stop_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int damp_link_connect(struct damp_link *l)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&l->addr, sizeof(l->addr))) {
		err = -errno;
		close(fd);
		fd = -1;
	}
	pthread_mutex_lock(&l->lock);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	pthread_mutex_unlock(&l->lock);
	return err;
}

int damp_link_fd(struct damp_link *l)
{
	return l->fd;
}

void damp_link_stop(struct damp_link *l)
{
	eventfd_write(l->stop_fd, 1);
}

static int send_request(int sock, const struct damp_wire_request *req, int fd)
{
	const int err = damp_carry_send(sock, req, sizeof(*req), fd, MSG_DONTWAIT);

	return err == -EPIPE || err == -ECONNRESET ? -ENOTCONN : err;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_readable(const struct damp_link *l, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms, left;
	struct pollfd p[2] = { { .fd = l->fd, .events = POLLIN },
			       { .fd = l->stop_fd, .events = POLLIN } };
	int n;

	do {
		left = end - now_ms();
		n = poll(p, 2, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? -ETIMEDOUT : -errno;
	return p[1].revents ? -ENOTCONN : 0;
}

static int receive_reply(int sock, struct damp_wire_reply *reply, int *fd)
{
	const ssize_t n = damp_carry_receive(sock, reply, sizeof(*reply), fd, MSG_DONTWAIT);

	if (n == 0 || n == -ECONNRESET)
		return -ENOTCONN;
	if (n < 0)
		return (int)n;
	if ((size_t)n != sizeof(*reply))
		return -EPROTO;
	reply->name[sizeof(reply->name) - 1] = '\0';
	reply->text[sizeof(reply->text) - 1] = '\0';
	return 0;
}

static int exchange(struct damp_link *l, const struct damp_wire_request *req, int send_fd,
		    struct damp_wire_reply *reply, int *fd)
{
	int timeout = req->type == DAMP_WIRE_LOAD ? l->load_timeout_ms : l->timeout_ms;
	int err = send_request(l->fd, req, send_fd);

	if (err == 0)
		err = wait_readable(l, timeout);
	if (err == 0)
		err = receive_reply(l->fd, reply, fd);
	if (err == 0 && (reply->version != req->version || reply->type != req->type))
		err = -EPROTO;
	return err;
}

static int call(struct damp_link *l, const struct damp_wire_request *req, int send_fd,
		struct damp_wire_reply *reply, int *recv_fd)
{
	int err = -ENOTCONN, fd = -1;

	memset(reply, 0, sizeof(*reply));
	pthread_mutex_lock(&l->lock);
	if (l->fd >= 0) {
		err = exchange(l, req, send_fd, reply, &fd);
		if (err)
			shutdown(l->fd, SHUT_RDWR); /* nobody can use it now; wakes the keeper */
	}
	pthread_mutex_unlock(&l->lock);
	if (fd >= 0 && (err || recv_fd == NULL)) {
		close(fd);
		fd = -1;
	}
	if (recv_fd != NULL)
		*recv_fd = fd;
	return err;
}

int damp_link_request(struct damp_link *l, const struct damp_wire_request *req, struct damp_wire_reply *reply,
		      int *recv_fd)
{
	return call(l, req, -1, reply, recv_fd);
}

int damp_link_call(struct damp_link *l, enum damp_wire_type type, uint64_t arg, int send_fd,
		   struct damp_wire_reply *reply, int *recv_fd)
{
	const struct damp_wire_request req = { .version = DAMP_WIRE_VERSION, .type = type, .arg = arg };

	return call(l, &req, send_fd, reply, recv_fd);
}
