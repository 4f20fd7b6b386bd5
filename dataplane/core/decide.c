/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first questions about a packet, and which file answers the rest.
 *
 * Order (design.md 3a): not ours -> as it is; broken or disguised -> drop;
 * then by kind. Malformed messages still meet the rules, so that their
 * counters tell, but no rule can let them pass: an endpoint that answers
 * garbage is the reflector (attacks.md AV-09).
 */
#include "charges.h"
#include "credit.h"
#include "decide.h"

#include "live.h"

static bool link_local(const struct damp_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* RFC 2827 (BCP 38), both ways. Link-local sources never cross a router. */
static bool source_belongs(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_reason *why)
{
	const bool inside = c->v->classes[p->src_class].flags & DAMP_CLASS_INSIDE;

	if (!c->g->check_sources || !c->v->has_inside || link_local(&p->frame.src))
		return true;
	if (p->side == DAMP_OUTSIDE && inside) {
		*why = DAMP_REASON_INSIDE_SPOOFED_OUTSIDE;
		return false;
	}
	if (p->side == DAMP_INSIDE && !inside) {
		*why = DAMP_REASON_OUTSIDE_SPOOFED_INSIDE;
		return false;
	}
	return true;
}

/* Both directions of the outside end: an answer has no record to be paid from
 * when its request met no guard. */
static bool exempt(const struct damp_ctx *c, const struct damp_pkt *p)
{
	return damp_class_exempt(c->v, p->side == DAMP_OUTSIDE ? p->src_class : p->dst_class);
}

/* Is the type of p that of a message? */
static bool has_type(const struct damp_pkt *p)
{
	return p->kind == DAMP_KIND_NOT_COAP ? p->head : p->kind != DAMP_KIND_DTLS;
}

static bool envelope_ok(const struct damp_ctx *c, const struct damp_pkt *p, enum damp_reason *why)
{
	if (p->frame.l2_group && !p->frame.dst_group)
		*why = DAMP_REASON_L2_GROUP_UNICAST;
	else if (p->frame.dst_group && p->side == DAMP_OUTSIDE && !c->g->allow_group_from_outside)
		*why = DAMP_REASON_GROUP_FROM_OUTSIDE;
	else if (p->frame.dst_group && has_type(p) && p->coap.type == DAMP_COAP_CON)
		*why = DAMP_REASON_CON_TO_GROUP;
	else
		return source_belongs(c, p, why);
	return false;
}

static void decide_malformed(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	const enum damp_reason why = p->frame.cls == DAMP_FRAME_BAD ? p->frame.reason : p->coap.malformed;

	damp_decide_rules(c, p, d);
	d->ncharges = 0;
	damp_drop(d, why);
}

/* A first fragment goes no way that the whole message would not; rules need the message. */
static void decide_first(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	if (!envelope_ok(c, p, &why))
		damp_drop(d, why);
	else if (!damp_decide_blocked(c, p, d))
		damp_decide_first(c, p, d);
	if (d->move == DAMP_MOVE_DROP)
		damp_drop_rest(c, p, d);
}

void damp_decide(const struct damp_ctx *c, const struct damp_pkt *p, struct damp_decision *d)
{
	enum damp_reason why;

	memset(d, 0, offsetof(struct damp_decision, cleared));
	d->rule = -1;
	d->alpha_q8 = c->g->alpha_q8;
	d->shape_szx = c->g->slice_szx;
	d->body_cap = UINT32_MAX;
	switch (p->frame.cls) {
	case DAMP_FRAME_OTHER:
		damp_forward(d, p, DAMP_REASON_NOT_COAP);
		return;
	case DAMP_FRAME_FRAGMENT_REST:
		damp_decide_rest(c, p, d);
		return;
	case DAMP_FRAME_FRAGMENT_FIRST:
		if (exempt(c, p))
			break;
		decide_first(c, p, d);
		return;
	case DAMP_FRAME_BAD:
		decide_malformed(c, p, d);
		return;
	default:
		break;
	}
	if (exempt(c, p)) {
		d->exempt = true;
		damp_forward(d, p, DAMP_REASON_ACCEPTED);
		return;
	}
	if (p->kind == DAMP_KIND_MALFORMED) {
		decide_malformed(c, p, d);
		return;
	}
	if (!envelope_ok(c, p, &why)) {
		damp_drop(d, why);
		return;
	}
	if (damp_decide_blocked(c, p, d))
		return;
	switch (p->kind) {
	case DAMP_KIND_REQUEST:
		damp_decide_request(c, p, d);
		break;
	case DAMP_KIND_RESPONSE:
		damp_decide_response(c, p, d);
		break;
	case DAMP_KIND_EMPTY:
		damp_decide_empty(c, p, d);
		break;
	case DAMP_KIND_DTLS:
		damp_decide_dtls(c, p, d);
		break;
	default:
		damp_drop(d, DAMP_REASON_BUG);
	}
}
