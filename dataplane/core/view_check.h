/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bound-by-bound check of a program, used by view.c only.
 */
#ifndef DAMP_CORE_VIEW_CHECK_H
#define DAMP_CORE_VIEW_CHECK_H

#include <damper/program.h>
#include <stdbool.h>
#include <stddef.h>

/* Is every offset, count, index and string of the block in order? On failure
 * writes one line into err. Reads nothing outside of [block, block + len). */
bool damp_program_check(const void *block, size_t len, char *err, size_t errlen);

#endif
