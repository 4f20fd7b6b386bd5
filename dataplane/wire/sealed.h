/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is too long for a datagram of the control socket travels as memory that
 * nobody can change any more (memfd_create(2), fcntl(2): F_ADD_SEALS).
 *
 * Invariant: bytes that were read from a sealed memfd are the ones that were
 * checked: their sender can neither write nor shrink it meanwhile.
 */
#ifndef DAMP_SEALED_H
#define DAMP_SEALED_H

#include <stddef.h>

/* A memfd of len bytes at data, sealed; -1 with errno when it cannot be. */
int damp_sealed_new(const char *name, const void *data, size_t len);

/* A memfd to write to (damp_write_whole), -1 with errno; and have it sealed for
 * good: returns 0 or a negative errno. */
int damp_sealed_open(const char *name);
int damp_seal(int fd);

/* The bytes of a memfd that is sealed against writing and shrinking, malloc'ed;
 * NULL with errno EINVAL (no such memfd), EFBIG (empty, or more than most) or
 * ENOMEM. fd stays the caller's. */
void *damp_sealed_read(int fd, size_t most, size_t *len);

/* Read exactly len bytes from fd at offset 0. Returns 0 or a negative errno. */
int damp_read_whole(int fd, void *out, size_t len);

/* Write exactly len bytes. Returns 0 or a negative errno. */
int damp_write_whole(int fd, const void *data, size_t len);

#endif
