/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints a counter segment as JSON, for tests and for a look by hand.
 *
 * Idea: one flat dictionary "counters" of everything that counts packets,
 * summed over workers, zeros left out: what a packet test compares. What
 * depends on time (cycles, rounds, bursts) is under "timing".
 *
 *	damp-stats-dump RUNTIME_DIR/stats
 */
#include <damper/stats.h>
#include <damper/wire.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const side_name[DAMP_SIDE_MAX] = { "outside", "inside" };

static const char *const kind_name[DAMP_KIND_MAX] = {
	[DAMP_KIND_NOT_COAP] = "not_coap", [DAMP_KIND_REQUEST] = "request", [DAMP_KIND_RESPONSE] = "response",
	[DAMP_KIND_EMPTY] = "empty", [DAMP_KIND_MALFORMED] = "malformed", [DAMP_KIND_DTLS] = "dtls",
};

static const char *const verdict_name[DAMP_VERDICT_MAX] = {
	[DAMP_VERDICT_ACCEPT] = "accept", [DAMP_VERDICT_DROP] = "drop", [DAMP_VERDICT_ANSWER] = "answer",
	[DAMP_VERDICT_CHALLENGE] = "challenge", [DAMP_VERDICT_SHAPE] = "shape", [DAMP_VERDICT_BYPASS] = "bypass",
};

static const char *const outcome_name[DAMP_OUTCOME_MAX] = {
	[DAMP_OUT_MATCHED] = "matched", [DAMP_OUT_OVER] = "over", [DAMP_OUT_WOULD] = "would",
	[DAMP_OUT_ACTED] = "acted",
};

static const char *const table_name[DAMP_TABLE_MAX] = {
#define X(name, label) label,
	DAMP_TABLES(X)
#undef X
};

static const char *const reason_name[DAMP_REASON_MAX] = {
#define X(name, label, severity, help) label,
	DAMP_REASONS(X)
#undef X
};

static const char *const proved_name[2] = { "unverified", "verified" };

/* Add n to what stands at name. */
static void add(json_t *o, const char *name, uint64_t n)
{
	const json_int_t before = json_integer_value(json_object_get(o, name));

	if (n > 0)
		json_object_set_new(o, name, json_integer(before + (json_int_t)n));
}

static void add_sides(json_t *o, const struct damp_worker_stats *w, unsigned side)
{
	char name[160];

	snprintf(name, sizeof(name), "rx.%s", side_name[side]);
	add(o, name, w->rx[side].packets);
	snprintf(name, sizeof(name), "tx.%s", side_name[side]);
	add(o, name, w->tx[side].packets);
	snprintf(name, sizeof(name), "made.%s", side_name[side]);
	add(o, name, w->made[side].packets);
	for (unsigned k = 0; k < DAMP_KIND_MAX; k++) {
		snprintf(name, sizeof(name), "kind.%s.%s", side_name[side], kind_name[k]);
		add(o, name, w->kind[side][k].packets);
	}
	for (unsigned r = 0; r < DAMP_REASON_MAX; r++) {
		snprintf(name, sizeof(name), "reason.%s.%s", side_name[side], reason_name[r]);
		add(o, name, w->reason[side][r].packets);
	}
	for (unsigned i = 0; i < 2 * DAMP_VERDICT_MAX; i++) {
		const unsigned proved = i / DAMP_VERDICT_MAX, v = i % DAMP_VERDICT_MAX;

		snprintf(name, sizeof(name), "verdict.%s.%s.%s", side_name[side], proved_name[proved],
			 verdict_name[v]);
		add(o, name, w->verdict[side][proved][v].packets);
	}
}

static void add_single(json_t *o, const struct damp_worker_stats *w)
{
	char name[64];

	add(o, "unproved_bytes_in", w->unproved_bytes_in);
	add(o, "unproved_bytes_out", w->unproved_bytes_out);
	add(o, "challenges_sent", w->challenges_sent);
	add(o, "pings_sent", w->pings_sent);
	add(o, "proofs_echo", w->proofs_echo);
	add(o, "proofs_ping", w->proofs_ping);
	add(o, "proofs_token", w->proofs_token);
	add(o, "proofs_cookie", w->proofs_cookie);
	add(o, "proofs_ack", w->proofs_ack);
	add(o, "proofs_second", w->proofs_second);
	add(o, "proofs_server_echo", w->proofs_server_echo);
	add(o, "held", w->held);
	add(o, "held_released", w->held_released);
	add(o, "elsewhere_looked", w->elsewhere_looked);
	add(o, "elsewhere_requests", w->elsewhere_requests);
	add(o, "elsewhere_responses", w->elsewhere_responses);
	add(o, "emitted", w->emitted);
	add(o, "steered_out", w->steered_out);
	add(o, "steered_in", w->steered_in);
	add(o, "rss_mismatch", w->rss_mismatch);
	for (unsigned t = 0; t < DAMP_TABLE_MAX; t++) {
		snprintf(name, sizeof(name), "evictions.%s", table_name[t]);
		add(o, name, w->table_evictions[t]);
	}
}

static void add_rules(json_t *o, const struct damp_stats *s, const struct damp_worker_stats *w)
{
	char name[160];

	for (uint32_t slot = 0; slot < s->nrule_slots && slot < DAMP_RULE_SLOTS; slot++)
		for (unsigned i = 0; i < DAMP_OUTCOME_MAX; i++) {
			snprintf(name, sizeof(name), "rule.%.63s.%s", slot == 0 ? "(none)" : s->rule_slot[slot],
				 outcome_name[i]);
			add(o, name, w->rule[slot][i].packets);
		}
}

static json_t *counters(const struct damp_stats *s)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < s->nworkers && i < DAMP_WORKERS_MAX; i++) {
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
			add_sides(o, &s->worker[i], side);
		add_single(o, &s->worker[i]);
		add_rules(o, s, &s->worker[i]);
	}
	return o;
}

/* Drops and all reasons, so that the sums of stats.h can be checked. */
static json_t *sums(const struct damp_stats *s)
{
	uint64_t drops = 0, all = 0;

	for (unsigned i = 0; i < s->nworkers && i < DAMP_WORKERS_MAX; i++)
		for (unsigned side = 0; side < DAMP_SIDE_MAX; side++)
			for (unsigned r = 0; r < DAMP_REASON_MAX; r++) {
				const uint64_t n = s->worker[i].reason[side][r].packets;

				all += n;
				drops += r >= DAMP_REASON_FIRST_DROP ? n : 0;
			}
	return json_pack("{s:I, s:I}", "drops", (json_int_t)drops, "reasons", (json_int_t)all);
}

static json_t *timing(const struct damp_stats *s)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < s->nworkers && i < DAMP_WORKERS_MAX; i++) {
		const struct damp_worker_stats *w = &s->worker[i];

		add(o, "bursts", w->bursts);
		add(o, "heartbeat", w->heartbeat);
		add(o, "cycles_busy", w->cycles_busy);
		add(o, "cycles_idle", w->cycles_idle);
		add(o, "memo_hits", w->memo_hits);
		add(o, "memo_misses", w->memo_misses);
		add(o, "hs_scans", w->hs_scans);
	}
	return o;
}

static json_t *whole(const struct damp_stats *s)
{
	return json_pack("{s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
			 "boot_id", (json_int_t)(s->boot_id >> 1), "nworkers", (json_int_t)s->nworkers,
			 "generation", (json_int_t)s->generation, "program", s->program_name,
			 "source", (json_int_t)s->program_source, "loads_rejected", (json_int_t)s->loads_rejected,
			 "memory_bytes", (json_int_t)s->memory_bytes, "tsc_hz", (json_int_t)s->tsc_hz,
			 "symmetric_rss", (json_int_t)s->port[DAMP_OUTSIDE].symmetric_rss,
			 "counters", counters(s), "sums", sums(s), "timing", timing(s));
}

static const struct damp_stats *map(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct damp_stats *s = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == sizeof(*s))
		s = mmap(NULL, sizeof(*s), PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return s;
}

int main(int argc, char **argv)
{
	const struct damp_stats *s;
	json_t *o;

	if (argc != 2) {
		fputs("usage: damp-stats-dump RUNTIME_DIR/stats\n", stderr);
		return 2;
	}
	s = map(argv[1]);
	if (s == MAP_FAILED || s->magic != DAMP_STATS_MAGIC || s->version != DAMP_STATS_VERSION) {
		fprintf(stderr, "%s: not a counter segment of this version\n", argv[1]);
		return 3;
	}
	o = whole(s);
	json_dumpf(o, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(o);
	return 0;
}
