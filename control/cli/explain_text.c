/* SPDX-License-Identifier: BSD-3-Clause */
/* An explanation for people; see explain.h. */
#include "explain.h"

#include "foresight/decode.h"
#include "json_get.h"
#include "origin.h"
#include "sheet.h"

#include <string.h>

#define LINE_MAX_LEN 400

static void print_options(const json_t *message)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(message, "options"), i, o) {
		const char *name = damp_get_text(o, "name"), *hex = damp_get_text(o, "hex");

		printf("          option %lld %s%s%.64s%s\n", damp_get_int(o, "number"),
		       *name ? name : "(not known)", *hex ? " 0x" : "", hex,
		       strlen(hex) > 64 ? "..." : "");
	}
	if (damp_get_int(message, "payload_len") > 0)
		printf("          payload %lld B\n", damp_get_int(message, "payload_len"));
}

static void print_message(const json_t *message)
{
	char line[LINE_MAX_LEN];

	printf("message   %s\n", damp_message_line(message, line, sizeof(line)));
	print_options(message);
}

static void print_list(const char *head, const json_t *words)
{
	const json_t *w;
	size_t i;

	printf("          %s", head);
	json_array_foreach (words, i, w)
		printf("%s %s", i > 0 ? "," : "", json_string_value(w));
	putchar('\n');
}

/* What the running judge saw, and what was made of it here. */
static void print_live(const json_t *live)
{
	if (live == NULL)
		return;
	printf("          %s at %s by generation %lld%s%s\n",
	       strcmp(damp_get_text(live, "how"), "peek") == 0 ? "asked" : "judged",
	       damp_get_text(live, "time"), damp_get_int(live, "generation"),
	       damp_get_true(live, "held_before") ? ", held before this" : "",
	       damp_get_true(live, "bypass") ? ", bypassed" : "");
	print_list("measured there:", json_object_get(live, "measured"));
	print_list("derived here:", json_object_get(live, "derived"));
	if (json_object_get(live, "frame_cut_to") != NULL)
		printf("          only the first %lld bytes of the frame were kept\n",
		       damp_get_int(live, "frame_cut_to"));
	if (damp_get_true(live, "not_all_recorded"))
		puts("          more rules, limits or budgets were looked at than a record holds");
	if (*damp_get_text(live, "not_read"))
		printf("          %s\n", damp_get_text(live, "not_read"));
}

static void print_frame(const json_t *doc)
{
	const json_t *f = json_object_get(doc, "frame"), *k = json_object_get(doc, "known"),
		     *x = json_object_get(k, "exchange");
	char line[LINE_MAX_LEN];

	printf("frame     %s, %s to %s, %lld IP bytes\n", damp_get_text(f, "is"),
	       damp_get_text(f, "src"), damp_get_text(f, "dst"), damp_get_int(f, "ip_bytes"));
	printf("side      came in %s (%s)\n", damp_get_text(f, "side"),
	       damp_get_text(doc, "side_by"));
	damp_origin_line(json_object_get(doc, "rules_from"), line, sizeof(line));
	printf("rules     %s\n", line);
	printf("state     %s\n", damp_get_text(doc, "state"));
	print_live(json_object_get(doc, "live"));
	printf("known     %s; the outside end is %sproved; ", damp_get_text(k, "kind"),
	       damp_get_true(k, "proved") ? "" : "not ");
	if (json_is_object(x))
		printf("exchange on record with %lld B of credit left",
		       damp_get_int(x, "credit_bytes"));
	else
		printf("no exchange on record");
	puts(damp_get_true(k, "exempt") ? "; the outside end is exempt" : "");
}

/* "path: /x is not what it asks for" */
static void why_line(const json_t *why, char *out, size_t len)
{
	const char *attribute = damp_get_text(why, "attribute"),
		   *value = damp_get_text(why, "value");
	size_t n, i;
	const json_t *o;

	if (strcmp(attribute, "mode") == 0) {
		snprintf(out, len, "no: mode off");
	} else if (strcmp(attribute, "option") == 0) {
		n = (size_t)snprintf(out, len,
				     "no: option: it wants %s:", damp_get_text(why, "wanted"));
		json_array_foreach (json_object_get(why, "options"), i, o)
			if (n < len)
				n += (size_t)snprintf(out + n, len - n, " %s",
						      json_string_value(o));
	} else {
		snprintf(out, len, "no: %s: not for %.120s%s", attribute,
			 *value ? value : "an empty one",
			 damp_get_true(why, "only_the_side") ? ", because of its side" : "");
	}
}

static void print_open(const struct damp_cli *cli, const json_t *limit, const json_t *rung)
{
	const bool fits = damp_get_true(rung, "fits");

	printf("      limit %s, per %s %s: %lld open, of %lld: %s%s%s\n", damp_get_text(limit, "name"),
	       damp_get_text(limit, "per"), damp_get_text(rung, "key"), damp_get_int(rung, "measured"),
	       damp_get_int(rung, "max"), damp_colour(cli, fits ? DAMP_GREEN : DAMP_RED),
	       fits ? "fits" : "over", damp_colour(cli, DAMP_PLAIN));
}

static void print_limits(const struct damp_cli *cli, const json_t *rule)
{
	const json_t *limit, *rung;
	size_t i, k;

	json_array_foreach (json_object_get(rule, "limits"), i, limit) {
		if (json_object_get(limit, "max_factor") != NULL)
			printf("      limit %s: at most %.2fx of what came\n",
			       damp_get_text(limit, "name"), damp_get_number(limit, "max_factor"));
		json_array_foreach (json_object_get(limit, "rungs"), k, rung) {
			const bool fits = damp_get_true(rung, "fits");

			if (json_object_get(rung, "per_s") == NULL) {
				print_open(cli, limit, rung);
				continue;
			}
			printf("      limit %s, per %s %s: %.1f and %lld more, of %.1f %s "
			       "(%.3g/s): %s%s%s\n",
			       damp_get_text(limit, "name"), damp_get_text(limit, "per"),
			       damp_get_text(rung, "key"), damp_get_number(rung, "measured"),
			       damp_get_int(rung, "cost"), damp_get_number(rung, "max"),
			       damp_get_text(rung, "unit"), damp_get_number(rung, "per_s"),
			       damp_colour(cli, fits ? DAMP_GREEN : DAMP_RED),
			       fits ? "fits" : "over", damp_colour(cli, DAMP_PLAIN));
		}
	}
}

static bool did(const json_t *rule, const char *outcome)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(rule, "outcome"), i, o)
		if (strcmp(json_string_value(o), outcome) == 0)
			return true;
	return false;
}

static void print_rule(const struct damp_cli *cli, const json_t *rule)
{
	const bool asked = damp_get_true(rule, "asked"), matched = damp_get_true(rule, "matched");
	char line[LINE_MAX_LEN] = "not asked";

	if (asked && !matched)
		why_line(json_object_get(rule, "why_not"), line, sizeof(line));
	if (asked && !matched && damp_get_true(rule, "differs"))
		snprintf(line, sizeof(line), "did not match there; by what is known here it would");
	if (asked && matched)
		snprintf(line, sizeof(line), "matches%s%s: %s%s%s",
			 damp_get_true(rule, "differs") ? " (there; not by what is known here)" : "",
			 did(rule, "over") ? ", over its limit" : "",
			 did(rule, "would") ? "would " : "", damp_get_text(rule, "action"),
			 did(rule, "acted") ? ", final" : "");
	printf("  %s%-20s%s %-24s %s\n", damp_colour(cli, matched && asked ? DAMP_BOLD : DAMP_DIM),
	       damp_get_text(rule, "id"), damp_colour(cli, DAMP_PLAIN), damp_get_text(rule, "at"),
	       line);
	if (asked && matched)
		print_limits(cli, rule);
}

static void print_rules(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *rules = json_object_get(doc, "rules"), *rule;
	size_t i;

	if (!json_is_array(rules)) {
		const char *id = damp_get_text(json_object_get(doc, "live"), "rule");

		printf("\nrules     those of that generation are gone%s%s%s\n",
		       *id ? "; one of them, " : "", id, *id ? ", was the last to match" : "");
		return;
	}
	puts(json_array_size(rules) > 0 ? "\nrules, in their order"
					: "\nno rules: only the guard decides");
	json_array_foreach (rules, i, rule)
		print_rule(cli, rule);
}

static void print_guard(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *budgets = json_object_get(doc, "guard"), *b;
	size_t i;

	puts(json_array_size(budgets) > 0 ? "\nbudgets of the guard it was asked to fit"
					  : "\nno budget of the guard was asked");
	json_array_foreach (budgets, i, b) {
		const bool fits = damp_get_true(b, "fits");

		printf("  %-16s %-24s %5.1f %% used, this needs %.1f %%: %s%s%s\n",
		       damp_get_text(b, "budget"), damp_get_text(b, "key"),
		       damp_get_number(b, "used_percent"), damp_get_number(b, "needs_percent"),
		       damp_colour(cli, fits ? DAMP_GREEN : DAMP_RED),
		       fits ? "fits" : "does not fit", damp_colour(cli, DAMP_PLAIN));
	}
}

static void print_effects(const json_t *e)
{
	const json_t *open = json_object_get(e, "opens_exchange");

	if (open != NULL)
		printf("          opens an exchange with %lld B of credit for answers, for %lld "
		       "s\n",
		       damp_get_int(open, "credit_bytes"), damp_get_int(open, "life_s"));
	if (json_object_get(e, "asks_for_blocks_of") != NULL)
		printf("          asks the device for blocks of %lld B\n",
		       damp_get_int(e, "asks_for_blocks_of"));
	if (json_object_get(e, "paid_by_exchange") != NULL)
		printf("          takes %lld B from the credit of its exchange\n",
		       damp_get_int(e, "paid_by_exchange"));
	if (*damp_get_text(e, "proves_peer_by"))
		printf("          proves the outside end by %s\n",
		       damp_get_text(e, "proves_peer_by"));
	if (damp_get_true(e, "opens_observation"))
		puts("          opens an observation");
	if (damp_get_true(e, "closes_observation"))
		puts("          closes the observation");
	if (damp_get_int(e, "more_pings") > 0)
		printf("          pings %lld more times, each 0.4 s, unless the peer proves "
		       "itself\n",
		       damp_get_int(e, "more_pings"));
	if (damp_get_int(e, "pings") == 1)
		puts("          pings once meanwhile");
	else if (damp_get_int(e, "pings") > 0)
		printf("          pings up to %lld times meanwhile\n", damp_get_int(e, "pings"));
}

static void print_sends(const json_t *s)
{
	char line[LINE_MAX_LEN];

	if (!json_is_object(s)) {
		puts("sends     nothing");
		return;
	}
	if (!damp_get_true(s, "changed")) {
		printf("sends     the frame as it is, %s, %lld IP bytes\n", damp_get_text(s, "to"),
		       damp_get_int(s, "ip_bytes"));
		return;
	}
	if (json_object_get(s, "message") == NULL) {
		printf("sends     another frame in its place, %s, %lld IP bytes; what it says is not known\n",
		       damp_get_text(s, "to"), damp_get_int(s, "ip_bytes"));
		return;
	}
	printf("sends     %s, from %s to %s, %lld IP bytes\n", damp_get_text(s, "to"),
	       damp_get_text(s, "src"), damp_get_text(s, "dst"), damp_get_int(s, "ip_bytes"));
	printf("          %s\n",
	       damp_message_line(json_object_get(s, "message"), line, sizeof(line)));
	print_options(json_object_get(s, "message"));
}

static void print_verdict(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *v = json_object_get(doc, "verdict");
	const bool dropped = damp_get_true(v, "dropped");

	printf("\nverdict   %s%s%s: %s", damp_colour(cli, dropped ? DAMP_RED : DAMP_GREEN),
	       damp_get_text(v, "verdict"), damp_colour(cli, DAMP_PLAIN),
	       damp_get_text(v, "reason"));
	if (*damp_get_text(v, "rule"))
		printf(", by rule %s at %s", damp_get_text(v, "rule"), damp_get_text(v, "at"));
	printf("\n          %s\n", damp_get_text(v, "help"));
	if (damp_get_true(v, "would_act"))
		puts("          a rule in mode observe would have acted");
}

void damp_explain_print(const struct damp_cli *cli, const json_t *doc)
{
	/* A bare message has "options"; an explanation has "verdict". */
	if (json_object_get(doc, "verdict") == NULL) {
		print_message(doc);
		puts("verdict   no rules were named, so only the strict scan was asked");
		return;
	}
	if (json_is_object(json_object_get(doc, "message")))
		print_message(json_object_get(doc, "message"));
	print_frame(doc);
	print_rules(cli, doc);
	print_guard(cli, doc);
	print_verdict(cli, doc);
	print_effects(json_object_get(doc, "effects"));
	print_sends(json_object_get(doc, "sends"));
}
