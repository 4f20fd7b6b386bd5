/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's half of captures (include/damper/capture.h) and of traces
 * (include/damper/trace.h).
 *
 * Threads: a tap belongs to one worker; the wishes in the files are the main
 * thread's.
 */
#ifndef DAMP_CORE_TAP_H
#define DAMP_CORE_TAP_H

#include "types.h"

#include <damper/capture.h>
#include <damper/trace.h>

struct damp_ctx;
struct damp_pkt;
struct damp_decision;

/* So many a second, and no more. */
struct damp_tap_budget {
	damp_tick second;               /* when it was filled */
	unsigned left;
};

struct damp_tap {
	const struct damp_capture_file *file;   /* NULL: none */
	struct damp_capture_ring *ring;
	const struct damp_trace_file *trace_file;
	struct damp_trace_ring *trace_ring;
	bool on;                        /* in this burst, for either of these */
	bool captures, traces;
	struct damp_tap_budget capture_budget, trace_budget;
	uint32_t session, traced;       /* the trace being filled, and its records so far */
};

/* The copies of one packet that wait for its verdict. */
struct damp_tapped {
	struct damp_capture_record *copy;
	struct damp_trace_record *trace;
	bool trace_fits;                /* the packet, as it came, is what the filter asks for */
};

/* Once a burst: does somebody want copies now? */
bool damp_trace_look(struct damp_tap *t);

static inline void damp_tap_look(struct damp_tap *t, damp_tick now)
{
	t->captures = t->file != NULL && now < __atomic_load_n(&t->file->until, __ATOMIC_ACQUIRE);
	t->traces = damp_unlikely(t->trace_file != NULL &&
				  now < __atomic_load_n(&t->trace_file->until, __ATOMIC_ACQUIRE)) &&
		    damp_trace_look(t);
	t->on = t->captures || t->traces;
}

/* Take one from a budget of per_s; false: none is left in this second. */
bool damp_tap_afford(struct damp_tap_budget *b, damp_tick now, unsigned per_s);

/* Copy p as it is now, before d is carried out. */
void damp_tap_begin(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		    struct damp_tapped *out);

/* p has its verdict: keep the copies that are wanted. */
void damp_tap_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		  const struct damp_tapped *t);

/* trace.c: the same for traces. */
void damp_trace_begin(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		      struct damp_tapped *out);
void damp_trace_end(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d,
		    const struct damp_tapped *t);

/* Does a parsed packet have what f asks for, verdict, reason and rule aside? */
bool damp_trace_wants(const struct damp_trace_filter *f, const struct damp_pkt *p);

#endif
