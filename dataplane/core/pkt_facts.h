/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a parsed packet says of itself, whoever asks: its two ends, its kind, its
 * lengths. Pure, and without any table.
 */
#ifndef DAMP_CORE_PKT_FACTS_H
#define DAMP_CORE_PKT_FACTS_H

#include "judge_state.h"

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
 * see it permuted? Inside's CON and NON, outside's ACK and RST, in fragments too;
 * not to a group, whose members would answer from addresses of their own. */
static inline bool damp_mid_permuted(const struct damp_ctx *c, const struct damp_pkt *p)
{
	const bool answers = p->coap.type == DAMP_COAP_ACK || p->coap.type == DAMP_COAP_RST;

	if (p->kind != DAMP_KIND_REQUEST && p->kind != DAMP_KIND_RESPONSE && p->kind != DAMP_KIND_EMPTY &&
	    (p->kind != DAMP_KIND_NOT_COAP || !p->head))
		return false;
	return c->g->permute_mids && answers == (p->side == DAMP_OUTSIDE) && !p->frame.dst_group;
}

/* And is it another one there? */
static inline bool damp_mid_moves(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_mid_permuted(c, p) && !c->j->recorded;
}

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

/* A request that may be repeated without harm. What limits count by the answer is
 * never asked for by these (later.c). */
static inline bool damp_is_safe(const struct damp_pkt *p)
{
	return p->coap.code == DAMP_COAP_GET || p->coap.code == DAMP_COAP_FETCH;
}

/* Does p ask for an observation (RFC 7641 section 2)? */
static inline bool damp_registers(const struct damp_pkt *p)
{
	return damp_coap_has(&p->coap, DAMP_OPTBIT_OBSERVE) && p->coap.observe == 0;
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

/* Of the inside end; where that is nobody's, of the outside end. Who belongs to
 * no tenant shares the budget of nobody. The classes of p are known. */
static inline uint32_t damp_tenant_of(const struct damp_view *v, const struct damp_pkt *p)
{
	const uint32_t device = p->side == DAMP_OUTSIDE ? p->dst_class : p->src_class;
	const uint32_t peer = p->side == DAMP_OUTSIDE ? p->src_class : p->dst_class;

	return v->classes[device].tenant ? v->classes[device].tenant : v->classes[peer].tenant;
}

/* IP bytes of p; of a first fragment what its UDP header says of the whole datagram, since
 * all that follows it passes with it, but no less than it has itself. */
static inline uint32_t damp_whole_ip_len(const struct damp_pkt *p)
{
	uint32_t whole;

	if (p->frame.cls != DAMP_FRAME_FRAGMENT_FIRST)
		return p->frame.ip_len;
	whole = (uint32_t)(p->frame.l4_off - p->frame.l3_off) + damp_get16(p->data + p->frame.l4_off + 4);
	return whole > p->frame.ip_len ? whole : p->frame.ip_len;
}

static inline uint32_t damp_udp_ip_len(const struct damp_pkt *p, uint32_t coap_len)
{
	return (p->frame.v6 ? 40u : 20u) + 8u + coap_len;
}

#endif
