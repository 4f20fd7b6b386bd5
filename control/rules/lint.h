/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is right, but hardly meant: warnings about whole rule sets.
 *
 * Idea: most questions are about which messages two rules share. The compiled
 * rows answer them for every attribute but the texts: a row is the set of rules
 * that agree with one value, so rule A has all the values of rule B when A's
 * bit is in every row that B's bit is in.
 *
 * Invariant: a lint is a warning or a remark, never an error.
 *
 * Reference: operators.md 3.4.
 */
#ifndef DAMP_RULES_LINT_H
#define DAMP_RULES_LINT_H

#include "model.h"

/* Of a file without errors; program: what it was compiled to. */
void damp_lint(struct damp_ctx *c, const struct damp_program_hdr *program);

#endif
