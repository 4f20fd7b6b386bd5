/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Running one rule test on a bench.
 *
 * Invariant: each test begins with empty tables and its own clock at 0, so that
 * the order of tests means nothing.
 */
#ifndef DAMP_FORESIGHT_TESTRUN_H
#define DAMP_FORESIGHT_TESTRUN_H

#include "replay.h"
#include "testfile.h"

#define DAMP_TEST_SAYS 8u
#define DAMP_TEST_SAY_LEN 400u

struct damp_test_result {
	unsigned nsays; /* what is not as expected; none: the test passed */
	char say[DAMP_TEST_SAYS][DAMP_TEST_SAY_LEN];
};

/* Run t with the program. False when it could not be run at all, which is a say
 * as well. */
bool damp_test_run(const struct damp_test *t, const struct damp_replay_program *p,
		   struct damp_test_result *out);

#endif
