/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How people write the value of a CoAP option: in rule files, and of described messages.
 *
 * Reference: RFC 7252 section 3.2 (formats) and 5.10; of later options the RFC that
 * defines each; RFC 7959 section 2.2 (blocks).
 */
#ifndef DAMP_RULES_OPTION_VALUE_H
#define DAMP_RULES_OPTION_VALUE_H

#include "quantity.h"

#include <stdbool.h>
#include <stdint.h>

enum damp_option_format {
	DAMP_FORMAT_EMPTY,
	DAMP_FORMAT_OPAQUE,     /* hex */
	DAMP_FORMAT_STRING,
	DAMP_FORMAT_UINT,
	DAMP_FORMAT_BLOCK       /* a number too, written NUMBER/MORE/SIZE */
};

/* Of an option by its number; of one that is not known OPAQUE. */
enum damp_option_format damp_option_format(uint32_t number);

/* A block, like 0/0/64, to the number it is. why: DAMP_WHY_MAX bytes, what is wrong. */
bool damp_block_parse(const char *text, uint32_t *value, char *why);

#endif
