/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture before one or two rule sets: what would have happened, and where
 * they differ.
 *
 * Idea: each rule set has a judge of its own; every frame goes to both with the
 * capture's clock, and what they do is counted beside each other.
 *
 * Invariant: the result depends on the capture, the programs and the options
 * alone, never on the clock or the machine. Memory does not grow with the
 * length of the capture. Time never runs back: a frame that is older than the
 * one before it is judged at that one's time, and counted.
 *
 * Reference: operators.md 3.8.
 */
#ifndef DAMP_FORESIGHT_REPLAY_H
#define DAMP_FORESIGHT_REPLAY_H

#include "bench.h"
#include "peers.h"
#include "sides.h"

/* What one rule did. */
struct damp_replay_rule {
	uint64_t count[DAMP_OUTCOME_MAX];
};

/* What became of messages that were held behind a ping; those of no outcome wait. */
struct damp_replay_held {
	uint64_t messages;
	uint64_t forwarded; /* their peer proved itself meanwhile */
	uint64_t challenged; /* an Echo, or a ping, went in their place */
	uint64_t dropped;
	damp_tick longest; /* of these outcomes */
};

/* What one rule set made of the capture. */
struct damp_replay_set {
	struct damp_bench *bench;
	uint64_t verdict[DAMP_VERDICT_MAX]; /* of CoAP and DTLS frames */
	uint64_t verified_dropped;
	uint64_t reason[DAMP_REASON_MAX];
	struct damp_replay_held held;
	struct damp_peers peers;
	struct damp_replay_rule *rule; /* [nrules] */
	uint32_t *row;		       /* [nrules]: its row in the comparison */
	uint64_t peak[DAMP_TABLE_MAX], capacity[DAMP_TABLE_MAX];
};

/* A frame that one set treats otherwise than the other. */
struct damp_replay_change {
	uint64_t frame; /* 0: none */
	int64_t ts_ns;
	struct damp_addr src, dst;
	uint8_t verdict[2]; /* new, against */
};

/* One rule of either set, joined by id. */
struct damp_replay_row {
	const char *id;
	int32_t rule[2]; /* its index in new, against; -1 not there */
	struct damp_replay_change first;
};

struct damp_replay {
	unsigned nsets;		       /* 1, or 2 with something to compare with */
	struct damp_replay_set set[2]; /* new, against */
	struct damp_sides sides;
	bool grace;
	uint64_t frames, coap_frames, cut, out_of_order;
	int64_t first_ns, last_ns;
	uint64_t changed; /* frames with another verdict */
	struct damp_replay_change first;
	struct damp_replay_row *row;
	unsigned nrows;
};

struct damp_replay_program {
	const void *block;
	size_t len;
	const struct damp_port_names *ports;
	uint64_t when_s; /* see bench.h; 0 and false: the clock of the frames */
	bool clock_untrusted;
};

/* Set up for one or two programs; the witnesses of r->sides may be added behind
 * this. wall_s: of the first frame. False with a line in err. */
bool damp_replay_init(struct damp_replay *r, const struct damp_replay_program *p, unsigned n,
		      bool grace, uint64_t wall_s, char *err, size_t errlen);
void damp_replay_free(struct damp_replay *r);

/* Judge the next frame. False when out of memory. */
bool damp_replay_frame(struct damp_replay *r, const struct damp_captured *f);

/* Let time go on without frames, so that messages of the gateway's own come
 * due. False when out of memory. */
bool damp_replay_wait(struct damp_replay *r, int64_t ns);

/* Behind the last frame: the rest of the tables' peaks. */
void damp_replay_end(struct damp_replay *r);

/* Bytes toward and from unproved outside addresses. */
uint64_t damp_replay_bytes_out(const struct damp_replay_set *s);
uint64_t damp_replay_bytes_in(const struct damp_replay_set *s);

#endif
