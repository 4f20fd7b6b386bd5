/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper show rules` and `damper show limits`. */
#include "common/text.h"
#include "change.h"
#include "json_get.h"
#include "limits_text.h"
#include "show.h"
#include "sheet.h"

#include <string.h>

#define ROOM_FOR_BYTES 110u     /* columns of a terminal */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static enum damp_colour mode_colour(const char *mode)
{
	if (strcmp(mode, "observe") == 0)
		return DAMP_YELLOW;
	return strcmp(mode, "off") == 0 ? DAMP_DIM : DAMP_PLAIN;
}

/* Packets, and bytes where there is room for them. */
static void outcome_cells(struct damp_sheet *t, const json_t *counters, const char *outcome, bool with_bytes)
{
	const json_t *c = json_object_get(counters, outcome);
	char packets[DAMP_TEXT_LEN], bytes[DAMP_TEXT_LEN];

	damp_text_count(packets, sizeof(packets), damp_get_number(c, "packets"));
	damp_text_bytes(bytes, sizeof(bytes), damp_get_number(c, "bytes"));
	damp_sheet_cell(t, c != NULL ? DAMP_PLAIN : DAMP_DIM, "%s", c != NULL ? packets : "-");
	if (with_bytes)
		damp_sheet_cell(t, DAMP_DIM, "%s", c != NULL ? bytes : "-");
}

/* "observe", "observe for 5 min", "enforce, not now" */
static void mode_cell(struct damp_sheet *t, const json_t *rule)
{
	const char *mode = damp_get_text(rule, "mode"), *when = damp_get_text(rule, "time");
	const long long left = damp_get_int(rule, "mode_remaining_s");
	const bool waits = when[0] != '\0' && strcmp(when, "now") != 0;
	char span[DAMP_TEXT_LEN];

	damp_sheet_cell(t, waits ? DAMP_DIM : mode_colour(mode), "%s%s%s%s%s", mode, left > 0 ? " for " : "",
			left > 0 ? damp_text_span(span, sizeof(span), (uint64_t)left) : "", waits ? ", " : "",
			waits ? when : "");
}

static void rule_row(struct damp_sheet *t, const json_t *rule, bool with_bytes)
{
	static const char *const outcome[] = { "matched", "over", "would", "acted" };
	const json_t *counters = json_object_get(rule, "counters");

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(rule, "id"));
	mode_cell(t, rule);
	damp_sheet_cell(t, DAMP_DIM, "%s:%lld", base_name(damp_get_text(rule, "file")),
			damp_get_int(rule, "line"));
	for (size_t i = 0; i < sizeof(outcome) / sizeof(outcome[0]); i++)
		outcome_cells(t, counters, outcome[i], with_bytes);
}

static bool unknown_program(const json_t *doc)
{
	if (damp_get_true(doc, "known"))
		return false;
	puts("the data plane runs a program that it does not show: no rules are known");
	return true;
}

static void print_rules(const struct damp_cli *cli, const json_t *doc)
{
	const bool with_bytes = damp_sheet_room() >= ROOM_FOR_BYTES;
	const json_t *rules = json_object_get(doc, "rules"), *rule;
	struct damp_sheet *t;
	size_t i;

	if (unknown_program(doc))
		return;
	if (json_array_size(rules) == 0) {
		puts("no rules: only the guard decides (see 'damper show limits')");
		return;
	}
	t = damp_sheet_new(with_bytes ? "lllrrrrrrrr" : "lllrrrr");
	damp_sheet_heads(t, with_bytes ? "RULE|MODE|AT|MATCHED|BYTES|OVER|BYTES|WOULD|BYTES|ACTED|BYTES" :
					 "RULE|MODE|AT|MATCHED|OVER|WOULD|ACTED");
	json_array_foreach(rules, i, rule)
		rule_row(t, rule, with_bytes);
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

static void print_limits(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *guard = json_object_get(doc, "guard");

	if (unknown_program(doc))
		return;
	printf("Toward a peer that has not proved it is there: at most %.2f bytes for each byte\n"
	       "it sent, and never more than this, whatever the rules say:\n\n",
	       damp_get_number(guard, "max_factor"));
	damp_guard_print(cli, guard, 0);
	if (json_array_size(json_object_get(doc, "limits")) == 0) {
		puts("\nThe rules have no limits of their own.");
		return;
	}
	puts("\nLimits of the rules:\n");
	damp_limits_print(cli, json_object_get(doc, "limits"), 0);
}

int damp_cmd_show_rules(struct damp_cli *cli)
{
	if (cli->args.generation != NULL)
		return damp_change_show_generation(cli);
	return damp_show(cli, "/v1/rules", print_rules, NULL);
}

int damp_cmd_show_limits(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/limits", print_limits, NULL);
}
