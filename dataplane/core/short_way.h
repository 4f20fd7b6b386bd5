/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short ways of a burst: what a flood is made of (flood.c, answer.c) and what
 * passes on a quiet day (admit.c, afford.c), settled without a decision.
 */
#ifndef DAMP_CORE_SHORT_WAY_H
#define DAMP_CORE_SHORT_WAY_H

#include "classify.h"
#include "decide.h"
#include "ping_lanes.h"

/* What a challenge is charged with beside the gateway's budget, as far as all packets of a
 * family have it in common (answer.c); the keys are those of the packet charged last. */
#define DAMP_PRICES 4u
struct damp_price {
	uint64_t cost_q16;
	uint64_t move;                  /* from the hash to the key */
	uint8_t domain, plen;
	uint8_t hash;                   /* which of those that are made already */
	bool bytes;                     /* it counts them, not challenges */
};
struct damp_prices {
	unsigned n;
	uint32_t bytes;                 /* that the costs are of */
	struct damp_price rung[DAMP_PRICES];
	struct damp_charge charge[DAMP_PRICES];
	bool paired;                    /* two of peer_host's on one line, two of peer_net's on another: */
	struct damp_charge_pair pair[2];
};

/* Why a flood's packet is refused: for want of a challenge, by its server's budget, or by
 * that of first contacts of its source. */
enum damp_turned_away { DAMP_AWAY_UNASKED, DAMP_AWAY_SERVER, DAMP_AWAY_STRANGER, DAMP_TURNED_AWAY };

/* What is known of a flood during one burst (flood.c). */
struct damp_flood {
	bool on, gateway_spent;
	bool gateway_fine;              /* it had a challenge left, and nobody was charged since */
	bool blocks;                    /* addresses are blocked; asked once a burst */
	bool others;                    /* or there are rules */
	bool all_prove;                 /* nobody unproved is served */
	bool told[DAMP_TURNED_AWAY];    /* no event is due before the burst is over; as `refused` */
	uint32_t nproofs;               /* the worker's, when the burst began */
	uint32_t gateway_left;          /* challenges that the gateway can pay for, */
	bool gateway_known;             /* if this was looked up since it was charged last */
	uint32_t may_ask;               /* a guess for prefetching: challenges not yet spoken for */
	struct damp_counter refused[DAMP_TURNED_AWAY];
	struct damp_counter asked[2];   /* with a ping; with an Echo (answer.c) */
	uint64_t asking[2];             /* IP bytes of those */
	uint64_t untold[DAMP_TURNED_AWAY];              /* of `refused`, told by no event */
	struct damp_counter passed[DAMP_SIDE_MAX];      /* not CoAP */
	struct damp_repeat_time repeat;
	bool asks;                      /* some will be challenged, in all likelihood */
	bool priced[2];                 /* for each family, `price` is there */
	bool short_of;                  /* the challenge asked for last was refused */
	uint64_t pings;                 /* packets of which the ping's Message ID is there: bits */
	uint64_t ready;                 /* and all of it, in `answer` */
	uint64_t macs;                  /* packets whose whole Echo's is in `mac` */
	char cleared[0];
	struct damp_prices price[2];
	const struct damp_pkt *first;   /* of the burst */
	/* answer_run.c: Message IDs of pings, by family; of those of IPv4, where there are wide
	 * registers, the pings instead. */
	uint16_t ping[2][DAMP_BURST];
	struct damp_ping_v4 answer[DAMP_BURST];
	uint64_t mac[DAMP_BURST];
	struct damp_ping_moment moment;
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

/* flood.c: one burst's short ways. begin before the first packet and end after
 * the last. likely (flood.h): in all likelihood refused so; takes p's challenge from
 * those that are left. settle refuses or answers p, whose proof was looked up, pass_by
 * lets pass what is not ours; or they return false. */
void damp_flood_begin(const struct damp_ctx *c);
bool damp_flood_pass_by(const struct damp_ctx *c, struct damp_pkt *p);
bool damp_flood_settle(const struct damp_ctx *c, struct damp_pkt *p);
/* flood_sweep.c: refuses what needs no more than a note, as settle would, from p on; says
 * how many. Worth a call while the gateway's challenges are spent. */
unsigned damp_flood_sweep(const struct damp_ctx *c, struct damp_pkt *p, unsigned n);
/* Is the budget of p's server spent? Asked when it may have room again (judge_state.h). */
bool damp_flood_server_spent(const struct damp_ctx *c, const struct damp_pkt *p);

/* A server that is spent is asked again after at most so long: its line is read while
 * others write it, and a word that was read wrongly must not count for long. */
#define DAMP_FLOOD_SPENT_MAX (DAMP_TICK_HZ / 64)

static inline struct damp_spent *damp_spent_of(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return &c->w->spent[p->device_whole % DAMP_FLOOD_SERVERS];
}

/* Is that known already? A clock that steps back makes it asked again. */
static inline bool damp_server_known_spent(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const struct damp_spent *s = damp_spent_of(c, p);

	return damp_likely(s->device == p->device_whole && s->until - c->now - 1 < DAMP_FLOOD_SPENT_MAX);
}
void damp_flood_end(const struct damp_ctx *c);

/* admit.c: one burst's short way for what passes. Within damp_flood_begin() and
 * _end(). admit settles p, or returns false. */
void damp_admit_begin(const struct damp_ctx *c, bool bypassed);
bool damp_admit(const struct damp_ctx *c, struct damp_pkt *p);
void damp_admit_end(const struct damp_ctx *c);

/* afford.c: may the plain p of an unproved peer pass, or its answer under exchange x,
 * with all that it wants? Then it is paid for. */
bool damp_afford_request(const struct damp_ctx *c, struct damp_pkt *p);
bool damp_afford_answer(const struct damp_ctx *c, struct damp_pkt *p, struct damp_xchg *x);

/* answer.c: the short way of a challenge, for a plain packet that has met no rule
 * and whose server is spent. False: nothing was done, and it is refused or goes
 * the long way. end: the sums of the burst. */
bool damp_answer(const struct damp_ctx *c, struct damp_pkt *p);
/* What a challenge of so many bytes costs. Good until somebody asks for another length. */
const struct damp_prices *damp_answer_prices(const struct damp_ctx *c, bool v6, uint32_t bytes);
/* Charge the gateway's budget for those asked since it was charged last; before anybody
 * else looks at it. */
void damp_answer_owed(const struct damp_ctx *c);
static inline void damp_answer_settle_up(const struct damp_ctx *c)
{
	if (damp_unlikely(c->w->asks_owed != 0))
		damp_answer_owed(c);
}
/* Challenges that the gateway can still pay. */
uint32_t damp_answer_left(const struct damp_ctx *c);
static inline bool damp_gateway_has_room(const struct damp_ctx *c)
{
	struct damp_flood *f = c->flood;

	if (damp_unlikely(!f->gateway_known)) {
		f->gateway_left = damp_answer_left(c);
		f->gateway_known = true;
	}
	return f->gateway_left > 0;
}
void damp_answer_end(const struct damp_ctx *c);

/* answer_run.c: what is made for a whole burst of challenges, between the passes; the
 * Message ID of p's ping; its whole Echo, if that was made; and the pings of p[i] and of those behind it that are as usual.
 * Returns the first of the n packets that is not, and still has to be judged. */
void damp_answer_foresee(const struct damp_ctx *c, const struct damp_pkt *p, unsigned n);
uint16_t damp_answer_mid(const struct damp_ctx *c, const struct damp_pkt *p);
bool damp_answer_echo(const struct damp_ctx *c, const struct damp_pkt *p, uint8_t out[DAMP_ECHO_LEN]);
unsigned damp_answer_run(const struct damp_ctx *c, struct damp_pkt *p, unsigned i, unsigned n);

/* What flood.c finds plain may still bring several answers (RFC 9177). */
#define DAMP_Q_BLOCKS (1ull << DAMP_OPTBIT_Q_BLOCK1 | 1ull << DAMP_OPTBIT_Q_BLOCK2)

/* Has neither a block nor a rule a say in p? */
static inline bool damp_nobody_objects(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_likely(!c->flood->others) || (!(c->flood->blocks && damp_meets_block(c, p)) && !damp_any_rule(c, p));
}

/* What becomes of a packet that is refused, for all that read it. */
static inline void damp_drop_short(struct damp_pkt *p, enum damp_reason why)
{
	p->fate = DAMP_FATE_DROP;
	p->reason = (uint8_t)why;
	p->verdict = DAMP_VERDICT_DROP;
	p->rule = -1;
	p->out_len = 0;
}

/* One burst's sum into the worker's. */
static inline void damp_counter_sum(struct damp_counter *to, const struct damp_counter *n)
{
	to->packets += n->packets;
	to->bytes += n->bytes;
}

#endif
