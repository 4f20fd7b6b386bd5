/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and small captures for the tests of foresight. */
#ifndef DAMP_TEST_CAPTURES_H
#define DAMP_TEST_CAPTURES_H

#include "describe.h"

/* "CON GET /a" from one end to the other, as a frame; returns its length.
 * Anything wrong ends the test. */
size_t frame_of(const char *from, const char *to, const char *msg, uint8_t *out);

/* A temporary file; the name is static. */
const char *temp_name(const char *suffix);

#endif
