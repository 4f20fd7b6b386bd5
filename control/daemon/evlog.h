/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The newest events as JSON lines, for /v1/events and, when asked for, a file.
 *
 * Idea: a ring in memory, each line with the next number of this run of
 * damperd; a reader asks for what came after the last number it has seen.
 * Memory is bounded by the number of lines, and a line by what the event
 * formats can make.
 *
 * The file gets each event at least once: after a restart of damperd the
 * records that are still in the workers' rings are written again, with the
 * same boot and record numbers.
 */
#ifndef DAMP_EVLOG_H
#define DAMP_EVLOG_H

#include <jansson.h>
#include <stdint.h>

enum damp_event_type {
	DAMP_EVENT_VERDICT,
	DAMP_EVENT_WARN,        /* a limit is used up so far */
	DAMP_EVENT_ATTACK,      /* attacks.h */
	DAMP_EVENT_BLOCK,       /* one begins, grows or ends */
	DAMP_EVENT_SET,         /* a member's time is over */
	DAMP_EVENT_RULESET,
	DAMP_EVENT_HEALTH,
	DAMP_EVENT_TYPE_MAX
};

struct damp_evlog;

/* capacity: lines kept. path: file to append to, NULL none. NULL when out of
 * memory; a file that cannot be opened is reported and left out. */
struct damp_evlog *damp_evlog_new(unsigned capacity, const char *path);
void damp_evlog_free(struct damp_evlog *l);

/* Add an event; takes the reference over. suppressed: packets it stands for
 * beyond its own. Any thread. */
void damp_evlog_add(struct damp_evlog *l, enum damp_event_type type, json_t *event,
		    uint64_t suppressed);

/* Open the file anew, after it was moved away. */
void damp_evlog_reopen(struct damp_evlog *l);

/* The answer to /v1/events: up to max events with a number above since; a
 * malloc'ed JSON text, NULL when out of memory. */
char *damp_evlog_since(struct damp_evlog *l, uint64_t since, unsigned max);

const char *damp_event_type_name(enum damp_event_type type);
void damp_evlog_counts(struct damp_evlog *l, uint64_t events[DAMP_EVENT_TYPE_MAX],
		       uint64_t suppressed[DAMP_EVENT_TYPE_MAX]);

#endif
