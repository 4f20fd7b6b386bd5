/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counter segment: a file in the runtime directory that the data plane
 * maps for writing and anyone else for reading.
 *
 * Invariant: each counter has a single writer and is only ever added to, so a
 * reader needs no lock and no worker ever waits. A worker block's writer is its
 * worker; but what tables had to forget the main thread copies there once a second,
 * that of tables which all workers share into the first block. A 64-bit counter is read
 * whole on the machines we run on; a set of counters read together may be a
 * burst apart.
 *
 * Rule counters live in slots that belong to a rule *id*, not to a position:
 * a reload moves rules but not their slots, so no counter goes backwards.
 */
#ifndef DAMPER_STATS_H
#define DAMPER_STATS_H

#include <damper/program.h>
#include <damper/reasons.h>
#include <stdint.h>

#define DAMP_STATS_MAGIC 0x535441544d504d44ull
#define DAMP_STATS_VERSION 3u
#define DAMP_STATS_FILE "stats"     /* below the runtime directory */
#define DAMP_WORKERS_MAX 16u
#define DAMP_REASON_SLOTS 64u
#define DAMP_RULE_SLOTS 1024u       /* slot 0 collects rules that found no slot */

enum damp_outcome { DAMP_OUT_MATCHED, DAMP_OUT_OVER, DAMP_OUT_WOULD, DAMP_OUT_ACTED, DAMP_OUTCOME_MAX };

enum damp_verdict {
	DAMP_VERDICT_ACCEPT,        /* forwarded as it is */
	DAMP_VERDICT_DROP,
	DAMP_VERDICT_ANSWER,        /* 4.29 and the like, in place of the server */
	DAMP_VERDICT_CHALLENGE,     /* 4.01 + Echo, or a ping */
	DAMP_VERDICT_SHAPE,         /* forwarded changed */
	DAMP_VERDICT_BYPASS,
	DAMP_VERDICT_MAX
};

/* Is a rule in force, its mode aside? */
enum damp_in_force {
	DAMP_IN_FORCE,
	DAMP_ENDED,                 /* its `until` is past */
	DAMP_NOT_NOW,               /* none of its schedules holds */
	DAMP_TIME_UNKNOWN,          /* it has schedules, the clock is not trusted, and so says the policy */
	DAMP_IN_FORCE_MAX
};

/* Of a worker's burst. KEYS and PROOFS are the judge's first passes (pass 1, and the
 * look at the peers' proofs), taken in one burst of DAMP_LAPS_EVERY, and within DECIDE. */
enum damp_stage {
	DAMP_STAGE_RX, DAMP_STAGE_PARSE, DAMP_STAGE_KEYS, DAMP_STAGE_PROOFS,
	DAMP_STAGE_DECIDE, DAMP_STAGE_TX, DAMP_STAGE_MAX
};
#define DAMP_LAPS_EVERY 64u

/* Tables of fixed size: X(NAME, "label"), in the order of the segment. */
#define DAMP_TABLES(X)                   \
	X(LEDGER, "ledger")              \
	X(EXCHANGES, "exchanges")        \
	X(SEEN, "seen")                  \
	X(OBSERVATIONS, "observations")  \
	X(PEERS, "peers")                \
	X(PROBES, "probes")              \
	X(GREYLIST, "greylist")          \
	X(CONCURRENT, "concurrent")      \
	X(HELD, "held")                  \
	X(TRANSFERS, "transfers")        \
	X(LEASES, "leases")              \
	X(REGISTRY, "registry")          \
	X(LISTS, "lists")                \
	X(SUSPECTS, "suspects")          \
	X(WAITING, "waiting")

enum damp_table {
#define X(name, label) DAMP_TABLE_##name,
	DAMP_TABLES(X)
#undef X
	DAMP_TABLE_MAX
};

/* Which directions the gateway sees: X(NAME, "label"). */
#define DAMP_ROUTINGS(X)                 \
	X(BOTH, "both")                  \
	X(UNANSWERED, "unanswered")      \
	X(UNASKED, "unasked")

enum damp_routing {
#define X(name, label) DAMP_ROUTING_##name,
	DAMP_ROUTINGS(X)
#undef X
	DAMP_ROUTING_MAX
};

struct damp_counter { uint64_t packets, bytes; };

/*
 * How the counters add up, over all workers and both sides, in packets and at
 * rest (nothing in a ring between workers):
 *
 *	rx + emitted            == tx + all drop reasons
 *	all reasons             == rx + NO_MBUF + TX_FULL + HELD_EXPIRED
 *
 * Every received packet has one reason: the judge's, or STEER_FULL when it
 * never got that far (BYPASS where the rules say so). NO_MBUF, TX_FULL and HELD_EXPIRED are losses behind the
 * judgement: the packet keeps its first reason (or is one of our own, which has
 * none) and the loss is counted beside it. At rest nothing is held either. emitted counts messages of our own that need a
 * buffer of their own; answers and rewrites in place of a received packet are
 * not among them.
 *
 * Stages: PARSE includes the hand-over to other workers, DECIDE is all of
 * damp_judge_run(). heartbeat counts rounds of the loop.
 *
 * Bytes are IP bytes (total length of the IP packet) everywhere in here but
 * in rx and tx, which count frames as the port saw them. */
struct damp_worker_stats {
	struct damp_counter rx[DAMP_SIDE_MAX], tx[DAMP_SIDE_MAX];
	struct damp_counter kind[DAMP_SIDE_MAX][DAMP_KIND_MAX];
	struct damp_counter reason[DAMP_SIDE_MAX][DAMP_REASON_SLOTS];
	struct damp_counter verdict[DAMP_SIDE_MAX][2][DAMP_VERDICT_MAX]; /* [side it came in][verified] */
	struct damp_counter made[DAMP_SIDE_MAX];        /* packets of our own, by side they leave on */
	uint64_t unproved_bytes_in, unproved_bytes_out; /* of unproved outside peers, IP bytes */
	uint64_t challenges_sent, pings_sent, proofs_echo, proofs_ping, proofs_token;
	uint64_t table_evictions[DAMP_TABLE_MAX];
	uint64_t memo_hits, memo_misses, hs_scans;
	uint64_t events_lost;
	uint64_t steered_out, steered_in, rss_mismatch;
	uint64_t stage_cycles[DAMP_STAGE_MAX], stage_packets[DAMP_STAGE_MAX];
	uint64_t bursts, cycles_busy, cycles_idle, heartbeat;
	uint64_t emitted;           /* messages of our own handed to the shell */
	uint64_t proofs_cookie;     /* DTLS cookies returned to the server that gave them, handshakes finished */
	uint64_t proofs_ack;        /* ACKs of permuted Message IDs */
	uint64_t proofs_server_echo; /* Echo values returned to the server that gave them */
	uint64_t held, held_released; /* messages kept behind a ping; those that went on when it was answered */
	uint64_t routing_asked, routing_answered, routing_orphans; /* core/routing.h */
	uint64_t elsewhere_looked, elsewhere_requests, elsewhere_responses; /* core/elsewhere.h */
	uint64_t overload_passed;   /* messages sent on unjudged since a ring was full (fail: overload open) */
	uint64_t proofs_second;     /* second pings answered: 32 bits with the proof before (core/half.h) */
	uint64_t reserved[18];
	struct damp_counter rule[DAMP_RULE_SLOTS][DAMP_OUTCOME_MAX];
} __attribute__((aligned(64)));

struct damp_port_stats {
	char name[DAMP_NAME_MAX];   /* DPDK device name */
	uint64_t imissed, rx_nombuf, ierrors, oerrors;
	uint32_t queues_rx, queues_tx, mtu, link_up;
	uint32_t symmetric_rss;     /* 0 software steering, 1 NIC, verified by sampling */
	uint32_t pad;
	char called[256];           /* what rule files may call it: "wan0, 0000:03:00.0" */
};

struct damp_stats {
	uint64_t magic;
	uint32_t version, nworkers;
	uint64_t total_len;
	uint64_t boot_id;           /* random per start of the data plane */
	uint64_t tsc_hz;
	uint64_t started_wall_s;
	/* Written by the main thread of the data plane only. */
	uint64_t generation, program_revision, loads_ok, loads_rejected;
	uint64_t program_source;    /* enum damp_program_source of wire.h */
	uint64_t bypass_until_s;    /* CLOCK_MONOTONIC seconds, 0 off */
	char program_name[DAMP_NAME_MAX], program_digest[72];
	uint64_t table_capacity[DAMP_TABLE_MAX], table_entries[DAMP_TABLE_MAX], table_bytes[DAMP_TABLE_MAX];
	uint64_t mempool_size, mempool_free, memory_bytes;
	struct damp_port_stats port[DAMP_SIDE_MAX];
	/* The wall clock (core/moment.h), and what time does to rules. */
	uint64_t clock_trusted, clock_behind, clock_wall_s, clock_least_s, clock_steps;
	uint64_t rules_waiting;     /* out of force for their time */
	uint64_t mode_overrides, rules_observing;
	uint64_t blocks, blocks_added, blocks_ended, blocks_full; /* prefixes blocked now; of all origins */
	uint64_t set_members;
	uint8_t rule_mode[DAMP_RULE_SLOTS];     /* enum damp_mode, overrides and ceilings considered */
	uint8_t rule_time[DAMP_RULE_SLOTS];     /* enum damp_in_force */
	uint64_t rule_mode_until_s[DAMP_RULE_SLOTS]; /* of an override: CLOCK_MONOTONIC seconds, 0 none */
	uint32_t nrule_slots;
	uint32_t routing;           /* enum damp_routing */
	char rule_slot[DAMP_RULE_SLOTS][DAMP_NAME_MAX]; /* id of the rule a slot belongs to */
	struct damp_worker_stats worker[DAMP_WORKERS_MAX];
};

#endif
