/* SPDX-License-Identifier: BSD-3-Clause */
/* Help; see help.h. */
#include "help.h"

#include "rules/suggest.h"

#include <string.h>

#define NAME_WIDTH 22

static void print_option(FILE *f, const struct damp_option *o)
{
	char left[40], letter[8] = "";
	const char *line = o->help, *end;

	if (o->letter != '\0')
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->arg != NULL ? " " : "",
		 o->arg != NULL ? o->arg : "");
	while ((end = strchr(line, '\n')) != NULL) {
		fprintf(f, "  %-*s%.*s\n", NAME_WIDTH, left, (int)(end - line), line);
		left[0] = '\0';
		line = end + 1;
	}
	fprintf(f, "  %-*s%s\n", NAME_WIDTH, left, line);
}

static void print_exits(FILE *f, const struct damp_command *c)
{
	fprintf(f, "\nExit codes:\n");
	fprintf(f, "  %2d  %s\n", DAMP_EXIT_OK, damp_exit_text(DAMP_EXIT_OK));
	for (unsigned i = 0; i < DAMP_COMMAND_EXITS_MAX && c->exits[i] != 0; i++) {
		if (c->exits[i] > DAMP_EXIT_USAGE && (i == 0 || c->exits[i - 1] < DAMP_EXIT_USAGE))
			fprintf(f, "  %2d  %s\n", DAMP_EXIT_USAGE, damp_exit_text(DAMP_EXIT_USAGE));
		fprintf(f, "  %2d  %s\n", c->exits[i], damp_exit_text(c->exits[i]));
	}
	if (c->exits[0] == 0)
		fprintf(f, "  %2d  %s\n", DAMP_EXIT_USAGE, damp_exit_text(DAMP_EXIT_USAGE));
}

static void print_examples(FILE *f, const struct damp_command *c)
{
	if (c->examples[0] == NULL)
		return;
	fprintf(f, "\nExample%s:\n", c->examples[1] != NULL ? "s" : "");
	for (unsigned i = 0; i < DAMP_COMMAND_EXAMPLES_MAX && c->examples[i] != NULL; i++)
		fprintf(f, "  %s\n", c->examples[i]);
}

#define USAGE_WIDTH 90

static void print_usage(FILE *f, const struct damp_command *c)
{
	int at = fprintf(f, "Usage: damper %s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args);

	for (unsigned i = 0; i < DAMP_COMMAND_OPTIONS_MAX && c->options[i] != DAMP_OPT_NONE; i++) {
		const struct damp_option *o = &damp_option_table[c->options[i]];
		char text[64];
		const int n = snprintf(text, sizeof(text), " [--%s%s%s]", o->name, o->arg != NULL ? " " : "",
				       o->arg != NULL ? o->arg : "");

		if (at + n >= USAGE_WIDTH)
			at = fprintf(f, "\n         ") - 1;
		at += fprintf(f, "%s", text);
	}
	fputc('\n', f);
}

static void print_command(FILE *f, const struct damp_command *c)
{
	print_usage(f, c);
	fprintf(f, "\n%s\nOptions:\n", c->help);
	for (unsigned i = 0; i < DAMP_COMMAND_OPTIONS_MAX && c->options[i] != DAMP_OPT_NONE; i++)
		print_option(f, &damp_option_table[c->options[i]]);
	print_option(f, &damp_option_table[DAMP_OPT_RUNTIME_DIR]);
	print_option(f, &damp_option_table[DAMP_OPT_HELP]);
	print_exits(f, c);
	print_examples(f, c);
}

static void print_line(FILE *f, const struct damp_command *c)
{
	char left[40];

	snprintf(left, sizeof(left), "%s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args);
	fprintf(f, "  %-*s%s\n", NAME_WIDTH, left, c->summary);
}

void damp_help_all(FILE *f)
{
	fputs("Usage: damper COMMAND [options]\n\n"
	      "Damper filters CoAP traffic at a gateway, so that nobody can misuse the devices\n"
	      "behind it to flood others. This command checks and loads rules and shows what\n"
	      "the filter does; it talks to damperd.\n\n"
	      "Commands:\n",
	      f);
	for (size_t i = 0; i < damp_ncommands; i++)
		print_line(f, &damp_commands[i]);
	fputs("\nOptions of all commands:\n", f);
	print_option(f, &damp_option_table[DAMP_OPT_RUNTIME_DIR]);
	print_option(f, &damp_option_table[DAMP_OPT_HELP]);
	fputs("\nExit codes:\n", f);
#define X(name, code, text) fprintf(f, "  %2d  %s\n", code, text);
	DAMP_EXITS(X)
#undef X
	fputs("\nTo begin:\n"
	      "  damper check rules.yaml     is my rule file right?\n"
	      "  damper show status          what is going on?\n"
	      "  damper help load            all about one command\n",
	      f);
}

static bool begins(const char *name, const char *word)
{
	size_t n = strlen(word);

	return n > 0 && strncmp(name, word, n) == 0 && name[n] == ' ';
}

bool damp_help_for(FILE *f, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < damp_ncommands; i++) {
		if (strcmp(damp_commands[i].name, name) == 0) {
			print_command(f, &damp_commands[i]);
			return true;
		}
	}
	for (size_t i = 0; i < damp_ncommands; i++) {
		if (!begins(damp_commands[i].name, name))
			continue;
		if (!found)
			fprintf(f, "Commands that begin with '%s':\n", name);
		print_line(f, &damp_commands[i]);
		found = true;
	}
	if (found)
		fprintf(f, "\nAll about one of them: damper help %s ...\n", name);
	return found;
}

const char *damp_help_suggest(const char *word)
{
	struct damp_suggestion near = damp_suggestion_start(word);

	for (size_t i = 0; i < damp_ncommands; i++)
		damp_suggestion_try(&near, damp_commands[i].name);
	return near.name;
}

int damp_cmd_help(struct damp_cli *cli)
{
	char name[64];

	if (cli->args.nwords == 0) {
		damp_help_all(stdout);
		return DAMP_EXIT_OK;
	}
	snprintf(name, sizeof(name), "%s%s%s", cli->args.words[0], cli->args.nwords > 1 ? " " : "",
		 cli->args.nwords > 1 ? cli->args.words[1] : "");
	if (damp_help_for(stdout, name))
		return DAMP_EXIT_OK;
	return damp_fail(DAMP_EXIT_USAGE, "there is no command '%s'; 'damper help' lists all",
			 name);
}

int damp_cmd_version(struct damp_cli *cli)
{
	(void)cli;
	printf("damper %s\n", DAMP_VERSION);
	return DAMP_EXIT_OK;
}
