/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader of the workers' event rings (events.h of include/damper).
 *
 * Idea: the worker never looks at readers; a reader that was too slow finds
 * out from head how much it lost, says so, and goes on at the oldest record
 * that is still whole.
 *
 * Invariant: a record is handed out only when its slot cannot have been
 * written to while it was copied, and its number is the expected one.
 */
#ifndef DAMP_EVENTS_READER_H
#define DAMP_EVENTS_READER_H

#include <damper/events.h>
#include <stddef.h>

struct damp_event_record {
	struct damp_event event;
	uint64_t boot_id;
	unsigned worker;
};

struct damp_event_reader;

/* What the main thread of the data plane says. */
struct damp_notice_record {
	struct damp_notice notice;
	uint64_t boot_id;
};

struct damp_event_reader *damp_event_reader_new(const char *runtime_dir);
void damp_event_reader_free(struct damp_event_reader *r);

/*
 * Copy up to max new records of all workers to out, ordered by their time, and
 * add to *lost how many were overwritten before they could be read. Returns
 * the number of records; a result below max means that there are no more for
 * now. A new boot id starts over with the oldest record of the new ring. One
 * thread.
 */
size_t damp_event_reader_poll(struct damp_event_reader *r, struct damp_event_record *out,
			      size_t max, uint64_t *lost);

/* The same of the ring of notices. */
size_t damp_event_reader_notices(struct damp_event_reader *r, struct damp_notice_record *out, size_t max,
				 uint64_t *lost);

#endif
