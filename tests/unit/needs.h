/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test needs that may not be there: a tool, an instruction, the reference
 * material. Such a case is a meson test of its own, which the same program runs when
 * its last argument names the need; it ends with NEEDS_SKIP and says why, so that
 * scripts/test can tell what did not run. cmocka's skip() would hide it among the
 * passed. needs.py is the same for Python.
 */
#ifndef DAMP_TEST_NEEDS_H
#define DAMP_TEST_NEEDS_H

#include <stdbool.h>

#define NEEDS_SKIP 77 /* what meson takes for "skipped" */

/* Is this the run for what needs `what`? */
bool needs_run(int argc, char **argv, const char *what);

/* Say why nothing is run. Returns NEEDS_SKIP, for main() to return. */
int needs_missing(const char *why);

/* Path of a file below the reference material, which is not part of this repository:
 * the directory in the environment variable DAMPER_SHARED, else ../shared beside the
 * source root (DAMPER_SOURCE_ROOT, set by the build). NULL, saying so as
 * needs_missing() does, when it is not there. The buffer is the function's own. */
const char *needs_shared(const char *name);

#endif
