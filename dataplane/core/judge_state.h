/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the judge's own files share: its state, the context of one burst, and
 * the decision that passes from the pure half (decide_*.c) to the half with
 * effects (commit.c).
 *
 * Invariant: decide_*.c read tables and write only the decision; every change
 * of state, counter and frame happens in commit.c. That is what makes dry run,
 * explain and replay the same code.
 */
#ifndef DAMP_CORE_JUDGE_STATE_H
#define DAMP_CORE_JUDGE_STATE_H

#include "block.h"
#include "classify.h"
#include "grey.h"
#include "hasher.h"
#include "hold.h"
#include "judge.h"
#include "learned.h"
#include "keep.h"
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
	bool long_way;                  /* nothing takes the short way of flood.c (tests) */
	uint8_t routing;                /* enum damp_routing; set by another thread (routing.h) */
	bool recorded;                  /* the traffic was recorded without us: its ACKs name the inside's Message IDs */
};

#define DAMP_FLOOD_SERVERS 64u

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
	uint32_t nproofs;               /* taken so far */
	uint64_t nbursts;
	bool short_lately;              /* a challenge of the burst before was refused */
	uint32_t elsewhere_at;          /* packets on other ports so far (elsewhere.h) */
	struct { uint64_t device, burst; } spent[DAMP_FLOOD_SERVERS];   /* servers found spent, and when (flood.c) */
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

/* Somebody who watches one decision being made (explain); NULL on the wire.
 * asked: could the charges d holds now be paid? refused: -1 yes, else the index
 * of the first that could not. Of d only the charges are set. Changes nothing. */
struct damp_trace {
	void (*asked)(void *arg, const struct damp_decision *d, int refused);
	void *arg;
};

/* Is a packet of the kind that floods are made of, and will it be challenged in the
 * short way, in all likelihood? */
enum damp_plain { DAMP_PLAIN_NO, DAMP_PLAIN_YES, DAMP_PLAIN_ASKED };

/* What a challenge is charged with, as far as all packets of a family have it in
 * common (answer.c). */
#define DAMP_PRICES 5u
struct damp_price {
	uint64_t cost_q16;
	uint32_t cost, burst;           /* cost: of one challenge; 0: it counts bytes */
	uint8_t domain, plen;
	uint8_t hash;                   /* which of those that are made already */
};
struct damp_prices {
	unsigned n;
	struct damp_price rung[DAMP_PRICES];
};

/* What is known of a flood during one burst (flood.c). */
struct damp_flood {
	bool on, gateway_spent;
	bool blocks;                    /* addresses are blocked; asked once a burst */
	bool others;                    /* or there are rules */
	bool all_prove;                 /* nobody unproved is served */
	bool told[2];                   /* no event is due before the burst is over; as `refused` */
	uint32_t nproofs;               /* the worker's, when the burst began */
	uint32_t may_ask;               /* a guess for prefetching: challenges not yet spoken for */
	struct damp_counter refused[2]; /* for want of a challenge; by a server's budget */
	struct damp_counter asked[2];   /* with a ping; with an Echo (answer.c) */
	uint64_t asking[2];             /* IP bytes of those */
	uint64_t untold[2];             /* of `refused`, told by no event */
	struct damp_counter passed[DAMP_SIDE_MAX];      /* not CoAP */
	struct damp_repeat_time repeat;
	bool asks;                      /* some will be challenged, in all likelihood */
	bool priced[2];                 /* for each family, `price` is there */
	bool short_of;                  /* the challenge asked for last was refused */
	char cleared[0];
	struct damp_prices price[2];
};

/* The rules that match one packet: gathered by a short way, which found that some
 * do, and then handed to the long one. */
struct damp_walk {
	const struct damp_pkt *of;      /* NULL: not begun */
	struct damp_matches m;
	struct damp_text_cost cost;
};

/* What is known of honest messages during one burst (admit.c). */
struct damp_admit {
	bool on;
	struct damp_counter asked[2], answered[2];      /* by whether the peer is proved */
};

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

/* What happens to the frame. BACK goes to its sender, ON to its receiver. */
enum damp_move {
	DAMP_MOVE_DROP,
	DAMP_MOVE_FORWARD,
	DAMP_MOVE_CODE_BACK,
	DAMP_MOVE_ECHO_BACK,
	DAMP_MOVE_PING_BACK,
	DAMP_MOVE_RST_BACK,
	DAMP_MOVE_ECHO_ON,
	DAMP_MOVE_PING_ON,
	DAMP_MOVE_HOLD                  /* stays until its peer has answered a ping, or not */
};

static inline uint8_t damp_fate_of(unsigned move)
{
	if (move == DAMP_MOVE_DROP)
		return DAMP_FATE_DROP;
	if (move == DAMP_MOVE_HOLD)
		return DAMP_FATE_HOLD;
	return move == DAMP_MOVE_FORWARD || move == DAMP_MOVE_ECHO_ON || move == DAMP_MOVE_PING_ON ? DAMP_FATE_FORWARD :
												     DAMP_FATE_BACK;
}

#define DAMP_MATCHES_KEPT 16u
/* Steps of limits that count later, of one message (later.c); no more than a
 * ladder of theirs has. */
#define DAMP_LATERS DAMP_TICKETS
#define DAMP_SEEN_ADDS 5u
#define DAMP_NOTE_ENDED (1u << DAMP_OUTCOME_MAX)

/* What a limit will count when the message has been forwarded, or answered. */
struct damp_later {
	uint64_t owner;                         /* a key of the ledger, of what was seen, or of leases */
	uint32_t amount;                        /* what one costs; of registrations how many there may be */
	uint8_t count;                          /* enum damp_count */
};

struct damp_decision {
	/* Cleared for every packet, up to `cleared`. */
	uint8_t move, reason, verdict, code;
	uint32_t max_age_s;
	uint32_t out_ip;                        /* IP bytes that leave when it is not a drop */
	int32_t rule;
	uint8_t action;                         /* enum damp_action of that rule, slip considered */
	uint16_t rule_slot;                     /* of the rule that set the credit */
	uint16_t alpha_q8;                      /* of the exchange to open */
	uint32_t floor_bytes, window_s;         /* likewise; window 0: as long as it lives */
	uint8_t over;                           /* enum damp_action of that rule */
	uint8_t proof;                          /* enum damp_proof: the peer has just proved itself */
	uint16_t blocked_slot;                  /* of the rule whose block it met, carried out or observed */
	uint16_t note_rule;                     /* whose block may follow, its index + 1; 0 none */
	bool observed;
	uint8_t would;                          /* enum damp_action of the first rule that observes it, would_rule */
	uint8_t warn_percent;                   /* used up of a limit of warn_rule; 0: nothing to tell */
	int32_t would_rule, warn_rule;
	bool exempt;                            /* met neither rules nor guard */
	bool charge_on_drop;                    /* wrong guesses count although they are dropped */
	bool open_xchg, open_obs, note_notification, note_observer_ping, refresh_obs, close_obs;
	bool answers;                           /* the outside peer answered an inside request */
	bool clamp_attrs;                       /* conditional attributes are written over (attrs.h) */
	bool strip_size2;
	bool note_transfer;                     /* block, under transfer_key, was let through */
	bool take_place;                        /* of an observation of `path` */
	bool keep_path;                         /* `path` is what the exchange leads to (learned.h) */
	bool learns;                            /* an answer too large for who asked */
	bool hints_size;                        /* a 4.13 that says size_hint */
	bool note_heard;                        /* the observer was heard of, at `heard` */
	uint8_t owed;                           /* answers that this request may bring */
	uint16_t notify_gap;                    /* of the rules, for the exchange to open */
	uint32_t body_cap;                      /* of the rules */
	bool slice;                             /* ask for blocks of slice_szx */
	uint8_t slice_szx;
	uint8_t shape_szx;                      /* the smallest that the guard and the rules want */
	bool strip_observe;                     /* the registration goes on as a plain request */
	bool speaks_blocks;                     /* the device used Block2 */
	uint8_t preempt_len;                    /* of an Echo to add to a response that is forwarded */
	uint16_t xchg_flags;
	uint16_t payer_flags;                   /* set in the paying exchange */
	uint32_t xchg_life_s;
	uint32_t credit;                        /* added to the exchange opened */
	bool credit_alone;                      /* it has no other: what an older request left is gone */
	uint32_t pay;                           /* taken from the paying exchange */
	struct damp_xchg *payer;
	uint64_t obs_key;
	uint64_t grey_key;                      /* of a refused request to recognise when it comes again; 0 none */
	bool spent;                             /* it was refused because the gateway has no challenge left */
	uint8_t copies;                         /* and so many were here before it (repeat.h) */
	unsigned probes;                        /* pings to send beside or after what leaves */
	bool probe_soon;                        /* the first of them at once */
	uint8_t echo_len;                       /* of the Echo to build */
	uint64_t ended_key;                     /* of an exchange that a reset has ended; 0 none */
	unsigned nmatched, ncharges, nseen, nholds, nlater;
	struct damp_text_cost text_cost;
	char cleared[0];
	/* Valid when take_place or keep_path is set, note_heard, hints_size, note_transfer. */
	uint32_t path, heard, size_hint;
	uint64_t transfer_key;
	struct damp_block block;
	/* Valid up to their counts. Rules touched, with bits 1 << enum damp_outcome,
	 * and DAMP_NOTE_ENDED for those whose slip counts this packet. */
	uint16_t matched[DAMP_MATCHES_KEPT];
	uint8_t outcome[DAMP_MATCHES_KEPT];
	/* Charges, all or none, and the reason each refusal would have. */
	struct damp_charge charge[DAMP_CHARGES_MAX];
	uint8_t charge_reason[DAMP_CHARGES_MAX];
	/* Places in the tally that the exchange takes, and its tickets. */
	uint64_t hold_key[DAMP_TICKETS];
	uint32_t hold_most[DAMP_TICKETS], hold_ticket[DAMP_TICKETS];
	struct damp_later later[DAMP_LATERS];
	uint64_t seen_key[DAMP_SEEN_ADDS], seen_value[DAMP_SEEN_ADDS];
	uint32_t seen_life_s[DAMP_SEEN_ADDS];
};

enum damp_proof { DAMP_PROOF_NONE, DAMP_PROOF_ECHO, DAMP_PROOF_PING, DAMP_PROOF_TOKEN, DAMP_PROOF_COOKIE,
		  DAMP_PROOF_ACK, DAMP_PROOF_SERVER_ECHO };

/* Kinds of facts kept in the Message ID table. */
enum damp_seen_kind {
	DAMP_SEEN_FROM_OUTSIDE,                 /* CON or NON by its sender's side */
	DAMP_SEEN_FROM_INSIDE,
	DAMP_SEEN_PING_OUT,                     /* a ping of ours is out to this pair of endpoints */
	DAMP_SEEN_CHALLENGED,                   /* this request was challenged before */
	DAMP_SEEN_FRAGMENT,                     /* rest of a dropped datagram */
	DAMP_SEEN_COOKIE,                       /* a DTLS cookie of a server, and to whom it was given */
	DAMP_SEEN_ECHO,                         /* likewise an Echo value */
	DAMP_SEEN_CON_OUT                       /* CONs of an inside server are out: their last Message IDs */
};

/* Wrong answers to pings one address may give: 8 in 60 s (attacks.md 6.3). */
#define DAMP_GUESSES 8u
#define DAMP_GUESS_TICKS ((uint32_t)(DAMP_SECONDS(60) / DAMP_GUESSES))

/* How long a device is taken to understand Block2 after it used it. */
#define DAMP_BLOCKS_LIFE_S 86400u

#define DAMP_FRAGMENT_LIFE_S 30u
#define DAMP_COOKIE_LIFE_S 60u          /* of a DTLS cookie (attacks.md AV-45) */
#define DAMP_PING_LIFE_S (2u * DAMP_PING_EPOCH_S)
#define DAMP_CHALLENGED_LIFE_S 60u
#define DAMP_ACK_LIFE_S 16u             /* a CON that is not acknowledged comes again sooner, or not at all */

/* Domains of the ledger, below those of the rule limits. */
enum damp_domain {
	DAMP_DOMAIN_HOST = 1, DAMP_DOMAIN_NET, DAMP_DOMAIN_SERVER, DAMP_DOMAIN_PROVED, DAMP_DOMAIN_CHALLENGE_HOST,
	DAMP_DOMAIN_CHALLENGE_NET, DAMP_DOMAIN_CHALLENGE_ALL, DAMP_DOMAIN_RETRY, DAMP_DOMAIN_KNOWN,
	DAMP_DOMAIN_FIRST_HOST, DAMP_DOMAIN_FIRST_KNOWN, DAMP_DOMAIN_FIRST_NET, DAMP_DOMAIN_PING, DAMP_DOMAIN_PROBING,
	DAMP_DOMAIN_GUESSES, DAMP_DOMAIN_NOTIFY, DAMP_DOMAIN_TRUST, DAMP_DOMAIN_RESETS,
	DAMP_DOMAIN_CURE_HOST, DAMP_DOMAIN_CURE_ALL,
	DAMP_DOMAIN_LIMITS = 32
};

/* Domains of the leases, whose keys are made like those of the ledger. */
enum damp_lease_domain {
	DAMP_DOMAIN_TRANSFERS_SOURCE = 1, DAMP_DOMAIN_TRANSFERS_SERVER, DAMP_DOMAIN_OBSERVE_SERVER,
	DAMP_DOMAIN_OBSERVE_SOURCE, DAMP_DOMAIN_OBSERVE_PAIR
};

#define DAMP_TRANSFER_RETRY_S 10u       /* Max-Age of the 4.29 when too many uploads are under way */

#define DAMP_BLOCK_MORE 8u              /* RFC 7959 section 2.2: the M bit */

static inline const struct damp_addr *damp_peer_addr(const struct damp_pkt *p)
{
	return p->side == DAMP_OUTSIDE ? &p->frame.src : &p->frame.dst;
}

static inline const struct damp_addr *damp_device_addr(const struct damp_pkt *p)
{
	return p->side == DAMP_OUTSIDE ? &p->frame.dst : &p->frame.src;
}

static inline uint16_t damp_peer_port(const struct damp_pkt *p)
{
	return p->side == DAMP_OUTSIDE ? p->frame.sport : p->frame.dport;
}

static inline uint16_t damp_device_port(const struct damp_pkt *p)
{
	return p->side == DAMP_OUTSIDE ? p->frame.dport : p->frame.sport;
}

/* Did an inside endpoint choose the Message ID of p, and does an outside one
 * see it permuted? Inside's CON and NON, outside's ACK and RST; not to a group,
 * whose members would answer from addresses of their own. */
static inline bool damp_mid_permuted(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const bool answers = p->coap.type == DAMP_COAP_ACK || p->coap.type == DAMP_COAP_RST;

	if (p->kind != DAMP_KIND_REQUEST && p->kind != DAMP_KIND_RESPONSE && p->kind != DAMP_KIND_EMPTY)
		return false;
	return c->g->permute_mids && answers == (p->side == DAMP_OUTSIDE) && !p->frame.dst_group;
}

/* And is it another one there? */
static inline bool damp_mid_moves(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_mid_permuted(c, p) && !c->j->recorded;
}

/* keys.c: keyed hashes of everything that is looked up. */
uint64_t damp_key_end(const struct damp_judge *j, const struct damp_addr *a, uint16_t port);
/* The same from the hash of the whole address, which is secret: it is moved by a
 * different odd multiple for each port, so that those of one address lie apart in
 * every part of the word. */
static inline uint64_t damp_key_port(uint64_t whole, uint16_t port)
{
	return whole + (1ull << 48 | port) * DAMP_GOLDEN;
}
/* Hash of a prefix. plen counts within the family: 0..32 or 0..128; more means
 * the whole address. */
uint64_t damp_hash_prefix(const struct damp_judge *j, const struct damp_addr *a, unsigned plen);
/* The ledger's key of a prefix in a domain. Free of hashing for the addresses
 * of the packet being judged, at the lengths that damp_hash_rungs() knows. */
uint64_t damp_key_prefix(const struct damp_ctx *c, const struct damp_addr *a, unsigned plen, uint64_t domain);
/* Hash the prefixes of the peer of p, which a flood does not need. */
void damp_hash_rungs(const struct damp_ctx *c, struct damp_pkt *p);
/* The first bits of an address as the two words of a hash: as they lie in memory. */
static inline void damp_prefix_words(const struct damp_addr *a, unsigned bits, uint64_t w[2])
{
	const uint64_t mask = bits % 64 ? damp_net64(~0ull << (64 - bits % 64)) : ~0ull;

	memcpy(w, a, sizeof(*a));
	if (bits <= 64) {
		w[0] &= bits ? mask : 0;
		w[1] = 0;
	} else {
		w[1] &= mask;
	}
}

/* The guard's two rungs of bytes, as lengths in 16 bytes. */
struct damp_rung_bits { unsigned host, net; };

static inline struct damp_rung_bits damp_rung_bits(const struct damp_guard *g, bool v6)
{
	return v6 ? (struct damp_rung_bits){ g->host6.plen, g->net6.plen } :
		    (struct damp_rung_bits){ g->host4.plen + 96u, g->net4.plen + 96u };
}

/* What a fact about the two ends is hashed with, beside them. */
static inline uint64_t damp_seen_word(enum damp_seen_kind kind, uint32_t value)
{
	return (uint64_t)kind << 32 | value;
}

/* The token's bytes, the first lowest. */
static inline uint64_t damp_token_word(const struct damp_pkt *p)
{
	const uint32_t at = (uint32_t)p->frame.payload_off + p->coap.token_off;
	const uint8_t *t = p->data + at;
	uint64_t v = 0;

	/* Eight in one go where there are so many. */
	if (damp_likely(p->coap.token_len < DAMP_COAP_TOKEN_MAX && p->len - at >= sizeof(v))) {
		memcpy(&v, t, sizeof(v));
		return damp_le64(v) & ((1ull << 8 * p->coap.token_len) - 1);
	}
	for (unsigned i = 0; i < p->coap.token_len && i < DAMP_COAP_TOKEN_MAX; i++)
		v |= (uint64_t)t[i] << 8 * i;
	return v;
}

/* A group conversation: the asking inside endpoint and the token alone. */
uint64_t damp_key_group(const struct damp_judge *j, const struct damp_pkt *p);
uint64_t damp_key_seen(const struct damp_judge *j, const struct damp_pkt *p, enum damp_seen_kind kind, uint32_t value);
/* A request as its retransmission repeats it: exchange and Message ID. Never 0. */
static inline uint64_t damp_key_grey(const struct damp_pkt *p)
{
	/* Apart from all other Message IDs in every part of the word; the rest is secret. */
	return (p->xchg_key + (p->coap.mid + 1ull) * DAMP_GOLDEN) | 1ull << 63;
}

/* The mark "somebody at this address has proved to be there", in the peer table. */
static inline uint64_t damp_key_known(uint64_t peer_whole)
{
	return damp_mix(peer_whole, 1ull << 49);
}

/* The last notification of a conversation, in the table of Message IDs. */
static inline uint64_t damp_key_notified(uint64_t xchg_key)
{
	return damp_mix(xchg_key, 1ull << 50);
}

/* The mark "has been seen to use Block2" of a device, in the peer table. */
static inline uint64_t damp_key_blocks(uint64_t device_key)
{
	return damp_mix(device_key, 3);
}

/* The mark "has answered an inside request" of an endpoint, in the peer table. */
static inline uint64_t damp_key_answers(uint64_t peer_key)
{
	return damp_mix(peer_key, 1);
}

/* charges.c */
void damp_charge_add(struct damp_decision *d, uint64_t key, uint32_t cost, uint32_t burst, enum damp_reason why);
/* Messages or bytes against a guard rung of one address. */
void damp_charge_rung(const struct damp_ctx *c, struct damp_decision *d, const struct damp_rung *r,
		      const struct damp_addr *a, enum damp_domain domain, uint32_t units, enum damp_reason why);
/* One unproved request or record from the peer of the packet, of those that are
 * served on trust. */
void damp_charge_first_contact(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Is its network still trusted with answers larger than what they answer? A peek. */
bool damp_trusts(const struct damp_ctx *c, const struct damp_pkt *p);
/* The same; then charge it and return true, else lower d's alpha to beyond_q8. */
bool damp_charge_trust(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint16_t beyond_q8);
/* Bytes toward an unproved outside address: host and network, with a reserve. */
void damp_charge_unproved(const struct damp_ctx *c, struct damp_decision *d, const struct damp_addr *peer,
			  uint32_t bytes, uint32_t reserve);
/* Wrong answers to what can be guessed, of one address, in a domain (GUESSES at
 * proofs, RESETS of observations): is one left; charge one,
 * whatever becomes of the packet. */
bool damp_guesses_left(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_domain domain);
void damp_charge_guess(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		       enum damp_domain domain);
/* Would one charge against a guard rung pass, alone? why: for who watches. */
/* A budget for something of which so many copies were here before (repeat.h). All
 * pay from one, but what came again may use half of the burst more, and what came
 * twice again as much more: so these go first, and the fresh have what they leave. */
struct damp_rung damp_rung_for_copies(const struct damp_rung *r, unsigned copies);
bool damp_rung_has_room(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint32_t units,
			enum damp_reason why);
/* Would all charges pass? Otherwise the reason of the first that would not. */
bool damp_charges_fit(const struct damp_ctx *c, const struct damp_decision *d, enum damp_reason *why);

/* Bytes toward a proved peer, from its own budget. */
void damp_charge_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* concurrent.c: may p open one more exchange under limit l? Adds to d what it
 * will hold; says yes to what opens none. Pure. */
bool damp_concurrent_within(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			    struct damp_decision *d);
/* For commit.c. Take a ticket for each place in d; false: one was not to be had,
 * and none is taken. Return them. Have the exchange of key keep them, and renew
 * what it holds. Renew, or give back, all that it holds. */
bool damp_tickets_take(const struct damp_ctx *c, struct damp_decision *d);
void damp_tickets_return(const struct damp_ctx *c, struct damp_decision *d);
void damp_tickets_keep(const struct damp_ctx *c, uint64_t key, const struct damp_decision *d, damp_tick due);
void damp_tickets_renew(const struct damp_ctx *c, uint64_t key, damp_tick due);
void damp_tickets_end(const struct damp_ctx *c, uint64_t key);

/* later.c: is there room under limit l, which counts later, for p? Adds to d what
 * is to be counted. Pure. And count it, once p is forwarded or answered. */
bool damp_later_within(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
		       struct damp_decision *d);
void damp_later_commit(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

/* learned.c: is p, unsafe and on trust, known for answers larger than its credit?
 * Notes in d what it leads to. And learn from the answer p, which was. */
bool damp_answers_large(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_learn(const struct damp_ctx *c, const struct damp_pkt *p);

/* given.c: note what an inside server gives the peer of p to return, for life_s;
 * was this given to it, and to nobody else? Never for fewer than DAMP_GIVEN_MIN
 * bytes. */
#define DAMP_GIVEN_MIN 8u
struct damp_given {
	const uint8_t *bytes;
	size_t len;
};

static inline struct damp_given damp_echo_of(const struct damp_pkt *p)
{
	return (struct damp_given){ p->data + p->frame.payload_off + p->coap.echo_off, p->coap.echo_len };
}
void damp_note_given(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
		     enum damp_seen_kind kind, const struct damp_given *given, uint32_t life_s);
bool damp_given_before(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_seen_kind kind,
		       const struct damp_given *given);

/* cure.c: may the sender of p, a response that nobody asked for, be told to stop?
 * Then d is the RST. */
bool damp_decide_cure(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_empty.c: remember that p, if it is a CON of an inside server and its
 * Message ID leaves permuted, may be acknowledged; the ACK is a proof. */
void damp_expect_ack(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Remember that p is the last notification of its observation, which a reset may name. */
void damp_note_last(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_rules.c: for a short way, does any rule match p, whose truths are set? What it
 * cost to know is counted when none does, else by the long way, which goes on from
 * here. */
bool damp_any_rule(const struct damp_ctx *c, const struct damp_pkt *p);
/* Walk the matching rules; returns the final action. */
enum damp_action damp_decide_rules(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* Does p say which conversation it belongs to? */
static inline bool damp_has_coap(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_REQUEST || p->kind == DAMP_KIND_RESPONSE || p->kind == DAMP_KIND_DTLS;
}

/* Is p an ACK or RST, which a Message ID of the other side has to explain? */
static inline bool damp_asks_for_mid(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_EMPTY && p->coap.type != DAMP_COAP_CON;
}

/* prepare.c: pass 1, all that follows from the packets and the program alone: their
 * classes and keys; and load the lines that deciding may ask for. */
void damp_prepare(const struct damp_ctx *c, struct damp_pkt *p, unsigned n);
/* Then, when the lines have come: what depends on who has proved itself. */
void damp_foresee(const struct damp_ctx *c, struct damp_pkt *p, unsigned n);
/* The keys of a request that pass 1 left out, because it will be answered (answer.h);
 * it was not. */
void damp_prepare_rest(const struct damp_ctx *c, struct damp_pkt *p);

/* Adds what has passed since to a lap of l, and returns the present. */
static inline uint64_t damp_lap(const struct damp_laps *l, uint64_t *lap, uint64_t since)
{
	const uint64_t t = l->clock();

	*lap += t - since;
	return t;
}

/* flood.c: one burst's short ways. begin before the first packet and end after
 * the last. likely (flood.h): in all likelihood refused so; takes p's challenge from
 * those that are left. settle refuses or answers p, whose proof was looked up, pass_by
 * lets pass what is not ours; or they return false. */
void damp_flood_begin(const struct damp_ctx *c);
bool damp_flood_pass_by(const struct damp_ctx *c, struct damp_pkt *p);
bool damp_flood_settle(const struct damp_ctx *c, struct damp_pkt *p);
void damp_flood_end(const struct damp_ctx *c);

/* admit.c: one burst's short way for what passes. Within damp_flood_begin() and
 * _end(). admit settles p, or returns false. */
void damp_admit_begin(const struct damp_ctx *c, bool bypassed);
bool damp_admit(const struct damp_ctx *c, struct damp_pkt *p);
void damp_admit_end(const struct damp_ctx *c);

/* A request that may be repeated without harm. What limits count by the answer is
 * never asked for by these (later.c). */
static inline bool damp_is_safe(const struct damp_pkt *p)
{
	return p->coap.code == DAMP_COAP_GET || p->coap.code == DAMP_COAP_FETCH;
}

/* afford.c: may the plain p of an unproved peer pass, or its answer under exchange x,
 * with all that it wants? Then it is paid for. */
bool damp_afford_request(const struct damp_ctx *c, struct damp_pkt *p);
bool damp_afford_answer(const struct damp_ctx *c, struct damp_pkt *p, struct damp_xchg *x);

/* answer.c: the short way of a challenge, for a plain packet that has met no rule
 * and whose server is spent. False: nothing was done, and it is refused or goes
 * the long way. end: the sums of the burst. */
bool damp_answer(const struct damp_ctx *c, struct damp_pkt *p);
void damp_answer_end(const struct damp_ctx *c);

/* offender.c: is an end of p blocked? Then d is the drop. And note who was above
 * the limit of a rule that blocks. */
bool damp_meets_block(const struct damp_ctx *c, const struct damp_pkt *p);
bool damp_decide_blocked(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_note_offender(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t rule);

/* decide_*.c: fill d for one packet; pure. */
void damp_decide(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_request(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_response(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_empty(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_decide_dtls(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* decide_block.c. Is this request refused for its Block1? Else notes what its
 * block is to be recorded as. */
bool damp_decide_block1(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Record it, and the places that the upload takes. */
void damp_commit_transfer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);
/* Does the Size2 of p announce more than an inside client should believe? */
bool damp_size2_lies(const struct damp_ctx *c, const struct damp_pkt *p);
/* Hash of the path of a request, of its text as rules see it; and by a key of one's own. */
uint64_t damp_path_hash(const struct damp_ctx *c, const struct damp_pkt *p);
uint64_t damp_path_hash_by(const struct damp_key *key, const struct damp_pkt *p);

/* Of the inside end; where that is nobody's, of the outside end. Who belongs to
 * no tenant shares the budget of nobody. The classes of p are known. */
static inline uint32_t damp_tenant_of(const struct damp_view *v, const struct damp_pkt *p)
{
	const uint32_t device = p->side == DAMP_OUTSIDE ? p->dst_class : p->src_class;
	const uint32_t peer = p->side == DAMP_OUTSIDE ? p->src_class : p->dst_class;

	return v->classes[device].tenant ? v->classes[device].tenant : v->classes[peer].tenant;
}

/* decide_observe.c. False: conditional attributes end the request here. */
bool damp_decide_attrs(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
void damp_observe_prefetch(const struct damp_ctx *c, const struct damp_pkt *p);
/* Is there a place for an observation of this path, as p's peer is now? */
bool damp_observe_room(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path);
void damp_observe_take(const struct damp_ctx *c, const struct damp_pkt *p, uint32_t path, bool first);
void damp_observe_leave(const struct damp_ctx *c, const struct damp_pkt *p, uint64_t key, uint32_t path);
bool damp_observe_renews(const struct damp_ctx *c, const struct damp_obs *o);
void damp_charge_notification(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* A proved observer: heard of lately, to be asked, or gone. Sets heard in d. */
enum damp_hearing { DAMP_HEARING_FINE, DAMP_HEARING_ASK, DAMP_HEARING_GONE };
enum damp_hearing damp_observer_heard(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* decide_request.c: things that are done for proved peers only; has the server
 * of p budget for a request on trust? */
bool damp_needs_proof(const struct damp_ctx *c, const struct damp_pkt *p, bool observe);
bool damp_server_has_room(const struct damp_ctx *c, const struct damp_pkt *p);

/* challenge.c: ask for a proof in place of serving. cause: why; RULE when a rule
 * ordered it. A confirmable request is pinged first, because its client repeats
 * it and needs to understand nothing new; Echo comes when it comes again.
 * When no challenge may be made, a used-up ledger stays the drop's reason. */
void damp_decide_challenge(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			   enum damp_reason cause);
/* The first budgets that a challenge needs, which a flood spends: the gateway's,
 * and one of its receiver's. spent: the gateway has none for fresh requests; then
 * copies says how often this one was here. The reason of what is refused for want
 * of them. */
bool damp_gateway_may_ask(const struct damp_ctx *c);
bool damp_peer_may_be_asked(const struct damp_ctx *c, const struct damp_pkt *p, bool spent, uint8_t *copies);
enum damp_reason damp_refusal(enum damp_reason cause);
/* The same in place of a response that would cost too much; why: the drop
 * reason when no challenge is possible. */
void damp_decide_challenge_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			      enum damp_reason why);
/* Replace a packet toward outside by a ping to its receiver. False: not possible. */
bool damp_decide_ping_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t budget);
/* Remember that a ping is out to this pair of endpoints. */
void damp_expect_pong(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

static inline uint32_t damp_udp_ip_len(const struct damp_pkt *p, uint32_t coap_len)
{
	return (p->frame.v6 ? 40u : 20u) + 8u + coap_len;
}

/* Bytes of 4.01 + Echo of some length: header, token, option header (2 bytes),
 * the value, and Max-Age 0 (2 bytes) with a full one (attacks.md 6.3). */
static inline uint32_t damp_challenge_len(const struct damp_pkt *p, uint32_t echo_len)
{
	return DAMP_COAP_HEADER_LEN + p->coap.token_len + 2u + echo_len + (echo_len == DAMP_ECHO_LEN ? 2u : 0u);
}

/* The longest Echo whose challenge has at most room bytes, 0 when none fits. */
static inline uint8_t damp_echo_fitting(const struct damp_pkt *p, uint32_t room)
{
	const uint32_t least = damp_challenge_len(p, DAMP_ECHO_SHORT_MIN);

	if (p->coap.token_len > DAMP_COAP_TOKEN_MAX || room < least)
		return 0;
	if (room >= damp_challenge_len(p, DAMP_ECHO_LEN))
		return DAMP_ECHO_LEN;
	room = room - least + DAMP_ECHO_SHORT_MIN;
	return (uint8_t)(room < DAMP_ECHO_SHORT_MAX ? room : DAMP_ECHO_SHORT_MAX);
}

static inline void damp_see(struct damp_decision *d, uint64_t key, uint64_t value, uint32_t life_s)
{
	if (d->nseen == DAMP_SEEN_ADDS)
		return;
	d->seen_key[d->nseen] = key;
	d->seen_value[d->nseen] = value;
	d->seen_life_s[d->nseen++] = life_s;
}

/* The credit of an exchange with a window is good as long as this is known. */
static inline uint64_t damp_key_window(uint64_t xchg_key)
{
	return damp_mix(xchg_key, 0x57);
}

static inline void damp_note_window(const struct damp_pkt *p, struct damp_decision *d)
{
	if (d->window_s == 0)
		return;
	d->xchg_flags |= DAMP_XCHG_WINDOW;
	damp_see(d, damp_key_window(p->xchg_key), 0, d->window_s);
}

/* Remember the Message ID of a CON or NON so that its ACK or RST may pass. */
static inline void damp_see_mid(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const bool con = p->coap.type == DAMP_COAP_CON;
	uint64_t key;

	if (!con && p->coap.type != DAMP_COAP_NON)
		return;
	key = p->mid_key;
	if (key == 0) {
		key = damp_key_seen(c->j, p, p->side == DAMP_OUTSIDE ? DAMP_SEEN_FROM_OUTSIDE : DAMP_SEEN_FROM_INSIDE,
				    p->coap.mid);
		/* Written when the charges are paid: time enough for its line to come. */
		damp_seen_prefetch(c->w->seen, key);
	}
	damp_see(d, key, p->xchg_key, con ? c->g->con_life_s : c->g->non_life_s);
}

static inline void damp_drop(struct damp_decision *d, enum damp_reason why)
{
	d->move = DAMP_MOVE_DROP;
	d->reason = (uint8_t)why;
	d->verdict = DAMP_VERDICT_DROP;
}

static inline void damp_forward(struct damp_decision *d, const struct damp_pkt *p, enum damp_reason why)
{
	d->move = DAMP_MOVE_FORWARD;
	d->reason = (uint8_t)why;
	d->verdict = DAMP_VERDICT_ACCEPT;
	d->out_ip = p->frame.ip_len;
}

/* What an exchange that p opens may cost toward its unproved peer. */
static inline uint32_t damp_credit(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d)
{
	const uint64_t most = ((uint64_t)c->g->alpha_q8 * p->frame.ip_len) >> 8;
	const uint64_t credit = (((uint64_t)d->alpha_q8 * p->frame.ip_len) >> 8) + d->floor_bytes;

	return (uint32_t)(credit < most ? credit : most);
}

/* Credit whose window is over is gone. */
static inline void damp_credit_age(const struct damp_ctx *c, struct damp_xchg *x)
{
	uint64_t value;

	if (damp_unlikely(x->flags & DAMP_XCHG_WINDOW) &&
	    !damp_seen_find(c->w->seen, damp_key_window(x->key), c->now, &value))
		x->credit = 0;
}

/* The live exchange of key as it is now, or NULL. */
static inline struct damp_xchg *damp_xchg_of(const struct damp_ctx *c, uint64_t key)
{
	struct damp_xchg *x = damp_xchg_find(c->w->xchg, key, c->now);

	if (x == NULL)
		return NULL;
	if (damp_unlikely(c->aside != NULL)) {
		*c->aside = *x;
		x = c->aside;
	}
	damp_credit_age(c, x);
	return x;
}

/* The key that a rung of limit l keeps p's budget under (limit_key.c). */
uint64_t damp_limit_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			const struct damp_rung *r, unsigned rung);

/*
 * The judgement of one packet in two steps, for who wants to look between them
 * (judge.c): damp_judge_run() of a burst of one is damp_judge_decide() and then
 * damp_commit(). The first changes nothing but the idle deadline of a proof.
 */
struct damp_ctx damp_judge_ctx(struct damp_judge_worker *w, const struct damp_view *v,
			       const struct damp_pkt *p, damp_tick now);
void damp_judge_decide(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d);

/* commit.c: carry d out on p. */
void damp_commit(const struct damp_ctx *c, struct damp_pkt *p, struct damp_decision *d);
/* Write the challenge of a request over it; what is written fits, or nothing is. */
void damp_make_ping(const struct damp_ctx *c, struct damp_pkt *p);
void damp_make_echo(const struct damp_ctx *c, struct damp_pkt *p, uint8_t echo_len);

/* probe.c: soon: the first at once, the others a gap apart. */
void damp_probe_schedule(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_emit *e, unsigned probes,
			 bool soon);

/* event.c: a record of p, and why. */
struct damp_told {
	enum damp_event_how how;
	int32_t rule;                   /* -1: none */
	uint8_t would;                  /* enum damp_action, when observed */
	bool observed;
	uint8_t used_percent;
	uint64_t represents;
};
void damp_event_put(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_told *told);
/* The same for one per reason and second; d: NULL when no rule was asked. */
void damp_event_offer(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

/* tell.c: tell of p what its rules ask for. True when the one that decided has a
 * `log` of its own, so that p is in no other sample. */
bool damp_tell(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_decision *d);

static inline bool damp_rule_logs(const struct damp_rule *r)
{
	return r->log_first > 0 || r->log_sample_q32 > 0;
}

#endif
