/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is decided of one packet: it passes from the pure half (decide_*.c) to the half
 * with effects (commit.c).
 */
#ifndef DAMP_CORE_DECISION_H
#define DAMP_CORE_DECISION_H

#include "judge_keys.h"
#include "pkt_facts.h"

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
	bool half;                              /* by half, no more (half.h) */
	uint8_t seconds;                        /* second pings to send beside; among the charges */
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
	bool talked_on;                         /* a conversation from outside: not forgotten while its server talks */
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
	uint64_t split_key;                     /* of Message IDs that leave in fragments, split_mids; 0 none */
	unsigned nmatched, ncharges, nseen, nholds, nlater;
	struct damp_text_cost text_cost;
	char cleared[0];
	/* Valid when take_place or keep_path is set, note_heard, hints_size, note_transfer,
	 * split_key. */
	uint32_t path, heard, size_hint;
	uint64_t transfer_key;
	uint64_t split_mids;
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
		  DAMP_PROOF_ACK, DAMP_PROOF_SERVER_ECHO, DAMP_PROOF_SECOND };

static inline void damp_see(struct damp_decision *d, uint64_t key, uint64_t value, uint32_t life_s)
{
	if (d->nseen == DAMP_SEEN_ADDS)
		return;
	d->seen_key[d->nseen] = key;
	d->seen_value[d->nseen] = value;
	d->seen_life_s[d->nseen++] = life_s;
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

#endif
