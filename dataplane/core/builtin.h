/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program that runs when there is no other: no rules, the guard with its
 * default numbers, the registered ports.
 */
#ifndef DAMP_BUILTIN_H
#define DAMP_BUILTIN_H

#include <stddef.h>

/* A malloc'ed block that damp_view_open() accepts, or NULL. */
void *damp_builtin_program(size_t *len);

#endif
