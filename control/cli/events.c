/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper events`: asks for what came after the last event it has seen, twice a
 * second with -f. When damperd has restarted, its numbers begin anew.
 */
#include "events.h"

#include "client.h"
#include "common/text.h"
#include "json_get.h"
#include "sheet.h"

#include <damper/stats.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 500000

struct cursor {
	long long next;
	char run[64];
	char boot[24];          /* of the data plane whose records these are: */
	long long record[DAMP_WORKERS_MAX];     /* next record of each worker */
	long long notice;                       /* next one of the main thread */
	bool away;              /* -f: damperd does not answer at the moment */
	json_t *waiting;        /* not printed yet; NULL: each is printed as it comes */
};

static enum damp_colour colour_of(const char *severity)
{
	if (strcmp(severity, "attack") == 0 || strcmp(severity, "warning") == 0)
		return DAMP_YELLOW;
	return strcmp(severity, "fault") == 0 || strcmp(severity, "critical") == 0 ||
			       strcmp(severity, "storm") == 0 ?
		       DAMP_RED :
		       DAMP_PLAIN;
}

static void print_end(const json_t *end)
{
	const char *ip = damp_get_text(end, "ip");

	printf(strchr(ip, ':') != NULL ? "[%s]:%lld" : "%s:%lld", ip, damp_get_int(end, "port"));
}

static void print_verdict(const json_t *e)
{
	const json_t *coap = json_object_get(e, "coap");
	bool observed = strcmp(damp_get_text(e, "mode"), "observe") == 0;

	if (json_object_get(e, "used_percent") != NULL)
		printf("warning %lld%% used  ", damp_get_int(e, "used_percent"));
	else
		printf("%s%s %s  ", observed ? "would " : "", damp_get_text(e, "would"),
		       damp_get_text(e, "reason"));
	print_end(json_object_get(e, "src"));
	printf(" > ");
	print_end(json_object_get(e, "dst"));
	if (coap != NULL)
		printf("  %s %s %s", damp_get_text(coap, "type"), damp_get_text(coap, "code"),
		       damp_get_text(coap, "path"));
	else
		printf("  %s", damp_get_text(e, "kind"));
	printf("  %lld B", damp_get_int(e, "ip_bytes"));
	if (json_object_get(e, "rule") != NULL)
		printf("  rule %s", damp_get_text(e, "rule"));
	if (damp_get_int(e, "suppressed") > 0)
		printf("  x%lld", damp_get_int(e, "suppressed") + 1);
	putchar('\n');
}

static void print_loaded(const json_t *r)
{
	const long long confirm = damp_get_int(r, "confirm_s");

	printf("rules loaded: generation %lld, %s, by %s%s%s", damp_get_int(r, "to_gen"),
	       damp_get_text(r, "name"), damp_get_text(r, "by"),
	       damp_get_text(r, "comment")[0] != '\0' ? ": " : "", damp_get_text(r, "comment"));
	if (confirm > 0)
		printf("; to be confirmed within %lld s", confirm);
	putchar('\n');
}

static void print_ruleset(const json_t *r)
{
	const char *result = damp_get_text(r, "result");

	if (strcmp(result, "confirmed") == 0 || strcmp(result, "gone_back") == 0)
		printf("rules %s: generation %lld: %s\n",
		       result[0] == 'c' ? "confirmed" : "taken back", damp_get_int(r, "generation"),
		       damp_get_text(r, "text"));
	else if (json_object_get(r, "to_gen") != NULL)
		print_loaded(r);
	else
		printf("rules NOT loaded: %s, by %s\n", damp_get_text(r, "text"),
		       damp_get_text(r, "by"));
}

static void print_attack(const json_t *e)
{
	const json_t *a = json_object_get(e, "attack");
	const char *rule = damp_get_text(e, "rule"), *phase = damp_get_text(a, "phase");
	const char *target = damp_get_text(a, "worst_target");
	char packets[DAMP_TEXT_LEN], bytes[DAMP_TEXT_LEN], peak[DAMP_TEXT_LEN];

	printf("ATTACK %s on %s%s%s: ", strcmp(phase, "update") == 0 ? "goes on" : phase,
	       rule[0] != '\0' ? "rule " : "the guard, ", rule[0] != '\0' ? rule : damp_get_text(e, "reason"),
	       strcmp(damp_get_text(e, "mode"), "observe") == 0 ? " (only observed)" : "");
	printf("%s packets, %s, at most %s/s",
	       damp_text_count(packets, sizeof(packets), damp_get_number(a, "packets")),
	       damp_text_bytes(bytes, sizeof(bytes), damp_get_number(a, "bytes")),
	       damp_text_count(peak, sizeof(peak), damp_get_number(a, "peak_packets_per_s")));
	if (target[0] != '\0')
		printf(", most to %s, %lld or more sources", target, damp_get_int(a, "sources_seen"));
	printf("  [%s]\n", damp_get_text(a, "id"));
}

static void print_block(const json_t *e)
{
	const json_t *b = json_object_get(e, "block");
	const char *change = damp_get_text(b, "change"), *rule = damp_get_text(e, "rule");
	const bool begins = json_object_get(b, "for_s") != NULL;
	char span[DAMP_TEXT_LEN];

	printf("block of %s %s%s", damp_get_text(b, "prefix"),
	       strcmp(change, "grow") == 0    ? "grows" :
	       strcmp(change, "removed") == 0 ? "is removed" :
	       begins                         ? "begins" :
						"ends",
	       strcmp(damp_get_text(e, "mode"), "observe") == 0 ? " (only observed)" : "");
	if (begins)
		printf(": for %s, until %s",
		       damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(b, "for_s")),
		       damp_get_text(b, "until"));
	if (damp_get_int(b, "times") > 1)
		printf(", time %lld in a row", damp_get_int(b, "times"));
	printf("  %s%s\n", rule[0] != '\0' ? "rule " : "by an operator", rule);
}

static void print_set(const json_t *s)
{
	if (damp_get_int(s, "more") > 0)
		printf("%lld more members of sets have timed out\n", damp_get_int(s, "more"));
	else
		printf("%s has timed out of set %s\n", damp_get_text(s, "prefix"), damp_get_text(s, "set"));
}

static void print_text(const struct damp_cli *cli, const json_t *e)
{
	const char *type = damp_get_text(e, "type"), *ts = damp_get_text(e, "ts");
	enum damp_colour colour = colour_of(damp_get_text(e, "severity"));

	printf("%s%.10s %.12s%s  ", damp_colour(cli, DAMP_DIM), ts, strlen(ts) > 11 ? ts + 11 : "",
	       damp_colour(cli, DAMP_PLAIN));
	if (colour != DAMP_PLAIN)
		fputs(damp_colour(cli, colour), stdout);
	if (strcmp(type, "verdict") == 0 || strcmp(type, "warn") == 0)
		print_verdict(e);
	else if (strcmp(type, "attack") == 0)
		print_attack(e);
	else if (strcmp(type, "block") == 0)
		print_block(e);
	else if (strcmp(type, "set") == 0)
		print_set(json_object_get(e, "set"));
	else if (strcmp(type, "ruleset") == 0)
		print_ruleset(json_object_get(e, "ruleset"));
	else
		puts(damp_get_text(json_object_get(e, type), "text"));
	fputs(damp_colour(cli, DAMP_PLAIN), stdout);
}

/* A damperd that has restarted reads the rings again: seen that before? */
static bool is_news(struct cursor *cur, const json_t *e)
{
	const json_t *record = json_object_get(e, "record"), *notice = json_object_get(e, "notice");
	long long worker = damp_get_int(record, "worker"), seq = damp_get_int(record, "seq");

	if ((record == NULL && notice == NULL) || worker < 0 || worker >= DAMP_WORKERS_MAX)
		return true;
	if (strcmp(cur->boot, damp_get_text(e, "boot")) != 0) {
		memset(cur->record, 0, sizeof(cur->record));
		cur->notice = 0;
		snprintf(cur->boot, sizeof(cur->boot), "%s", damp_get_text(e, "boot"));
	}
	if (notice != NULL && json_integer_value(notice) < cur->notice)
		return false;
	if (notice != NULL) {
		cur->notice = json_integer_value(notice) + 1;
		return true;
	}
	if (seq < cur->record[worker])
		return false;
	cur->record[worker] = seq + 1;
	return true;
}

static void print_event(const struct damp_cli *cli, const json_t *e)
{
	if (!cli->args.json) {
		print_text(cli, e);
		return;
	}
	json_dumpf(e, stdout, JSON_COMPACT);
	putchar('\n');
}

/* Print one answer. True when it was full, so that more may wait. */
static bool print_answer(const struct damp_cli *cli, struct cursor *cur, const json_t *j)
{
	const json_t *events = json_object_get(j, "events"), *e;
	const char *run = damp_get_text(j, "run");
	size_t i;

	if (strcmp(run, cur->run) != 0) {
		bool again = cur->run[0] != '\0' && cur->next > 0;

		snprintf(cur->run, sizeof(cur->run), "%s", run);
		cur->next = 0;
		if (again)
			return true; /* what we got belongs to other numbers: ask from the start */
	}
	if (damp_get_int(j, "lost") > 0)
		fprintf(stderr, "damper: %lld events were gone before they could be read\n",
			damp_get_int(j, "lost"));
	json_array_foreach(events, i, e)
		if (!is_news(cur, e))
			continue;
		else if (cur->waiting != NULL)
			json_array_append(cur->waiting, (json_t *)(uintptr_t)e);
		else
			print_event(cli, e);
	fflush(stdout);
	cur->next = damp_get_int(j, "next");
	return json_array_size(events) > 0;
}

/* Ask until there is no more. With -f only the very first failure is an end that
 * the client explains. */
static int drain(const struct damp_cli *cli, struct damp_client *c, struct cursor *cur)
{
	char path[80];
	json_t *j;
	bool more = true;
	int code = DAMP_EXIT_OK;

	while (more && code == DAMP_EXIT_OK) {
		snprintf(path, sizeof(path), "/v1/events?since=%lld", cur->next);
		damp_client_quiet(c, cli->args.follow && cur->run[0] != '\0');
		code = damp_client_call(c, path, NULL, 0, &j);
		more = code == DAMP_EXIT_OK && print_answer(cli, cur, j);
		json_decref(j);
	}
	return code;
}

static int by_time(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	const int before = strcmp(damp_get_text(*x, "ts"), damp_get_text(*y, "ts"));
	const long long p = damp_get_int(*x, "seq"), q = damp_get_int(*y, "seq");

	return before != 0 ? before : (p > q) - (p < q);
}

/* What has happened so far comes out of several rings, and anew after a restart
 * of damperd; it is told in the order in which it happened. Programs get it by
 * its numbers. */
static void print_waiting(const struct damp_cli *cli, struct cursor *cur)
{
	const size_t n = json_array_size(cur->waiting);
	const json_t **e = calloc(n + 1, sizeof(*e));

	for (size_t i = 0; e != NULL && i < n; i++)
		e[i] = json_array_get(cur->waiting, i);
	if (e != NULL)
		qsort(e, n, sizeof(*e), by_time);
	for (size_t i = 0; i < n; i++)
		print_event(cli, e != NULL ? e[i] : json_array_get(cur->waiting, i));
	fflush(stdout);
	free(e);
	json_decref(cur->waiting);
	cur->waiting = NULL;
}

/* -f outlives a restart of damperd, and says so once. code: of the first drain. */
static int follow(const struct damp_cli *cli, struct damp_client *c, struct cursor *cur, int code)
{
	while (!ferror(stdout)) {
		if (code != DAMP_EXIT_OK && code != DAMP_EXIT_AWAY)
			return damp_fail(code, "no more events: %s", damp_exit_text(code));
		if (code == DAMP_EXIT_AWAY && !cur->away)
			fputs("damper: damperd does not answer any more; waiting for it\n", stderr);
		cur->away = code == DAMP_EXIT_AWAY;
		usleep(POLL_US);
		code = drain(cli, c, cur);
	}
	return DAMP_EXIT_OK; /* the reader of our output has gone */
}

int damp_cmd_events(struct damp_cli *cli)
{
	struct damp_client *c = damp_client_new(cli);
	struct cursor cur = { .next = 0, .waiting = cli->args.json ? NULL : json_array() };
	int code;

	if (c == NULL)
		return damp_fail(DAMP_EXIT_INTERNAL, "no memory");
	code = drain(cli, c, &cur);
	print_waiting(cli, &cur);
	if (cli->args.follow && cur.run[0] != '\0')
		code = follow(cli, c, &cur, code);
	damp_client_free(c);
	return code;
}
