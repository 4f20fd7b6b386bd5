/* SPDX-License-Identifier: BSD-3-Clause */
/* A rule file's text, compiled for a test that looks at the block. */
#ifndef DAMP_TEST_COMPILED_H
#define DAMP_TEST_COMPILED_H

#include "rules.h"

#define HEAD "version: 1\n"
#define SECOND (1u << 20)       /* ticks */

/* Compile; fails the test with the report, or with what the data plane has against the
 * block. The caller frees r. */
void compile(const char *text, struct damp_rules *r);

/* The string at an offset of the program's strings. */
const char *string_at(const struct damp_program_hdr *h, uint32_t off);

#endif
