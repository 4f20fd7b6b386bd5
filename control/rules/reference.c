/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reference manual of the rule language, out of the key table.
 *
 * Invariant: the text depends on nothing but the table and the lists next to
 * it, so docs/rules.md can be compared byte by byte.
 */
#include "keys.h"
#include "rules.h"

#include <damper/coap.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const intro =
	"# The rule file\n"
	"\n"
	"Generated from the key table of the compiler (`damp-rules-doc`); do not edit.\n"
	"\n"
	"A rule file is YAML 1.2 without its surprises: one document, no directives, tags, "
	"anchors, aliases or merge\n"
	"keys, no key twice, no tabs, no characters that nobody sees, at most 4 MiB and 16\n"
	"levels. JSON is accepted as well, indented with tabs or not. The type of a value comes from its key: `true` and `false` are the only\n"
	"truth values, a quantity always carries its unit, and no number begins with a 0 that it does not need.\n"
	"\n"
	"* `$name` stands for a `define`, a set or a zone.\n"
	"* Addresses are prefixes with a length or full addresses. Quote what ends in `::`, or "
	"write its length.\n"
	"* Rates: `20 msg/s`, `6 msg/min`, `64 KiB/s`, `10 Mbit/s`. Sizes: `96 B`, `16 KiB`. "
	"Times: `30 s`, `5 min`.\n"
	"  Factors: `3x`. Ranges: `..96 B`, `5683..5690`. Byte rates and bursts count whole IP "
	"packets.\n"
	"* Rules run from top to bottom; the first final verdict wins. A rule without a limit has "
	"a `then`. A rule with\n"
	"  a limit has an `over` for what exceeds it, and a `then` for the rest, which is "
	"`continue` unless it is written.\n"
	"* In `match` all keys have to agree; of a list one item; `{not: X}` turns X round; `any` "
	"is no condition.\n"
	"* A rule acts in the weaker of its own `mode` and the file's.\n"
	"* `include` spreads a rule set over files. `damper load` sends them to damperd as one "
	"text.\n";

static const char *const actions =
	"\n"
	"| action | meaning |\n"
	"|---|---|\n"
	"| `accept` | final: on to the guard, which still judges |\n"
	"| `drop` | final |\n"
	"| `challenge` | final: the sender must prove to be there: a ping, or 4.01 with an Echo "
	"value (RFC 9175) to a NON or to a CON that comes again |\n"
	"| `too-many-requests` | final: the same as `{answer: 4.29}` (RFC 8516) |\n"
	"| `reset` | final: RST to the sender of a request; what is no request is dropped |\n"
	"| `continue` | not final: the next rule decides; not as `over` |\n";

static void put_cell(FILE *f, const char *text)
{
	for (; *text; text++)
		fprintf(f, *text == '|' ? "\\%c" : "%c", *text);
	fputs(" | ", f);
}

static void put_key(FILE *f, const struct damp_key_info *k)
{
	fprintf(f, "| `%s` | ", k->name);
	put_cell(f, damp_kind_text(k->kind));
	if (k->deflt[0])
		fprintf(f, "`%s` | ", k->deflt);
	else
		fputs("| ", f);
	fprintf(f, "%s | %s |\n", k->since, k->help);
}

static void put_later(FILE *f, enum damp_key_section s)
{
	const char *sep = "\nKnown, but not supported by this version yet: ";

	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
		if (damp_keys[k].section == s && damp_key_later(k)) {
			fprintf(f, "%s`%s`", sep, damp_keys[k].name);
			sep = ", ";
		}
	if (sep[0] == ',')
		fputs(".\n", f);
}

static void put_section(FILE *f, enum damp_key_section s)
{
	fprintf(f,
		"\n## %s\n\n| key | value | default | since | meaning |\n|---|---|---|---|---|\n",
		damp_section_heading(s));
	for (enum damp_key_id k = 0; k < DAMP_KEY_MAX; k++)
		if (damp_keys[k].section == s && !damp_key_later(k))
			put_key(f, &damp_keys[k]);
	put_later(f, s);
	if (s == DAMP_SECTION_ANSWER)
		fputs(actions, f);
}

static void put_options(FILE *f)
{
	fputs("\n## Option names\n\n", f);
#define X(name, num, min, max, rep, text) fprintf(f, "`%s` (%d), ", text, num);
	DAMP_COAP_OPTIONS(X)
#undef X
	fputs("and `unknown-critical`, `unknown-elective` for all others.\n", f);
}

char *damp_rules_reference(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fputs(intro, f);
	for (enum damp_key_section s = 0; s < DAMP_SECTION_MAX; s++)
		put_section(f, s);
	put_options(f);
	fclose(f);
	return text;
}
