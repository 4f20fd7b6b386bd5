/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge makes of one frame, and why: as JSON, from which the command
 * also makes its text.
 *
 * Idea: the decision and the commit of the wire's own judge, and what it writes
 * down of them (core/finding.h): budgets and limits as they stood, the outcome of
 * each rule. Beside that every rule is asked why it does not match (why.h). So
 * the judge on the bench and the one on the wire are explained alike; of the
 * latter, frame and program are here, and all that stood in its tables is told by
 * the finding alone.
 *
 * Invariant: what is told about the verdict is read from the decision, never
 * worked out a second time. Where a live finding and what follows from frame and
 * program disagree, the finding is told and the difference said.
 */
#ifndef DAMP_FORESIGHT_EXPLAIN_H
#define DAMP_FORESIGHT_EXPLAIN_H

#include "bench.h"
#include "finding.h"
#include <jansson.h>

/*
 * Judge the frame loaded on the bench and explain: object with frame, message
 * (null when there is none), known, rules, guard, effects, verdict, sends. The frame
 * has been judged afterwards. New reference; NULL when out of memory.
 */
json_t *damp_explain(struct damp_bench *b);

/* Only the verdict of the frame judged last: {verdict, fate, dropped, reason,
 * help, rule, at, would_act}. New reference. */
json_t *damp_verdict_json(const struct damp_bench *b);

/*
 * The same of the frame loaded on the bench as another judge found it: nothing
 * is charged here. same_program: the bench has the program that it judged by;
 * else rules are null. sent: the frame that left in its place, NULL when nobody
 * has it. New reference.
 */
json_t *damp_explain_found(struct damp_bench *b, const struct damp_finding *f, bool same_program,
			   const uint8_t *sent, size_t len);

/* explain_rules.c: all rules of a packet that was looked up. live: f comes from
 * elsewhere, so that it may differ from what follows here. New reference. */
json_t *damp_explain_rules(const struct damp_bench *b, const struct damp_finding *f, bool live);

/* "192.0.2.1:5683", "[2001:db8::1]:5683" */
#define DAMP_ENDPOINT_TEXT 56u
char *damp_endpoint_text(const struct damp_addr *a, uint16_t port, char out[DAMP_ENDPOINT_TEXT]);

/* "203.0.113.0/24"; plen counts within the family. */
#define DAMP_PREFIX_TEXT 56u
char *damp_prefix_text(const struct damp_addr *a, unsigned plen, char out[DAMP_PREFIX_TEXT]);

/* "file:line" of a rule; out of 320 bytes. */
#define DAMP_AT_TEXT 320u
char *damp_rule_at(const struct damp_view *v, uint32_t rule, char out[DAMP_AT_TEXT]);

/* To a thousandth, so that JSON stays short. New reference. */
json_t *damp_real_json(double v);

#endif
