/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rule file out of what was learned: limits that would have let everything
 * pass, in rules that only observe. Nobody applies it but an operator.
 *
 * Idea: rate is twice what 99 % of the keys stay below in a window, burst twice
 * the most that one of them sent in one second, so that a limit bites only what
 * was never seen. The numbers it comes from stand above each limit.
 *
 * Invariant: `damper check` accepts what is written here.
 */
#include "json_get.h"
#include "learn.h"

#include "common/learn.h"

#include <math.h>
#include <string.h>

#define MARGIN 2.0
#define DRAIN_S 600.0           /* the language wants a burst to drain in 1024 s */

/* A name of a file can end no comment. */
static void put_comment(FILE *f, const char *text)
{
	for (; *text != '\0'; text++)
		fputc((unsigned char)*text < 0x20 ? '?' : *text, f);
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static void put_quantiles(FILE *f, const json_t *q, const char *what, const char *unit)
{
	fprintf(f, "  #   %-18s p50 %.4g, p95 %.4g, p99 %.4g, most %.4g %s\n", what,
		damp_get_number(q, "p50"), damp_get_number(q, "p95"), damp_get_number(q, "p99"),
		damp_get_number(q, "max"), unit);
}

/* "12.5", at most three decimals and never zero. */
static void put_number(FILE *f, double v)
{
	const double up = larger(ceil(v * 1000) / 1000, 0.001);

	fprintf(f, up == floor(up) ? "%.0f" : "%.9g", up);
}

static bool is_per(const json_t *s, const char *per)
{
	return strcmp(damp_get_text(s, "per"), per) == 0;
}

/* Tenants are addresses that only the rules know; this file has none of them. */
static bool needs_more(const json_t *s)
{
	return is_per(s, "tenant");
}

static void put_limit(FILE *f, const json_t *s)
{
	const char *off = needs_more(s) ? "# " : "";
	const json_t *messages = json_object_get(s, "messages"), *bytes = json_object_get(s, "bytes");
	const json_t *rate = json_object_get(messages, "rate"), *burst = json_object_get(messages, "burst");
	const double b = ceil(MARGIN * damp_get_number(burst, "max"));
	const double r = larger(MARGIN * damp_get_number(rate, "p99"), b / DRAIN_S);

	fprintf(f, "  # %lld values\n", damp_get_int(s, "values"));
	put_quantiles(f, rate, "rate", "msg/s");
	put_quantiles(f, burst, "in one second", "msg");
	put_quantiles(f, json_object_get(bytes, "rate"), "rate of bytes", "B/s");
	if (needs_more(s))
		fputs("  # for a file with 'tenants':\n", f);
	fprintf(f, "  %sfrom_%s_per_%s:\n  %s  per: %s\n  %s  rate: ", off, damp_get_text(s, "side"),
		damp_get_text(s, "per"), off, damp_get_text(s, "per"), off);
	put_number(f, r);
	fprintf(f, " msg/s\n  %s  burst: %.0f msg\n", off, larger(b, 1));
	if (!is_per(s, "global"))
		fprintf(f, "  %s  bytes: %.0f B/s\n", off,
			larger(ceil(MARGIN * larger(damp_get_number(json_object_get(bytes, "rate"), "p99"),
						    damp_get_number(json_object_get(bytes, "burst"), "max"))),
			       1));
}

static bool enough(const json_t *s)
{
	return damp_get_int(s, "values") >= DAMP_LEARN_ENOUGH;
}

static unsigned put_limits(FILE *f, const json_t *shapes)
{
	const json_t *s;
	unsigned n = 0;
	size_t i;

	json_array_foreach(shapes, i, s)
		n += enough(s) && !needs_more(s);
	if (n > 0)
		fputs("\nlimits:\n", f);
	json_array_foreach(shapes, i, s) {
		if (enough(s))
			put_limit(f, s);
		else if (!needs_more(s) || damp_get_int(s, "values") > 0)
			fprintf(f, "  # from %s per %s: only %lld values, too few to propose a limit\n",
				damp_get_text(s, "side"), damp_get_text(s, "per"), damp_get_int(s, "values"));
	}
	return n;
}

/* A rule for each limit: they all look at the same messages, one behind the
 * other, and each tells what its limit would have stopped. */
static void put_rule(FILE *f, const json_t *s)
{
	const char *side = damp_get_text(s, "side"), *per = damp_get_text(s, "per");

	fprintf(f, "  - id: learned-from-%s-per-%s\n    mode: observe\n"
		   "    match: {from: %s, msg: %s}\n"
		   "    limit: from_%s_per_%s\n    over: drop\n",
		side, per, side, is_per(s, "path") ? "request" : "[request, response]", side, per);
}

static void put_head(FILE *f, const json_t *doc)
{
	const bool capture = strcmp(damp_get_text(doc, "from"), "capture") == 0;

	fputs("# A proposal of 'damper learn propose'. It is not at work: nobody has loaded it.\n"
	      "#\n"
	      "# Learned from ", f);
	put_comment(f, capture ? damp_get_text(doc, "file") : "live traffic");
	fprintf(f, ": %lld messages, %lld windows of %lld s.\n", damp_get_int(doc, "messages"),
		damp_get_int(doc, "windows"), damp_get_int(doc, "window_s"));
	fprintf(f, "# Left out because limits acted: %lld windows, and %lld keys in others.\n",
		damp_get_int(doc, "windows_left_out"), damp_get_int(doc, "keys_left_out"));
	fputs("#\n"
	      "# rate is twice the 99 % quantile, burst twice the most that was seen in one\n"
	      "# second. Take over what you understand into your own rules; these only observe\n"
	      "# ('would' in damper show rules counts what they would have stopped).\n"
	      "version: 1\n\n"
	      "ruleset:\n  name: learned\n  mode: observe\n", f);
}

void damp_learn_write_rules(FILE *f, const json_t *doc)
{
	const json_t *shapes = json_object_get(doc, "shapes"), *s;
	size_t i;

	put_head(f, doc);
	if (put_limits(f, shapes) == 0) {
		fputs("\nrules: []\n", f);
		return;
	}
	fputs("\nrules:\n", f);
	json_array_foreach(shapes, i, s)
		if (enough(s) && !needs_more(s))
			put_rule(f, s);
}
