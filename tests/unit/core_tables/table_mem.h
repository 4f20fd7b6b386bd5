/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a table under test: exactly as long as the table asked for, so
 * that the address sanitizer sees any step beyond, and filled with junk, since
 * init has to clear it.
 *
 * Tests that need keys of one line build them: the line number is the low bits
 * of a key, the tag (where a table has one) its high half.
 */
#ifndef DAMP_TEST_TABLE_MEM_H
#define DAMP_TEST_TABLE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static inline void *table_mem(size_t bytes)
{
	void *mem = aligned_alloc(64, bytes);

	assert_non_null(mem);
	memset(mem, 0xa5, bytes);
	return mem;
}

static inline uint64_t key_at(uint32_t line, uint32_t tag)
{
	return (uint64_t)tag << 32 | line;
}

#endif
