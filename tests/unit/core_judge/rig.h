/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A judge on the bench: one worker, the built-in program (or a given one),
 * frames built by hand, virtual time.
 *
 * Invariant: the rig adds up every IP byte it sends from the outside peer and
 * every one that leaves toward it, so that a test can ask for the factor.
 */
#ifndef DAMP_TEST_RIG_H
#define DAMP_TEST_RIG_H

#include "judge.h"

#define RIG_JUNK 0xa5       /* every byte of a packet that the caller need not fill */

/* A frame that the judge holds. */
struct rig_kept { uint8_t *frame; size_t len; enum damp_side side; };

struct rig {
	void *judge_mem, *worker_mem, *stats_mem, *events_mem;
	struct damp_judge *judge;
	struct damp_judge_worker *worker;
	struct damp_view *view;
	struct damp_stats *stats;
	struct damp_events *events;
	damp_tick now;
	bool bypass;
	bool v6;
	uint64_t peer_in, peer_out;     /* IP bytes from and toward outside */
	uint8_t frame[2048];            /* of the packet judged last */
	struct damp_pkt pkt;
	struct damp_emit emits[DAMP_EMITS];
	unsigned nemits;
	struct rig_kept kept[DAMP_HOLDS];
};

/* Ends of the conversation; a test may use others by number. */
struct rig_end { uint8_t host; uint16_t port; };

/* The built-in program, but nothing is held: what becomes of a message is known
 * at once. */
void rig_open(struct rig *r, bool v6);
/* The same with a change to the guard before the program is opened; it may turn
 * holding on. */
void rig_open_guard(struct rig *r, bool v6, void (*change)(struct damp_guard *g));
/* With a compiled program, which the rig takes over. Rule i counts in slot i + 1. */
void rig_open_program(struct rig *r, bool v6, void *block, size_t len);
void rig_close(struct rig *r);

/* Send a CoAP message from outside host a to inside host b, or the reverse
 * with side DAMP_INSIDE (a is then inside). Returns the judged packet; its
 * bytes are in r->frame. */
struct damp_pkt *rig_send(struct rig *r, enum damp_side side, struct rig_end a, struct rig_end b,
			  const void *msg, size_t len);

/* Send a whole frame as it is. */
struct damp_pkt *rig_frame(struct rig *r, enum damp_side side, const uint8_t *frame, size_t len);

/* Judge the next frame that is held no longer; NULL: none. */
struct damp_pkt *rig_unhold(struct rig *r);

/* Move time on and collect what the gateway sends by itself. */
void rig_wait_ms(struct rig *r, unsigned ms);

/* The CoAP part of the frame that leaves, NULL when it was dropped. */
const uint8_t *rig_out(struct rig *r, size_t *len);

/* Build the frame rig_send() would send. Returns its length. */
size_t rig_build(const struct rig *r, enum damp_side side, struct rig_end a, struct rig_end b, const void *msg,
		 size_t len, uint8_t *out);

#endif
