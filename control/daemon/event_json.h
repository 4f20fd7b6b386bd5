/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event records as JSON objects: a flat header plus what the record knows
 * (operators.md 4.3). Control bytes in a path come out escaped, so a line is
 * one event whatever a sender wrote.
 */
#ifndef DAMP_EVENT_JSON_H
#define DAMP_EVENT_JSON_H

#include "common/progview.h"
#include "events.h"
#include <jansson.h>

/*
 * A verdict record. rule_id: the rule, "" when none decided. prog:
 * the program of the record's generation, which knows the rule's place; NULL
 * when it is another. New reference.
 */
json_t *damp_event_verdict_json(const struct damp_event_record *r, const char *rule_id,
				const struct damp_prog *prog);

/* A notice of the main thread, type block or set. rule_id and prog as above. New reference. */
json_t *damp_event_notice_json(const struct damp_notice_record *r, const char *rule_id,
			       const struct damp_prog *prog);

/* n bytes of text as printable ASCII: what is no such byte is written \xNN. */
void damp_event_clean_text(const char *text, size_t n, char *out, size_t len);

/* Where a rule stands, as "at"; prog may be NULL. */
void damp_event_add_place(json_t *j, const char *rule_id, const struct damp_prog *prog);

/* The header of an event of our own: ts, type and severity. New reference. */
json_t *damp_event_own_json(const char *type, const char *severity);

#endif
