/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judge: bursts of frames in, a fate and a reason for each out.
 *
 * Idea: everything that decides about a packet, with no EAL beneath it. The
 * data plane, replay, explain, the simulation, the tests and the fuzzers call
 * the same two functions; time, keys and randomness come in as arguments.
 * Stages run over the whole burst: parse, hash and prefetch first, touch
 * tables after.
 *
 * Invariant (the promise): toward an outside address that has not proved it is
 * there, all packets that leave because of it, ours included, never add up to
 * more IP bytes than guard.alpha times what came from it, plus what the grace
 * policy allows right after a start; and a refused packet changes no shared
 * state. Dry run (rule mode observe) changes nothing but the commit.
 *
 * References: design.md 3, 3a; RFC 9175 section 2.4; RFC 9000 section 8.1.
 */
#ifndef DAMP_CORE_JUDGE_H
#define DAMP_CORE_JUDGE_H

#include "dtls.h"
#include "frame.h"
#include "hold.h"
#include "lease.h"
#include "ledger.h"
#include "reply.h"
#include "scan.h"
#include "tables.h"
#include "transfer.h"
#include "view.h"
#include <damper/capture.h>
#include <damper/events.h>
#include <damper/stats.h>
#include <damper/trace.h>

#define DAMP_BURST 64u
#define DAMP_CHARGES_MAX 24u
#define DAMP_EMITS 128u
#define DAMP_GROW_MAX 64u           /* bytes the caller keeps free behind every frame, for rewrites */
#define DAMP_PROBES_LOG2 10u

/* What the shell does with the frame. */
enum damp_fate {
	DAMP_FATE_FORWARD,          /* send on the other port */
	DAMP_FATE_BACK,             /* send on the port it came from (rewritten in place) */
	DAMP_FATE_DROP,
	DAMP_FATE_HOLD              /* keep it, as it is, under the number in `hold` (damp_judge_unhold()) */
};

/*
 * A burst of these is filled by the parser, prepared, judged and then read by the worker, each
 * pass over all of them, between frames and lines of tables that want the same cache. So
 * what decides how many lines a pass walks over comes first: a refused packet is
 * done within the first three, an admitted one within four (the assertions below).
 */
struct damp_pkt {
	/* Filled by the caller. */
	uint8_t *data;              /* contiguous frame */
	uint32_t len;
	uint32_t cap;               /* bytes the frame may grow to: the buffer, the other port's MTU */
	uint8_t side;               /* enum damp_side it came in on */
	uint8_t checksum_known;     /* the port verified the checksums */
	uint8_t held;               /* it was held, and damp_judge_unhold() has named it */
	/* Found by the parser; for explain, events and tests. */
	uint8_t kind;               /* enum damp_kind */
	uint8_t device_serves;      /* the inside end's port is one of ours: a server */
	uint8_t hello;              /* enum damp_hello */
	uint8_t dtls_whole;         /* DTLS records from the first byte to the last; of DTLS only */
	uint8_t head;               /* a first fragment's type, code and Message ID are in coap; of what is no whole CoAP */
	/* The judgement, beside fate, reason and verdict. */
	uint32_t out_len;           /* frame length to send */
	int32_t rule;               /* index of the deciding rule, -1 none */
	/* Pass 1 clears these, down to xchg_key, in few stores: they lie together. */
	uint8_t fate;               /* enum damp_fate */
	uint8_t reason;             /* enum damp_reason */
	uint8_t verdict;            /* enum damp_verdict, for the counters */
	uint8_t observed;           /* a rule in mode observe would have acted */
	uint8_t proved;
	uint8_t truths;             /* DAMP_TRUTH_* bits */
	uint8_t rungs_hashed;       /* peer_host and peer_net are there */
	uint8_t budgets_wait;       /* their lines are not asked for yet (prepare.c) */
	uint8_t plain;              /* such as floods are made of: enum damp_plain (flood.c) */
	uint8_t path_hashed;        /* path_hash is there */
	uint8_t src_sets, dst_sets; /* sets of the program, filled at run time, that hold the address: bits */
	uint16_t src_class, dst_class;
	uint64_t peer_key, xchg_key;
	struct damp_frame frame;
	/* coap.mid is the Message ID as the inside knows it, whichever side p came
	 * in on; this is the one that p came with (permute.h). */
	uint16_t wire_mid;
	uint16_t hold;              /* fate HOLD: 0 .. DAMP_HOLDS - 1 */
	/* Keyed hashes of the inside and the outside address and of the prefixes of the
	 * latter at the guard's byte rungs (below): all ledger keys are made of them. */
	uint64_t device_whole, peer_whole;
	uint64_t device_key;
	struct damp_coap coap;
	/* From here on nothing is touched for a packet that is refused in the short way. Of
	 * others mid_key is cleared between the passes, xchg and obs when they are looked for. */
	uint64_t mid_key;           /* of its Message ID in the table of those seen; 0: not made yet */
	struct damp_xchg *xchg;
	struct damp_obs *obs;
	uint64_t path_hash;         /* of its path's text, for observations and budgets of a path */
	uint64_t peer_host, peer_net;
	/* Where plain is DAMP_PLAIN_ASKED (answer.h): of "its ends were asked before"; 0: not
	 * made. */
	uint64_t asked_key;
	struct damp_dtls dtls;      /* of a whole DTLS datagram */
	uint8_t half;               /* if it took the long way: of its peer no more than half is proved (half.h) */
	uint8_t spare[31];
};
/* The first line: what passes touch again, the verdict and who it is. The second: where it
 * comes from and goes to. The third: what it says, as far as requests without options do.
 * The fourth: what those with options say, and what the tables know of them. An odd number of
 * lines lets a burst spread over all sets of a cache. */
#define DAMP_PKT_LINE(field) (offsetof(struct damp_pkt, field) / DAMP_CACHE_LINE)
#define DAMP_PKT_BEGINS(field) (offsetof(struct damp_pkt, field) % DAMP_CACHE_LINE == 0)
_Static_assert(DAMP_PKT_LINE(xchg_key) == 0, "one line is judged by");
_Static_assert(DAMP_PKT_BEGINS(frame) && DAMP_PKT_LINE(hold) == 1, "one line of addresses");
_Static_assert(DAMP_PKT_BEGINS(device_whole) && DAMP_PKT_LINE(coap) == 2 &&
	       offsetof(struct damp_pkt, coap) + DAMP_COAP_BARE == 3 * DAMP_CACHE_LINE, "one line of the message");
_Static_assert(DAMP_PKT_LINE(path_hash) == 3, "one line of those with more to it");
_Static_assert(sizeof(struct damp_pkt) == 5 * DAMP_CACHE_LINE, "the next one begins a line");

/* A small frame of our own to send. */
struct damp_emit {
	uint8_t side;
	uint8_t len;
	uint8_t data[DAMP_EMPTY_FRAME_MAX];
};

/* What is sized at start and never grows. */
struct damp_judge_config {
	unsigned nworkers;
	unsigned ledger_log2;       /* lines of 7 keys, shared */
	unsigned peers_log2;        /* lines of 3 proved peers, shared */
	unsigned xchg_log2;         /* lines of 2, each worker */
	unsigned seen_log2;         /* lines of 4, each worker */
	unsigned obs_log2;          /* lines of 2, each worker */
	unsigned grey_log2;         /* cells of a byte, each worker */
	unsigned repeat_lines;      /* of 64 bytes, each worker */
	unsigned tally_log2;        /* sets of 4 keys with open exchanges, shared */
	unsigned held_log2;         /* lines of 2, each worker */
	unsigned lists_log2;        /* lines of 4 prefixes of blocks and sets, shared */
	unsigned transfers_log2;    /* lines of 2 uploads, each worker */
	unsigned leases_log2;       /* lines of 8 leases, shared */
	unsigned registry_log2;     /* lines of 2 notes on answers to come and registrations, shared */
};
extern const struct damp_judge_config damp_judge_defaults;

struct damp_judge;              /* shared by all workers */
struct damp_judge_worker;       /* of one worker */

size_t damp_judge_bytes(const struct damp_judge_config *c);
size_t damp_judge_worker_bytes(const struct damp_judge_config *c);

/* Set up in the caller's zeroed, 64-byte aligned memory. key: random master
 * key of all table hashes. wall_s: CLOCK_REALTIME seconds at tick 0, which
 * Echo values are made of. start: the tick the grace time begins. All workers, numbered
 * from 0, are made before the first of them judges: one that is alone locks less. */
struct damp_judge *damp_judge_init(void *mem, const struct damp_judge_config *c, const struct damp_key *key,
				   uint64_t wall_s, damp_tick start);
struct damp_judge_worker *damp_judge_worker_init(void *mem, struct damp_judge *j, unsigned worker,
						 struct damp_worker_stats *stats, struct damp_event_ring *events);

/* Let the worker fill its rings of captures and of traces, which outlive it;
 * either may be NULL. */
void damp_judge_worker_tap(struct damp_judge_worker *w, struct damp_capture_file *captures,
			   struct damp_trace_file *traces);

/* Parse n frames (n <= DAMP_BURST): fills frame and kind of each. Needs no
 * state, so any worker may do it. */
void damp_judge_parse(const struct damp_view *v, struct damp_pkt *p, unsigned n);

/* The worker that owns what this parsed packet belongs to: the same for both
 * directions of a conversation. What an inside client asks goes by its own
 * endpoint alone, since a group answers from other addresses; what a server is
 * asked goes by both ends, so that an attack on one server is spread. 0 when one worker runs. Frames that are not
 * CoAP have no owner: returns self. */
unsigned damp_judge_owner(const struct damp_judge *j, const struct damp_pkt *p, unsigned self);

/* Judge n parsed packets, in order; rewrites frames in place. bypass: forward
 * everything, count only. */
void damp_judge_run(struct damp_judge_worker *w, const struct damp_view *v, struct damp_pkt *p, unsigned n,
		    damp_tick now, bool bypass);

/* Cycles of the passes of the judge, for who wants to know where they go. The clock is
 * the caller's: the judge has none. */
struct damp_laps {
	uint64_t (*clock)(void);
	uint64_t keys, proofs, decide;  /* added up: pass 1, the look at the proofs, pass 2 */
};

/* Take laps from now on; NULL: none, and nothing is spent on them but a branch for each
 * pass of a burst. */
void damp_judge_take_laps(struct damp_judge_worker *w, struct damp_laps *laps);

/* Messages of our own that are due now (pings beside a forwarded packet and
 * later probes): moves up to max into out. Call after run and when idle. */
unsigned damp_judge_emits(struct damp_judge_worker *w, damp_tick now, struct damp_emit *out, unsigned max);

/* The next frame that is held no longer: its peer has proved itself, or its time
 * is up. Whoever keeps it sets `held`, judges it again at once and does what is
 * then said. False: none. Call as often as damp_judge_emits(). */
bool damp_judge_unhold(struct damp_judge_worker *w, damp_tick now, unsigned *hold);

/* The lists of prefixes and who fills one of them; main thread (prefixes.h,
 * block.h). */
struct damp_prefixes *damp_judge_prefixes(struct damp_judge *j);
struct damp_blocker *damp_judge_blocker(struct damp_judge *j);

/* For the slow loop: read what the workers noted. */
void damp_judge_blocks(struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n,
		       const struct damp_view *v);

/* For the slow loop: live entries and capacity of each table over the n workers
 * given, at least one; walks the tables. And usage.c writes into the counters of those
 * workers how often each table had to forget something. */
void damp_judge_usage(struct damp_judge *j, struct damp_judge_worker *const *w, unsigned n, damp_tick now,
		      uint64_t entries[DAMP_TABLE_MAX], uint64_t capacity[DAMP_TABLE_MAX],
		      uint64_t bytes[DAMP_TABLE_MAX]);

#endif
