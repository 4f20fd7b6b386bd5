/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `damper show status`: one screen in the order in which an operator asks: does
 * it filter, what runs, is there an attack, is somebody hurt, what is lost.
 */
#include "common/text.h"
#include "json_get.h"
#include "show.h"
#include "show_attacks.h"
#include "sheet.h"

#include <string.h>

#define REASONS_SHOWN 8
#define LABEL_WIDTH 11

static void label(const char *text)
{
	printf("%-*s", LABEL_WIDTH, text);
}

static void coloured(const struct damp_cli *cli, enum damp_colour colour, const char *text)
{
	printf("%s%s%s", damp_colour(cli, colour), text, damp_colour(cli, DAMP_PLAIN));
}

static void print_ago(const char *when)
{
	char span[DAMP_TEXT_LEN];

	printf("%s ago", damp_show_since(span, sizeof(span), when));
}

static bool is_up(const json_t *doc)
{
	return damp_get_true(json_object_get(doc, "dataplane"), "up");
}

/* Said only when a direction is missing. */
static void print_routing(const struct damp_cli *cli, const char *sees)
{
	const bool unasked = strcmp(sees, "unasked") == 0;

	if (!unasked && strcmp(sees, "unanswered") != 0)
		return;
	label("routing");
	coloured(cli, DAMP_YELLOW, unasked ? "requests take another way" : "answers take another way");
	printf(": the guard's 'asymmetric: %s' holds\n", sees);
}

/* By the file, or by modes that were set for a while. */
static bool all_observe(const json_t *doc)
{
	const json_t *p = json_object_get(doc, "program"), *c = json_object_get(doc, "clock");

	return strcmp(damp_get_text(p, "mode"), "observe") == 0 ||
	       (damp_get_int(c, "mode_overrides") > 0 && damp_get_int(p, "rules") > 0 &&
		damp_get_int(c, "rules_observing") >= damp_get_int(p, "rules"));
}

static void print_state(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *bypass = json_object_get(doc, "bypass");
	char span[DAMP_TEXT_LEN], text[160];

	label("state");
	if (!is_up(doc)) {
		coloured(cli, DAMP_RED, "DATA PLANE AWAY");
		printf(": %s\n", damp_get_text(json_object_get(doc, "dataplane"), "why"));
	} else if (damp_get_true(bypass, "active")) {
		snprintf(text, sizeof(text), "BYPASS for another %s: nothing is filtered",
			 damp_text_span(span, sizeof(span),
					(uint64_t)damp_get_int(bypass, "remaining_s")));
		coloured(cli, DAMP_RED, text);
		puts("  (to end it: damper bypass off)");
	} else if (all_observe(doc)) {
		coloured(cli, DAMP_YELLOW, "observing: the rules act on nothing");
		putchar('\n');
	} else {
		coloured(cli, DAMP_GREEN, "filtering");
		putchar('\n');
	}
	print_routing(cli, damp_get_text(doc, "routing"));
}

static void print_origin(const json_t *p)
{
	const char *source = damp_get_text(p, "source");

	label("");
	if (damp_get_text(p, "loaded_at")[0] != '\0') {
		printf("loaded ");
		print_ago(damp_get_text(p, "loaded_at"));
		printf(" by %s from %s", damp_get_text(p, "loaded_by"), damp_get_text(p, "file"));
		if (strcmp(source, "disk") == 0)
			printf(", taken from disk at the data plane's start");
		putchar('\n');
	} else if (strcmp(source, "builtin") == 0) {
		puts("the built-in safe program: no rules were ever loaded");
	} else {
		puts("loaded by somebody else, or before this damperd kept a history");
	}
	if (damp_get_text(p, "comment")[0] != '\0') {
		label("");
		printf("\"%s\"\n", damp_get_text(p, "comment"));
	}
}

/* Nobody may forget that the rules go by themselves. */
static void print_trial(const struct damp_cli *cli, const json_t *trial)
{
	char span[DAMP_TEXT_LEN], text[200];

	if (!json_is_object(trial))
		return;
	if (damp_get_true(trial, "overdue"))
		snprintf(text, sizeof(text), "NOT CONFIRMED: going back to generation %lld",
			 damp_get_int(trial, "base"));
	else
		snprintf(text, sizeof(text), "TO BE CONFIRMED within %s, else back to generation %lld",
			 damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(trial, "remaining_s")),
			 damp_get_int(trial, "base"));
	label("");
	coloured(cli, DAMP_YELLOW, text);
	puts("  (damper confirm, or damper rollback)");
}

static void print_program(const struct damp_cli *cli, const json_t *p)
{
	char text[80];

	if (!json_is_object(p))
		return;
	label("rules");
	printf("generation %lld, %s revision %lld, %lld rules", damp_get_int(p, "generation"),
	       damp_get_text(p, "name"), damp_get_int(p, "revision"), damp_get_int(p, "rules"));
	if (damp_get_int(p, "observing") > 0) {
		snprintf(text, sizeof(text), " (%lld only observing)",
			 damp_get_int(p, "observing"));
		coloured(cli, DAMP_YELLOW, text);
	}
	putchar('\n');
	print_origin(p);
}

static void print_last_load(const struct damp_cli *cli, const json_t *l)
{
	const char *line = damp_get_text(l, "report");

	if (!json_is_object(l) || damp_get_true(l, "ok"))
		return;
	label("last load");
	coloured(cli, DAMP_RED, "FAILED ");
	print_ago(damp_get_text(l, "at"));
	printf(" (by %s); what ran before goes on:\n", damp_get_text(l, "by"));
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		printf("%*s%.*s\n", LABEL_WIDTH, "", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static void print_dataplane(const json_t *d)
{
	char span[DAMP_TEXT_LEN];

	label("data plane");
	printf("up %s, %lld worker%s, pid %lld\n",
	       damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(d, "uptime_s")),
	       damp_get_int(d, "workers"), damp_get_int(d, "workers") == 1 ? "" : "s",
	       damp_get_int(d, "pid"));
}

static void print_traffic(const json_t *now)
{
	char packets[DAMP_TEXT_LEN], bytes[DAMP_TEXT_LEN], drops[DAMP_TEXT_LEN];

	label("now");
	if (!json_is_object(now)) {
		puts("not measured yet; ask again in two seconds");
		return;
	}
	printf("%s packets/s and %s/s in, %s drops/s (over %.0f s)\n",
	       damp_text_count(packets, sizeof(packets), damp_get_number(now, "packets_per_s")),
	       damp_text_bytes(bytes, sizeof(bytes), damp_get_number(now, "bytes_per_s")),
	       damp_text_count(drops, sizeof(drops), damp_get_number(now, "drops_per_s")),
	       damp_get_number(now, "window_s"));
}

/* Only what an operator has to know of. */
static void print_clock(const struct damp_cli *cli, const json_t *c)
{
	const long long waiting = damp_get_int(c, "rules_waiting");
	bool said = false;

	if (!json_is_object(c))
		return;
	if (!damp_get_true(c, "trusted")) {
		label("clock");
		coloured(cli, DAMP_YELLOW, damp_get_true(c, "behind") ? "behind a time that was proven before"
								     : "not synchronised");
		puts(": rules with 'when' go by fail: clock_unsynced");
		said = true;
	}
	if (waiting == 0)
		return;
	label(said ? "" : "clock");
	printf("%lld rule%s out of force by the time: damper show rules\n", waiting, waiting == 1 ? "" : "s");
}

/* What was set by hand or by blocks, and ends by itself. */
static void print_meanwhile(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *c = json_object_get(doc, "clock");
	const long long modes = damp_get_int(c, "mode_overrides"), blocks = damp_get_int(doc, "blocks");
	char text[80];

	if (modes > 0) {
		label("meanwhile");
		snprintf(text, sizeof(text), "%lld mode%s set by hand", modes, modes == 1 ? " is" : "s are");
		coloured(cli, DAMP_YELLOW, text);
		printf(", %lld rules observe: damper show rules\n", damp_get_int(c, "rules_observing"));
	}
	if (blocks > 0) {
		label(modes > 0 ? "" : "meanwhile");
		snprintf(text, sizeof(text), "%lld prefix%s blocked", blocks, blocks == 1 ? " is" : "es are");
		coloured(cli, DAMP_YELLOW, text);
		puts(": damper show blocks");
	}
}

static void print_factor(const json_t *j, const char *in_key, const char *out_key, const char *per)
{
	char in[DAMP_TEXT_LEN], out[DAMP_TEXT_LEN];

	printf("%s%s in, %s%s out", damp_text_bytes(in, sizeof(in), damp_get_number(j, in_key)),
	       per, damp_text_bytes(out, sizeof(out), damp_get_number(j, out_key)), per);
	if (json_is_number(json_object_get(j, "factor")))
		printf(", factor %.2f", damp_get_number(j, "factor"));
}

static void print_unproved(const json_t *doc)
{
	const json_t *now = json_object_get(doc, "now");

	label("unproved");
	if (json_is_object(now)) {
		print_factor(now, "unproved_in_bytes_per_s", "unproved_out_bytes_per_s", "/s");
		puts(" now");
		label("");
	}
	print_factor(json_object_get(doc, "unproved"), "bytes_in", "bytes_out", "");
	puts(" since the start");
}

static void print_proved(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *c = json_object_get(doc, "challenges");
	long long hurt = damp_get_int(json_object_get(doc, "drops"), "verified_packets");
	char text[80];

	label("proved");
	printf("%lld by echo, %lld by ping, %lld by answering us\n", damp_get_int(c, "proofs_echo"),
	       damp_get_int(c, "proofs_ping"), damp_get_int(c, "proofs_token"));
	label("");
	printf("%lld wholly, by the second ping behind a ping, an ACK or a short Echo\n", damp_get_int(c, "proofs_second"));
	label("");
	printf("with what a server gave them: %lld by DTLS cookie, %lld by ACK, %lld by Echo\n",
	       damp_get_int(c, "proofs_cookie"), damp_get_int(c, "proofs_ack"),
	       damp_get_int(c, "proofs_server_echo"));
	if (hurt > 0) {
		label("");
		snprintf(text, sizeof(text), "%lld packets of proved peers were dropped", hurt);
		coloured(cli, DAMP_YELLOW, text);
		puts(" (real clients may notice)");
	}
	label("challenges");
	printf("%lld with an Echo, %lld pings; %lld messages held behind one, %lld released\n",
	       damp_get_int(c, "echo_sent"), damp_get_int(c, "pings_sent"), damp_get_int(c, "held"),
	       damp_get_int(c, "held_released"));
}

/* What a rule file may call a port; the device alone when nothing more is known. */
static void print_called(const json_t *p)
{
	const json_t *called = json_object_get(p, "called");
	size_t i;

	printf("%s (", damp_get_text(p, "port"));
	for (i = 0; i < json_array_size(called); i++)
		printf("%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(called, i)));
	printf("%s) ", i == 0 ? damp_get_text(p, "device") : "");
}

static void print_ports(const struct damp_cli *cli, const json_t *ports)
{
	const json_t *p;
	size_t i;

	json_array_foreach(ports, i, p) {
		long long lost = damp_get_int(p, "imissed") + damp_get_int(p, "no_mbuf");
		char text[80];

		label(i == 0 ? "ports" : "");
		print_called(p);
		coloured(cli, damp_get_true(p, "link_up") ? DAMP_PLAIN : DAMP_RED,
			 damp_get_true(p, "link_up") ? "up" : "DOWN");
		snprintf(text, sizeof(text), "%lld packets missed", lost);
		printf(", ");
		coloured(cli, lost > 0 ? DAMP_YELLOW : DAMP_PLAIN, text);
		putchar('\n');
	}
}

static enum damp_colour severity_colour(const char *severity)
{
	if (strcmp(severity, "attack") == 0)
		return DAMP_YELLOW;
	return strcmp(severity, "fault") == 0 ? DAMP_RED : DAMP_PLAIN;
}

static void reason_row(struct damp_sheet *t, const json_t *r)
{
	const char *severity = damp_get_text(r, "severity");
	char packets[DAMP_TEXT_LEN], bytes[DAMP_TEXT_LEN];

	damp_sheet_cell(t, DAMP_PLAIN, "%s",
			damp_text_count(packets, sizeof(packets), damp_get_number(r, "packets")));
	damp_sheet_cell(t, DAMP_DIM, "%s",
			damp_text_bytes(bytes, sizeof(bytes), damp_get_number(r, "bytes")));
	damp_sheet_cell(t, severity_colour(severity), "%s", severity);
	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(r, "reason"));
	damp_sheet_cell(t, DAMP_DIM, "%s", damp_get_text(r, "help"));
}

static void print_drops(const struct damp_cli *cli, const json_t *drops)
{
	const json_t *reasons = json_object_get(drops, "by_reason");
	size_t n = json_array_size(reasons);
	struct damp_sheet *t;

	putchar('\n');
	if (n == 0) {
		puts("No packet was dropped since the start.");
		return;
	}
	t = damp_sheet_new("rrlll");
	damp_sheet_heads(t, "DROPS|BYTES|SEVERITY|REASON|MEANING");
	for (size_t i = 0; i < n && i < REASONS_SHOWN; i++)
		reason_row(t, json_array_get(reasons, i));
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
	if (n > REASONS_SHOWN)
		printf("and %zu more reasons: damper show status --json\n", n - REASONS_SHOWN);
}

/* What the rules have a policy for, and is so now; the clock and the routing have
 * lines of their own. */
static void print_conditions(const struct damp_cli *cli, const json_t *all)
{
	const json_t *one;
	size_t i;

	json_array_foreach(all, i, one) {
		const char *what = damp_get_text(one, "condition");

		if (strcmp(what, "table_full") != 0 && strcmp(what, "overload") != 0)
			continue;
		label("failing");
		coloured(cli, DAMP_RED, damp_get_text(one, "text"));
		printf(" (fail: %s is %s)\n", what, damp_get_text(one, "policy"));
	}
}

static void print_kept(const json_t *k)
{
	char bytes[DAMP_TEXT_LEN], room[DAMP_TEXT_LEN];

	if (!damp_get_true(k, "on"))
		return;
	label("capture");
	printf("%lld dropped messages kept, %s of %s in %lld files (<state directory>/drops)\n",
	       damp_get_int(k, "kept"),
	       damp_text_bytes(bytes, sizeof(bytes), damp_get_number(k, "bytes")),
	       damp_text_bytes(room, sizeof(room), damp_get_number(k, "room")), damp_get_int(k, "files"));
}

static void print_status(const struct damp_cli *cli, const json_t *doc)
{
	print_state(cli, doc);
	damp_print_attacks(cli, json_object_get(doc, "attacks"), LABEL_WIDTH);
	print_program(cli, json_object_get(doc, "program"));
	print_trial(cli, json_object_get(doc, "confirm"));
	print_last_load(cli, json_object_get(doc, "last_load"));
	if (!is_up(doc))
		return;
	print_dataplane(json_object_get(doc, "dataplane"));
	print_conditions(cli, json_object_get(doc, "conditions"));
	print_meanwhile(cli, doc);
	print_clock(cli, json_object_get(doc, "clock"));
	print_ports(cli, json_object_get(doc, "ports"));
	print_traffic(json_object_get(doc, "now"));
	print_kept(json_object_get(doc, "kept_drops"));
	print_unproved(doc);
	print_proved(cli, doc);
	print_drops(cli, json_object_get(doc, "drops"));
}

static int judge(const json_t *doc)
{
	return is_up(doc) ? DAMP_EXIT_OK : DAMP_EXIT_NO;
}

int damp_cmd_show_status(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/status", print_status, judge);
}
