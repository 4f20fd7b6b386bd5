/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket; see control.h and include/damper/wire.h.
 */
#include "control.h"

#include "lists.h"
#include "programs.h"
#include "say.h"
#include "segment.h"
#include "state.h"
#include "timekeeper.h"
#include "tracing.h"
#include "wire/carry.h"
#include "wire/sealed.h"

#include <damper/wire.h>
#include <errno.h>
#include <fcntl.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct damp_control {
	int listener;
	unsigned nclients;
	int client[DAMP_CLIENTS_MAX];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* One request with what came beside it. */
struct request {
	struct damp_wire_request head;
	size_t len;
	bool too_much;              /* more beside it than one descriptor */
	int fd;                     /* -1: none */
};

static uint64_t monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static int bind_socket(struct damp_control *c, const char *dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat st;

	memcpy(a.sun_path, c->path, sizeof(a.sun_path));
	unlink(c->path); /* the directory is locked: nobody listens there */
	if (bind(c->listener, (struct sockaddr *)&a, sizeof(a)) != 0)
		return -errno;
	/* Who may use the directory's group may ask us. */
	if (stat(dir, &st) != 0 || lchown(c->path, (uid_t)-1, st.st_gid) != 0 || chmod(c->path, 0660) != 0)
		return -errno;
	return listen(c->listener, (int)DAMP_CLIENTS_MAX) == 0 ? 0 : -errno;
}

int damp_control_open(struct damp_plane *p)
{
	struct damp_control *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return -1;
	if (damp_path_join(c->path, sizeof(c->path), p->config.runtime_dir, DAMP_WIRE_SOCKET) != 0) {
		damp_say("runtime directory %s is too long for a socket", p->config.runtime_dir);
		free(c);
		return -1;
	}
	c->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = c->listener < 0 ? -errno : bind_socket(c, p->config.runtime_dir);
	if (rc != 0) {
		damp_say("control socket %s: %s", c->path, strerror(-rc));
		if (c->listener >= 0)
			close(c->listener);
		free(c);
		return -1;
	}
	p->control = c;
	return 0;
}

unsigned damp_control_poll(const struct damp_control *c, struct pollfd *fds)
{
	/* A full house leaves newcomers in the kernel's queue. */
	fds[0] = (struct pollfd){ .fd = c->nclients < DAMP_CLIENTS_MAX ? c->listener : -1, .events = POLLIN };
	for (unsigned i = 0; i < c->nclients; i++)
		fds[1 + i] = (struct pollfd){ .fd = c->client[i], .events = POLLIN };
	return 1 + c->nclients;
}

/* Returns 1 for a request, 0 for nothing yet, -1 when the client is gone. */
static int receive(int client, struct request *r)
{
	const ssize_t n = damp_carry_receive(client, &r->head, sizeof(r->head), &r->fd, MSG_DONTWAIT);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	r->too_much = n == -EPROTO;
	r->len = n > 0 ? (size_t)n : 0;
	if (n > 0 || r->too_much)
		return 1;
	if (r->fd >= 0)
		close(r->fd);
	return -1;
}

static void refuse(struct damp_wire_reply *reply, int error, const char *text)
{
	reply->error = error;
	snprintf(reply->text, sizeof(reply->text), "%s", text);
}

static void *read_program(int fd, size_t *len, struct damp_wire_reply *reply)
{
	void *block = damp_sealed_read(fd, DAMP_PROGRAM_MAX_BYTES, len);

	if (block == NULL)
		refuse(reply, errno,
		       errno == EINVAL ? "the program must come in a memfd sealed against writing "
					 "and shrinking" :
		       errno == EFBIG  ? "a program has 1 byte to 256 MiB" :
					 "no memory for the program");
	return block;
}

static void do_load(struct damp_plane *p, const struct request *r, struct damp_wire_reply *reply)
{
	size_t len = 0;
	void *block;

	if (r->fd < 0) {
		refuse(reply, EINVAL,
		       "a load request carries a program as a file descriptor; there was none");
		return;
	}
	block = read_program(r->fd, &len, reply);
	if (block == NULL) {
		p->stats->loads_rejected++;
		return;
	}
	if (damp_programs_load(p, block, len, r->head.arg, reply->text, sizeof(reply->text)) != 0)
		reply->error = EINVAL;
	else
		damp_say("generation %u runs", damp_programs_view(p)->hdr->generation);
}

/* A sealed memfd with the running program, or -1. */
static int copy_program(const struct damp_plane *p)
{
	const struct damp_view *v = damp_programs_view(p);

	return damp_sealed_new("damper-program", v->block, v->hdr->total_len);
}

static void do_bypass(struct damp_plane *p, uint64_t seconds, struct damp_wire_reply *reply)
{
	const damp_tick now = damp_clock_tick(&p->clock, rte_rdtsc());

	if (seconds > DAMP_BYPASS_MAX_S) {
		snprintf(reply->text, sizeof(reply->text), "a bypass lasts at most %u s", DAMP_BYPASS_MAX_S);
		reply->error = ERANGE;
		return;
	}
	__atomic_store_n(&p->signals.bypass_until, seconds > 0 ? now + DAMP_SECONDS(seconds) : 0,
			 __ATOMIC_RELAXED);
	/* Whole seconds, rounded up: at that time it is over for certain. */
	p->stats->bypass_until_s = seconds > 0 ? monotonic_s() + seconds + 1 : 0;
	if (seconds > 0)
		damp_say("bypass for %llu s: everything is forwarded unjudged", (unsigned long long)seconds);
	else
		damp_say("bypass ended by request");
}

static void do_mode(struct damp_plane *p, const struct damp_wire_request *r, struct damp_wire_reply *reply)
{
	reply->error = damp_timekeeper_mode(p, r->name, r->value, r->arg, reply->text, sizeof(reply->text));
	if (reply->error == 0)
		damp_say("mode of %s: %s for %llu s", r->name[0] != '\0' ? r->name : "all rules",
			 r->value == DAMP_MODE_ENFORCE ? "enforce" :
			 r->value == DAMP_MODE_OBSERVE ? "observe" :
							 "off",
			 (unsigned long long)r->arg);
}

/* Only what was meant: another load may have come in between. */
static void do_keep(struct damp_plane *p, uint64_t generation, struct damp_wire_reply *reply)
{
	if (generation != damp_programs_view(p)->hdr->generation)
		refuse(reply, ESTALE, "another generation runs");
	else if (damp_programs_keep(p, reply->text, sizeof(reply->text)) != 0)
		reply->error = EIO;
	else
		damp_say("generation %u is kept", (unsigned)generation);
}

/* Learning costs the workers something, so it ends when nobody renews it. */
static void do_sample(struct damp_plane *p, uint64_t one_in, struct damp_wire_reply *reply)
{
	const damp_tick now = damp_clock_tick(&p->clock, rte_rdtsc());

	if (one_in > DAMP_SAMPLE_ONE_IN_MAX || (one_in & (one_in - 1)) != 0) {
		refuse(reply, ERANGE, "one in so many is a power of two");
		return;
	}
	p->sample_until = now + DAMP_SECONDS(DAMP_SAMPLE_LEASE_S);
	__atomic_store_n(&p->signals.sample_one_in, (uint32_t)one_in, __ATOMIC_RELAXED);
}

/* Copies cost the workers something, so a capture ends by itself. Readers and
 * workers see the wishes before they see that they hold. */
static void do_capture(struct damp_plane *p, const struct damp_wire_request *r, struct damp_wire_reply *reply)
{
	const damp_tick now = damp_clock_tick(&p->clock, rte_rdtsc());
	uint32_t slot = 0;

	if (r->arg > DAMP_CAPTURE_MAX_S) {
		snprintf(reply->text, sizeof(reply->text), "a capture lasts at most %u s",
			 DAMP_CAPTURE_MAX_S);
		reply->error = ERANGE;
		return;
	}
	if (r->name[0] != '\0' && !damp_segment_find(p->stats, r->name, &slot)) {
		refuse(reply, ENOENT, "no rule of that name has run here");
		return;
	}
	p->capture->want = r->value;
	p->capture->rule_slot = slot;
	__atomic_store_n(&p->capture->until, r->arg > 0 ? now + DAMP_SECONDS(r->arg) : 0, __ATOMIC_RELEASE);
	if (r->arg > 0)
		damp_say("capture for %llu s", (unsigned long long)r->arg);
}

/* By a lease, so that nothing is copied for a reader that has gone. */
static void do_keep_drops(struct damp_plane *p, const struct damp_wire_request *r,
			  struct damp_wire_reply *reply)
{
	const damp_tick now = damp_clock_tick(&p->clock, rte_rdtsc());

	if (r->arg > DAMP_KEEP_LEASE_S) {
		refuse(reply, ERANGE,
		       "copies of what is dropped are kept for a minute at most, then it is asked again");
		return;
	}
	p->capture->keep_share = r->value == UINT32_MAX ? DAMP_KEEP_ALL : r->value;
	__atomic_store_n(&p->capture->keep_until, r->arg > 0 ? now + DAMP_SECONDS(r->arg) : 0,
			 __ATOMIC_RELEASE);
}

static void describe(const struct damp_plane *p, struct damp_wire_reply *reply)
{
	const struct damp_program_hdr *h = damp_programs_view(p)->hdr;

	reply->generation = h->generation;
	reply->source = (uint32_t)p->stats->program_source;
	reply->nworkers = p->config.nworkers;
	reply->pid = (uint64_t)getpid();
	reply->boot_id = p->stats->boot_id;
	memcpy(reply->name, h->name, sizeof(reply->name));
}

/* Carry one request out. Returns a descriptor to send along, or -1. */
static int carry_out(struct damp_plane *p, const struct request *r, struct damp_wire_reply *reply)
{
	int fd = -1;

	if (r->too_much) {
		refuse(reply, EPROTO, "a request brings one file descriptor at most");
		return -1;
	}
	if (r->len != sizeof(r->head)) {
		snprintf(reply->text, sizeof(reply->text), "a request has %zu bytes", sizeof(r->head));
		reply->error = EBADMSG;
		return -1;
	}
	reply->type = r->head.type;
	if (r->head.version != DAMP_WIRE_VERSION) {
		snprintf(reply->text, sizeof(reply->text), "version %u is spoken here, not %u",
			 DAMP_WIRE_VERSION, r->head.version);
		reply->error = EPROTO;
		return -1;
	}
	if (memchr(r->head.name, '\0', sizeof(r->head.name)) == NULL) {
		refuse(reply, EBADMSG, "a name has no end");
		return -1;
	}
	switch (r->head.type) {
	case DAMP_WIRE_HELLO:
		break;
	case DAMP_WIRE_LOAD:
		do_load(p, r, reply);
		break;
	case DAMP_WIRE_PROGRAM:
		fd = copy_program(p);
		if (fd < 0)
			refuse(reply, ENOMEM, "no memory for a copy of the program");
		break;
	case DAMP_WIRE_BYPASS:
		do_bypass(p, r->head.arg, reply);
		break;
	case DAMP_WIRE_MODE:
		do_mode(p, &r->head, reply);
		break;
	case DAMP_WIRE_BLOCK:
		reply->error = damp_lists_block(p, &r->head, reply->text, sizeof(reply->text));
		break;
	case DAMP_WIRE_SET:
		reply->error = damp_lists_set(p, &r->head, reply->text, sizeof(reply->text));
		break;
	case DAMP_WIRE_SHOW:
		if (r->head.value < DAMP_WIRE_LIST_MAX)
			fd = damp_lists_show(p, (enum damp_wire_list)r->head.value);
		if (fd < 0)
			refuse(reply, ENOMEM, "no such list, or no memory for it");
		break;
	case DAMP_WIRE_KEEP:
		do_keep(p, r->head.arg, reply);
		break;
	case DAMP_WIRE_SAMPLE:
		do_sample(p, r->head.arg, reply);
		break;
	case DAMP_WIRE_CAPTURE:
		do_capture(p, &r->head, reply);
		break;
	case DAMP_WIRE_KEEP_DROPS:
		do_keep_drops(p, &r->head, reply);
		break;
	case DAMP_WIRE_TRACE:
		reply->error = damp_tracing_trace(p, &r->head, r->fd, reply->text, sizeof(reply->text));
		break;
	case DAMP_WIRE_PEEK:
		reply->error = damp_tracing_peek(p, r->head.value, r->fd, &fd, reply->text,
						 sizeof(reply->text));
		break;
	default:
		refuse(reply, EOPNOTSUPP, "unknown type of request");
	}
	return fd;
}

/* Returns false when the client is to be let go. */
static bool serve_client(struct damp_plane *p, int client)
{
	struct damp_wire_reply reply = { .version = DAMP_WIRE_VERSION };
	struct request r = { .fd = -1 };
	const int rc = receive(client, &r);
	int fd, sent;

	if (rc <= 0)
		return rc == 0;
	fd = carry_out(p, &r, &reply);
	describe(p, &reply);
	sent = damp_carry_send(client, &reply, sizeof(reply), fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
	if (r.fd >= 0)
		close(r.fd);
	return sent == 0;
}

static void forget_client(struct damp_control *c, int client)
{
	for (unsigned i = 0; i < c->nclients; i++) {
		if (c->client[i] != client)
			continue;
		close(client);
		c->client[i] = c->client[--c->nclients];
		return;
	}
}

void damp_control_serve(struct damp_plane *p, const struct pollfd *fds, unsigned n)
{
	struct damp_control *c = p->control;

	for (unsigned i = 1; i < n; i++)
		if (fds[i].revents != 0 && !serve_client(p, fds[i].fd))
			forget_client(c, fds[i].fd);
	if ((fds[0].revents & POLLIN) && c->nclients < DAMP_CLIENTS_MAX) {
		const int client = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0)
			c->client[c->nclients++] = client;
	}
}

void damp_control_tick(struct damp_plane *p)
{
	const damp_tick now = damp_clock_tick(&p->clock, rte_rdtsc());

	if (now >= p->sample_until)
		__atomic_store_n(&p->signals.sample_one_in, 0, __ATOMIC_RELAXED);
	if (p->stats->bypass_until_s == 0 || now < p->signals.bypass_until)
		return;
	p->stats->bypass_until_s = 0;
	damp_say("bypass is over");
}

void damp_control_close(struct damp_plane *p)
{
	struct damp_control *c = p->control;

	while (c->nclients > 0)
		forget_client(c, c->client[0]);
	close(c->listener);
	unlink(c->path);
	free(c);
	p->control = NULL;
}
