/* SPDX-License-Identifier: BSD-3-Clause */
/* What was learned, as a table; see learn.h. */
#include "common/text.h"
#include "json_get.h"
#include "learn.h"
#include "sheet.h"

#include <string.h>

static const char *const shares[] = { "p50", "p95", "p99", "max" };

static void cells(struct damp_sheet *t, const json_t *q, bool bytes, const char *per)
{
	char text[DAMP_TEXT_LEN];

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		const double v = damp_get_number(q, shares[i]);

		if (bytes)
			damp_sheet_cell(t, DAMP_PLAIN, "%s%s", damp_text_bytes(text, sizeof(text), v), per);
		else
			damp_sheet_cell(t, DAMP_PLAIN, "%.4g%s", v, per);
	}
}

static void row(struct damp_sheet *t, const json_t *s, const char *unit, const char *what)
{
	const bool bytes = strcmp(unit, "bytes") == 0, rate = strcmp(what, "rate") == 0;

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(s, "side"));
	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(s, "per"));
	damp_sheet_cell(t, DAMP_DIM, "%s in %s", unit, rate ? "a second" : "one second");
	damp_sheet_cell(t, DAMP_DIM, "%lld", damp_get_int(s, "values"));
	cells(t, json_object_get(json_object_get(s, unit), what), bytes, rate ? "/s" : "");
}

static void print_origin(const json_t *doc)
{
	char span[DAMP_TEXT_LEN];

	if (strcmp(damp_get_text(doc, "from"), "capture") == 0)
		printf("from %s, %lld frames", damp_get_text(doc, "file"), damp_get_int(doc, "frames"));
	else
		printf("from live traffic (%s), one key in %lld",
		       damp_get_true(doc, "learning") ? "learning" : "stopped", damp_get_int(doc, "sample"));
	printf(": %lld messages in %s\n", damp_get_int(doc, "messages"),
	       damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(doc, "seconds")));
	printf("%lld windows of %lld s; left out because limits acted: %lld windows, %lld keys",
	       damp_get_int(doc, "windows"), damp_get_int(doc, "window_s"),
	       damp_get_int(doc, "windows_left_out"), damp_get_int(doc, "keys_left_out"));
	if (damp_get_int(doc, "keys_not_followed") > 0)
		printf("; %lld messages of keys beyond the tables", damp_get_int(doc, "keys_not_followed"));
	if (damp_get_int(doc, "lost") > 0)
		printf("; %lld samples lost", damp_get_int(doc, "lost"));
	puts("\n");
}

void damp_learn_print(const struct damp_cli *cli, const json_t *doc)
{
	struct damp_sheet *t = damp_sheet_new("lllrrrrr");
	const json_t *s;
	size_t i;

	print_origin(doc);
	damp_sheet_heads(t, "FROM|PER|WHAT|VALUES|HALF BELOW|95% BELOW|99% BELOW|MOST");
	json_array_foreach(json_object_get(doc, "shapes"), i, s) {
		if (damp_get_int(s, "values") == 0)
			continue;
		row(t, s, "messages", "rate");
		row(t, s, "messages", "burst");
		row(t, s, "bytes", "rate");
		row(t, s, "bytes", "burst");
	}
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}
