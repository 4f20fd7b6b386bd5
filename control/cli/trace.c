/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper trace`: asks the data plane itself for the findings of the next packets
 * that match a filter, and prints each as `damper explain` does. Needs no damperd.
 *
 * Invariant: the trace is ended when this command ends, and within a few seconds
 * by itself should it be killed: it lasts only as long as it is asked for again.
 */
#include "trace.h"

#include "common/text.h"
#include "explain.h"
#include "follow.h"
#include "foresight/trace_filter.h"
#include "foresight/trace_ring.h"
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DEFAULT_COUNT 10u
#define DEFAULT_FOR "30s"
#define LONGEST_S 3600u
#define RENEW_S 1.0

struct trace {
	const struct damp_cli *cli;
	struct damp_live_plane plane;
	struct damp_trace_reader reader;
	struct damp_trace_filter filter;
	uint64_t seconds, count, told;
	uint64_t owner; /* number of this trace, of our own making */
	double renew_s; /* when to ask for it again */
	bool stopped;   /* by the user */
	int code;
};

static int read_count(const char *text, uint64_t *count)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || text[0] < '0' || text[0] > '9' || n == 0 || n > DAMP_TRACE_COUNT_MAX)
		return damp_fail(DAMP_EXIT_USAGE, "--count %s: write a number from 1 to %u", text,
				 DAMP_TRACE_COUNT_MAX);
	*count = n;
	return DAMP_EXIT_OK;
}

/* What the command line wants; 0 or an exit code. */
static int read_wishes(const struct damp_args *a, struct trace *t)
{
	const char *time = a->duration != NULL ? a->duration : DEFAULT_FOR;
	char why[DAMP_TRACE_WHY];

	if (damp_text_parse_seconds(time, &t->seconds) || t->seconds == 0 || t->seconds > LONGEST_S)
		return damp_fail(DAMP_EXIT_USAGE, "--for %s: write a time from 1s to 1h", time);
	t->count = DEFAULT_COUNT;
	if (a->count != NULL && read_count(a->count, &t->count) != DAMP_EXIT_OK)
		return DAMP_EXIT_USAGE;
	if (!damp_trace_filter_parse(a->words, a->nwords, &t->filter, why))
		return damp_fail(DAMP_EXIT_USAGE, "%s; see 'damper help trace'", why);
	return DAMP_EXIT_OK;
}

static int ask(const struct trace *t, uint64_t seconds, int filter)
{
	struct damp_wire_request r = { .version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_TRACE, .arg = seconds,
				       .value = (uint32_t)t->count };
	struct damp_wire_reply reply;

	memcpy(r.addr, &t->owner, sizeof(t->owner));
	return damp_cli_link_ask(&t->plane.link, &r, filter, &reply, NULL);
}

static int open_ring(struct trace *t)
{
	const void *base;
	size_t len;

	base = damp_cli_link_map(&t->plane.link, DAMP_TRACE_FILE, sizeof(struct damp_trace_file), &len);
	if (base == NULL)
		return DAMP_EXIT_AWAY;
	if (!damp_trace_reader_open(&t->reader, base, len))
		return damp_fail(DAMP_EXIT_AWAY, "%s/%s is of another version of Damper", t->plane.link.dir,
				 DAMP_TRACE_FILE);
	return DAMP_EXIT_OK;
}

static int begin(struct trace *t)
{
	int fd, code = open_ring(t);

	if (code != DAMP_EXIT_OK)
		return code;
	if (getrandom(&t->owner, sizeof(t->owner), 0) != sizeof(t->owner))
		return damp_fail(DAMP_EXIT_INTERNAL, "no random number: %s", strerror(errno));
	fd = damp_cli_sealed(&t->filter, sizeof(t->filter));
	if (fd < 0)
		return DAMP_EXIT_INTERNAL;
	code = ask(t, DAMP_TRACE_LEASE_S, fd);
	close(fd);
	return code;
}

static void tell(struct trace *t, const struct damp_trace_record *r, unsigned worker)
{
	json_t *doc = damp_traced_json(&t->plane.traced, r, NULL);

	json_object_set_new(json_object_get(doc, "live"), "worker", json_integer(worker));
	t->told++;
	json_object_set_new(doc, "number", json_integer((json_int_t)t->told));
	if (t->cli->args.json) {
		json_dumpf(doc, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		printf("packet %llu, from worker %u\n", (unsigned long long)t->told, worker);
		damp_explain_print(t->cli, doc);
		putchar('\n');
	}
	fflush(stdout);
	json_decref(doc);
}

/* Tell what is there. A record of a generation that is not known may be of one
 * that was loaded since; when it is not that which runs, its rules are gone. */
static int drain(struct trace *t)
{
	struct damp_trace_record r;
	unsigned worker;

	while (t->told < t->count && damp_trace_reader_next(&t->reader, &r, &worker)) {
		if (!damp_traced_knows(&t->plane.traced, r.found.generation)) {
			const int code = damp_live_refetch(&t->plane);

			if (code != DAMP_EXIT_OK)
				return code;
		}
		tell(t, &r, worker);
	}
	return DAMP_EXIT_OK;
}

static bool step(void *arg)
{
	struct trace *t = arg;

	if (damp_follow_now() >= t->renew_s) {
		t->code = ask(t, DAMP_TRACE_LEASE_S, -1);
		t->renew_s = damp_follow_now() + RENEW_S;
	}
	if (t->code == DAMP_EXIT_OK)
		t->code = drain(t);
	return t->code == DAMP_EXIT_OK && t->told < t->count;
}

/* The sum, and what to make of it when there was nothing. */
static int sum_up(const struct trace *t)
{
	const uint64_t missed = damp_trace_reader_missed(&t->reader),
		       looked = damp_trace_reader_looked(&t->reader);

	fprintf(stderr, "damper: %llu packets traced of %llu that the data plane judged meanwhile",
		(unsigned long long)t->told, (unsigned long long)looked);
	if (missed > 0)
		fprintf(stderr, ", %llu more matched and were not traced", (unsigned long long)missed);
	fputc('\n', stderr);
	if (t->told > 0 || t->stopped)
		return DAMP_EXIT_OK;
	if (looked == 0)
		return damp_fail(DAMP_EXIT_TIMEOUT,
				 "no packet came at all in that time: see 'damper show status'");
	return damp_fail(DAMP_EXIT_TIMEOUT,
			 "none of them matched the filter: it is too narrow, or --for too short");
}

int damp_cmd_trace(struct damp_cli *cli)
{
	struct trace *t = calloc(1, sizeof(*t));
	int code;

	if (t == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	t->cli = cli;
	t->plane.link.socket = -1;
	code = read_wishes(&cli->args, t);
	if (code == DAMP_EXIT_OK)
		code = damp_live_open(cli, &t->plane);
	if (code == DAMP_EXIT_OK)
		code = begin(t);
	if (code == DAMP_EXIT_OK) {
		t->renew_s = damp_follow_now() + RENEW_S;
		t->stopped = damp_follow((double)t->seconds, step, t);
		code = t->code;
		if (code == DAMP_EXIT_OK)
			code = ask(t, 0, -1);
		if (code == DAMP_EXIT_OK)
			code = drain(t);
		if (code == DAMP_EXIT_OK)
			code = sum_up(t);
	}
	damp_live_close(&t->plane);
	free(t);
	return code;
}
