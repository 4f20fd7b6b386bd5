/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rewrites that are given byte for byte: each a message before and after.
 * They are run in every shape of frame of causes.h.
 */
#ifndef TEST_REWRITES_H
#define TEST_REWRITES_H

#include "causes.h"
#include "rewrite.h"

enum rewrite_op {
	OP_STRIP,                   /* arg: option number */
	OP_BLOCK2,                  /* arg: SZX */
	OP_REQUEST,                 /* both; arg: SZX */
	OP_UNOBSERVE,               /* damp_rewrite_request() without slicing */
	OP_ATTRS                    /* damp_attrs_clamp() with the guard's defaults */
};

struct rewrite_row {
	const char *what;
	enum rewrite_op op;
	uint16_t arg;
	const uint8_t *in;
	size_t in_len;
	const uint8_t *out;         /* NULL: left as it is */
	size_t out_len;
};

extern const struct rewrite_row rewrite_rows[];
extern const size_t nrewrite_rows;

/* Rewrite the cause in place as the row says. */
size_t rewrite_run(const struct rewrite_row *row, struct cause *c, size_t cap);

/* Calls use(frame, len, cause before) for what comes out of each row that
 * changes something, in each shape. Returns how many. */
unsigned int for_each_rewrite(void (*use)(const uint8_t *out, size_t len, const struct cause *c));

#endif
