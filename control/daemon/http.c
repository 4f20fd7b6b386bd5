/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP by libmicrohttpd; see http.h. */
#include "http.h"

#include "listen.h"
#include "log.h"
#include "peer.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64u
#define IDLE_TIMEOUT_S 15u

struct damp_http {
	struct MHD_Daemon *daemon;
	damp_http_handler handler;
	void *arg;
	const char *admin_group;
	char *path;             /* of the UNIX socket, NULL for TCP */
};

/* What is kept of a request while its body comes in. */
struct pending {
	struct damp_peer peer;
	char *body;
	size_t len, room;
	bool too_large;
};

const char *damp_http_query(const struct damp_http_request *req, const char *key)
{
	return MHD_lookup_connection_value(req->query, MHD_GET_ARGUMENT_KIND, key);
}

static void append(struct pending *p, const char *data, size_t len)
{
	if (!p->peer.writer)
		return;
	if (p->too_large || len > DAMP_HTTP_BODY_MAX - p->len) {
		p->too_large = true;
		return;
	}
	if (p->len + len + 1 > p->room) {
		size_t room = 2 * (p->len + len + 1);
		char *body = realloc(p->body, room);

		if (body == NULL) {
			p->too_large = true;
			return;
		}
		p->body = body;
		p->room = room;
	}
	memcpy(p->body + p->len, data, len);
	p->len += len;
	p->body[p->len] = '\0';
}

static struct damp_peer peer_of(struct damp_http *h, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (h->path == NULL || info == NULL)
		return (struct damp_peer){ .known = false };
	return damp_peer_of(info->connect_fd, damp_peer_group(h->admin_group));
}

static enum MHD_Result send_reply(struct MHD_Connection *conn, struct damp_http_reply *reply)
{
	struct MHD_Response *resp =
		MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (resp == NULL) {
		free(reply->body);
		return MHD_NO;
	}
	if (reply->type != NULL)
		MHD_add_response_header(resp, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	MHD_add_response_header(resp, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	sent = MHD_queue_response(conn, reply->status, resp);
	MHD_destroy_response(resp);
	return sent;
}

static enum MHD_Result answer(struct damp_http *h, struct MHD_Connection *conn, const char *url,
			      const char *method, const struct pending *p)
{
	struct damp_http_reply reply = { .status = 500 };
	struct damp_http_request req = { .method = method,
					 .path = url,
					 .body = p->body != NULL ? p->body : "",
					 .body_len = p->len,
					 .peer = p->peer,
					 .query = conn };

	if (p->too_large)
		reply.status = MHD_HTTP_CONTENT_TOO_LARGE;
	else
		h->handler(h->arg, &req, &reply);
	return send_reply(conn, &reply);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **kept)
{
	struct pending *p = *kept;

	(void)version;
	if (p == NULL) {
		p = *kept = calloc(1, sizeof(*p));
		if (p == NULL)
			return MHD_NO;
		p->peer = peer_of(arg, conn);
		return MHD_YES;
	}
	if (*data_len > 0) {
		append(p, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	return answer(arg, conn, url, method, p);
}

static void on_done(void *arg, struct MHD_Connection *conn, void **kept,
		    enum MHD_RequestTerminationCode how)
{
	struct pending *p = *kept;

	(void)arg;
	(void)conn;
	(void)how;
	if (p != NULL)
		free(p->body);
	free(p);
	*kept = NULL;
}

static struct damp_http *start(int fd, const char *path, const char *admin_group,
			       damp_http_handler handler, void *arg)
{
	struct damp_http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		goto out_fd;
	h->handler = handler;
	h->arg = arg;
	h->admin_group = admin_group;
	h->path = path != NULL ? strdup(path) : NULL;
	h->daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
					 MHD_USE_POLL | MHD_USE_ITC,
				 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				 MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
				 MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
	if (h->daemon != NULL)
		return h;
	damp_log(DAMP_LOG_ERROR, "the HTTP server does not start");
	free(h->path);
	free(h);
out_fd:
	close(fd);
	return NULL;
}

struct damp_http *damp_http_start_unix(const char *path, const char *admin_group,
				       damp_http_handler handler, void *arg)
{
	int fd = damp_listen_unix(path);

	return fd >= 0 ? start(fd, path, admin_group, handler, arg) : NULL;
}

struct damp_http *damp_http_start_tcp(const char *where, damp_http_handler handler, void *arg,
				      char *at, size_t at_len)
{
	int fd = damp_listen_tcp(where, at, at_len);

	return fd >= 0 ? start(fd, NULL, NULL, handler, arg) : NULL;
}

void damp_http_stop(struct damp_http *h)
{
	if (h == NULL)
		return;
	if (h->path != NULL)
		unlink(h->path);
	MHD_stop_daemon(h->daemon);
	free(h->path);
	free(h);
}
