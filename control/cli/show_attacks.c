/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The attacks that last; see show_attacks.h.
 *
 * What matters most comes first: what is refused before what would be, and the
 * larger rate before the smaller. A line is as narrow as it can be, so that all of
 * it is seen on a terminal of 80 columns.
 */
#include "show_attacks.h"

#include "common/text.h"
#include "json_get.h"
#include "sheet.h"
#include "show.h"

#include <stdlib.h>
#include <string.h>

#define ATTACKS_SHOWN 8u

static bool observed(const json_t *a)
{
	return strcmp(damp_get_text(a, "mode"), "observe") == 0;
}

static int by_weight(const void *pa, const void *pb)
{
	const json_t *const *a = pa, *const *b = pb;
	const double x = damp_get_number(*a, "packets_per_s"), y = damp_get_number(*b, "packets_per_s");

	if (observed(*a) != observed(*b))
		return observed(*a) ? 1 : -1;
	return (x < y) - (x > y);
}

static void rate_cell(struct damp_sheet *t, const json_t *a, const char *key)
{
	char n[DAMP_TEXT_LEN];

	damp_sheet_cell(t, DAMP_PLAIN, "%s/s", damp_text_count(n, sizeof(n), damp_get_number(a, key)));
}

/* A rule that only observes says so in the place of "rule". */
static void attack_row(struct damp_sheet *t, const json_t *a)
{
	const char *rule = damp_get_text(a, "rule");
	const char *kind = rule[0] == '\0' ? "" : observed(a) ? "observing " : "rule ";
	char since[DAMP_TEXT_LEN];

	damp_sheet_cell(t, observed(a) ? DAMP_YELLOW : DAMP_RED, "%s%s", kind,
			rule[0] != '\0' ? rule : damp_get_text(a, "reason"));
	damp_sheet_cell(t, DAMP_PLAIN, "%s",
			damp_show_since(since, sizeof(since), damp_get_text(a, "started")));
	rate_cell(t, a, "packets_per_s");
	rate_cell(t, a, "peak_packets_per_s");
	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(a, "worst_target"));
}

void damp_print_attacks(const struct damp_cli *cli, const json_t *attacks, unsigned indent)
{
	const size_t n = json_array_size(attacks);
	const json_t **sorted;
	struct damp_sheet *t;

	if (n == 0)
		return;
	sorted = calloc(n, sizeof(*sorted));
	if (sorted == NULL)
		exit(damp_fail(DAMP_EXIT_INTERNAL, "no memory"));
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(attacks, i);
	qsort(sorted, n, sizeof(*sorted), by_weight);
	printf("%-*s%sUNDER ATTACK%s; refused each second (observing: only seen):\n", (int)indent, "attacks",
	       damp_colour(cli, DAMP_RED), damp_colour(cli, DAMP_PLAIN));
	t = damp_sheet_new("llrrl");
	damp_sheet_heads(t, "BY|SINCE|NOW|AT MOST|MOST TO");
	for (size_t i = 0; i < n && i < ATTACKS_SHOWN; i++)
		attack_row(t, sorted[i]);
	damp_sheet_print(t, cli, indent);
	damp_sheet_free(t);
	free(sorted);
	if (n > ATTACKS_SHOWN)
		printf("%*sand %zu more: damper show status --json\n", (int)indent, "", n - ATTACKS_SHOWN);
}
