/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the reference material lies that is not part of this repository:
 * the directory in the environment variable DAMPER_SHARED, else ../shared
 * beside the source root (DAMPER_SOURCE_ROOT, set by the build).
 */
#ifndef TEST_SHARED_H
#define TEST_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIT_SKIP 77 /* what meson takes for "skipped" */

/* Path of a file below the shared directory, or NULL, saying so on stdout,
 * when it is not there. The buffer is the function's own. */
const char *shared_path(const char *name);

/* Bytes of a hex string into an exact-size heap buffer, so that a sanitizer
 * sees every read past the end. The caller frees it. */
uint8_t *unhex(const char *hex, size_t *len);

#endif
