/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge makes of one frame, and why: as JSON, from which the command
 * also makes its text.
 *
 * Idea: the decision and the commit of the wire's own judge, with looks before
 * and between them: every rule is asked why it does not match (why.h), every
 * budget is read before it is charged, and each question "could this be paid?"
 * is recorded as it is put.
 *
 * Invariant: what is told about the verdict is read from the decision, never
 * worked out a second time.
 */
#ifndef DAMP_FORESIGHT_EXPLAIN_H
#define DAMP_FORESIGHT_EXPLAIN_H

#include "bench.h"
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

/* explain_rules.c: all rules; before the commit. New reference. */
json_t *damp_explain_rules(const struct damp_bench *b);

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
