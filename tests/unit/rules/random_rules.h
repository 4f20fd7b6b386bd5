/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests of random rule files share: opening one as the data plane does, and going
 * through the seeds. DAMPER_SEED plays one alone.
 */
#ifndef DAMP_TEST_RULES_RANDOM_RULES_H
#define DAMP_TEST_RULES_RANDOM_RULES_H

#include "view.h"

#include <stdio.h>

/* Writes a rule file. */
typedef void random_print(FILE *f, void *arg);

/* Compile the file that print() writes and open its program; fails the test, with the
 * seed and the text, where either is not possible. */
struct damp_view *random_open(uint64_t seed, random_print *print, void *arg, const struct damp_key *key);

/* check() every seed from 1 to programs, which returns how much matched; all of it
 * together must be more than `least`: a world in which nothing ever matched would prove
 * nothing. */
void random_seeds(unsigned (*check)(uint64_t seed), unsigned programs, unsigned least);

#endif
