/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A rule set by its text: a rule file, the one that runs, or a generation that
 * damperd keeps. Compiled here, with the outline that a comparison needs.
 */
#ifndef DAMP_SOURCE_H
#define DAMP_SOURCE_H

#include "cli.h"
#include "rules/rules.h"

struct damp_source_of {
	bool quiet; /* asked for by the caller: say nothing about failures */
	struct damp_rules rules; /* program and outline set */
	json_t *json; /* {from, file, generation, name, digest} */
};

/* Is spec the number of a generation? "./7" is a file. */
bool damp_source_is_number(const char *spec);

/* spec: a rule file, "running", or a number. *s is all zero but for quiet.
 * Diagnostics of a file go to standard error. Returns an exit code; free with damp_source_free() in any
 * case. */
int damp_source_open(const struct damp_cli *cli, const char *spec, struct damp_source_of *s);
void damp_source_free(struct damp_source_of *s);

#endif
