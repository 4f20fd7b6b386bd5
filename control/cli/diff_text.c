/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A comparison of rules for people: one line a change, numbers old -> new, and
 * first of all what would be lost.
 */
#include "common/text.h"
#include "diff.h"
#include "json_get.h"
#include "sheet.h"

#include <string.h>

#define LIST_SHOWN 6u

/* "(home.yaml:9 -> new.yaml:11)", or the one side there is. */
static void print_at(const struct damp_cli *cli, FILE *f, const json_t *at)
{
	const char *old = damp_get_text(at, "old"), *new = damp_get_text(at, "new");

	fputs(damp_colour(cli, DAMP_DIM), f);
	if (old[0] != '\0' && new[0] != '\0' && strcmp(old, new) != 0)
		fprintf(f, "  (%s -> %s)", old, new);
	else if (old[0] != '\0' || new[0] != '\0')
		fprintf(f, "  (%s)", new[0] != '\0' ? new : old);
	fprintf(f, "%s\n", damp_colour(cli, DAMP_PLAIN));
}

static void print_items(FILE *f, const json_t *list, long long all, char sign)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (i == LIST_SHOWN)
			break;
		fprintf(f, " %c%s", sign, json_string_value(item));
	}
	if (all > LIST_SHOWN)
		fprintf(f, " %c(%lld more)", sign, all - LIST_SHOWN);
}

static void print_list(FILE *f, const json_t *key)
{
	const json_t *n = json_object_get(key, "items");

	fprintf(f, "%lld -> %lld:", damp_get_int(n, "old"), damp_get_int(n, "new"));
	print_items(f, json_object_get(key, "removed"), damp_get_int(n, "removed"), '-');
	print_items(f, json_object_get(key, "added"), damp_get_int(n, "added"), '+');
}

static void print_side(FILE *f, const json_t *key, const char *side, const char *is_default)
{
	const json_t *text = json_object_get(key, side);

	if (!json_is_string(text)) {
		fputs("none", f);
		return;
	}
	fprintf(f, "%s%s", json_string_value(text), damp_get_true(key, is_default) ? " (default)" : "");
}

static void print_key(const struct damp_cli *cli, FILE *f, const json_t *key)
{
	const double factor = damp_get_number(key, "factor");

	fprintf(f, "      %s: ", damp_get_text(key, "key"));
	if (json_object_get(key, "items") != NULL) {
		print_list(f, key);
	} else {
		print_side(f, key, "old", "old_default");
		fputs(" -> ", f);
		print_side(f, key, "new", "new_default");
	}
	if (factor > 0 && factor != 1)
		fprintf(f, "  [%.3gx]", factor);
	print_at(cli, f, json_object_get(key, "at"));
}

/* What an added thing says, without the arrow from nothing. */
static void print_new_key(FILE *f, const json_t *key)
{
	fprintf(f, "      %s: %s\n", damp_get_text(key, "key"), damp_get_text(key, "new"));
}

static char sign_of(const char *change)
{
	switch (change[0]) {
	case 'a': return '+';
	case 'r': return '-';
	case 'm': return '>';
	default: return '~';
	}
}

static enum damp_colour colour_of(char sign)
{
	return sign == '+' ? DAMP_GREEN : sign == '-' ? DAMP_RED : DAMP_YELLOW;
}

static void print_change(const struct damp_cli *cli, FILE *f, const json_t *c)
{
	const char *change = damp_get_text(c, "change"), *name = damp_get_text(c, "name");
	const json_t *position = json_object_get(c, "position"), *key;
	const char sign = sign_of(change);
	size_t i;

	fprintf(f, "  %s%c %s%s%s%s", damp_colour(cli, colour_of(sign)), sign, damp_get_text(c, "kind"),
		name[0] != '\0' ? " " : "", name, damp_colour(cli, DAMP_PLAIN));
	if (position != NULL && damp_get_text(c, "behind")[0] != '\0')
		fprintf(f, ": moved from place %lld to %lld, behind %s", damp_get_int(position, "old"),
			damp_get_int(position, "new"), damp_get_text(c, "behind"));
	else if (position != NULL)
		fprintf(f, ": moved from place %lld to the top", damp_get_int(position, "old"));
	print_at(cli, f, json_object_get(c, "at"));
	if (sign == '-')
		return;
	json_array_foreach(json_object_get(c, "keys"), i, key) {
		if (sign == '+' && strcmp(damp_get_text(key, "key"), "id") != 0)
			print_new_key(f, key);
		else if (sign != '+')
			print_key(cli, f, key);
	}
}

static void print_lost(const struct damp_cli *cli, FILE *f, const json_t *lost)
{
	const json_t *l;
	size_t i;

	if (json_array_size(lost) == 0)
		return;
	fprintf(f, "%sbudgets in use that would be lost:%s\n", damp_colour(cli, DAMP_RED),
		damp_colour(cli, DAMP_PLAIN));
	json_array_foreach(lost, i, l) {
		fprintf(f, "  ! limit %s: %s", damp_get_text(l, "limit"), damp_get_text(l, "why"));
		print_at(cli, f, json_object_get(l, "at"));
	}
}

static void print_explicit(const struct damp_cli *cli, FILE *f, const json_t *all)
{
	const json_t *e;
	size_t i;

	if (json_array_size(all) == 0)
		return;
	fputs("the same, but\n", f);
	json_array_foreach(all, i, e) {
		const bool written = strcmp(damp_get_text(e, "change"), "written") == 0;

		fprintf(f, "  = %s%s%s %s: %s: %s", damp_get_text(e, "kind"),
			damp_get_text(e, "name")[0] != '\0' ? " " : "", damp_get_text(e, "name"),
			damp_get_text(e, "key"), damp_get_text(e, "value"),
			written ? "the default, now written" : "no longer written, it is the default");
		print_at(cli, f, json_object_get(e, "at"));
	}
}

static void print_origin(FILE *f, const char *label, const json_t *o)
{
	fprintf(f, "%s ", label);
	if (json_is_integer(json_object_get(o, "generation")))
		fprintf(f, "generation %lld, ", damp_get_int(o, "generation"));
	fprintf(f, "%s: %s, revision %lld\n", damp_get_text(o, "file"), damp_get_text(o, "name"),
		damp_get_int(o, "revision"));
}

static void print_sizes(FILE *f, const json_t *p)
{
	const json_t *old = json_object_get(p, "old"), *new = json_object_get(p, "new");
	char a[DAMP_TEXT_LEN], b[DAMP_TEXT_LEN];

	fprintf(f, "rules %lld -> %lld, limits %lld -> %lld, compiled %s -> %s\n",
		damp_get_int(old, "rules"), damp_get_int(new, "rules"), damp_get_int(old, "limits"),
		damp_get_int(new, "limits"),
		damp_text_bytes(a, sizeof(a), damp_get_number(old, "bytes")),
		damp_text_bytes(b, sizeof(b), damp_get_number(new, "bytes")));
}

void damp_diff_print(const struct damp_cli *cli, FILE *f, const json_t *doc)
{
	const json_t *c;
	size_t i;

	print_origin(f, "---", json_object_get(doc, "old"));
	print_origin(f, "+++", json_object_get(doc, "new"));
	if (!damp_get_true(doc, "differ"))
		fputs("they mean the same\n", f);
	print_lost(cli, f, json_object_get(doc, "state_lost"));
	json_array_foreach(json_object_get(doc, "changes"), i, c)
		print_change(cli, f, c);
	print_explicit(cli, f, json_object_get(doc, "explicit"));
	if (damp_get_true(doc, "differ"))
		print_sizes(f, json_object_get(doc, "program"));
}
