/* SPDX-License-Identifier: BSD-3-Clause */
/* The attacks that last, as a part of `damper show status`. */
#ifndef DAMP_SHOW_ATTACKS_H
#define DAMP_SHOW_ATTACKS_H

#include "cli.h"

#include <jansson.h>

/* attacks: of /v1/status. Prints nothing when there are none; indent: blanks before
 * the table, and the width of the label in front of it. */
void damp_print_attacks(const struct damp_cli *cli, const json_t *attacks, unsigned indent);

#endif
