/* SPDX-License-Identifier: BSD-3-Clause */
/* A directory for one test program, with files made and removed in it. */
#ifndef DAMP_TMPDIR_H
#define DAMP_TMPDIR_H

#include <stddef.h>

/* Make a new one below $TMPDIR or /tmp; out has room for len bytes. */
void tmpdir_make(char *out, size_t len);

/* Remove it with all that is in it; a test that cannot leaves things behind, and ends. */
void tmpdir_remove(const char *dir);

/* Map a new, zeroed file dir/name of len bytes for writing; like the data plane
 * does, an old one of that name is replaced, not changed. */
void *tmpdir_map(const char *dir, const char *name, size_t len);

#endif
