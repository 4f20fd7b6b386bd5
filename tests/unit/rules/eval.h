/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules of a compiled program match a message: program.h's bit vectors,
 * read as its comments say, without the data plane's code. So a test can hold
 * the compiler against the contract alone.
 */
#ifndef DAMP_TEST_RULES_EVAL_H
#define DAMP_TEST_RULES_EVAL_H

#include <damper/program.h>
#include <stdbool.h>
#include <stdint.h>

struct probe {
	bool v6;
	uint8_t src[16], dst[16];       /* IPv4 in the first four bytes */
	unsigned side, kind;
	int type, code;                 /* -1: has none */
	unsigned sport, dport, size, truths, hello;
	uint64_t options;
	const char *path, *query;       /* canonical texts */
};

/* Fill out (nwords of the program) with the matching rules. */
void eval_program(const struct damp_program_hdr *h, const struct probe *p, uint64_t *out);

/* Address class. */
unsigned eval_class(const struct damp_program_hdr *h, bool v6, const uint8_t *addr);

const void *eval_section(const struct damp_program_hdr *h, enum damp_section_id s);

#endif
