/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing and compiling rule files; see rulesets.h.
 */
#include "rulesets.h"

#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_TEXT_MAX 512u
#define PATTERNS_A_RULE 10u

static void *compile(const char *text, size_t *len)
{
	struct damp_rules r;
	void *program;

	if (damp_rules_compile_text(text, strlen(text), "benchmark", NULL, &r) != 0) {
		fputs(r.text, stderr);
		exit(1);
	}
	*len = r.program_len;
	program = r.program;
	r.program = NULL;
	damp_rules_free(&r);
	return program;
}

/* Networks all over the unicast space: 7919 is prime to 220 * 256. */
static int put_match(char *out, size_t room, unsigned i)
{
	const unsigned net = i * 7919u % (220u * 256u), a = 1 + net / 256, b = net % 256;

	switch (i % 4) {
	case 0: return snprintf(out, room, "{from: %u.%u.77.0/24, path: /p/%u}", a, b, i);
	case 1: return snprintf(out, room, "{path: /s/%u/**}", i);
	case 2: return snprintf(out, room, "{from: %u.%u.1.9, code: GET}", a, b);
	default: return snprintf(out, room, "{msg: request, query: q=%u, size: ..%u B}", i, 64 + i % 512);
	}
}

void *perf_rules(unsigned n, size_t *len)
{
	const size_t room = (n + 1ull) * RULE_TEXT_MAX;
	char *text = malloc(room), match[RULE_TEXT_MAX / 2];
	size_t at;
	void *program;

	if (text == NULL)
		exit(1);
	at = (size_t)snprintf(text, room, "version: 1\nrules:\n");
	for (unsigned i = 0; i < n; i++) {
		put_match(match, sizeof(match), i);
		at += (size_t)snprintf(text + at, room - at, "  - {id: r%u, match: %s, then: drop}\n", i, match);
	}
	program = compile(text, len);
	free(text);
	return program;
}

static int put_pattern(char *out, size_t room, unsigned i, unsigned nregex)
{
	if (i < nregex)
		return snprintf(out, room, "{regex: '/dev%u/[a-f0-9]{4,16}/(on|off|set)'}", i);
	if (i % 3 == 0)
		return snprintf(out, room, "'/zone%u/*/state'", i);
	return snprintf(out, room, "/things/%u/value", i);
}

void *perf_patterns(unsigned n, unsigned nregex, size_t *len)
{
	const size_t room = (n + 1ull) * RULE_TEXT_MAX;
	char *text = malloc(room), pattern[RULE_TEXT_MAX / 2];
	size_t at;
	void *program;

	if (text == NULL)
		exit(1);
	at = (size_t)snprintf(text, room, "version: 1\nrules:\n");
	for (unsigned i = 0; i < n; i++) {
		if (i % PATTERNS_A_RULE == 0)
			at += (size_t)snprintf(text + at, room - at, "%s  - id: r%u\n    then: drop\n    match: {path: [",
					       i ? "]}\n" : "", i);
		put_pattern(pattern, sizeof(pattern), i, nregex);
		at += (size_t)snprintf(text + at, room - at, "%s%s", i % PATTERNS_A_RULE ? ", " : "", pattern);
	}
	snprintf(text + at, room - at, "]}\n");
	program = compile(text, len);
	free(text);
	return program;
}
