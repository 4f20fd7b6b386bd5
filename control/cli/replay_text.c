/* SPDX-License-Identifier: BSD-3-Clause */
/* A replay for people, in the manner of operators.md 3.8; see replay.h. */
#include "replay.h"

#include "common/text.h"
#include "foresight/witness.h"
#include "json_get.h"
#include "origin.h"
#include "sheet.h"

#include <string.h>

static void print_head(const json_t *doc, const json_t *new, const json_t *against)
{
	const json_t *c = json_object_get(doc, "capture");
	char span[DAMP_TEXT_LEN];

	printf("%s: %lld frames, %lld CoAP, in %s, from %s\n", damp_get_text(c, "file"),
	       damp_get_int(c, "frames"), damp_get_int(c, "coap_frames"),
	       damp_text_span(span, sizeof(span), (uint64_t)damp_get_number(c, "seconds")),
	       *damp_get_text(c, "first") ? damp_get_text(c, "first") : "no time");
	if (against != NULL)
		printf("rules: %s -> ", damp_origin_label(json_object_get(against, "rules_from")));
	else
		printf("rules: ");
	printf("%s; state: %s\n", damp_origin_label(json_object_get(new, "rules_from")),
	       damp_get_text(doc, "state"));
}

static void print_remarks(const json_t *doc)
{
	const json_t *c = json_object_get(doc, "capture"), *sides = json_object_get(doc, "sides");

	for (enum damp_side_witness w = 0; w < DAMP_SIDE_BY_MAX; w++)
		if (damp_get_int(sides, damp_side_witness_label(w)) > 0)
			printf("sides: of %lld CoAP frames by %s\n",
			       damp_get_int(sides, damp_side_witness_label(w)),
			       damp_side_witness_text(w));
	puts("checksums: not judged, since captures hold frames before the network card fills them "
	     "in");
	if (damp_get_int(c, "cut") > 0)
		printf("frames not whole in the capture, not judged: %lld\n",
		       damp_get_int(c, "cut"));
	if (damp_get_int(c, "out_of_order") > 0)
		printf("frames older than one before them, for which time did not run back: %lld\n",
		       damp_get_int(c, "out_of_order"));
	putchar('\n');
}

/* "+12 (+0.34 %)" */
static void difference_cell(struct damp_sheet *t, long long new, long long against,
			    enum damp_colour colour)
{
	const long long d = new - against;

	if (d == 0)
		damp_sheet_cell(t, DAMP_DIM, "0");
	else if (against == 0)
		damp_sheet_cell(t, colour, "%+lld", d);
	else
		damp_sheet_cell(t, colour, "%+lld (%+.2f %%)", d,
				100.0 * (double)d / (double)against);
}

static void count_row(struct damp_sheet *t, const char *label, const char *key, const json_t *new,
		      const json_t *against, enum damp_colour colour)
{
	const long long n = damp_get_int(new, key), a = damp_get_int(against, key);

	damp_sheet_cell(t, DAMP_PLAIN, "%s", label);
	if (against != NULL)
		damp_sheet_cell(t, DAMP_PLAIN, "%lld", a);
	damp_sheet_cell(t, DAMP_PLAIN, "%lld", n);
	if (against != NULL)
		difference_cell(t, n, a, colour);
}

/* A row of what has no difference: cell makes those of one rule set. */
static void plain_row(struct damp_sheet *t, const char *label,
		      void (*cell)(struct damp_sheet *, const json_t *), const json_t *new,
		      const json_t *against)
{
	damp_sheet_cell(t, DAMP_PLAIN, "%s", label);
	if (against != NULL)
		cell(t, against);
	cell(t, new);
	if (against != NULL)
		damp_sheet_cell(t, DAMP_DIM, " ");
}

static void factor_cell(struct damp_sheet *t, const json_t *set)
{
	const json_t *w = json_object_get(set, "worst_amplification");

	if (json_is_object(w))
		damp_sheet_cell(t, DAMP_PLAIN, "%.2fx", damp_get_number(w, "factor"));
	else
		damp_sheet_cell(t, DAMP_DIM, "-");
}

static void longest_cell(struct damp_sheet *t, const json_t *held)
{
	damp_sheet_cell(t, DAMP_PLAIN, "%.2f s", damp_get_number(held, "longest_s"));
}

/* What was held behind a ping, and what became of it. */
static void held_rows(struct damp_sheet *t, const json_t *new, const json_t *against)
{
	const json_t *n = json_object_get(new, "held"),
		     *a = against ? json_object_get(against, "held") : NULL;

	if (damp_get_int(n, "messages") == 0 && damp_get_int(a, "messages") == 0)
		return;
	count_row(t, "  held behind a ping", "messages", n, a, DAMP_PLAIN);
	count_row(t, "    peer proved, forwarded", "forwarded", n, a, DAMP_PLAIN);
	count_row(t, "    challenged once more", "challenged", n, a, DAMP_PLAIN);
	count_row(t, "    dropped", "dropped", n, a, DAMP_PLAIN);
	count_row(t, "    waiting at the end", "waiting", n, a, DAMP_PLAIN);
	plain_row(t, "    longest wait", longest_cell, n, a);
}

static void print_counts(const struct damp_cli *cli, const json_t *new, const json_t *against)
{
	struct damp_sheet *t = damp_sheet_new(against != NULL ? "lrrr" : "lr");

	damp_sheet_cell(t, DAMP_PLAIN, " ");
	if (against != NULL)
		damp_sheet_cell(t, DAMP_BOLD, "%s",
				damp_origin_label(json_object_get(against, "rules_from")));
	damp_sheet_cell(t, DAMP_BOLD, "%s", damp_origin_label(json_object_get(new, "rules_from")));
	if (against != NULL)
		damp_sheet_cell(t, DAMP_BOLD, "difference");
	count_row(t, "accepted", "accepted", new, against, DAMP_PLAIN);
	count_row(t, "dropped", "dropped", new, against, DAMP_PLAIN);
	count_row(t, "  verified peers dropped", "verified_dropped", new, against, DAMP_RED);
	count_row(t, "challenged", "challenged", new, against, DAMP_PLAIN);
	held_rows(t, new, against);
	count_row(t, "answered by the gateway", "answered", new, against, DAMP_PLAIN);
	count_row(t, "not CoAP, forwarded", "not_coap", new, against, DAMP_PLAIN);
	count_row(t, "bytes from unverified peers", "unverified_bytes_in", new, against,
		  DAMP_PLAIN);
	count_row(t, "bytes to unverified peers", "unverified_bytes_out", new, against, DAMP_PLAIN);
	plain_row(t, "worst amplification", factor_cell, new, against);
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

/* "14:07:07.113" of an RFC 3339 time. */
static const char *clock_of(const char *time)
{
	static const size_t date = sizeof("2026-01-01T") - 1;

	return strlen(time) > date ? time + date : time;
}

static void changed_cell(struct damp_sheet *t, const json_t *c)
{
	if (!json_is_object(c)) {
		damp_sheet_cell(t, DAMP_DIM, "-");
		return;
	}
	damp_sheet_cell(t, DAMP_PLAIN, "#%lld  %s  %s -> %s  %s, was %s", damp_get_int(c, "frame"),
			clock_of(damp_get_text(c, "time")), damp_get_text(c, "src"),
			damp_get_text(c, "dst"), damp_get_text(c, "new"),
			damp_get_text(c, "against"));
}

static void outcome_cell(struct damp_sheet *t, const json_t *counts, const char *outcome)
{
	if (json_is_object(counts))
		damp_sheet_cell(t, DAMP_PLAIN, "%lld", damp_get_int(counts, outcome));
	else
		damp_sheet_cell(t, DAMP_DIM, "gone");
}

static void rule_row(struct damp_sheet *t, const json_t *rule, bool two)
{
	const json_t *new = json_object_get(rule, "new"),
		     *against = json_object_get(rule, "against");

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(rule, "id"));
	outcome_cell(t, new, "matched");
	outcome_cell(t, new, "over");
	outcome_cell(t, new, "would");
	outcome_cell(t, new, "acted");
	if (!two)
		return;
	difference_cell(t, damp_get_int(new, "acted"), damp_get_int(against, "acted"), DAMP_PLAIN);
	changed_cell(t, json_object_get(rule, "first_changed"));
}

static void print_rules(const struct damp_cli *cli, const json_t *doc, bool two)
{
	struct damp_sheet *t;
	const json_t *rule;
	size_t i;

	if (json_array_size(json_object_get(doc, "rules")) == 0)
		return;
	t = damp_sheet_new(two ? "lrrrrrl" : "lrrrr");
	damp_sheet_heads(t, two ? "rule|matched|over|would|acted|difference|first changed frame"
				: "rule|matched|over|would|acted");
	json_array_foreach (json_object_get(doc, "rules"), i, rule)
		rule_row(t, rule, two);
	putchar('\n');
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

static void print_reasons(const struct damp_cli *cli, const json_t *new, const json_t *against)
{
	const json_t *a = json_object_get(against, "reasons"), *n = json_object_get(new, "reasons"),
		     *count;
	struct damp_sheet *t = damp_sheet_new(against != NULL ? "lrrr" : "lr");
	json_t *all = json_object();
	const char *label;

	json_object_update(all, (json_t *)(uintptr_t)n);
	if (against != NULL)
		json_object_update_missing(all, (json_t *)(uintptr_t)a);
	damp_sheet_heads(t, against != NULL ? "reason|before|new|difference" : "reason|frames");
	json_object_foreach (all, label, count)
		count_row(t, label, label, n, against != NULL ? a : NULL, DAMP_PLAIN);
	putchar('\n');
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
	json_decref(all);
}

static void print_tables(const json_t *set)
{
	const json_t *tables = json_object_get(set, "tables");
	const char *names[] = { "ledger", "exchanges", "observations", "peers" };

	printf("tables of %s, at most:", damp_origin_label(json_object_get(set, "rules_from")));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *t = json_object_get(tables, names[i]);

		printf("%s %s %lld of %lld", i ? ";" : "", names[i], damp_get_int(t, "most"),
		       damp_get_int(t, "capacity"));
		if (damp_get_int(t, "evictions") > 0)
			printf(" (%lld evicted)", damp_get_int(t, "evictions"));
	}
	putchar('\n');
	if (damp_get_int(set, "packets_of_addresses_not_followed") > 0)
		printf("worst amplification: %lld packets were of addresses beyond the first %lld, "
		       "not followed\n",
		       damp_get_int(set, "packets_of_addresses_not_followed"),
		       damp_get_int(set, "addresses"));
}

void damp_replay_print(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *sets = json_object_get(doc, "sets"), *new = json_object_get(sets, "new"),
		     *against = json_object_get(sets, "against"),
		     *changed = json_object_get(doc, "changed");

	print_head(doc, new, against);
	print_remarks(doc);
	print_counts(cli, new, against);
	print_rules(cli, doc, against != NULL);
	print_reasons(cli, new, against);
	putchar('\n');
	if (against != NULL)
		print_tables(against);
	print_tables(new);
	if (against == NULL)
		return;
	if (damp_get_int(changed, "frames") > 0)
		printf("verdicts of %lld frames differ, the first of #%lld\n",
		       damp_get_int(changed, "frames"),
		       damp_get_int(json_object_get(changed, "first"), "frame"));
	else
		puts("all verdicts are the same");
}
