/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that are there whole or not at all: written aside, synced, renamed,
 * and the directory synced behind them (rename(2), fsync(2)).
 */
#ifndef DAMP_ATOMIC_FILE_H
#define DAMP_ATOMIC_FILE_H

#include <stddef.h>

/* dir/name becomes the len bytes at data. 0 or negative errno; then the file
 * that was there is still there. */
int damp_atomic_replace(const char *dir, const char *name, const void *data, size_t len);

/* Remove dir/name for good. 0, also when there is none, or negative errno. */
int damp_atomic_remove(const char *dir, const char *name);

/* All of dir/name, with a NUL behind it: malloc'ed, NULL with errno. At most max
 * bytes, else EFBIG. */
char *damp_atomic_read(const char *dir, const char *name, size_t max, size_t *len);

#endif
