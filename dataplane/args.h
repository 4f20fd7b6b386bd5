/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: damper-dataplane [EAL options] -- --config FILE ...
 */
#ifndef DAMP_ARGS_H
#define DAMP_ARGS_H

#include <stdbool.h>

enum damp_args_action { DAMP_ARGS_RUN, DAMP_ARGS_CHECK, DAMP_ARGS_HELP, DAMP_ARGS_VERSION, DAMP_ARGS_WRONG };

struct damp_args {
	enum damp_args_action action;
	int eal_argc;               /* arguments that belong to EAL, program name included */
	const char *config;
	bool auto_workers;
	const char *runtime_dir, *state_dir; /* option or environment, NULL: as configured */
};

/* What is behind "--" is ours; without it, all is, if it asks for something
 * that needs no EAL. Says what is wrong on stderr. */
struct damp_args damp_args_parse(int argc, char **argv);

void damp_args_help(void);

#endif
