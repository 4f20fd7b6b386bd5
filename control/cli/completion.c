/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Completion scripts for bash and zsh, out of the table of commands.
 *
 * Idea: what a word may be is told by how the usage line calls it: FILE is a
 * file, RULE the id of a rule, on|off one of these words. Names that only the
 * running gateway knows are asked for when the key is pressed, by
 * 'damper completion rules' and the like.
 *
 * Invariant: the scripts hold nothing that is not in the table but the frame
 * around it, which is the same for both shells: count the words, find the
 * command, offer options or words.
 */
#include "completion.h"

#include "commands.h"

#include <ctype.h>
#include <string.h>

enum shell { BASH, ZSH };

/* How usage lines call things, and where their names come from. */
static const struct {
	const char *called, *names;
} kinds[] = {
	{ "FILE", "files" },	    { "PCAP", "files" },	  { "OLD", "files" },
	{ "NEW", "files" },	    { "FILE#N", "files" },	  { "DIR", "directories" },
	{ "RULE", "rules" },	    { "LIMIT", "limits" },	  { "REASON", "reasons" },
	{ "COMMAND", "commands" },  { "N", "generations" },
	{ "SET", "sets" },	    { "BLOCKED", "blocks" },
};

/* Keys of the filter of `damper trace`. */
#define FILTER_KEYS "from to host port side msg code path rule reason verdict"

/* The modes of `damper mode`. */
#define MODES "observe enforce off file"

/* Words that an option takes beside what its name says. */
static const struct {
	enum damp_option_id option;
	const char *words;
} extra[] = {
	{ DAMP_OPT_RULES, "running" },
	{ DAMP_OPT_AGAINST, "running" },
	{ DAMP_OPT_SIDE, "outside inside" },
	{ DAMP_OPT_STATE, "empty capture live" },
	{ DAMP_OPT_FORMAT, "tap" },
	{ DAMP_OPT_VERDICT, "accept drop answer challenge shape bypass" },
	{ DAMP_OPT_FOR, "5min 10min 1h" },
};

static const char *extra_words(unsigned id)
{
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		if (extra[i].option == id)
			return extra[i].words;
	return "";
}

/* Text between single quotes of a shell; up to the end of its first sentence. */
static void put_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text == '\n' ? ' ' : *text);
	}
}

/* Offer files, or the names of a kind, or words: `on off`. */
static void put_offer(const char *names, const char *words)
{
	if (strcmp(names, "files") == 0 || strcmp(names, "directories") == 0)
		printf("_damper_%s; ", names);
	else if (strcmp(names, "commands") == 0)
		printf("_damper_words \"$commands\"; ");
	else if (names[0])
		printf("_damper_words \"$(\"$damper\" completion %s 2>/dev/null)\"; ", names);
	if (words[0])
		printf("_damper_words '%s'; ", words);
}

/* The kind of what a usage line calls so; "" when nothing is known of it. */
static const char *kind_of(const char *called, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].called) == len && strncmp(kinds[i].called, called, len) == 0)
			return kinds[i].names;
	return "";
}

/* One word of a usage line: a name in capitals, or words with '|' between. */
static void put_place(const char *word, size_t len)
{
	char words[256];

	while (len && strchr("[]. ", word[len - 1]))
		len--;
	while (len && strchr("[", *word)) {
		word++;
		len--;
	}
	if (!len || len >= sizeof(words))
		return;
	if (len == 4 && strncmp(word, "MODE", len) == 0) {
		put_offer("", MODES);
		return;
	}
	if (len == 6 && strncmp(word, "FILTER", len) == 0) {
		put_offer("", FILTER_KEYS);
		return;
	}
	if (!islower((unsigned char)*word)) {
		put_offer(kind_of(word, len), "");
		return;
	}
	for (size_t i = 0; i < len; i++)
		words[i] = word[i] == '|' ? ' ' : word[i];
	words[len] = 0;
	put_offer("", words);
}

/* case of the words behind a command, by their number; the last one stays when
 * it may be repeated. */
static void put_places(const struct damp_command *c)
{
	const char *p = c->args;

	for (unsigned n = 0; *p; n++) {
		const size_t len = strcspn(p, " ");
		const bool again = len > 3 && memcmp(p + len - 3, "...", 3) == 0;

		if (again)
			printf("\t\t(*) ");
		else
			printf("\t\t(%u) ", n);
		put_place(p, len);
		puts(";;");
		p += len + (p[len] == ' ');
	}
}

static bool is_first(size_t i)
{
	const size_t len = strcspn(damp_commands[i].name, " ");

	for (size_t j = 0; j < i; j++)
		if (strcspn(damp_commands[j].name, " ") == len &&
		    strncmp(damp_commands[j].name, damp_commands[i].name, len) == 0)
			return false;
	return true;
}

/* The first words of all commands, each once. */
static void put_first_words(void)
{
	for (size_t i = 0; i < damp_ncommands; i++)
		if (is_first(i))
			printf("%.*s ", (int)strcspn(damp_commands[i].name, " "), damp_commands[i].name);
}

/* Second words by first word: case of $1. */
static void put_second_words(void)
{
	for (size_t i = 0; i < damp_ncommands; i++) {
		const size_t len = strcspn(damp_commands[i].name, " ");

		if (!is_first(i) || !damp_commands[i].name[len])
			continue;
		printf("\t(%.*s) _damper_words '", (int)len, damp_commands[i].name);
		for (size_t j = i; j < damp_ncommands; j++)
			if (strncmp(damp_commands[j].name, damp_commands[i].name, len + 1) == 0)
				printf("%s ", damp_commands[j].name + len + 1);
		puts("' ;;");
	}
}

static void put_options_of(enum shell sh, const struct damp_command *c)
{
	static const enum damp_option_id common[] = { DAMP_OPT_RUNTIME_DIR, DAMP_OPT_HELP };
	enum damp_option_id id[DAMP_COMMAND_OPTIONS_MAX + 2];
	size_t n = 0;

	while (n < DAMP_COMMAND_OPTIONS_MAX && c->options[n] != DAMP_OPT_NONE) {
		id[n] = c->options[n];
		n++;
	}
	memcpy(id + n, common, sizeof(common));
	n += sizeof(common) / sizeof(common[0]);
	printf("\t('%s') _damper_%s", c->name, sh == ZSH ? "options" : "words '");
	for (size_t i = 0; i < n; i++) {
		const struct damp_option *o = &damp_option_table[id[i]];

		printf(sh == ZSH ? " '--%s:" : "--%s ", o->name);
		if (sh == ZSH) {
			put_quoted(o->help);
			putchar('\'');
		}
	}
	puts(sh == ZSH ? " ;;" : "' ;;");
}

static void put_option_values(void)
{
	for (unsigned id = 1; id < DAMP_OPT_ID_MAX; id++) {
		const struct damp_option *o = &damp_option_table[id];

		if (!o->name || !o->arg)
			continue;
		printf("\t(--%s", o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		fputs(") ", stdout);
		put_offer(kind_of(o->arg, strlen(o->arg)), extra_words(id));
		puts("return ;;");
	}
}

/* A pattern of all options that take a value. */
static void put_valued(void)
{
	const char *sep = "";

	for (unsigned id = 1; id < DAMP_OPT_ID_MAX; id++) {
		const struct damp_option *o = &damp_option_table[id];

		if (!o->name || !o->arg)
			continue;
		printf("%s--%s", sep, o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		sep = "|";
	}
}

static const char *const frame_bash =
	"_damper_words() { COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\")); }\n"
	"_damper_files() { compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\"); }\n"
	"_damper_directories() { compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$cur\"); }\n"
	"\n"
	"_damper()\n"
	"{\n"
	"\tlocal damper=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal name= commands i n=0 w=()\n"
	"\tCOMPREPLY=()\n"
	"\t# --option=value comes as three words.\n"
	"\tif [[ $cur == '=' ]]; then cur=; elif [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n";

static const char *const middle_bash =
	") [[ ${COMP_WORDS[i+1]} == '=' ]] && ((i++)); ((i++)) ;;\n"
	"\t\t(-*) ;;\n"
	"\t\t(*) w+=(\"${COMP_WORDS[i]}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tlocal first=${w[0]} second=${w[1]}\n";

static const char *const frame_zsh =
	"_damper_words() { compadd -- ${=1}; }\n"
	"_damper_files() { _files; }\n"
	"_damper_directories() { _files -/; }\n"
	"_damper_options() { local -a all=(\"$@\"); _describe -o option all; }\n"
	"\n"
	"_damper()\n"
	"{\n"
	"\tlocal damper=$words[1] cur=$words[CURRENT] before=$words[CURRENT-1]\n"
	"\tlocal name= commands i n=0\n"
	"\tlocal -a w=()\n"
	"\t# --option=value is one word.\n"
	"\tif [[ $cur == --*=* ]]; then before=${cur%%=*}; compset -P '*='; fi\n"
	"\tfor ((i = 2; i < CURRENT; i++)); do\n"
	"\t\tcase ${words[i]} in\n"
	"\t\t(--*=*) ;;\n";

static const char *const middle_zsh =
	") ((i++)) ;;\n"
	"\t\t(-*) ;;\n"
	"\t\t(*) w+=(\"${words[i]}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tlocal first=${w[1]} second=${w[2]}\n";

/* The rest is the same in both shells. */
static void put_body(enum shell sh)
{
	printf("\tcommands='");
	put_first_words();
	puts("'\n\tcase $before in");
	put_option_values();
	puts("\tesac\n\tcase \"$first $second\" in");
	for (size_t i = 0; i < damp_ncommands; i++)
		if (strchr(damp_commands[i].name, ' '))
			printf("\t('%s') name='%s' n=2 ;;\n", damp_commands[i].name, damp_commands[i].name);
	for (size_t i = 0; i < damp_ncommands; i++)
		if (!strchr(damp_commands[i].name, ' '))
			printf("\t('%s '*) name='%s' n=1 ;;\n", damp_commands[i].name, damp_commands[i].name);
	puts("\tesac\n"
	     "\tif [[ -z $name && $cur != -* ]]; then\n"
	     "\t\tcase ${#w[@]} in\n"
	     "\t\t(0) _damper_words \"$commands\" ;;\n"
	     "\t\t(1) case $first in");
	put_second_words();
	puts("\t\tesac ;;\n\t\tesac\n\t\treturn\n\tfi\n"
	     "\tif [[ $cur == -* ]]; then\n\tcase $name in");
	for (size_t i = 0; i < damp_ncommands; i++)
		put_options_of(sh, &damp_commands[i]);
	puts("\t(*) _damper_words '--help --version' ;;\n\tesac\n\treturn\n\tfi\n"
	     "\tn=$((${#w[@]} - n))\n\tcase $name in");
	for (size_t i = 0; i < damp_ncommands; i++) {
		if (!damp_commands[i].args[0])
			continue;
		printf("\t('%s') case $n in\n", damp_commands[i].name);
		put_places(&damp_commands[i]);
		puts("\t\tesac ;;");
	}
	puts("\tesac\n}");
}

static void put_script(enum shell sh)
{
	puts(sh == BASH ? "# bash completion of damper, by 'damper completion bash'"
			: "#compdef damper\n# zsh completion of damper, by 'damper completion zsh'");
	fputs(sh == BASH ? frame_bash : frame_zsh, stdout);
	fputs("\t\t(", stdout);
	put_valued();
	fputs(sh == BASH ? middle_bash : middle_zsh, stdout);
	put_body(sh);
	puts(sh == BASH ? "complete -F _damper damper"
			: "if [[ $funcstack[1] == _damper ]]; then _damper \"$@\"; else compdef _damper damper; fi");
}

int damp_cmd_completion(struct damp_cli *cli)
{
	const char *what = cli->args.words[0];

	if (strcmp(what, "bash") == 0)
		put_script(BASH);
	else if (strcmp(what, "zsh") == 0)
		put_script(ZSH);
	else
		return damp_completion_names(cli, what);
	return DAMP_EXIT_OK;
}
