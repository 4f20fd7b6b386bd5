/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge's own files share: its state, and the surroundings of one burst.
 * What passes between them is in decision.h, what each offers the others in the
 * header of its name.
 *
 * Invariant: decide_*.c read tables and write only the decision; every change
 * of state, counter and frame happens in commit.c, or in a short way (short_way.h)
 * that is held equal to it. That is what makes dry run, explain and replay the same
 * code.
 */
#ifndef DAMP_CORE_JUDGE_STATE_H
#define DAMP_CORE_JUDGE_STATE_H

#include "block.h"
#include "classify.h"
#include "grey.h"
#include "hasher.h"
#include "hold.h"
#include "judge.h"
#include "keep.h"
#include "learned.h"
#include "registry.h"
#include "repeat.h"
#include "reply.h"
#include "tally.h"
#include "tap.h"
#include "tell.h"

/* A ping that is sent later unless the peer has proved itself by then. */
struct damp_probe {
	damp_tick due;
	uint64_t peer_key;
	uint32_t proof;                 /* when the peer's proof had to be renewed, 0 it had none: told from a new one */
	unsigned left;                  /* probes still to send, this one included */
	bool v6;
	struct damp_emit emit;
};

#define DAMP_PROBE_STEPS 2u             /* after the first ping: +0.4 s and +0.8 s (attacks.md 6.3) */
#define DAMP_PROBE_GAP (DAMP_TICK_HZ * 2 / 5)

struct damp_probe_fifo {
	uint32_t head, tail;            /* free running */
	struct damp_probe slot[1u << DAMP_PROBES_LOG2];
};

struct damp_judge {
	struct damp_judge_config cfg;
	struct damp_hasher h_addr, h_xchg, h_mid;
	struct damp_key k_mid, k_given, k_path; /* k_mid: of what is seen outside */
	uint64_t anybody;               /* hash of the prefix of no bits */
	struct damp_ledger *ledger;
	struct damp_peer_table *peers;
	struct damp_prefixes *prefixes;
	struct damp_blocker *blocker;
	struct damp_lease_table *leases;
	struct damp_tally *tally;
	struct damp_registry *registry;
	struct damp_learned *learned;
	uint64_t wall_s;
	damp_tick start;
	bool wide;                      /* this machine's wide registers are used (sip_lanes.h) */
	bool shared;                    /* there is more than one worker: locks are needed */
	bool long_way;                  /* nothing takes the short way of flood.c (tests) */
	uint8_t routing;                /* enum damp_routing; set by another thread (routing.h) */
	bool recorded;                  /* the traffic was recorded without us: its ACKs name the inside's Message IDs */
};

#define DAMP_FLOOD_SERVERS 64u
#define DAMP_FLOOD_STRANGERS 64u

/* A server found spent, and until when it will be, whatever comes (flood.c). */
struct damp_spent {
	uint64_t device;
	damp_tick until;
};

/* An address found to be served on trust no more, and when (flood.c). */
struct damp_stranger {
	uint64_t peer, burst;
	bool unasked;                   /* nor does it have challenges for fresh requests */
};

struct damp_judge_worker {
	struct damp_judge *j;
	unsigned index;
	struct damp_worker_stats *stats;
	struct damp_event_ring *events;
	struct damp_xchg_table *xchg;
	struct damp_seen_table *seen;
	struct damp_obs_table *obs;
	struct damp_grey *grey;
	struct damp_repeat *repeats;
	struct damp_held_table *held;
	struct damp_transfer_table *transfers;
	struct damp_laps *laps;         /* NULL: nobody wants to know */
	uint32_t nproofs;               /* taken so far, and marks that are kept like them */
	uint64_t nbursts;
	bool short_lately;              /* a challenge of the burst before was refused */
	uint32_t asks_owed;             /* challenges that the gateway's budget is still to be charged with (answer.c) */
	uint32_t elsewhere_at;          /* packets on other ports so far (elsewhere.h) */
	struct damp_spent spent[DAMP_FLOOD_SERVERS];
	struct damp_rung spent_by;      /* the budget that they were asked about */
	struct damp_stranger stranger[DAMP_FLOOD_STRANGERS];
	uint64_t refused_until;         /* burst: first contacts are asked for early, some was refused lately */
	uint16_t slip[DAMP_RULE_SLOTS]; /* messages ended since the last that slipped */
	damp_tick event_next[DAMP_REASON_MAX];
	uint64_t event_skipped[DAMP_REASON_MAX];
	struct damp_probe_fifo probes;  /* of one gap each */
	struct damp_probe_fifo soon;    /* first pings beside a message: sent at once */
	struct damp_hold hold;
	struct damp_tell tell;
	struct damp_tap tap;
	struct damp_keep keep;
	struct damp_notes notes;
};

struct damp_decision;
struct damp_flood;
struct damp_admit;
struct damp_walk;

/* Somebody who watches one decision being made (explain); NULL on the wire.
 * asked: could the charges d holds now be paid? refused: -1 yes, else the index
 * of the first that could not. Of d only the charges are set. Changes nothing. */
struct damp_trace {
	void (*asked)(void *arg, const struct damp_decision *d, int refused);
	void *arg;
};

/* Is a packet of the kind that floods are made of, and will it be challenged in the
 * short way, in all likelihood? SHORT: its address has no challenge left. */
enum damp_plain { DAMP_PLAIN_NO, DAMP_PLAIN_YES, DAMP_PLAIN_ASKED, DAMP_PLAIN_SHORT };

/* One burst's surroundings. */
struct damp_ctx {
	struct damp_judge_worker *w;
	struct damp_judge *j;
	const struct damp_view *v;
	const struct damp_guard *g;
	damp_tick now;
	uint64_t wall_s;
	bool grace;
	enum damp_routing routing;
	const struct damp_pkt *p;       /* the packet being judged; its addresses are hashed already */
	const struct damp_trace *trace;
	struct damp_flood *flood;       /* NULL: one packet alone, the long way */
	struct damp_admit *admit;       /* NULL likewise */
	struct damp_walk *walk;         /* NULL likewise */
	struct damp_xchg *aside;        /* somebody else's tables are only looked at: the exchange is copied
					 * here, and no proof renewed; NULL on the wire (finding.h) */
};

/* Unix time of the burst, for people. */
static inline uint64_t damp_wall_us(const struct damp_ctx *c)
{
	return c->j->wall_s * 1000000 + (uint64_t)(((unsigned __int128)c->now * 1000000) >> 20);
}

/* Adds what has passed since to a lap of l, and returns the present. */
static inline uint64_t damp_lap(const struct damp_laps *l, uint64_t *lap, uint64_t since)
{
	const uint64_t t = l->clock();

	*lap += t - since;
	return t;
}

#endif
