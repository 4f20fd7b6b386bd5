/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of test files share (testfile*.c). */
#ifndef DAMP_FORESIGHT_TESTFILE_INT_H
#define DAMP_FORESIGHT_TESTFILE_INT_H

#include "testfile.h"

#include "read.h"

/* Walk the keys of a mapping. words: NULL-terminated; fn gets the index of the
 * key. what: "a test". */
typedef void damp_test_key_fn(struct damp_ctx *c, int key, const struct damp_pair *p, void *user);
void damp_test_keys(struct damp_ctx *c, const struct damp_node *n, const char *what,
		    const char *const *words, damp_test_key_fn *fn, void *user);

/* A range "low..high" whose ends are read by fn; one value alone is both ends. */
typedef bool damp_test_value_fn(struct damp_ctx *c, const struct damp_node *at, const char *text,
				uint64_t *out);
bool damp_test_range_read(struct damp_ctx *c, const struct damp_node *n, damp_test_value_fn *fn,
			  struct damp_test_range *out);

bool damp_test_endpoint(struct damp_ctx *c, const struct damp_node *n, uint16_t port,
			struct damp_endpoint *out);

/* testfile_send.c, testfile_expect.c */
void damp_test_sends_read(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t);
void damp_test_expect_read(struct damp_ctx *c, const struct damp_node *n, struct damp_test *t);

#endif
