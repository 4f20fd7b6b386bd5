/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * damper: finds the command in the table, reads its options, runs it. Options
 * may stand anywhere, long ones as --name VALUE or --name=VALUE.
 */
#include "commands.h"
#include "help.h"
#include "rules/suggest.h"

#include <damper/wire.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *damp_exit_text(int code)
{
	switch (code) {
#define X(name, number, text) \
	case number:          \
		return text;
	DAMP_EXITS(X)
#undef X
	default:
		return "";
	}
}

int damp_fail(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("damper: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int damp_print_json(json_t *j, int code)
{
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(j);
	return code;
}

static bool wants_colour(FILE *f)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && (none == NULL || none[0] == '\0') &&
	       (term == NULL || strcmp(term, "dumb") != 0);
}

/* Keep one more value of a repeatable option; one too many is told by check_values(). */
static void keep(struct damp_values *v, const char *value)
{
	if (v->n < DAMP_VALUES_MAX)
		v->value[v->n] = value;
	v->n++;
}

static void apply(struct damp_args *a, enum damp_option_id id, const char *value)
{
	switch (id) {
	case DAMP_OPT_RULES:
		a->rules = value;
		break;
	case DAMP_OPT_AGAINST:
		a->against = value;
		break;
	case DAMP_OPT_HEX:
		a->hex = value;
		break;
	case DAMP_OPT_PCAP:
		a->pcap = value;
		break;
	case DAMP_OPT_MSG:
		a->msg = value;
		break;
	case DAMP_OPT_FROM:
		a->from = value;
		break;
	case DAMP_OPT_TO:
		a->to = value;
		break;
	case DAMP_OPT_SIZE:
		a->size = value;
		break;
	case DAMP_OPT_SIDE:
		a->side = value;
		break;
	case DAMP_OPT_STATE:
		a->state = value;
		break;
	case DAMP_OPT_FORMAT:
		a->format = value;
		break;
	case DAMP_OPT_OPTION:
		keep(&a->coap_options, value);
		break;
	case DAMP_OPT_INSIDE:
		keep(&a->inside, value);
		break;
	case DAMP_OPT_PORT:
		keep(&a->ports, value);
		break;
	case DAMP_OPT_OUTSIDE_MAC:
		keep(&a->outside_mac, value);
		break;
	case DAMP_OPT_AT:
		a->at = value;
		break;
	case DAMP_OPT_GRACE:
		a->grace = true;
		break;
	case DAMP_OPT_LOOPBACK:
		a->move_loopback = true;
		break;
	case DAMP_OPT_JSON:
		a->json = true;
		break;
	case DAMP_OPT_WATCH:
		a->watch = true;
		break;
	case DAMP_OPT_FOLLOW:
		a->follow = true;
		break;
	case DAMP_OPT_COMMENT:
		a->comment = value;
		break;
	case DAMP_OPT_CONFIRM:
		a->confirm = value;
		break;
	case DAMP_OPT_KEYS:
		a->keys = value;
		break;
	case DAMP_OPT_UNSIGNED:
		a->unsigned_ = true;
		break;
	case DAMP_OPT_NO_TESTS:
		a->no_tests = true;
		break;
	case DAMP_OPT_OUT:
		a->out = value;
		break;
	case DAMP_OPT_GENERATION:
		a->generation = value;
		break;
	case DAMP_OPT_STRICT:
		a->strict = true;
		break;
	case DAMP_OPT_FOR:
		a->duration = value;
		break;
	case DAMP_OPT_COUNT:
		a->count = value;
		break;
	case DAMP_OPT_VERDICT:
		a->verdict = value;
		break;
	case DAMP_OPT_RULE:
		a->rule = value;
		break;
	case DAMP_OPT_REASON:
		a->reason = value;
		break;
	case DAMP_OPT_WRITE:
		a->write = true;
		break;
	case DAMP_OPT_CHECK:
		a->check = true;
		break;
	case DAMP_OPT_RUNTIME_DIR:
		a->runtime_dir = value;
		break;
	case DAMP_OPT_HELP:
		a->help = true;
		break;
	case DAMP_OPT_NONE:
	case DAMP_OPT_ID_MAX:
		break;
	}
}

/* Is text the option o? *value: what follows "=", NULL when nothing does. */
static bool is_option(const struct damp_option *o, const char *text, const char **value)
{
	size_t n;

	*value = NULL;
	if (o->name == NULL)
		return false;
	if (text[1] != '-')
		return o->letter != '\0' && text[1] == o->letter && text[2] == '\0';
	n = strlen(o->name);
	if (strncmp(text + 2, o->name, n) != 0)
		return false;
	if (text[2 + n] == '=')
		*value = text + 3 + n;
	return text[2 + n] == '\0' || text[2 + n] == '=';
}

/* The command that the first one or two of n words name. */
static const struct damp_command *find(char *const *words, int n, int *used)
{
	char two[64] = "";

	if (n < 1)
		return NULL;
	if (n > 1)
		snprintf(two, sizeof(two), "%s %s", words[0], words[1]);
	for (size_t i = 0; i < damp_ncommands; i++) {
		*used = strcmp(damp_commands[i].name, two) == 0
				? 2
				: strcmp(damp_commands[i].name, words[0]) == 0;
		if (*used > 0)
			return &damp_commands[i];
	}
	return NULL;
}

/* The option that text is, 0 for none. One letter may mean two things: first
 * those options are asked that the command takes. */
static unsigned which_option(const struct damp_command *c, const char *text, const char **value)
{
	for (unsigned i = 0; c != NULL && i < DAMP_COMMAND_OPTIONS_MAX && c->options[i] != DAMP_OPT_NONE; i++)
		if (is_option(&damp_option_table[c->options[i]], text, value))
			return c->options[i];
	for (unsigned id = 1; id < DAMP_OPT_ID_MAX; id++)
		if (is_option(&damp_option_table[id], text, value))
			return id;
	return DAMP_OPT_NONE;
}

static int unknown_option(const struct damp_command *c, const char *text)
{
	struct damp_suggestion near;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text + strspn(text, "-"), "="),
		 text + strspn(text, "-"));
	near = damp_suggestion_start(name);
	for (unsigned i = 0; c != NULL && i < DAMP_COMMAND_OPTIONS_MAX && c->options[i] != DAMP_OPT_NONE; i++)
		damp_suggestion_try(&near, damp_option_table[c->options[i]].name);
	if (near.name != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "there is no option %s; did you mean '--%s'?", text,
				 near.name);
	return damp_fail(DAMP_EXIT_USAGE, "there is no option %s; see 'damper help%s%s'", text,
			 c != NULL ? " " : "", c != NULL ? c->name : "");
}

/* Take argv[*i] and its value. c: the command that argv begins with, or NULL.
 * seen: which options were given. */
static int take_option(struct damp_args *a, const struct damp_command *c, int argc, char **argv, int *i,
		       bool seen[DAMP_OPT_ID_MAX])
{
	const char *text = argv[*i], *value;
	const unsigned id = which_option(c, text, &value);
	const struct damp_option *o;

	o = &damp_option_table[id];
	if (id == DAMP_OPT_NONE)
		return unknown_option(c, text);
	if (o->arg == NULL && value != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "--%s takes no value", o->name);
	if (o->arg != NULL && value == NULL) {
		if (*i + 1 >= argc)
			return damp_fail(DAMP_EXIT_USAGE, "--%s needs %s behind it", o->name, o->arg);
		value = argv[++*i];
	}
	apply(a, (enum damp_option_id)id, value);
	seen[id] = true;
	return DAMP_EXIT_OK;
}

/* Sort argv into options and words; the words stay in order. */
static int split(struct damp_args *a, int argc, char **argv, bool seen[DAMP_OPT_ID_MAX])
{
	const struct damp_command *c = find(argv + 1, argc - 1, &(int){ 0 });
	bool only_words = false;
	int code;

	a->words = argv;
	for (int i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (strcmp(argv[i], "--version") == 0)
				argv[a->nwords++] = (char *)"version";
			else if ((code = take_option(a, c, argc, argv, &i, seen)) != DAMP_EXIT_OK)
				return code;
		} else {
			argv[a->nwords++] = argv[i];
			if (c == NULL) /* behind an option of all commands */
				c = find(argv, a->nwords, &(int){ 0 });
		}
	}
	return DAMP_EXIT_OK;
}

static int unknown_command(const struct damp_args *a)
{
	const char *near;
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", a->words[0], a->nwords > 1 ? " " : "",
		 a->nwords > 1 ? a->words[1] : "");
	near = damp_help_suggest(name);
	if (near != NULL && !a->help) /* what stands behind a command is none of its words */
		return damp_fail(DAMP_EXIT_USAGE, "there is no command '%s'; did you mean '%s'?",
				 strchr(near, ' ') != NULL ? name : a->words[0], near);
	if (damp_help_for(a->help ? stdout : stderr, a->words[0]))
		return a->help       ? DAMP_EXIT_OK :
		       a->nwords > 1 ? damp_fail(DAMP_EXIT_USAGE, "there is no command '%s'", name) :
				       DAMP_EXIT_USAGE;
	near = damp_help_suggest(a->words[0]);
	if (near != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "there is no command '%s'; did you mean '%s'?",
				 name, near);
	return damp_fail(DAMP_EXIT_USAGE, "there is no command '%s'; 'damper help' lists all",
			 name);
}

static int check_words(const struct damp_command *c, const struct damp_args *a)
{
	if (a->nwords < c->min_words && a->confirm != NULL)
		return damp_fail(DAMP_EXIT_USAGE, "%s needs %s: '%s' was taken for the TIME of --confirm, like 120s", c->name,
				 c->args, a->confirm);
	if (a->nwords < c->min_words)
		return damp_fail(DAMP_EXIT_USAGE, "%s needs %s; see 'damper help %s'", c->name,
				 c->args, c->name);
	if (c->max_words >= 0 && a->nwords > c->max_words)
		return damp_fail(DAMP_EXIT_USAGE, "what is '%s' behind %s? See 'damper help %s'",
				 a->words[c->max_words], c->name, c->name);
	return DAMP_EXIT_OK;
}

static int check_options(const struct damp_command *c, const bool seen[DAMP_OPT_ID_MAX])
{
	for (unsigned id = 1; id < DAMP_OPT_ID_MAX; id++) {
		bool ok = !seen[id] || id == DAMP_OPT_RUNTIME_DIR;

		for (unsigned i = 0; i < DAMP_COMMAND_OPTIONS_MAX && !ok; i++)
			ok = c->options[i] == id;
		if (!ok)
			return damp_fail(DAMP_EXIT_USAGE, "%s takes no --%s; see 'damper help %s'",
					 c->name, damp_option_table[id].name, c->name);
	}
	return DAMP_EXIT_OK;
}

static int check_values(const struct damp_args *a)
{
	if (a->coap_options.n > DAMP_VALUES_MAX || a->inside.n > DAMP_VALUES_MAX ||
	    a->outside_mac.n > DAMP_VALUES_MAX || a->ports.n > DAMP_VALUES_MAX)
		return damp_fail(DAMP_EXIT_USAGE, "an option is given more than %u times", DAMP_VALUES_MAX);
	return DAMP_EXIT_OK;
}

static int run(struct damp_cli *cli, const bool seen[DAMP_OPT_ID_MAX])
{
	const struct damp_command *c;
	struct damp_args *a = &cli->args;
	int used, code;

	if (a->nwords == 0) {
		damp_help_all(a->help ? stdout : stderr);
		return a->help ? DAMP_EXIT_OK : DAMP_EXIT_USAGE;
	}
	c = find(a->words, a->nwords, &used);
	if (c == NULL)
		return unknown_command(a);
	if (a->help) {
		damp_help_for(stdout, c->name);
		return DAMP_EXIT_OK;
	}
	a->words += used;
	a->nwords -= used;
	code = check_words(c, a);
	if (code == DAMP_EXIT_OK)
		code = check_options(c, seen);
	if (code == DAMP_EXIT_OK)
		code = check_values(a);
	return code == DAMP_EXIT_OK ? c->run(cli) : code;
}

int main(int argc, char **argv)
{
	const char *dir = getenv("DAMPER_RUNTIME_DIR");
	bool seen[DAMP_OPT_ID_MAX] = { false };
	struct damp_cli cli = { .colour = wants_colour(stdout),
				.colour_err = wants_colour(stderr) };
	int code;

	cli.args.runtime_dir = dir != NULL && dir[0] != '\0' ? dir : DAMP_RUNTIME_DIR;
	code = split(&cli.args, argc, argv, seen);
	if (code == DAMP_EXIT_OK)
		code = run(&cli, seen);
	/* What did not fit into the buffer may have failed long before. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == DAMP_EXIT_OK)
		code = damp_fail(DAMP_EXIT_INTERNAL, "cannot write the output");
	return code;
}
