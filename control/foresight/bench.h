/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge on a bench: one program, one worker, a clock that the caller turns.
 *
 * Idea: explain, replay and the rule tests put frames before the very functions
 * that judge the wire; only ports and clock are missing. All keys are fixed, so
 * that the same frames give the same verdicts, counts and bytes, always.
 *
 * Invariant: the state begins empty and, unless asked for, past the grace time
 * after a start, so that a response needs a request that the bench has seen.
 * Nothing comes back: a peer that is challenged here cannot answer, unless the
 * frames judged next hold its answer; what is held meanwhile is kept here. Echo
 * values and pings in a capture were made with the gateway's secrets and prove
 * nothing here.
 */
#ifndef DAMP_FORESIGHT_BENCH_H
#define DAMP_FORESIGHT_BENCH_H

#include "finding.h"
#include "devices.h"
#include "commit.h"
#include "moment.h"

#define DAMP_BENCH_FRAME_MAX 65600u /* a UDP datagram over IPv6 with two VLAN tags */

struct damp_bench {
	void *mem; /* of the judge and its worker */
	struct damp_judge *judge;
	struct damp_judge_worker *worker;
	struct damp_worker_stats *stats;
	struct damp_event_ring *events;
	struct damp_view *view;
	damp_tick zero; /* of the first frame */
	damp_tick now;
	uint64_t wall_s; /* at zero */
	bool clock_untrusted;
	struct damp_moment moment; /* what the view's rules were last evaluated at */
	const uint8_t *modes; /* [nrules] enum damp_mode, for those of the program; NULL: those */
	/* Frames that the judge holds, by their number. */
	struct { uint8_t *frame; uint32_t len; uint8_t side; damp_tick since; } kept[DAMP_HOLDS];
	damp_tick held_for; /* of the last one that was judged again */
	/* The last frame, as it left. */
	struct damp_pkt pkt;
	struct damp_decision decision;
	uint8_t frame[DAMP_BENCH_FRAME_MAX + DAMP_GROW_MAX];
};

struct damp_bench_setup {
	const void *block; /* the program, copied */
	size_t len;
	const struct damp_port_names *ports; /* for zones by device; NULL: none is known */
	uint64_t wall_s; /* the wall clock at the first frame */
	uint64_t when_s; /* the same for schedules and ends, when it is another; else 0 */
	bool clock_untrusted; /* nobody knows what time of the week it is */
	bool grace;	 /* begin as right after a start */
	bool small;	 /* tables for a few messages, made at once */
};

/* NULL with a line in err. */
struct damp_bench *damp_bench_new(const struct damp_bench_setup *s, char *err, size_t errlen);
void damp_bench_free(struct damp_bench *b);

/* Have rules the modes that they have elsewhere, by override; modes outlives b. */
void damp_bench_modes(struct damp_bench *b, const uint8_t *modes);

/* Move the clock to t ticks after the first frame; never back. */
void damp_bench_time(struct damp_bench *b, damp_tick t);

/* Parse a frame (at most DAMP_BENCH_FRAME_MAX bytes) into b->pkt, checksums
 * taken as right: captures hold those that a network card would have filled in. */
void damp_bench_load(struct damp_bench *b, enum damp_side side, const uint8_t *frame, size_t len);

/* Decide about the frame that was loaded, into b->decision; write down what was
 * looked at; then carry it out. */
void damp_bench_decide(struct damp_bench *b);
void damp_bench_find(struct damp_bench *b, struct damp_finding *f);
void damp_bench_commit(struct damp_bench *b);

/* Load, decide, commit. */
void damp_bench_judge(struct damp_bench *b, enum damp_side side, const uint8_t *frame, size_t len);

/* Judge the next frame that is held no longer, its peer proved or its time up: then
 * it is the last frame, with pkt.held set. False: none. */
bool damp_bench_unhold(struct damp_bench *b);
/* When the next one is judged again at the latest, in ticks after the first frame.
 * False: none is held. */
bool damp_bench_hold_due(const struct damp_bench *b, damp_tick *t);

/* Messages of the gateway's own that are due; returns how many. */
unsigned damp_bench_emits(struct damp_bench *b, struct damp_emit *out, unsigned max);

/* Move the clock to t, as damp_bench_time(), and on the way do what falls due: judge
 * what is held no longer, let go what the gateway sends. */
void damp_bench_advance(struct damp_bench *b, damp_tick t);

/* Make an outside endpoint a proved peer. */
void damp_bench_prove(struct damp_bench *b, const struct damp_addr *peer, uint16_t port);

/* IP bytes of the loaded and judged frame as it leaves, 0 for a drop. */
uint32_t damp_bench_out_ip(const struct damp_bench *b);

/* The rule whose last word stands, -1 when it is the guard's: an accept of a
 * rule is only leave to go on to the guard. */
int32_t damp_bench_rule(const struct damp_bench *b);

/* The side it leaves on; of a drop, meaningless. */
enum damp_side damp_bench_out_side(const struct damp_bench *b);

#endif
