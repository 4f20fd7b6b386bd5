/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets: it writes the counter and event files with
 * known numbers (fake_fill.c) and serves wire.h, so that damperd and damper
 * can be tested without DPDK.
 *
 *   fake-dataplane RUNTIME_DIR [DISK_FILE]
 *
 * DISK_FILE: a program is kept there and run again at the next start, as the
 * real one does with its state directory. Commands come on standard input, one
 * per line, each answered by "ok":
 *
 *   fault none|silent|short|refuse|close    what the next requests meet
 *   after load fault ...                    the same, behind the answer to the next load
 *   hold, release      keep the answer to a load back until released
 *   events N           write N event records for worker 0
 *   refuse ID N        let rule ID have acted on N packets more
 *   count WHAT         print how many requests of type WHAT came (load, bypass)
 */
#define _GNU_SOURCE
#include "common/progview.h"
#include "fake_fill.h"
#include "dataplane/wire/carry.h"

#include <damper/wire.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 8

enum fault { FAULT_NONE, FAULT_SILENT, FAULT_SHORT, FAULT_REFUSE, FAULT_CLOSE };

struct fake {
	struct damp_stats *stats;
	struct damp_events *events;
	struct damp_prog *prog;
	const char *disk;
	enum fault fault, then;         /* then: from the next load on, where there is one */
	bool hold;
	int held_client;                /* whose answer is kept back, -1 nobody's */
	struct damp_wire_reply held;
	unsigned count[DAMP_WIRE_TYPE_MAX];
	uint64_t events_made;
	int client[CLIENTS];
};

static void die(const char *what)
{
	perror(what);
	exit(70);
}

static void *make_file(const char *dir, const char *name, size_t len)
{
	char path[256], tmp[264];
	void *base;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)len))
		die(tmp);
	base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED || rename(tmp, path))
		die(path);
	close(fd);
	return base;
}

static int listen_at(const char *dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/%s", dir, DAMP_WIRE_SOCKET);
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, CLIENTS))
		die(a.sun_path);
	return fd;
}

static void run_program(struct fake *f, struct damp_prog *p, enum damp_program_source source, uint64_t least)
{
	const struct damp_progview *v = &p->view;

	damp_prog_put(f->prog);
	f->prog = p;
	f->stats->program_source = source;
	f->stats->program_revision = v->hdr->revision;
	snprintf(f->stats->program_name, sizeof(f->stats->program_name), "%s", v->hdr->name);
	snprintf(f->stats->program_digest, sizeof(f->stats->program_digest), "%s", v->hdr->digest);
	for (unsigned i = 0; i < v->hdr->nrules; i++)
		fake_fill_rule(f->stats, damp_progview_string(v, v->rules[i].id_off), v->rules[i].mode);
	f->stats->generation = least > f->stats->generation ? least : f->stats->generation + 1;
}

static void save_program(const struct fake *f)
{
	FILE *out = f->disk != NULL ? fopen(f->disk, "w") : NULL;

	if (out == NULL)
		return;
	fwrite(f->prog->block, 1, f->prog->len, out);
	fclose(out);
}

static void read_disk(struct fake *f)
{
	int fd = f->disk != NULL ? open(f->disk, O_RDONLY | O_CLOEXEC) : -1;
	struct damp_prog *p = fd >= 0 ? damp_prog_read(fd) : NULL;

	if (p != NULL)
		run_program(f, p, DAMP_SOURCE_DISK, 0);
	if (fd >= 0)
		close(fd);
}

static void do_load(struct fake *f, int fd, uint64_t arg, struct damp_wire_reply *reply)
{
	struct damp_prog *p = fd >= 0 ? damp_prog_read(fd) : NULL;

	if (f->fault == FAULT_REFUSE || p == NULL) {
		reply->error = EINVAL;
		snprintf(reply->text, sizeof(reply->text), "row 7 of the classes is out of range");
		f->stats->loads_rejected++;
		damp_prog_put(p);
		return;
	}
	run_program(f, p, DAMP_SOURCE_LOADED, arg & DAMP_LOAD_LEAST);
	if (!(arg & DAMP_LOAD_PROVISIONAL))
		save_program(f);
	f->stats->loads_ok++;
}

static void say(struct damp_wire_reply *reply, int error, const char *text)
{
	reply->error = error;
	snprintf(reply->text, sizeof(reply->text), "%s", text);
}

/* Nothing is done, but a rule must be there. */
static void do_mode(const struct fake *f, const char *rule, struct damp_wire_reply *reply)
{
	const struct damp_progview *v = f->prog != NULL ? &f->prog->view : NULL;

	for (unsigned i = 0; v != NULL && i < v->hdr->nrules; i++)
		if (strcmp(damp_progview_string(v, v->rules[i].id_off), rule) == 0)
			return;
	say(reply, ENOENT, "no such rule");
}

static void do_bypass(struct fake *f, uint64_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	f->stats->bypass_until_s = seconds > 0 ? (uint64_t)now.tv_sec + seconds : 0;
}

static void answer(struct fake *f, int client, const struct damp_wire_request *req, int fd)
{
	struct damp_wire_reply reply = { .version = DAMP_WIRE_VERSION, .type = req->type };
	int out = -1;

	if (req->type < DAMP_WIRE_TYPE_MAX)
		f->count[req->type]++;
	if (req->type == DAMP_WIRE_LOAD)
		do_load(f, fd, req->arg, &reply);
	else if (req->type == DAMP_WIRE_KEEP && req->arg != f->stats->generation)
		reply.error = ESTALE;
	else if (req->type == DAMP_WIRE_KEEP)
		save_program(f);
	else if (req->type == DAMP_WIRE_BYPASS)
		do_bypass(f, req->arg);
	else if (req->type == DAMP_WIRE_MODE)
		do_mode(f, req->name, &reply);
	else if (req->type == DAMP_WIRE_BLOCK && req->arg == 0)
		say(&reply, ENOENT, "this prefix is not blocked");
	else if (req->type == DAMP_WIRE_PROGRAM && f->prog == NULL)
		reply.error = ENOENT;
	else if (req->type == DAMP_WIRE_PROGRAM)
		out = damp_prog_memfd(f->prog);
	reply.generation = (uint32_t)f->stats->generation;
	reply.source = (uint32_t)f->stats->program_source;
	reply.nworkers = FAKE_WORKERS;
	reply.pid = (uint64_t)getpid();
	reply.boot_id = f->stats->boot_id;
	memcpy(reply.name, f->stats->program_name, sizeof(reply.name));
	if (f->hold && req->type == DAMP_WIRE_LOAD) {
		f->held_client = client;
		f->held = reply;
	} else if (f->fault != FAULT_SILENT) {
		damp_carry_send(client, &reply, f->fault == FAULT_SHORT ? sizeof(reply) - 1 : sizeof(reply), out, 0);
	}
	if (req->type == DAMP_WIRE_LOAD && f->then != FAULT_NONE) {
		f->fault = f->then;
		f->then = FAULT_NONE;
	}
	if (out >= 0)
		close(out);
}

/* One request of a client; false when it is gone. */
static bool serve(struct fake *f, int client)
{
	struct damp_wire_request req;
	int fd = -1;

	if (damp_carry_receive(client, &req, sizeof(req), &fd, 0) != sizeof(req) || f->fault == FAULT_CLOSE)
		return false;
	answer(f, client, &req, fd);
	if (fd >= 0)
		close(fd);
	return true;
}

static void set_fault(enum fault *f, const char *name)
{
	static const char *const word[] = { "none", "silent", "short", "refuse", "close" };

	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strcmp(word[i], name) == 0)
			*f = (enum fault)i;
}

static void make_events(struct fake *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct damp_event e = fake_event(f->events_made++);

		fake_put_event(f->events, 0, &e);
	}
}

static void refuse(struct fake *f, const char *id, unsigned n)
{
	for (uint32_t i = 1; i < f->stats->nrule_slots; i++)
		if (strcmp(f->stats->rule_slot[i], id) == 0) {
			f->stats->worker[0].rule[i][DAMP_OUT_ACTED].packets += n;
			f->stats->worker[0].rule[i][DAMP_OUT_ACTED].bytes += 80ull * n;
		}
}

/* One command line; false at the end of input. */
static bool command(struct fake *f)
{
	char line[80], word[40];
	unsigned n;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	if (sscanf(line, "fault %39s", word) == 1)
		set_fault(&f->fault, word);
	else if (sscanf(line, "after load fault %39s", word) == 1)
		set_fault(&f->then, word);
	else if (strncmp(line, "hold", 4) == 0)
		f->hold = true;
	else if (strncmp(line, "release", 7) == 0) {
		f->hold = false;
		if (f->held_client >= 0)
			damp_carry_send(f->held_client, &f->held, sizeof(f->held), -1, 0);
		f->held_client = -1;
	} else if (sscanf(line, "events %u", &n) == 1)
		make_events(f, n);
	else if (sscanf(line, "refuse %39s %u", word, &n) == 2)
		refuse(f, word, n);
	else if (sscanf(line, "count %39s", word) == 1)
		printf("%u ",
		       f->count[strcmp(word, "load") == 0 ? DAMP_WIRE_LOAD : DAMP_WIRE_BYPASS]);
	puts("ok");
	fflush(stdout);
	return true;
}

static void add_client(struct fake *f, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (unsigned i = 0; i < CLIENTS && fd >= 0; i++)
		if (f->client[i] < 0) {
			f->client[i] = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void loop(struct fake *f, int listener)
{
	struct pollfd p[CLIENTS + 2];

	for (;;) {
		p[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
		for (unsigned i = 0; i < CLIENTS; i++)
			p[i + 2] = (struct pollfd){ .fd = f->client[i], .events = POLLIN };
		if (poll(p, CLIENTS + 2, -1) < 0)
			die("poll");
		for (unsigned i = 0; i < CLIENTS; i++)
			if (p[i + 2].revents && !serve(f, f->client[i])) {
				close(f->client[i]);
				f->client[i] = -1;
			}
		if (p[0].revents)
			add_client(f, listener);
		if (p[1].revents && !command(f))
			return;
	}
}

int main(int argc, char **argv)
{
	struct fake f = { .held_client = -1, .disk = argc > 2 ? argv[2] : NULL };
	uint64_t boot_id;
	int listener;

	if (argc < 2) {
		fputs("usage: fake-dataplane RUNTIME_DIR [DISK_FILE]\n", stderr);
		return 2;
	}
	if (getrandom(&boot_id, sizeof(boot_id), 0) != sizeof(boot_id))
		die("getrandom");
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() must see what is left */
	memset(f.client, 0xff, sizeof(f.client));
	f.stats = make_file(argv[1], DAMP_STATS_FILE, sizeof(*f.stats));
	f.events = make_file(argv[1], DAMP_EVENTS_FILE, sizeof(*f.events));
	fake_fill_stats(f.stats, boot_id);
	fake_fill_events(f.events, boot_id);
	read_disk(&f);
	listener = listen_at(argv[1]);
	puts("ok");
	fflush(stdout);
	loop(&f, listener);
	damp_prog_put(f.prog);
	munmap(f.stats, sizeof(*f.stats));
	munmap(f.events, sizeof(*f.events));
	close(listener);
	return 0;
}
