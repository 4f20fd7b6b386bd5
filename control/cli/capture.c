/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper capture`: asks the data plane itself for copies of frames, and writes
 * those that come into its rings to a pcapng file, each with its verdict, reason
 * and rule as comment. Needs no damperd: what is to be looked at may be its
 * absence.
 *
 * Invariant: the capture is ended when this command ends, and by itself should
 * it be killed.
 */
#include "capture.h"

#include "common/capture_ring.h"
#include "common/names.h"
#include "common/pcapng.h"
#include "common/text.h"
#include "follow.h"
#include "link.h"

#include <damper/capture.h>
#include <damper/wire.h>
#include <errno.h>
#include <string.h>

#define DEFAULT_FOR "10s"
#define ALL_VERDICTS ((1u << DAMP_VERDICT_MAX) - 1)

struct capture {
	struct damp_cli_link link;
	uint64_t seconds;
	uint32_t want;
	const char *rule;
	const struct damp_capture_file *file;
	const struct damp_stats *stats;
	FILE *out;
	uint64_t pos[DAMP_WORKERS_MAX], missed[DAMP_WORKERS_MAX];
	uint64_t written, lost;
};

static int verdict_bit(const char *word)
{
	for (unsigned v = 0; v < DAMP_VERDICT_MAX; v++)
		if (strcmp(word, damp_name_verdict(v)) == 0)
			return (int)v;
	return -1;
}

static int reason_number(const char *word)
{
	for (unsigned r = 0; r < DAMP_REASON_MAX; r++)
		if (strcmp(word, damp_name_reason(r)) == 0)
			return (int)r;
	return -1;
}

/* What the command line wants; 0 or an exit code. */
static int read_wishes(const struct damp_args *a, struct capture *c)
{
	uint32_t verdicts = ALL_VERDICTS, reason = DAMP_CAPTURE_ANY_REASON;
	const char *time = a->duration != NULL ? a->duration : DEFAULT_FOR;

	if (damp_text_parse_seconds(time, &c->seconds) || c->seconds == 0 || c->seconds > DAMP_CAPTURE_MAX_S)
		return damp_fail(DAMP_EXIT_USAGE, "--for %s: write a time from 1s to 1h", time);
	if (a->verdict != NULL) {
		if (verdict_bit(a->verdict) < 0)
			return damp_fail(DAMP_EXIT_USAGE,
					 "--verdict %s: write accept, drop, answer, challenge, shape or bypass", a->verdict);
		verdicts = 1u << verdict_bit(a->verdict);
	}
	if (a->reason != NULL) {
		if (reason_number(a->reason) < 0)
			return damp_fail(DAMP_EXIT_USAGE,
					 "--reason %s is none; docs/counters.md lists them", a->reason);
		reason = (uint32_t)reason_number(a->reason);
	}
	if (a->rule != NULL && strlen(a->rule) >= DAMP_NAME_MAX)
		return damp_fail(DAMP_EXIT_USAGE, "--rule %s: no rule has so long a name", a->rule);
	c->want = DAMP_CAPTURE_WANT(verdicts, reason);
	c->rule = a->rule != NULL ? a->rule : "";
	if (a->out == NULL)
		return damp_fail(DAMP_EXIT_USAGE,
				 "where to? write --out FILE.pcapng, or --out - for standard output");
	return DAMP_EXIT_OK;
}

/* The length of the file was checked against one ring of each worker it names. */
static int open_files(struct capture *c)
{
	size_t stats, len;

	c->stats = damp_cli_link_map(&c->link, DAMP_STATS_FILE, sizeof(*c->stats), &stats);
	c->file = damp_cli_link_map(&c->link, DAMP_CAPTURE_FILE, sizeof(*c->file), &len);
	if (c->stats == NULL || c->file == NULL)
		return DAMP_EXIT_AWAY;
	if (c->file->magic != DAMP_CAPTURE_MAGIC || c->file->version != DAMP_STATS_VERSION ||
	    c->file->nworkers > DAMP_WORKERS_MAX ||
	    len < sizeof(*c->file) + c->file->nworkers * sizeof(c->file->ring[0]))
		return damp_fail(DAMP_EXIT_AWAY, "%s/%s is of another version of Damper", c->link.dir,
				 DAMP_CAPTURE_FILE);
	for (unsigned w = 0; w < c->file->nworkers; w++) {
		c->pos[w] = damp_ring_head(&DAMP_RING(&c->file->ring[w]));
		c->missed[w] = __atomic_load_n(&c->file->ring[w].missed, __ATOMIC_RELAXED);
	}
	return DAMP_EXIT_OK;
}

static int ask(const struct capture *c, uint64_t seconds)
{
	struct damp_wire_request r = {
		.version = DAMP_WIRE_VERSION, .type = DAMP_WIRE_CAPTURE, .arg = seconds, .value = c->want
	};
	struct damp_wire_reply reply;

	snprintf(r.name, sizeof(r.name), "%s", c->rule);
	return damp_cli_link_ask(&c->link, &r, -1, &reply, NULL);
}

static int open_out(struct capture *c, const char *path)
{
	c->out = strcmp(path, "-") == 0 ? stdout : fopen(path, "wxe");
	if (c->out == NULL)
		return damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", path, strerror(errno));
	damp_pcapng_begin(c->out, DAMP_CAPTURE_SNAP);
	return fflush(c->out) == 0 ? DAMP_EXIT_OK :
				     damp_fail(DAMP_EXIT_UNREADABLE, "%s: %s", path, strerror(errno));
}

static void write_record(struct capture *c, const struct damp_capture_record *r)
{
	const bool ruled = r->rule_slot > 0 && r->rule_slot < c->stats->nrule_slots;

	damp_capture_write(c->out, r, ruled ? c->stats->rule_slot[r->rule_slot] : "", DAMP_CAPTURE_SNAP);
	c->written++;
}

static void drain_ring(struct capture *c, unsigned w)
{
	const struct damp_ring ring = DAMP_RING(&c->file->ring[w]);
	struct damp_capture_record r;

	while (damp_ring_next(&ring, &c->pos[w], &r, &c->lost))
		if (!r.kept) /* else it is damperd's */
			write_record(c, &r);
}

static bool drain(void *arg)
{
	struct capture *c = arg;

	for (unsigned w = 0; w < c->file->nworkers; w++)
		drain_ring(c, w);
	return !ferror(c->out);
}

static int finish(struct capture *c)
{
	const int code = ask(c, 0);
	uint64_t missed = 0;

	drain(c);
	for (unsigned w = 0; w < c->file->nworkers; w++)
		missed += __atomic_load_n(&c->file->ring[w].missed, __ATOMIC_RELAXED) - c->missed[w];
	if (fflush(c->out) != 0 || (c->out != stdout && fclose(c->out) != 0))
		return damp_fail(DAMP_EXIT_UNREADABLE, "the file could not be written: %s", strerror(errno));
	fprintf(stderr, "damper: %llu frames written", (unsigned long long)c->written);
	if (missed + c->lost > 0)
		fprintf(stderr, ", %llu more were not kept", (unsigned long long)(missed + c->lost));
	fputc('\n', stderr);
	return code;
}

int damp_cmd_capture(struct damp_cli *cli)
{
	struct capture c = { .link = { .socket = -1 } };
	int code = read_wishes(&cli->args, &c);

	if (code == DAMP_EXIT_OK)
		code = damp_cli_link_open(cli, &c.link);
	if (code == DAMP_EXIT_OK)
		code = open_files(&c);
	if (code == DAMP_EXIT_OK)
		code = open_out(&c, cli->args.out);
	if (code == DAMP_EXIT_OK)
		code = ask(&c, c.seconds);
	if (code == DAMP_EXIT_OK) {
		damp_follow((double)c.seconds, drain, &c);
		code = finish(&c);
	}
	damp_cli_link_close(&c.link);
	return code;
}
