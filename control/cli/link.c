/* SPDX-License-Identifier: BSD-3-Clause */
/* See link.h. */
#include "link.h"

#include "dataplane/wire/carry.h"
#include "dataplane/wire/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 5

int damp_cli_link_open(const struct damp_cli *cli, struct damp_cli_link *l)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	*l = (struct damp_cli_link){ .dir = cli->args.runtime_dir, .socket = -1 };
	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", l->dir, DAMP_WIRE_SOCKET) >=
	    (int)sizeof(a.sun_path))
		return damp_fail(DAMP_EXIT_USAGE, "--runtime-dir %s is too long", l->dir);
	l->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->socket < 0 ||
	    setsockopt(l->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(l->socket, (struct sockaddr *)&a, sizeof(a)) != 0)
		return damp_fail(errno == EACCES ? DAMP_EXIT_REFUSED : DAMP_EXIT_AWAY, "%s: %s%s", a.sun_path,
				 strerror(errno), errno == EACCES ? "" : "; does the data plane run?");
	return DAMP_EXIT_OK;
}

void damp_cli_link_close(struct damp_cli_link *l)
{
	if (l->socket >= 0)
		close(l->socket);
	l->socket = -1;
}

static int code_of(int error)
{
	return error == EBUSY ? DAMP_EXIT_BUSY : DAMP_EXIT_REFUSED;
}

int damp_cli_link_ask(const struct damp_cli_link *l, const struct damp_wire_request *r, int fd,
		      struct damp_wire_reply *reply, int *got)
{
	int came = -1, code = DAMP_EXIT_OK;

	if (damp_carry_send(l->socket, r, sizeof(*r), fd, 0) != 0 ||
	    damp_carry_receive(l->socket, reply, sizeof(*reply), &came, 0) != (ssize_t)sizeof(*reply))
		code = damp_fail(DAMP_EXIT_AWAY, "the data plane in %s does not answer", l->dir);
	else if (reply->error != 0)
		code = damp_fail(code_of(reply->error), "%.*s", (int)sizeof(reply->text),
				 reply->text[0] != '\0' ? reply->text : strerror(reply->error));
	else if (got != NULL && came < 0)
		code = damp_fail(DAMP_EXIT_INTERNAL, "the answer of the data plane lacks what was asked for");
	if (came >= 0 && (got == NULL || code != DAMP_EXIT_OK)) {
		close(came);
		came = -1;
	}
	if (got != NULL)
		*got = came;
	return code;
}

const void *damp_cli_link_map(const struct damp_cli_link *l, const char *name, size_t least, size_t *len)
{
	char path[512];
	struct stat st;
	const void *base = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size >= least) {
		*len = (size_t)st.st_size;
		base = mmap(NULL, *len, PROT_READ, MAP_SHARED, fd, 0);
	}
	if (base == MAP_FAILED)
		damp_fail(0, "%s: %s", path, fd < 0 ? strerror(errno) : "not what it should be");
	if (fd >= 0)
		close(fd);
	return base == MAP_FAILED ? NULL : base;
}

int damp_cli_sealed(const void *data, size_t len)
{
	const int fd = damp_sealed_new("damper-request", data, len);

	if (fd < 0)
		damp_fail(0, "no memory for a request: %s", strerror(errno));
	return fd;
}

void *damp_cli_slurp(int fd, size_t most, size_t *len)
{
	void *data = damp_sealed_read(fd, most, len);

	if (data == NULL)
		damp_fail(0, "what the data plane has sent cannot be read: %s", strerror(errno));
	close(fd);
	return data;
}
