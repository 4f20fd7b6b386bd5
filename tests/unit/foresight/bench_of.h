/* SPDX-License-Identifier: BSD-3-Clause */
/* A small bench with the program of a rule file's text. */
#ifndef DAMP_TEST_BENCH_OF_H
#define DAMP_TEST_BENCH_OF_H

#include "bench.h"

/* Compile the text and make a bench of it whose clock for schedules begins at when_s; 0:
 * it has none of its own. Fails the test, saying why, where either is not possible. */
struct damp_bench *bench_of(const char *text, uint64_t when_s);

#endif
