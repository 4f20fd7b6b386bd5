/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What survives a restart: the secret behind Echo values and pings, the last
 * good program, a time that has passed, and the lists (lists_state.h). Files in
 * the state directory.
 *
 * Invariant: a file is replaced whole or not at all (write aside, fsync,
 * rename), so a power cut leaves the old one.
 *
 * Main thread only.
 */
#ifndef DAMP_STATE_H
#define DAMP_STATE_H

#include "core/hash.h"

#define DAMP_TIME_FILE "time"       /* below the state directory: decimal seconds */
#define DAMP_SECRET_FILE "secret"   /* below the state directory, 16 bytes, mode 0600 */

/* len bytes from the kernel's generator. Returns 0, or -1 said on stderr. */
int damp_random(void *out, size_t len);

/* Make directory path if it is missing. Returns 0 or a negative errno. */
int damp_make_dir(const char *path, unsigned mode);

/* The secret of dir, created on first use. When the directory cannot hold one,
 * says so and returns a secret of this run only. Returns 0, or -1 when there is
 * no randomness. */
int damp_state_secret(const char *dir, struct damp_key *out);

/* Keep a program as the last good one. Returns 0, or -1 with a line in err. */
int damp_state_save(const char *dir, const void *block, size_t len, char *err, size_t errlen);

/* The last good program, malloc'ed, or NULL with a line in err (empty when
 * there simply is none). */
void *damp_state_load(const char *dir, size_t *len, char *err, size_t errlen);

/* Have the file name in dir be data, atomically. Returns 0 or a negative errno. */
int damp_state_replace(const char *dir, const char *name, const void *data, size_t len);

/* The Unix time kept in dir as certainly past, 0 when there is none; what is in
 * the way is said. And keep another one: 0, or -1 said on stderr. */
uint64_t damp_state_time(const char *dir);
int damp_state_keep_time(const char *dir, uint64_t unix_s);

#endif
