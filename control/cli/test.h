/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper test`: rule tests, reported in the Test Anything Protocol. */
#ifndef DAMP_TEST_CMD_H
#define DAMP_TEST_CMD_H

#include "cli.h"

int damp_cmd_test(struct damp_cli *cli);

#endif
