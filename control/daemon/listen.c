/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets; see listen.h. */
#include "listen.h"

#include "log.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32

/* The socket is open to all: who may write is decided by credentials, and who
 * may read by the mode of the directory. */
#define SOCKET_MODE 0666

static bool answers(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static int listen_at(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    chmod(addr->sun_path, SOCKET_MODE) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	return fd;
}

int damp_listen_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		damp_log(DAMP_LOG_ERROR, "%s is too long for a socket", path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	if (answers(&addr)) {
		damp_log(DAMP_LOG_ERROR, "another damperd answers at %s", path);
		return -1;
	}
	unlink(path);
	fd = listen_at(&addr);
	if (fd < 0)
		damp_log(DAMP_LOG_ERROR, "cannot listen at %s: %s", path, strerror(errno));
	return fd;
}

/* Split "[::1]:9568" or "127.0.0.1:9568" in place. */
static bool split(char *where, char **host, char **port)
{
	char *colon = strrchr(where, ':');

	if (colon == NULL || colon == where)
		return false;
	*colon = '\0';
	*host = where;
	*port = colon + 1;
	if (where[0] != '[')
		return strchr(where, ':') == NULL;
	if (colon[-1] != ']')
		return false;
	colon[-1] = '\0';
	*host = where + 1;
	return true;
}

static int listen_tcp(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void name_socket(int fd, char *at, size_t at_len)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	char host[64] = "?", port[16] = "?";

	if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
		getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(at, at_len, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

int damp_listen_tcp(const char *where, char *at, size_t at_len)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char copy[128], *host, *port;
	int fd;

	snprintf(copy, sizeof(copy), "%s", where);
	if (!split(copy, &host, &port) || getaddrinfo(host, port, &hint, &ai)) {
		damp_log(DAMP_LOG_ERROR,
			 "--metrics %s: write an address and a port, like 127.0.0.1:9568", where);
		return -1;
	}
	fd = listen_tcp(ai);
	freeaddrinfo(ai);
	if (fd < 0) {
		damp_log(DAMP_LOG_ERROR, "cannot serve metrics at %s: %s", where, strerror(errno));
		return -1;
	}
	name_socket(fd, at, at_len);
	return fd;
}
