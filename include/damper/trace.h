/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why packets are treated as they are: copies of judged frames with what the
 * judge found, a ring per worker in a file beside the counters, filled only
 * while somebody asks for it; and the same answer for one frame that never
 * came (DAMP_WIRE_PEEK).
 *
 * Idea: a broadcast ring as for captures (capture.h). What the judge looked at
 * is written down before anything is charged or rewritten, the verdict when it
 * is known. What follows from frame and program alone is not in here: whoever
 * reads can work it out again by the program of the same generation.
 *
 * Invariant: no verdict depends on any of this. A trace ends DAMP_TRACE_LEASE_S
 * after it was last asked for, a worker's part of it after so many records; at
 * most DAMP_TRACE_PER_S a second and worker are kept, what was wanted beyond
 * them is counted in `missed`.
 */
#ifndef DAMPER_TRACE_H
#define DAMPER_TRACE_H

#include <damper/program.h>
#include <damper/stats.h>
#include <stdint.h>

#define DAMP_TRACE_MAGIC 0x434152544d504d44ull
#define DAMP_TRACE_VERSION 1u
#define DAMP_TRACE_FILE "trace"         /* below the runtime directory; holds payloads: not for everybody */
#define DAMP_TRACE_SLOTS 64u            /* per worker, a power of two */
#define DAMP_TRACE_SNAP 1536u           /* bytes kept of a frame */
#define DAMP_TRACE_SENT 256u            /* bytes kept of what left in its place */
#define DAMP_TRACE_PER_S 200u
#define DAMP_TRACE_LEASE_S 3u
#define DAMP_TRACE_COUNT_MAX 100000u    /* records that one trace may ask of a worker */
#define DAMP_TRACE_ANY_REASON 0xffu
#define DAMP_TRACE_ANY_CODE 0xffffu

#define DAMP_FOUND_RULES 16u
#define DAMP_FOUND_RUNGS 48u
#define DAMP_FOUND_BUDGETS 48u

/* Whose a budget of the guard is. */
enum damp_whose {
	DAMP_WHOSE_UNKNOWN,
	DAMP_WHOSE_ALL,
	DAMP_WHOSE_PEER,            /* a prefix of the outside end */
	DAMP_WHOSE_DEVICE,          /* of the inside end */
	DAMP_WHOSE_ENDPOINT         /* the outside end's address and port */
};

/* A budget of the guard that was asked about, as it stood then; in ticks. */
struct damp_found_budget {
	uint32_t debt, cost, burst;
	uint8_t reason;             /* a drop would have */
	uint8_t whose, plen;        /* enum damp_whose; plen within the family */
	uint8_t refused;
};

/* A rung of a limit of a rule that matched, before this packet: ticks that are
 * used up, or how many are open. */
struct damp_found_rung {
	uint32_t value;
	uint16_t rule;
	uint8_t limit, rung;        /* the rule's limit, the limit's rung */
};

struct damp_found_rule {
	uint16_t rule;
	uint8_t outcome;            /* bits 1 << enum damp_outcome */
	uint8_t pad;
};

/* What the judge knew and did. */
struct damp_finding {
	uint32_t generation;
	int32_t rule, would_rule;   /* index; -1 none */
	uint8_t kind, verdict, reason, fate;
	uint8_t proved, truths, hello, exempt;
	uint8_t src_sets, dst_sets, observed, held;
	uint8_t action;             /* enum damp_action of `rule` */
	uint8_t bypassed;
	uint8_t cut;                /* more rules, rungs or budgets than have room */
	/* On record of the conversation. */
	uint8_t has_xchg, has_obs, xchg_from_inside, xchg_challenged, owed;
	uint32_t xchg_credit, request_bytes;
	/* What the decision does to the tables. */
	uint8_t opens_xchg, opens_obs, closes_obs, slices, slice_szx, proof, pays, holds;
	uint32_t opened_credit, opened_life_s, paid, probes;
	/* What leaves. */
	uint8_t out_side, changed;
	uint16_t nrules, nrungs, nbudgets;
	uint16_t rule_slot;         /* stats.h slot of `rule`, which outlives its program; 0 none */
	uint32_t out_ip;
	struct damp_found_rule rules[DAMP_FOUND_RULES];
	struct damp_found_rung rungs[DAMP_FOUND_RUNGS];
	struct damp_found_budget budgets[DAMP_FOUND_BUDGETS];
};

struct damp_trace_record {
	uint64_t seq;               /* equals the slot's sequence number when whole */
	uint64_t wall_us;
	uint32_t len, caplen;       /* of the frame; bytes of it that are in data */
	uint32_t sent_len, sent_caplen; /* of what left, when it was changed; 0: the frame itself, or nothing */
	uint8_t side, pad[7];
	struct damp_finding found;
	uint8_t data[DAMP_TRACE_SNAP], sent[DAMP_TRACE_SENT];
};

struct damp_trace_ring {
	uint64_t head;              /* next sequence number; release store by the worker */
	uint64_t missed;            /* wanted, but beyond what is kept in a second */
	uint64_t looked;            /* packets that were compared with the filter */
	uint64_t pad[5];
	struct damp_trace_record slot[DAMP_TRACE_SLOTS];
} __attribute__((aligned(64)));

/* An end: the address and how many of its 16 bytes' bits count, 0 any. */
struct damp_trace_end {
	uint8_t addr[16];           /* IPv4 as ::ffff:a.b.c.d */
	uint32_t bits;
};

/* All that is set has to hold. */
struct damp_trace_filter {
	uint32_t version;           /* DAMP_TRACE_VERSION */
	struct damp_trace_end from, to, host; /* host: either */
	uint16_t port;              /* of either end, 0 any */
	uint16_t code;
	uint8_t sides, kinds, verdicts, reason; /* bits, bits, bits; a reason or ANY */
	uint8_t path_len, path_prefix; /* 0: any; whatever begins so, segment by segment */
	uint8_t pad[2];
	char path[128];             /* as rules see it (program.h) */
	char rule[DAMP_NAME_MAX];   /* id, NUL terminated; "" any */
};

struct damp_trace_file {
	uint64_t magic;
	uint32_t version, nworkers;
	uint64_t boot_id;
	/* Written by the main thread, `until` last; read by the workers once a burst. */
	uint64_t until;             /* tick at which it ends */
	uint64_t owner;             /* who asked, by a number of its own */
	uint32_t session;           /* another one for each trace */
	uint32_t most;              /* records of each worker */
	uint32_t rule_slot;         /* of filter.rule; 0 any */
	uint32_t pad;
	struct damp_trace_filter filter;
	struct damp_trace_ring ring[];          /* [nworkers] */
};

#endif
