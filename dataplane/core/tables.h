/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The four small tables of the judge: exchanges, Message IDs seen,
 * observations and proved peers. Each has its own file; this header is their
 * common contract.
 *
 * Idea: set-associative, one 64-byte line per lookup, keyed 64-bit hashes, a
 * deadline in every slot. A slot past its deadline is free: no timers, no
 * sweepers, no LRU lists. When a line is full of live slots the victim is the
 * one that ends soonest and the eviction is counted; what a loss means is said
 * per table and is never "more bytes for an unproved address".
 *
 * Invariant: memory is given at init and never grows. Deadlines are stored as
 * 32-bit counts of 1/16 s (2^-4 s; wraps after 8.5 years) relative to tick 0.
 *
 * Threads: exchanges, seen and observations belong to one worker and take no
 * lock. Peers are shared: lookups are plain reads, proofs (rare by nature)
 * take the line's byte lock. *_evictions() and *_live() may be called by
 * another thread while workers run; the count is then of no one moment.
 *
 * lines_log2: 0..26; beyond, *_bytes() is 0 and *_init() is NULL. Memory is
 * 64-byte aligned.
 */
#ifndef DAMP_CORE_TABLES_H
#define DAMP_CORE_TABLES_H

#include "types.h"

static inline uint32_t damp_due(damp_tick t)
{
	return (uint32_t)(t >> 16);
}

/*
 * Exchanges: who asked what of whom, and what the answer may still cost.
 * RFC 7252 section 5.3.2 matches a response by endpoint and token; for DTLS
 * and for groups the caller hashes what identifies the conversation. 32 bytes
 * a slot, two a line. A lost slot makes the response unsolicited.
 */
#define DAMP_XCHG_FROM_INSIDE 1u    /* an inside client asked an outside server */
#define DAMP_XCHG_SAFE 2u           /* GET or FETCH (RFC 8132 section 2): may be repeated by a retry */
#define DAMP_XCHG_CON 4u            /* the request was confirmable */
#define DAMP_XCHG_OBSERVE 8u        /* it asked for an observation (Observe 0) */
#define DAMP_XCHG_ANSWERED 16u      /* a response was seen */
#define DAMP_XCHG_CHALLENGED 32u    /* a challenge went out for it */
#define DAMP_XCHG_HELD 512u         /* holds tickets of the tally (struct damp_held) */
#define DAMP_XCHG_WINDOW 1024u      /* its credit ends with its entry in the table of Message IDs */
#define DAMP_XCHG_SERVER_FIRST 2048u /* DTLS: a server of ours spoke first, in a session older than what is known */
#define DAMP_XCHG_DATA 4096u        /* DTLS: the peer has sent application data, without a connection ID */
#define DAMP_XCHG_CID 8192u         /* DTLS: it has sent a record with one */
#define DAMP_XCHG_SLICED 128u       /* the gateway asked for a smaller first block */
#define DAMP_XCHG_TOKEN_PROOF 64u   /* token long enough to prove the answering peer */
#define DAMP_XCHG_GROUP 256u        /* asked of a group: its members answer, each for itself */

struct damp_xchg {
	uint64_t key;               /* 0 = never used */
	uint32_t due;               /* damp_due() of its end */
	uint32_t credit;            /* IP bytes that may still go out unproved */
	uint32_t path;              /* of a registration: hash of its path */
	uint16_t request_bytes;     /* IP bytes of the request that opened it last */
	uint16_t answer_mid;        /* of the answer that passed last: its copies may pass too */
	uint16_t notify_gap;        /* of a registration: sixteenths of a second between notifications, 0 the guard's */
	uint16_t rule_slot;         /* rule whose amplification limit set the credit; 0 the guard */
	uint16_t flags;
	uint8_t over;               /* enum damp_action when the credit is used up */
	uint8_t owed;               /* answers that its requests may still bring */
};
_Static_assert(sizeof(struct damp_xchg) == 32, "two exchanges a cache line");

struct damp_xchg_table;
size_t damp_xchg_bytes(unsigned lines_log2);
struct damp_xchg_table *damp_xchg_init(void *mem, unsigned lines_log2);
void damp_xchg_prefetch(const struct damp_xchg_table *t, uint64_t key);
/* The live exchange of key, or NULL. */
struct damp_xchg *damp_xchg_find(struct damp_xchg_table *t, uint64_t key, damp_tick now);
/* The slot of key: the live one, or a fresh zeroed one with key and due set.
 * *fresh says which. May evict; never NULL. */
struct damp_xchg *damp_xchg_open(struct damp_xchg_table *t, uint64_t key, damp_tick now, damp_tick due, bool *fresh);
/* A fresh slot for key, of which a look of the same moment found none. */
struct damp_xchg *damp_xchg_put(struct damp_xchg_table *t, uint64_t key, damp_tick now, damp_tick due);
/* Would opening key evict a live exchange? */
bool damp_xchg_full(const struct damp_xchg_table *t, uint64_t key, damp_tick now);
uint64_t damp_xchg_evictions(const struct damp_xchg_table *t);
uint64_t damp_xchg_live(const struct damp_xchg_table *t, damp_tick now);

/*
 * What an exchange, and then its observation, holds of the tally (tally.h), keyed
 * like the exchange; only those that a rule's `concurrent` counts. 32 bytes a
 * slot, two a line.
 */
#define DAMP_TICKETS 4u             /* concurrent limits, steps of ladders included, of one message */

struct damp_held {
	uint64_t key;
	uint32_t due;
	uint32_t ticket[DAMP_TICKETS];  /* 0: none */
	uint32_t spare;
};
_Static_assert(sizeof(struct damp_held) == 32, "two holders a cache line");

struct damp_held_table;
size_t damp_held_bytes(unsigned lines_log2);
struct damp_held_table *damp_held_init(void *mem, unsigned lines_log2);
struct damp_held *damp_held_find(struct damp_held_table *t, uint64_t key, damp_tick now);
struct damp_held *damp_held_open(struct damp_held_table *t, uint64_t key, damp_tick now, damp_tick due);
void damp_held_close(struct damp_held *h);
uint64_t damp_held_live(const struct damp_held_table *t, damp_tick now);
uint64_t damp_held_evictions(const struct damp_held_table *t);

/*
 * Message IDs seen: a set with deadlines, so that an ACK or RST is forwarded
 * only when it matches a CON or NON seen the other way (RFC 7252 section 4.2).
 * value: the exchange key that pays for the answer. 16 bytes a slot, four a
 * line. A lost slot makes an honest ACK unmatched; its sender retransmits.
 */
struct damp_seen_table;
size_t damp_seen_bytes(unsigned lines_log2);
struct damp_seen_table *damp_seen_init(void *mem, unsigned lines_log2);
void damp_seen_prefetch(const struct damp_seen_table *t, uint64_t key);
void damp_seen_add(struct damp_seen_table *t, uint64_t key, uint64_t value, damp_tick now, damp_tick due);
bool damp_seen_find(const struct damp_seen_table *t, uint64_t key, damp_tick now, uint64_t *value);
/* Both in one look: the value noted under key, 0 if there is none, and where one would be
 * noted. Good until the table is written. */
struct damp_seen_place {
	uint64_t value;
	void *slot;
	bool evicts;
};
void damp_seen_look(struct damp_seen_table *t, uint64_t key, damp_tick now, struct damp_seen_place *at);
void damp_seen_note(struct damp_seen_table *t, const struct damp_seen_place *at, uint64_t key, uint64_t value,
		    damp_tick due);
uint64_t damp_seen_evictions(const struct damp_seen_table *t);
uint64_t damp_seen_live(const struct damp_seen_table *t, damp_tick now);

/*
 * Observations (RFC 7641): registrations that live on after their first
 * response, keyed like their exchange. 32 bytes a slot, two a line. A lost
 * slot makes the next notification unsolicited.
 */
struct damp_obs {
	uint64_t key;
	uint32_t due;
	uint32_t heard;             /* last proof of life; damp_due() units */
	uint32_t leased;            /* when its places (lease.h) were renewed */
	uint32_t path;              /* hash of the path, as its exchange had it */
	uint32_t opened;            /* damp_due() of the first response */
	uint16_t notify_gap;        /* as its exchange had it */
	uint8_t unheard;            /* non-confirmable notifications since */
	uint8_t pings : 7;          /* since, unanswered */
	uint8_t known : 1;          /* its peer has proved itself, once */
};
#define DAMP_OBS_PINGS_MAX 127u
_Static_assert(sizeof(struct damp_obs) == 32, "two observations a cache line");

struct damp_obs_table;
size_t damp_obs_bytes(unsigned lines_log2);
struct damp_obs_table *damp_obs_init(void *mem, unsigned lines_log2);
void damp_obs_prefetch(const struct damp_obs_table *t, uint64_t key);
struct damp_obs *damp_obs_find(struct damp_obs_table *t, uint64_t key, damp_tick now);
struct damp_obs *damp_obs_open(struct damp_obs_table *t, uint64_t key, damp_tick now, damp_tick due, bool *fresh);
void damp_obs_close(struct damp_obs *o);
uint64_t damp_obs_evictions(const struct damp_obs_table *t);
uint64_t damp_obs_live(const struct damp_obs_table *t, damp_tick now);

/*
 * Proved peers: outside endpoints that have shown they are there. Filled by
 * proofs only, so spoofing can neither fill the table nor evict from it. 16
 * bytes a slot (tag, idle deadline, absolute deadline), three a line beside the
 * line's lock. Capacity counts usable slots. Half a proof (half.h) takes a slot
 * too, which the other half then fills; use keeps it no longer alive.
 */
enum damp_standing { DAMP_UNPROVED, DAMP_PROVED, DAMP_HALF_PROVED };

struct damp_peer_table;
size_t damp_peer_bytes(unsigned lines_log2);
struct damp_peer_table *damp_peer_init(void *mem, unsigned lines_log2);
void damp_peer_prefetch(const struct damp_peer_table *t, uint64_t key);
/* What is proved of key at now? A hit moves the idle deadline to idle_due, at most
 * once a second, never past the absolute one. */
enum damp_standing damp_peer_look(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick idle_due);
/* Is all of it proved? */
static inline bool damp_peer_proved(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick idle_due)
{
	return damp_peer_look(t, key, now, idle_due) == DAMP_PROVED;
}
/* Record a proof. max_due: when it must be renewed at the latest. True: another's was
 * pushed out. */
bool damp_peer_prove(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick idle_due, damp_tick max_due);
/* Record half a proof, good until due. What is there already stays as it is, halves
 * too: then false. */
bool damp_peer_prove_half(struct damp_peer_table *t, uint64_t key, damp_tick now, damp_tick due);
/* When must the proof of key be renewed at the latest, in damp_due() units (even for
 * a whole one, odd for half of one)? False when there is none. */
bool damp_peer_max_due(const struct damp_peer_table *t, uint64_t key, damp_tick now, uint32_t *max_due);
uint64_t damp_peer_evictions(const struct damp_peer_table *t);
uint64_t damp_peer_live(const struct damp_peer_table *t, damp_tick now);

#endif
