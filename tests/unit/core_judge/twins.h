/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two judges that get the same bursts, one of which takes no short way: what
 * becomes of every packet, the counters and the events must be the same, byte for
 * byte.
 */
#ifndef DAMP_TEST_TWINS_H
#define DAMP_TEST_TWINS_H

#include "rules_rig.h"

#define TWINS_FRAME_MAX 512u

struct twins_burst {
	struct damp_pkt pkt[DAMP_BURST];
	uint8_t frame[DAMP_BURST][TWINS_FRAME_MAX];
	unsigned n;
};

/* A number below `below` from a stream that a seed begins. */
uint32_t twins_draw(uint64_t *s, uint32_t below);

/* An empty packet at the end of the burst; the caller builds its frame. */
struct damp_pkt *twins_add(struct twins_burst *b, enum damp_side side);

/* The bytes of an address of the rig's own net that is outside. */
struct damp_addr twins_peer(const struct rig *r, uint8_t host);

/* Judge the burst in both at a's time and compare; a's packets stay in b. note: says
 * where, when they differ. */
void twins_judge(struct rig *a, struct rig *b, struct twins_burst *burst, const char *note);

/* The peer of p has half a proof from a's time on, in both. And how many packets were
 * judged as those of one that has. */
void twins_prove_half(struct rig *a, struct rig *b, const struct damp_pkt *p);
unsigned twins_halves(const struct twins_burst *b);

/* Compare counters and events. */
void twins_compare(const struct rig *a, const struct rig *b);

/* Compare all that packets may leave behind for others. */
void twins_compare_tables(const struct rig *a, const struct rig *b);

#endif
