/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random rules over a small world, with their meaning.
 *
 * Idea: a rule is made as a structure, from which come both its YAML text and,
 * by the slow reading of gen_matches(), whether it matches a message. The
 * reading follows operators.md 3.4 and knows nothing of rows, classes or
 * canonical texts.
 */
#ifndef DAMP_TEST_RULES_GEN_H
#define DAMP_TEST_RULES_GEN_H

#include "eval.h"
#include <stdio.h>

#define GEN_SEGMENTS_MAX 4u

/* Items of a list, bit i for item i of the attribute's world: the value agrees
 * when one of plain does, or (has_not and none of negated does). */
struct gen_cond { bool asked, has_not; uint32_t plain, negated; };

enum gen_attribute {
	GEN_FROM, GEN_TO, GEN_SOURCE, GEN_TARGET, GEN_FROM_PORT, GEN_TO_PORT, GEN_MSG, GEN_TYPE, GEN_CODE,
	GEN_PATH, GEN_QUERY, GEN_OPTION, GEN_SIZE, GEN_VERIFIED, GEN_SOLICITED, GEN_DTLS,
	GEN_COOKIE, GEN_ATTRIBUTES
};

struct gen_rule {
	struct gen_cond c[GEN_ATTRIBUTES];
	bool option_map;                /* option: {a: present, b: absent}: plain present, negated absent */
	bool off;
};

/* A message of the small world: a probe, and its texts as segments. */
struct gen_message {
	struct probe p;
	const char *path[GEN_SEGMENTS_MAX], *query[GEN_SEGMENTS_MAX];
	unsigned npath, nquery;
	char path_text[128], query_text[128];
};

/* Small seeded generator (splitmix64). */
uint64_t gen_random(uint64_t *state);

void gen_rule(uint64_t *state, struct gen_rule *r);
void gen_message(uint64_t *state, struct gen_message *m);

/* Zones and sets of the world, then the rules, as a rule file. */
void gen_print(FILE *f, const struct gen_rule *rules, unsigned n);

bool gen_matches(const struct gen_rule *r, const struct gen_message *m);

#endif
