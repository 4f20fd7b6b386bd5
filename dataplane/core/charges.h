/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a decision costs: the charges and places that it asks for (charges.c,
 * concurrent.c, later.c), all of which are had when it is carried out, or none.
 */
#ifndef DAMP_CORE_CHARGES_H
#define DAMP_CORE_CHARGES_H

#include "decision.h"

/* charges.c */
void damp_charge_add(struct damp_decision *d, uint64_t key, uint32_t cost, uint32_t burst, enum damp_reason why);
/* Messages or bytes against a guard rung of one address. */
void damp_charge_rung(const struct damp_ctx *c, struct damp_decision *d, const struct damp_rung *r,
		      const struct damp_addr *a, enum damp_domain domain, uint32_t units, enum damp_reason why);
/* One unproved request or record from the peer of the packet, of those that are
 * served on trust. */
void damp_charge_first_contact(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* Is one left, as far as these budgets alone are concerned? A peek. */
bool damp_first_contact_left(const struct damp_ctx *c, const struct damp_pkt *p);
/* The mark "somebody in its network has proved to be there" of the peer of p, in the peer
 * table. Made while trust has to be earned: who proved himself before a load that asks for it
 * counts from his next proof on. */
uint64_t damp_key_network(const struct damp_ctx *c, const struct damp_pkt *p);
/* May that network be trusted at all? */
bool damp_network_earned(const struct damp_ctx *c, const struct damp_pkt *p);
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
/* A budget for something of which so many copies were here before (repeat.h). All
 * pay from one, but what came again may use half of the burst more, and what came
 * twice again as much more: so these go first, and the fresh have what they leave. */
struct damp_rung damp_rung_for_copies(const struct damp_rung *r, unsigned copies);
/* Would one charge against a guard rung pass, alone? why: for who watches. */
bool damp_rung_has_room(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint32_t units,
			enum damp_reason why);
/* Ticks from now on during which that charge would be refused even if nobody else were
 * charged: 0 if it would pass. Debts drain and are never forgiven (ledger.h), so nothing
 * makes it less. Does not tell who watches. */
uint32_t damp_rung_wait(const struct damp_ctx *c, const struct damp_rung *r, uint64_t key, uint32_t units);
/* Would all charges pass? Otherwise the reason of the first that would not. */
bool damp_charges_fit(const struct damp_ctx *c, const struct damp_decision *d, enum damp_reason *why);

/* Bytes toward a proved peer, from its own budget. */
void damp_charge_proved(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

/* Wrong answers to pings one address may give: 8 in 60 s (attacks.md 6.3). */
#define DAMP_GUESSES 8u
#define DAMP_GUESS_TICKS ((uint32_t)(DAMP_SECONDS(60) / DAMP_GUESSES))

/* The key that a rung of limit l keeps p's budget under (limit_key.c). */
uint64_t damp_limit_key(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			const struct damp_rung *r, unsigned rung);

/* concurrent.c: may p open one more exchange under limit l? Adds to d what it
 * will hold; says yes to what opens none. Pure. */
bool damp_concurrent_within(const struct damp_ctx *c, const struct damp_pkt *p, const struct damp_limit *l,
			    struct damp_decision *d);

/* concurrent.c, for commit.c. Take a ticket for each place in d; false: one was not to be had,
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

#endif
