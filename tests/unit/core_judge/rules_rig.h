/* SPDX-License-Identifier: BSD-3-Clause */
/* The bench of rig.h with the program of a rule file's text. */
#ifndef DAMP_TEST_RULES_RIG_H
#define DAMP_TEST_RULES_RIG_H

#include "rig.h"

#define CLIENT ((struct rig_end){ 1, 40000 })
#define SERVER ((struct rig_end){ 2, 5683 })
#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define HEAD "version: 1\nruleset: {name: t, revision: 1, requires: \">=0.1\", mode: enforce}\n"
#define ZONES                                                                                            \
	"zones:\n  outside: {ports: [outside], prefixes: any}\n"                                        \
	"  inside: {ports: [inside], prefixes: [10.2.0.0/16, \"fd00:0:0:2::/64\"]}\n"

/* CON GET with one path segment of one letter. */
#define GET(letter) 0x40, 0x01, 0x00, 0x01, 0xb1, letter

/* Compile, fail the test with the report when that fails, and open. */
void rules_open(struct rig *r, bool v6, const char *text);

/* Put another text to work, as a reload does: the judge's state stays. */
void rules_reload(struct rig *r, const char *text);

/* Packets of a rule by its id. */
uint64_t rules_counted_id(const struct rig *r, const char *id, enum damp_outcome o);

/* Packets of a rule by its place in the file. */
uint64_t rules_counted(const struct rig *r, unsigned rule, enum damp_outcome o);

#endif
