/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose rules are judged by: a rule file, compiled here, or the program that
 * runs, from damperd.
 *
 * Invariant: never silently by anything else than was said; what it was stands
 * in the output.
 */
#ifndef DAMP_ORIGIN_H
#define DAMP_ORIGIN_H

#include "cli.h"
#include "foresight/bench.h"

struct damp_origin {
	void *block; /* the program, malloc'ed */
	size_t len;
	struct damp_port_names ports; /* --port */
	json_t *json; /* {from, file, name, revision, digest} */
};

/* spec: a rule file, NULL or "running", or the number of a generation. Diagnostics go to standard error.
 * Returns an exit code; free with damp_origin_free() in any case. */
int damp_origin_open(const struct damp_cli *cli, const char *spec, struct damp_origin *o);
void damp_origin_free(struct damp_origin *o);

/* "default.yaml" or "running". */
const char *damp_origin_label(const json_t *origin);

/* "rules/default.yaml: default, revision 1" */
void damp_origin_line(const json_t *origin, char *out, size_t len);

#endif
