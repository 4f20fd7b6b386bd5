/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all commands of damper. */
#ifndef DAMP_COMMANDS_H
#define DAMP_COMMANDS_H

#include "cli.h"

#define DAMP_COMMAND_OPTIONS_MAX 16
#define DAMP_COMMAND_EXITS_MAX 8
#define DAMP_COMMAND_EXAMPLES_MAX 4

enum damp_option_id {
	DAMP_OPT_NONE,
	DAMP_OPT_JSON,
	DAMP_OPT_WATCH,
	DAMP_OPT_FOLLOW,
	DAMP_OPT_COMMENT,
	DAMP_OPT_CONFIRM,
	DAMP_OPT_NO_TESTS,
	DAMP_OPT_KEYS,
	DAMP_OPT_UNSIGNED,
	DAMP_OPT_GENERATION,
	DAMP_OPT_OUT,
	DAMP_OPT_FOR,
	DAMP_OPT_STRICT,
	DAMP_OPT_RULES,
	DAMP_OPT_AGAINST,
	DAMP_OPT_HEX,
	DAMP_OPT_PCAP,
	DAMP_OPT_MSG,
	DAMP_OPT_FROM,
	DAMP_OPT_TO,
	DAMP_OPT_SIZE,
	DAMP_OPT_SIDE,
	DAMP_OPT_OPTION,
	DAMP_OPT_STATE,
	DAMP_OPT_INSIDE,
	DAMP_OPT_PORT,
	DAMP_OPT_OUTSIDE_MAC,
	DAMP_OPT_AT,
	DAMP_OPT_GRACE,
	DAMP_OPT_LOOPBACK,
	DAMP_OPT_FORMAT,
	DAMP_OPT_COUNT,
	DAMP_OPT_VERDICT,
	DAMP_OPT_RULE,
	DAMP_OPT_REASON,
	DAMP_OPT_WRITE,
	DAMP_OPT_CHECK,
	DAMP_OPT_RUNTIME_DIR,
	DAMP_OPT_HELP,
	DAMP_OPT_ID_MAX
};

struct damp_option {
	const char *name;       /* without the dashes */
	char letter;            /* '\0' when there is only the long form */
	const char *arg;        /* name of its value, NULL when it takes none */
	const char *help;
};

struct damp_command {
	const char *name;       /* one or two words */
	const char *args;       /* as in the usage line */
	int min_words, max_words;
	const char *summary;    /* one line */
	const char *help;       /* whole lines, with newlines */
	enum damp_option_id options[DAMP_COMMAND_OPTIONS_MAX];
	int exits[DAMP_COMMAND_EXITS_MAX];      /* besides 0 and 2; a 0 ends them */
	const char *examples[DAMP_COMMAND_EXAMPLES_MAX];
	int (*run)(struct damp_cli *cli);
};

extern const struct damp_command damp_commands[];
extern const size_t damp_ncommands;
extern const struct damp_option damp_option_table[DAMP_OPT_ID_MAX];

#endif
