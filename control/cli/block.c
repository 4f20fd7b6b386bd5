/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prefixes that are blocked, and members of sets that are filled at run time:
 * both end by themselves, in the data plane.
 */
#include "block.h"

#include "common/text.h"
#include "json_get.h"
#include "mode.h"
#include "rules/addr.h"
#include "rules/quantity.h"
#include "sheet.h"
#include "show.h"

#include <string.h>

#define DEFAULT_FOR "10min"

static void say_block(const struct damp_cli *cli, const json_t *answer)
{
	char span[DAMP_TEXT_LEN];

	(void)cli;
	if (damp_get_int(answer, "remaining_s") == 0)
		printf("%s is not blocked any more\n", damp_get_text(answer, "prefix"));
	else
		printf("%s is blocked for %s: all CoAP from and to it is dropped\n"
		       "it ends by itself; to end it now: damper unblock %s\n",
		       damp_get_text(answer, "prefix"),
		       damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(answer, "remaining_s")),
		       damp_get_text(answer, "prefix"));
	if (damp_get_int(answer, "remaining_s") > 0 && strstr(damp_get_text(answer, "prefix"), "/0") != NULL)
		fprintf(stderr, "damper: warning: that is everybody, your own devices too: no CoAP over %s passes any more\n",
			strchr(damp_get_text(answer, "prefix"), ':') != NULL ? "IPv6" : "IPv4");
}

/* A prefix is read as one of a rule file is, and refused in the same words. */
static bool is_prefix(const char *text)
{
	struct damp_pool pool = { 0 };
	struct damp_addrs addrs = { 0 };
	char why[DAMP_WHY_MAX];
	const bool good = damp_prefix_parse(&pool, text, &addrs, why);

	damp_pool_free(&pool);
	if (!good)
		damp_fail(DAMP_EXIT_USAGE, "%s", why);
	return good;
}

static int post_block(struct damp_cli *cli, uint64_t seconds)
{
	if (!is_prefix(cli->args.words[0]))
		return DAMP_EXIT_USAGE;
	return damp_post(cli, "/v1/block",
			 json_pack("{s:s, s:I}", "prefix", cli->args.words[0], "for_s",
				   (json_int_t)seconds),
			 say_block);
}

int damp_cmd_block(struct damp_cli *cli)
{
	uint64_t seconds;

	return damp_read_for(cli, DEFAULT_FOR, &seconds) ? post_block(cli, seconds) : DAMP_EXIT_USAGE;
}

int damp_cmd_unblock(struct damp_cli *cli)
{
	return post_block(cli, 0);
}

static void say_set(const struct damp_cli *cli, const json_t *answer)
{
	(void)cli;
	printf("%s is %s set %s\n", damp_get_text(answer, "prefix"),
	       strcmp(damp_get_text(answer, "change"), "add") == 0 ? "in" : "no longer in",
	       damp_get_text(answer, "set"));
}

static int post_set(struct damp_cli *cli, const char *change, uint64_t seconds)
{
	if (!is_prefix(cli->args.words[1]))
		return DAMP_EXIT_USAGE;
	return damp_post(cli, "/v1/set",
			 json_pack("{s:s, s:s, s:s, s:I}", "set", cli->args.words[0], "prefix",
				   cli->args.words[1], "change", change, "for_s", (json_int_t)seconds),
			 say_set);
}

int damp_cmd_set_add(struct damp_cli *cli)
{
	uint64_t seconds = 0;

	/* Without --for the member stays as long as the set's `timeout` says. */
	if (cli->args.duration != NULL && !damp_read_for(cli, DEFAULT_FOR, &seconds))
		return DAMP_EXIT_USAGE;
	return post_set(cli, "add", seconds);
}

int damp_cmd_set_del(struct damp_cli *cli)
{
	return post_set(cli, "del", 0);
}

static void print_blocks(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *blocks = json_object_get(doc, "blocks"), *b;
	char span[DAMP_TEXT_LEN];
	struct damp_sheet *t;
	size_t i;

	if (json_array_size(blocks) == 0) {
		puts("nobody is blocked");
		return;
	}
	t = damp_sheet_new("lllll");
	damp_sheet_heads(t, "PREFIX|DROPS WHAT|BY|STILL FOR|MODE");
	json_array_foreach(blocks, i, b) {
		const char *rule = damp_get_text(b, "rule");

		damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(b, "prefix"));
		damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(b, "drops"));
		damp_sheet_cell(t, DAMP_PLAIN, "%s%s", rule[0] ? "rule " : "an operator", rule);
		damp_sheet_cell(t, DAMP_PLAIN, "%s",
				damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(b, "remaining_s")));
		damp_sheet_cell(t, damp_get_true(b, "observed") ? DAMP_YELLOW : DAMP_PLAIN, "%s",
				damp_get_true(b, "observed") ? "observe" : "enforce");
	}
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

static void print_sets(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *members = json_object_get(doc, "members"), *m;
	char span[DAMP_TEXT_LEN];
	struct damp_sheet *t;
	size_t i;

	if (json_array_size(members) == 0) {
		puts(json_array_size(json_object_get(doc, "sets")) > 0
			     ? "the sets that are filled at run time are empty"
			     : "no running rule asks for a set that is filled at run time");
		return;
	}
	t = damp_sheet_new("lll");
	damp_sheet_heads(t, "SET|PREFIX|STILL FOR");
	json_array_foreach(members, i, m) {
		damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(m, "set"));
		damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(m, "prefix"));
		damp_sheet_cell(t, DAMP_PLAIN, "%s",
				damp_text_span(span, sizeof(span), (uint64_t)damp_get_int(m, "remaining_s")));
	}
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

int damp_cmd_show_blocks(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/blocks", print_blocks, NULL);
}

int damp_cmd_show_sets(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/sets", print_sets, NULL);
}
