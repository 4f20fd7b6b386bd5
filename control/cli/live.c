/* SPDX-License-Identifier: BSD-3-Clause */
/* See live.h. */
#include "live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEEK_TRIES 3 /* a load may come between the program and the question */

static json_t *origin_of(const struct damp_wire_reply *r, const void *block)
{
	const struct damp_program_hdr *h = block;

	return json_pack("{s:s, s:n, s:s%, s:I, s:s%, s:i}", "from", "dataplane", "file", "name", h->name,
			 strnlen(h->name, sizeof(h->name)), "revision", (json_int_t)h->revision, "digest",
			 h->digest, strnlen(h->digest, sizeof(h->digest)), "generation",
			 (int)r->generation);
}

/* The program in fd, which came with a reply. */
static int add_program(struct damp_live_plane *p, const struct damp_wire_reply *reply, int fd)
{
	size_t len;
	void *block = damp_cli_slurp(fd, DAMP_PROGRAM_MAX_BYTES, &len);
	char err[256] = "no memory";
	json_t *origin;
	bool added;

	if (block == NULL)
		return DAMP_EXIT_INTERNAL;
	origin = len >= sizeof(struct damp_program_hdr) ? origin_of(reply, block) : NULL;
	added = origin != NULL &&
		damp_traced_add(&p->traced, block, len, (uint64_t)time(NULL), origin, err, sizeof(err));
	json_decref(origin);
	free(block);
	if (!added)
		return damp_fail(DAMP_EXIT_INTERNAL, "the program of the data plane cannot be used: %s", err);
	p->view = p->traced.program[0].bench->view;
	return DAMP_EXIT_OK;
}

int damp_live_refetch(struct damp_live_plane *p)
{
	const struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_PROGRAM };
	struct damp_wire_reply reply;
	int fd, code = damp_cli_link_ask(&p->link, &r, -1, &reply, &fd);

	if (code != DAMP_EXIT_OK)
		return code;
	if (damp_traced_knows(&p->traced, reply.generation)) {
		close(fd);
		return code;
	}
	return add_program(p, &reply, fd);
}

int damp_live_open(const struct damp_cli *cli, struct damp_live_plane *p)
{
	size_t len;
	int code;

	memset(p, 0, sizeof(*p));
	code = damp_cli_link_open(cli, &p->link);
	if (code != DAMP_EXIT_OK)
		return code;
	p->traced.stats = damp_cli_link_map(&p->link, DAMP_STATS_FILE, sizeof(*p->traced.stats), &len);
	if (p->traced.stats == NULL)
		return DAMP_EXIT_AWAY;
	if (p->traced.stats->magic != DAMP_STATS_MAGIC || p->traced.stats->version != DAMP_STATS_VERSION)
		return damp_fail(DAMP_EXIT_AWAY, "%s/%s is of another version of Damper", p->link.dir,
				 DAMP_STATS_FILE);
	return damp_live_refetch(p);
}

void damp_live_close(struct damp_live_plane *p)
{
	damp_traced_free(&p->traced);
	damp_cli_link_close(&p->link);
}

static int ask(const struct damp_live_plane *p, unsigned side, int frame, struct damp_trace_record *out)
{
	const struct damp_wire_request r = { .version = DAMP_WIRE_VERSION,
					     .type = DAMP_WIRE_PEEK,
					     .value = side };
	struct damp_wire_reply reply;
	int fd, code = damp_cli_link_ask(&p->link, &r, frame, &reply, &fd);
	size_t len;
	void *data;

	if (code != DAMP_EXIT_OK)
		return code;
	data = damp_cli_slurp(fd, sizeof(*out), &len);
	if (data == NULL || len != sizeof(*out))
		code = damp_fail(DAMP_EXIT_INTERNAL, "the data plane is of another version");
	else
		memcpy(out, data, sizeof(*out));
	free(data);
	return code;
}

int damp_live_peek(struct damp_live_plane *p, unsigned side, const uint8_t *frame, size_t len, json_t **doc)
{
	struct damp_trace_record *r = calloc(1, sizeof(*r));
	const int fd = damp_cli_sealed(frame, len);
	int code = r != NULL && fd >= 0 ? DAMP_EXIT_OK : DAMP_EXIT_INTERNAL;

	for (unsigned i = 0; i < PEEK_TRIES && code == DAMP_EXIT_OK; i++) {
		code = ask(p, side, fd, r);
		if (code != DAMP_EXIT_OK || damp_traced_knows(&p->traced, r->found.generation))
			break;
		code = damp_live_refetch(p);
	}
	if (code == DAMP_EXIT_OK)
		*doc = damp_traced_json(&p->traced, r, frame);
	if (fd >= 0)
		close(fd);
	free(r);
	return code;
}
