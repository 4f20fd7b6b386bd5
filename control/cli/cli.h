/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The damper command: what its parts share.
 *
 * Idea: one table (commands.c) describes every command: its words, arguments,
 * options, help, exit codes and examples. Parsing and all help come from it, so
 * that a command cannot be without help, nor help without a command.
 *
 * Invariant: the result goes to standard output, everything else to standard
 * error; what is printed with --json is a stable format with "schema".
 */
#ifndef DAMP_CLI_H
#define DAMP_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* X(NAME, code, what it means) */
#define DAMP_EXITS(X)                                                                  \
	X(OK, 0, "fine")                                                               \
	X(NO, 1, "the answer is no: errors, bad health, a drop, other verdicts, a red test")               \
	X(USAGE, 2, "the command line was not understood")                             \
	X(UNREADABLE, 3, "a file cannot be read")                                      \
	X(AWAY, 4, "damperd, or the data plane behind it, does not answer")            \
	X(REFUSED, 5, "refused: no permission, or the data plane said no")             \
	X(BUSY, 7, "busy: another load is going on, or waits to be confirmed")             \
	X(TIMEOUT, 8, "timed out")                                                     \
	X(INTERNAL, 70, "an error inside damper or damperd; please report it")

enum damp_exit {
#define X(name, code, text) DAMP_EXIT_##name = (code),
	DAMP_EXITS(X)
#undef X
};

/* Values of an option that may be given more than once. */
#define DAMP_VALUES_MAX 32u
struct damp_values {
	const char *value[DAMP_VALUES_MAX];
	unsigned n;
};

/* What the command line said. */
struct damp_args {
	const char *runtime_dir;
	const char *comment, *duration;         /* --comment, --for */
	const char *rules, *against;            /* explain, replay: a file or "running" */
	const char *hex, *pcap, *msg, *from, *to, *size, *side, *state, *format, *at;
	struct damp_values coap_options, inside, outside_mac, ports;
	bool json, watch, follow, help, grace, move_loopback;
	bool strict, no_tests, unsigned_;       /* --unsigned */
	const char *keys;
	const char *verdict, *rule, *reason;    /* capture */
	const char *count;                      /* trace */
	const char *confirm, *generation, *out;
	bool write, check;                      /* fmt */
	char **words;                           /* the arguments that are no options */
	int nwords;
};

struct damp_cli {
	struct damp_args args;
	bool colour;            /* standard output takes colours */
	bool colour_err;        /* standard error does */
};

/* Meaning of an exit code, "" for one that is none. */
const char *damp_exit_text(int code);

/* "damper: ..." on standard error; returns code. */
int damp_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print j as JSON and drop the reference. Returns code. */
int damp_print_json(json_t *j, int code);

#endif
