/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper test`: rule tests, reported in the Test Anything Protocol. */
#ifndef DAMP_TEST_CMD_H
#define DAMP_TEST_CMD_H

#include "cli.h"

struct damp_rules;

int damp_cmd_test(struct damp_cli *cli);

/* Run the tests beside a rule file (each *.test.yaml of its folder that names
 * it) with r, its program. What is red goes to standard error. *passed counts
 * the green ones. Returns an exit code. */
int damp_test_beside(const struct damp_cli *cli, const char *file, const struct damp_rules *r,
		     unsigned *passed);

#endif
