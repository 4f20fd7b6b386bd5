/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits as text; see limits_text.h. */
#include "limits_text.h"

#include "common/text.h"
#include "json_get.h"
#include "sheet.h"

#include <string.h>

#define FEW 100 /* messages; below, a fraction matters */

static char *messages_text(char *out, size_t len, double n)
{
	if (n >= FEW)
		return damp_text_count(out, len, n);
	snprintf(out, len, "%.3g", n);
	return out;
}

/* "1.5 kB/s" or "20 msg/min": the largest unit of time that keeps it above 1. */
static void rate_text(char *out, size_t len, double per_s, bool messages)
{
	const char *unit = "s";
	char text[DAMP_TEXT_LEN];

	if (per_s > 0 && per_s < 1) {
		per_s *= 60;
		unit = "min";
	}
	if (per_s > 0 && per_s < 1) {
		per_s *= 60;
		unit = "h";
	}
	if (!messages)
		snprintf(out, len, "%s/%s", damp_text_bytes(text, sizeof(text), per_s), unit);
	else
		snprintf(out, len, "%s msg/%s", messages_text(text, sizeof(text), per_s), unit);
}

static void burst_text(char *out, size_t len, double burst, bool messages)
{
	char text[DAMP_TEXT_LEN];

	if (messages)
		snprintf(out, len, "%s msg", messages_text(text, sizeof(text), burst));
	else
		snprintf(out, len, "%s", damp_text_bytes(text, sizeof(text), burst));
}

static void rung_cells(struct damp_sheet *t, const json_t *rung, const char *family)
{
	bool messages = strcmp(damp_get_text(rung, "unit"), "messages") == 0;
	char rate[64], burst[64];

	if (json_object_get(rung, "open") != NULL) {
		damp_sheet_cell(t, DAMP_PLAIN, "%s/%lld", family, damp_get_int(rung, "prefix"));
		damp_sheet_cell(t, DAMP_PLAIN, "%lld open", damp_get_int(rung, "open"));
		damp_sheet_cell(t, DAMP_PLAIN, "-");
		return;
	}
	rate_text(rate, sizeof(rate), damp_get_number(rung, "per_s"), messages);
	burst_text(burst, sizeof(burst), damp_get_number(rung, "burst"), messages);
	if (damp_get_number(rung, "per_s") <= 0) {
		for (unsigned i = 0; i < 3; i++)
			damp_sheet_cell(t, DAMP_DIM, i == 1 ? "no limit" : "-");
		return;
	}
	damp_sheet_cell(t, DAMP_PLAIN, "%s/%lld", family, damp_get_int(rung, "prefix"));
	damp_sheet_cell(t, DAMP_PLAIN, "%s", rate);
	damp_sheet_cell(t, DAMP_PLAIN, "%s", burst);
}

/* Messages, bytes, exchanges: the kind; else what its `count` says. */
static const char *what_counts(const json_t *limit)
{
	return damp_get_text(limit, json_object_get(limit, "count") ? "count" : "kind");
}

static void name_cells(struct damp_sheet *t, const json_t *limit, bool first)
{
	damp_sheet_cell(t, DAMP_PLAIN, "%s", first ? damp_get_text(limit, "name") : "");
	damp_sheet_cell(t, DAMP_PLAIN, "%s", first ? what_counts(limit) : "");
	damp_sheet_cell(t, DAMP_PLAIN, "%s", first ? damp_get_text(limit, "per") : "");
}

static void limit_rows(struct damp_sheet *t, const json_t *limit)
{
	static const char *const family[] = { "ipv4", "ipv6" };
	bool first = true;
	const json_t *rung;
	size_t i;

	if (json_object_get(limit, "max_factor") != NULL) {
		name_cells(t, limit, true);
		damp_sheet_cell(t, DAMP_PLAIN, "-");
		damp_sheet_cell(t, DAMP_PLAIN, "%.2fx", damp_get_number(limit, "max_factor"));
		if (damp_get_int(limit, "floor_bytes") > 0)
			damp_sheet_cell(t, DAMP_PLAIN, "+%lld B", damp_get_int(limit, "floor_bytes"));
		else
			damp_sheet_cell(t, DAMP_PLAIN, "-");
		first = false;
	}
	for (unsigned f = 0; f < 2; f++) {
		json_array_foreach(json_object_get(limit, family[f]), i, rung) {
			name_cells(t, limit, first);
			rung_cells(t, rung, family[f]);
			first = false;
		}
	}
}

void damp_limits_print(const struct damp_cli *cli, const json_t *limits, unsigned indent)
{
	struct damp_sheet *t;
	const json_t *limit;
	size_t i;

	if (json_array_size(limits) == 0)
		return;
	t = damp_sheet_new("llllrr");
	damp_sheet_heads(t, "LIMIT|COUNTS|PER|PREFIX|RATE|BURST");
	json_array_foreach(limits, i, limit)
		limit_rows(t, limit);
	damp_sheet_print(t, cli, indent);
	damp_sheet_free(t);
}

struct guard_row {
	const char *key, *what;
};

static const struct guard_row guard_rows[] = {
	{ "host4", "bytes toward one unproved IPv4 address" },
	{ "net4", "bytes toward one IPv4 network" },
	{ "host6", "bytes toward one unproved IPv6 address" },
	{ "net6", "bytes toward one IPv6 network" },
	{ "first_host", "requests of one address served on trust" },
	{ "first_known", "the same where somebody is proved" },
	{ "first_net4", "requests of one IPv4 network on trust" },
	{ "first_net6", "requests of one IPv6 network on trust" },
	{ "server", "unproved requests to one inside server" },
	{ "proved", "bytes of one proved peer" },
	{ "challenge_host", "challenges to one address" },
	{ "challenge_retry", "challenges to requests that came again" },
	{ "challenge_net4", "challenges to one IPv4 network" },
	{ "challenge_net6", "challenges to one IPv6 network" },
	{ "challenge_all", "challenges of this gateway in all" },
	{ "ping", "CoAP pings of one address" },
	{ "probing", "requests from inside to a silent peer" },
};

void damp_guard_print(const struct damp_cli *cli, const json_t *guard, unsigned indent)
{
	struct damp_sheet *t = damp_sheet_new("llrr");

	damp_sheet_heads(t, "GUARD|PREFIX|RATE|BURST");
	for (size_t i = 0; i < sizeof(guard_rows) / sizeof(guard_rows[0]); i++) {
		damp_sheet_cell(t, DAMP_PLAIN, "%s", guard_rows[i].what);
		rung_cells(t, json_object_get(guard, guard_rows[i].key), "");
	}
	damp_sheet_print(t, cli, indent);
	damp_sheet_free(t);
}
