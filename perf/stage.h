/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages under test: one worker with everything it has in the data plane
 * but ports, and the loop that a burst goes through.
 *
 * Idea: stage_measured() does what worker.c does between receiving a burst and
 * sending it: fill the packet array, prefetch the frames, parse, judge, collect
 * messages of our own, take the laps. Everything else (building frames, warming
 * up) calls stage_unmeasured(), which is the same code under another name, so
 * that an instruction count can be switched on by function.
 *
 * Invariant: the virtual clock moves with the packets, at the packet rate of
 * the case, and never backwards.
 */
#ifndef DAMP_PERF_STAGE_H
#define DAMP_PERF_STAGE_H

#include "judge.h"

struct stage_frame { uint8_t *data; uint32_t len; uint8_t side; };

struct stage {
	struct damp_judge *judge;
	struct damp_judge_worker *worker;
	struct damp_view *view;
	struct damp_stats *stats;
	struct damp_events *events;
	damp_tick now;
	uint64_t fraction, step;        /* of the clock: ticks a packet, 32 fraction bits */
	unsigned burst;                 /* packets judged at once, DAMP_BURST if nobody says */
	bool checksum_known;            /* as if the port had verified the checksums */
	uint64_t parse_cycles;          /* laps of the last call: parse; the rest is the judge */
	struct damp_laps laps;          /* of it, when they are taken */
	uint64_t emitted;
	struct damp_pkt pkt[DAMP_BURST] __attribute__((aligned(DAMP_CACHE_LINE)));
	struct damp_emit emit[DAMP_EMITS];
};

#define STAGE_WALL_S 1700000000u
/* What a frame may grow to: an Ethernet MTU of 1500. */
#define STAGE_FRAME_MAX 1514u

/* The bytes of a compiled program: of the file at path, NULL for the built-in one. To
 * be freed. NULL and a line on stderr when there are none. */
void *stage_program(const char *path, size_t *len);
/* Open a stage with the data plane's default sizes. Takes the program over. NULL and a
 * line on stderr when it cannot be opened. */
struct stage *stage_open(void *program, size_t len);
void stage_close(struct stage *s);

/* From now on laps of the judge's passes too, which cost some cycles a packet. */
void stage_take_laps(struct stage *s);
void stage_rate(struct stage *s, double packets_per_s);
void stage_skip(struct stage *s, unsigned seconds);

/* Put n frames through, burst by burst. */
void stage_measured(struct stage *s, const struct stage_frame *f, unsigned n);
void stage_unmeasured(struct stage *s, const struct stage_frame *f, unsigned n);

#endif
