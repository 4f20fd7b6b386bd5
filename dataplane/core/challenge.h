/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asking for a proof (challenge.c): a ping or an Echo, toward who asked or in place of
 * a response, never larger than its cause.
 */
#ifndef DAMP_CORE_CHALLENGE_H
#define DAMP_CORE_CHALLENGE_H

#include "decision.h"

/* challenge.c: ask for a proof in place of serving. cause: why; RULE when a rule
 * ordered it. A confirmable request is pinged first, because its client repeats
 * it and needs to understand nothing new; Echo comes when it comes again.
 * When no challenge may be made, a used-up ledger stays the drop's reason. */
void damp_decide_challenge(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			   enum damp_reason cause);
/* The first budgets that a challenge needs, which a flood spends: the gateway's,
 * and those of its receiver and of its network. spent: the gateway has none for fresh
 * requests; then copies says how often this one was here. The reason of what is refused
 * for want of them. */
bool damp_gateway_may_ask(const struct damp_ctx *c);
bool damp_peer_may_be_asked(const struct damp_ctx *c, const struct damp_pkt *p, bool spent, uint8_t *copies);
/* The same of one whose challenges for fresh requests are known to be used up. */
bool damp_peer_may_be_asked_more(const struct damp_ctx *c, const struct damp_pkt *p, bool spent, uint8_t *copies);
enum damp_reason damp_refusal(enum damp_reason cause);
/* Hold a response whose exchange can pay a ping. False: it cannot be held, and d is as it was. */
bool damp_decide_hold_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);
/* A ping in the place of an ACK, paid by exchange x, and the ACK held if there is room. Likewise. */
bool damp_decide_ask_for_ack(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			     struct damp_xchg *x);
/* A challenge in place of a response that would cost too much; why: the drop
 * reason when no challenge is possible. */
void damp_decide_challenge_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d,
			      enum damp_reason why);
/* Replace a packet toward outside by a ping to its receiver. False: not possible. */
bool damp_decide_ping_on(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d, uint32_t budget);
/* Remember that a ping is out to this pair of endpoints. */
void damp_expect_pong(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d);

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

#endif
